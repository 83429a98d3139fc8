"""What every handler does: who asks, what is asked, the answer, and errors as JSON."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.web import HTTPError

from jupyter_mlops.errors import MlopsError, Usage

if TYPE_CHECKING:
    from jupyter_mlops_server.app import Services

AUTH_RESOURCE = "mlops"
_WRONG_VERB = 405
T = TypeVar("T")


class TooLarge(Usage):
    """The body is larger than this server takes."""

    http_status, code = 413, "too_large"


class BaseHandler(JupyterHandler):
    """What routes and the stream share. Errors are JSON, `{"code", "message", "hint"}`, without a trace, and without a
    place on this machine.
    """

    route: ClassVar[str]

    @property
    def services(self) -> Services:
        """What handlers share."""
        found: Services = self.settings["jupyter_mlops"]
        return found

    async def in_thread(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        """Do what may block, beside the server's loop."""
        work = functools.partial(call, *args, **options)
        return await asyncio.get_running_loop().run_in_executor(self.services.threads, work)

    def listed(self, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Runs of a list as the browser gets them: where each notebook is for the browser."""
        path = functools.cache(self.services.places.path)  # many runs, few notebooks
        return [{**run, "notebook": path(run["notebook"])} for run in runs]

    def told(self, problem: BaseException | None, status: int = 500) -> tuple[int, dict[str, str]]:
        """Status and JSON of an error."""
        status, told = as_error(problem, status)
        return status, {name: self.services.places.without_places(text) for name, text in told.items()}

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Finish with what went wrong."""
        status, told = self.told((kwargs.get("exc_info") or (None, None, None))[1], status_code)
        self.set_status(status)
        if status == _WRONG_VERB:
            self.set_header("Allow", ", ".join(self.services.contract.verbs(self.route)))
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(told))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """What a person can act on is an answer, not a fault of this server."""
        if not isinstance(value, MlopsError):
            super().log_exception(typ, value, tb)


class Handler(BaseHandler, APIHandler):
    """A route. `route` is its key in the contract. Every verb is decorated by itself with `authenticated` and
    `authorized`: the latter keeps the first action that it sees.
    """

    auth_resource = AUTH_RESOURCE

    def body(self) -> dict[str, Any]:
        """The checked JSON body.

        Raises:
            Usage: it is not as the contract has it.
        """
        if len(self.request.body) > self.services.max_body:
            raise TooLarge(
                f"The request has more than {self.services.max_body // 1_000_000} MB.",
                hint="Clear the notebook's outputs, or raise MLOpsApp.max_body_mb.",
            )
        try:
            data = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise Usage("The body is no JSON.") from error
        return self.services.contract.body(self.route, str(self.request.method).lower(), data)

    def query(self) -> dict[str, Any]:
        """The checked parameters of the query."""
        given = {name: self.get_query_arguments(name, strip=False) for name in self.request.query_arguments}
        return self.services.contract.query(self.route, str(self.request.method).lower(), given)

    def answer(self, data: Any, *, status: int = 200) -> None:
        """Finish with JSON. NaN and infinities, which JSON lacks, are null."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(as_json(data))


def as_error(problem: BaseException | None, status: int) -> tuple[int, dict[str, str]]:
    """An error as a status and `{"code", "message", "hint"}`."""
    if isinstance(problem, MlopsError):
        return problem.http_status, {"code": problem.code, "message": problem.message, "hint": problem.hint}
    if isinstance(problem, HTTPError):
        known = {403: "forbidden", 404: "not_found", _WRONG_VERB: "wrong_verb", 400: "usage"}
        message = problem.log_message or problem.reason or "The request was refused."
        return problem.status_code, {"code": known.get(problem.status_code, "error"), "message": message, "hint": ""}
    return status, {
        "code": "fault" if status >= 500 else "error",
        "message": "Something went wrong inside." if status >= 500 else "The request was refused.",
        "hint": "The server's log says more." if status >= 500 else "",
    }


def as_json(data: Any) -> str:
    """JSON text that every browser reads."""
    try:
        return json.dumps(data, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(_finite(data), default=str)


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if data - data == 0 else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(item) for item in data] if isinstance(data, list | tuple) else data
