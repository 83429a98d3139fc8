"""The part of MLflow's REST API that its client uses to log and to read, answered from a project's store.

Pure: a request is data, and so is the answer. `server` puts it on a socket of this machine; any other web server can
mount `answer` as well.
"""

from jupyter_mlops.store.mlflow_api.request import Answer, Caller, Request
from jupyter_mlops.store.mlflow_api.routes import answer
from jupyter_mlops.store.mlflow_api.tracker import Tracker

__all__ = ["Answer", "Caller", "Request", "Tracker", "answer"]
