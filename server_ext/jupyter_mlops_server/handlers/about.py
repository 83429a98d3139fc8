"""What this server is and can do."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_mlops.errors import MlopsError, NotFound
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


class TargetsHandler(Handler):
    """Where steps can run."""

    route = "/targets"

    @authenticated
    @authorized
    async def get(self) -> None:
        """Every target with what it can do, and why not."""
        self.answer({"targets": await self.in_thread(_targets)})


def _version() -> str:
    try:
        return version("jupyter-mlops")
    except PackageNotFoundError:
        return "unknown"


def _targets() -> list[dict[str, Any]]:
    from jupyter_mlops.targets.base import load_target, target_names

    found: list[dict[str, Any]] = []
    for name in target_names():
        try:
            target = load_target(name)
        except MlopsError as error:
            found.append({"name": name, "missing": str(error), "capabilities": []})
            continue
        try:
            items = target.capabilities.items if hasattr(target, "capabilities") else ()
            found.append({"name": name, "missing": "", "capabilities": [asdict(item) for item in items]})
        finally:
            target.close()
    return found


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
