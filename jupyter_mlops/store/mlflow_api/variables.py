"""The environment that brings an MLflow client to a server of ours."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_mlops.store.mlflow_api.request import Caller

URI = "MLFLOW_TRACKING_URI"
# It waits four minutes in all before it says that nobody answers; a server on this machine answers at once or never.
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
USER = "jupyter-mlops"


def variables(url: str, token: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a client needs in its environment, beside what is in `environ`, to log at `url`."""
    found = {
        URI: url,
        "MLFLOW_TRACKING_TOKEN": token,
        # A name and a password, which a user may have in a file for another server, would go before the token.
        "MLFLOW_TRACKING_USERNAME": USER,
        "MLFLOW_TRACKING_PASSWORD": token,
        # It would print addresses of pages that this server does not have.
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        RETRIES: environ.get(RETRIES) or "2",
    }
    if any(environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
        direct = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        without = ",".join(filter(None, (direct, "127.0.0.1")))
        found |= {"NO_PROXY": without, "no_proxy": without}
    return found


def task_variables(caller: Caller, experiment_id: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What makes the client's run that of its task, in the experiment that it belongs to."""
    chosen = any(environ.get(f"MLFLOW_EXPERIMENT_{name}") for name in ("ID", "NAME"))
    return {"MLFLOW_RUN_ID": caller.run, **({} if chosen else {"MLFLOW_EXPERIMENT_ID": experiment_id})}
