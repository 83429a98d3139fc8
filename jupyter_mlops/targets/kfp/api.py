"""The REST interface v2beta1 of Kubeflow Pipelines: runs and experiments as JSON data, and its refusals in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.failures import (
    Absent,
    Broken,
    Forbidden,
    Unauthorized,
    Unreachable,
    clean,
    failure_of_status,
    status_from,
    status_of,
)
from jupyter_mlops.kube.request import Request, Response, Transport, as_object
from jupyter_mlops.targets.kfp.settings import KfpSettings, read_token

ROOT = "/apis/v2beta1"
_ASK_S = 10.0
_HINTS: Mapping[type[MlopsError], str] = {
    Unauthorized: "Check token_file under [kfp]: the token may have ended, or be for something else.",
    Forbidden: "Check namespace under [kfp], or ask whoever looks after Kubeflow for the rights in it.",
    Absent: "",
}


class TokenLogin:
    """A `Login` with the token of a file, as it is at each request."""

    def __init__(self, settings: KfpSettings) -> None:
        self._settings = settings

    def current(self) -> Access:
        """With the token as it is now."""
        found = self._settings
        token = f"Bearer {read_token(found.token_file)}" if found.token_file else ""
        return Access(found.url.rstrip("/"), token, ca_file=found.ca_file)

    def renew(self, refused: Access) -> Access:  # noqa: ARG002 - a Login has it
        """The same: it is read each time."""
        return self.current()


def service_path(settings: KfpSettings) -> str:
    """Where the Kubernetes API passes requests on to the service."""
    name, _, port = settings.service.partition(":")
    namespace = quote(settings.service_namespace, safe="")
    return f"/api/v1/namespaces/{namespace}/services/http:{name}:{port}/proxy"


class KfpApi:
    """Calls of the interface, below `prefix`. `where` names it for people. As thread-safe as its transport.

    Every method raises `Unauthorized`, `Forbidden`, `Absent`, `Invalid`, `AlreadyThere`, `TooMany`, `Broken`:
    what was refused; or `Unreachable`.
    """

    def __init__(self, transport: Transport, prefix: str, where: str) -> None:
        self.transport, self._prefix, self.where = transport, prefix, where
        self._lists_tasks = True  # as far as is known

    def health(self) -> dict[str, Any]:
        """What it says of itself, such as `multi_user`."""
        return self._ask("GET", "/healthz", "answer")

    def experiment(self, name: str, namespace: str) -> str:
        """The id of the experiment of that name, made if there is none; `namespace` where Kubeflow has many users."""
        wanted = {"operation": "EQUALS", "key": "display_name", "string_value": name}
        query = {"filter": json.dumps({"predicates": [wanted]}), "page_size": "10"}
        if namespace:
            query["namespace"] = namespace
        found = self._ask("GET", "/experiments", "list experiments", query).get("experiments")
        for item in found if isinstance(found, list) else ():
            if isinstance(item, dict) and item.get("display_name") == name and _id(item, "experiment_id"):
                return _id(item, "experiment_id")
        body = {"display_name": name, **({"namespace": namespace} if namespace else {})}
        return self._made("/experiments", body, "experiment_id", f"make the experiment {name!r}")

    def create_run(self, body: Mapping[str, Any]) -> str:
        """Have a run begin; its id."""
        return self._made("/runs", body, "run_id", "make a run")

    def run(self, run: str) -> dict[str, Any]:
        """A run with the details of its tasks, also where these have to be asked for one page after the other."""
        found = self._ask("GET", _run(run), "show the run")
        details = found.get("run_details")
        if self._lists_tasks and not (isinstance(details, dict) and details.get("task_details")):
            found = {**found, "run_details": {"task_details": self._tasks(run)}}
        return found

    def find(self, name: str, namespace: str = "") -> str:
        """The id of the newest run whose name ends so; empty if there is none. `namespace` as for experiments."""
        wanted = {"operation": "IS_SUBSTRING", "key": "display_name", "string_value": name}
        query = {"filter": json.dumps({"predicates": [wanted]}), "page_size": "10", "sort_by": "created_at desc"}
        query.update({"namespace": namespace} if namespace else {})
        found = self._ask("GET", "/runs", "list runs", query).get("runs")
        runs = [item for item in (found if isinstance(found, list) else ()) if isinstance(item, dict)]
        return next((_id(item, "run_id") for item in runs if str(item.get("display_name")).endswith(name)), "")

    def terminate(self, run: str) -> None:
        """Ask for the run to stop."""
        self._ask("POST", f"{_run(run)}:terminate", "stop the run")

    def retry(self, run: str) -> None:
        """Have what failed of a run that is over begin again."""
        self._ask("POST", f"{_run(run)}:retry", "run it again")

    def delete(self, run: str) -> None:
        """Remove the run; that it is not there is fine."""
        try:
            self._ask("DELETE", _run(run), "delete the run")
        except Absent:
            return

    def _tasks(self, run: str) -> list[Any]:
        """Newer servers list tasks apart from their run; what older ones answer to that is no list of tasks."""
        tasks: list[Any] = []
        query: dict[str, str] = {"page_size": "200"}
        for _ in range(500):
            try:
                page = self._ask("GET", f"{_run(run)}/tasks", "list the tasks", query)
            except (Absent, Broken) as failure:
                self._lists_tasks = not isinstance(failure, Absent)
                break
            found = page.get("tasks")
            tasks += found if isinstance(found, list) else []
            following = page.get("next_page_token")
            if not isinstance(following, str) or not following:
                break
            query["page_token"] = following
        return tasks

    def _made(self, path: str, body: Mapping[str, Any], key: str, doing: str) -> str:
        made = _id(self._ask("POST", path, doing, body=body), key)
        if not made:
            raise Broken(f"{self.where} was asked to {doing}, and answered without a {key}.")
        return made

    def _ask(
        self,
        method: str,
        path: str,
        doing: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        request = Request(method, self._prefix + ROOT + path, query or {}, body, timeout=_ASK_S if body is None else 60)
        try:
            answer = self.transport.send(request)
        except Unreachable as fault:
            said = fault.message.partition(" does not answer")[2] or f": {fault.message}"
            hint = "Check the network, and url under [kfp]; without a url, the kubeconfig."
            raise Unreachable(f"{self.where} does not answer{said}", hint=hint, sent=fault.sent) from fault
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, doing)
        found = as_object(answer.body) if answer.body.strip() else {}
        if found is None:
            raise Unauthorized(
                f"{self.where} is no Kubeflow Pipelines, or wants a login first: it answered with a page.",
                hint="Check url and token_file under [kfp].",
            )
        return found

    def _refusal(self, answer: Response, doing: str) -> MlopsError:
        said = as_object(answer.body) or {}
        if 300 <= answer.status < 400:
            return Unauthorized(f"{self.where} wants a login first.", hint=_HINTS[Unauthorized])
        if said.get("kind") == "Status":  # of the Kubernetes API, which would have passed the request on
            return self._not_passed_on(answer)
        words = clean(said.get("error")) or clean(said.get("message"))
        status = status_from({"message": words}, answer.status, answer.headers)
        failure = failure_of_status(status, doing)
        message = f"{self.where} refused to {doing}: {(words or f'it answered {answer.status}').rstrip('.')}."
        changed = type(failure)(message, hint=_HINTS.get(type(failure), failure.hint))
        changed.status = status  # type: ignore[attr-defined]  # every kind of `failure_of_status` has one
        return changed

    def _not_passed_on(self, answer: Response) -> MlopsError:
        status = status_of(answer)
        failure = failure_of_status(status, f"pass a request on to {self.where}")
        if status.code in (404, 503):
            return type(failure)(
                f"Kubeflow Pipelines is not there: {status.message.rstrip('.')}.",
                hint="Set url under [kfp], or service and service_namespace where it runs under other names.",
            )
        return failure


def _run(run: str) -> str:
    return f"/runs/{quote(run, safe='')}"


def _id(item: Mapping[str, Any], key: str) -> str:
    found = item.get(key)
    return found if isinstance(found, str) and len(found) < 200 else ""
