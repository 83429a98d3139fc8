"""What this server is and can do."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_mlops.errors import NotFound
from jupyter_mlops_server.handlers.base import Handler

API_VERSION = 1


class HealthHandler(Handler):
    """Whether the parts fit together."""

    route = "/health"

    @authenticated
    @authorized
    def get(self) -> None:
        """The version of the routes, and of what is installed."""
        self.answer({"api": API_VERSION, "version": _version()})


class ContractHandler(Handler):
    """The contract itself."""

    route = "/openapi.json"

    @authenticated
    @authorized
    def get(self) -> None:
        """The file beside this package."""
        self.answer(self.services.contract.document)


def _version() -> str:
    try:
        return version("jupyter-mlops")
    except PackageNotFoundError:
        return "unknown"


class UnknownHandler(Handler):
    """Everything below the API that is no route."""

    route = "/"

    @authenticated
    @authorized
    def get(self) -> None:
        """There is nothing."""
        raise NotFound("There is no such route.", hint="GET openapi.json lists them.")

    @authenticated
    @authorized(action="read")
    def post(self) -> None:
        """There is nothing."""
        raise NotFound("There is no such route.", hint="GET openapi.json lists them.")
