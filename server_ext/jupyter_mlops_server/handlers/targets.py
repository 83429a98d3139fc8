"""Where steps can run: what each place can do, its health, and the rights that it takes."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_mlops.errors import Unavailable
from jupyter_mlops_server.handlers.base import Handler

# The library asks a cluster for 5 s at most; a program that gives credentials may take longer, or wait for a person.
LIMIT_S = 30.0
T = TypeVar("T")


class PlaceHandler(Handler):
    """A route that asks a cluster, in threads of their own: one that does not answer holds up nothing else."""

    async def of_cluster(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        """Ask, and wait so long and no longer.

        Raises:
            Unavailable: no answer came.
        """
        work = functools.partial(call, *args, **options)
        asked = asyncio.get_running_loop().run_in_executor(self.services.clusters, work)
        try:
            return await asyncio.wait_for(asked, LIMIT_S)
        except TimeoutError as late:
            raise Unavailable(
                f"The target did not answer within {LIMIT_S:.0f} s.",
                hint="Does the kubeconfig name a program that asks for a login? Run `kubectl get pods` in a terminal.",
            ) from late


class TargetsHandler(PlaceHandler):
    """Where steps can run."""

    route = "/targets"

    @authenticated
    @authorized
    async def get(self) -> None:
        """Every target with what it can do, why not, and its settings in force."""
        asked = self.query()
        folder = self.services.places.folder(asked.pop("folder"))
        self.answer(await self.of_cluster(_targets, folder, asked))


class ContextsHandler(PlaceHandler):
    """The clusters that the server's kubeconfig knows."""

    route = "/targets/contexts"

    @authenticated
    @authorized
    async def get(self) -> None:
        """The contexts, as they are in the file; no cluster is asked."""
        from jupyter_mlops.verbs.targets import contexts

        self.query()
        self.answer(await self.in_thread(contexts))


class DoctorHandler(PlaceHandler):
    """Whether a target is fit for runs."""

    route = "/targets/{target}/doctor"

    @authenticated
    @authorized(action="read")
    async def post(self, target: str) -> None:
        """Check it; nothing is changed there."""
        asked = self.body()
        folder = self.services.places.folder(asked.pop("folder"))
        self.answer(await self.of_cluster(_doctor, folder, target, asked))


class RightsHandler(PlaceHandler):
    """The rights that a target takes."""

    route = "/targets/{target}/rbac"

    @authenticated
    @authorized
    async def get(self, target: str) -> None:
        """The least rights for some purposes, as YAML for who may grant them."""
        asked = self.query()
        folder = self.services.places.folder(asked.pop("folder"))
        purposes = [word.strip() for word in asked.pop("purposes").split(",") if word.strip()]
        self.answer(await self.of_cluster(_rights, folder, target, purposes, asked))


def _targets(folder: Path, given: Mapping[str, str]) -> dict[str, Any]:
    from jupyter_mlops.kube.rbac import PURPOSES
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.verbs.target_origins import settings_in_force
    from jupyter_mlops.verbs.targets import targets

    project = Project.find(folder)
    found = targets(project, given=given)
    shown = [{**item, "settings": settings_in_force(project, item["name"], item, given)} for item in found["targets"]]
    return {"targets": shown, "default": found["default"], "purposes": dict(PURPOSES)}


def _doctor(folder: Path, target: str, given: Mapping[str, Any]) -> Any:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.verbs.targets import target_doctor

    return target_doctor(Project.find(folder), target, **given)


def _rights(folder: Path, target: str, purposes: list[str], given: Mapping[str, Any]) -> Any:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.verbs.targets import target_rbac

    return target_rbac(Project.find(folder), target, purposes=purposes, **given)
