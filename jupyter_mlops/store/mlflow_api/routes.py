"""Which rule answers which request, and how errors look to an MLflow client."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.mlflow_api import artifact_rules, experiment_rules, model_rules, run_rules
from jupyter_mlops.store.mlflow_api.request import Answer, Caller, Fields, Problem, Request
from jupyter_mlops.store.mlflow_api.tracker import Tracker

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts"

Rule = Callable[[Tracker, Caller, Fields], Mapping[str, object]]
RULES: Mapping[tuple[str, str], Rule] = {
    ("POST", "runs/create"): run_rules.create,
    ("GET", "runs/get"): run_rules.get,
    ("POST", "runs/update"): run_rules.update,
    ("POST", "runs/search"): run_rules.search,
    ("POST", "runs/log-metric"): run_rules.log_metric,
    ("POST", "runs/log-parameter"): run_rules.log_param,
    ("POST", "runs/log-batch"): run_rules.log_batch,
    ("POST", "runs/log-inputs"): run_rules.log_inputs,
    ("POST", "runs/set-tag"): run_rules.set_tag,
    ("GET", "metrics/get-history"): run_rules.history,
    ("GET", "artifacts/list"): artifact_rules.list_of_run,
    ("POST", "experiments/create"): experiment_rules.create,
    ("GET", "experiments/get"): experiment_rules.get,
    ("GET", "experiments/get-by-name"): experiment_rules.get_by_name,
    ("POST", "experiments/search"): experiment_rules.search,
    ("GET", "experiments/search"): experiment_rules.search,
    ("POST", "runs/outputs"): model_rules.log_outputs,
    ("POST", "logged-models"): model_rules.create,
    ("POST", "logged-models/search"): model_rules.search,
    ("GET", "logged-models/{id}"): model_rules.get,
    ("PATCH", "logged-models/{id}"): model_rules.finish,
    ("PATCH", "logged-models/{id}/tags"): model_rules.set_tags,
    ("POST", "logged-models/{id}/params"): model_rules.log_params,
}

_WORDS = {400: "INVALID_PARAMETER_VALUE", 404: "RESOURCE_DOES_NOT_EXIST", 409: "RESOURCE_CONFLICT"}
_log = logging.getLogger(__name__)


def answer(tracker: Tracker, caller: Caller, request: Request) -> Answer:
    """Answer a request of an MLflow client. Never raises: what went wrong is in the answer, as MLflow says it."""
    try:
        return _answer(tracker, caller, request)
    except Problem as problem:
        return refusal(problem.word, str(problem), problem.http_status)
    except MlopsError as error:
        return refusal(_WORDS.get(error.http_status, "INTERNAL_ERROR"), str(error), error.http_status)
    except Exception as error:  # noqa: BLE001 a mistake of ours must not end the connection without a word
        _log.debug("%s %s could not be answered", request.method, request.path, exc_info=True)
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return refusal("INTERNAL_ERROR", f"The store could not answer: {why}.", 500)


def refusal(word: str, message: str, status: int) -> Answer:
    """An error in MLflow's shape."""
    return Answer(status, {"error_code": word, "message": message})


def _answer(tracker: Tracker, caller: Caller, request: Request) -> Answer:
    path = request.path
    if path.startswith(API):
        rule, named = _rule(request.method, path.removeprefix(API))
        if rule is not None:
            asked = Fields.of_query(request.query) if request.method == "GET" else Fields.of_body(request.body)
            return Answer(200, rule(tracker, caller, asked.and_also(named)))
    elif path == FILES and request.method == "GET":
        return Answer(200, artifact_rules.list_of_path(tracker, caller, Fields.of_query(request.query)))
    elif path.startswith(f"{FILES}/") and request.method in ("GET", "PUT"):
        place = path.removeprefix(f"{FILES}/")
        if request.method == "GET":
            return Answer(200, file=artifact_rules.download(tracker, caller, place))
        return Answer(200, artifact_rules.upload(tracker, caller, place, request.body))
    raise Problem(
        "ENDPOINT_NOT_FOUND",
        f"jupyter_mlops does not serve {request.method} {path[:200]}: it takes runs, metrics, parameters, tags, "
        "artifacts and experiments. Set MLFLOW_TRACKING_URI to an MLflow server for the rest.",
    )


def _rule(method: str, path: str) -> tuple[Rule | None, Mapping[str, str]]:
    """The rule of an endpoint, and what its path says: the number of a model."""
    exact = RULES.get((method, path))
    head, _, rest = path.partition("/")
    if exact is not None or head != "logged-models":
        return exact, {}
    model, slash, tail = rest.partition("/")
    return RULES.get((method, f"{head}/{{id}}{slash}{tail}")), {"model_id": model}
