"""Runs: list, start, look at, compare, cancel, retry, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_mlops.errors import NotFound
from jupyter_mlops_server.handlers.base import Handler


class RunsHandler(Handler):
    """All runs of a project."""

    route = "/runs"

    @authenticated
    @authorized
    async def get(self) -> None:
        """A page of runs, newest first or as asked; `total` counts them all, `more` says whether there is more."""
        from jupyter_mlops.verbs.runs import page

        asked = self.query()
        places = self.services.places
        found = await self.in_thread(
            page,
            asked["query"],
            notebooks=places.spellings(asked["notebook"]) if asked["notebook"] else (),
            order_by=asked["order_by"] or None,
            limit=asked["limit"],
            offset=asked["offset"],
            folder=places.folder(asked["folder"] or asked["notebook"]),
        )
        more = asked["offset"] + len(found["runs"]) < found["total"]
        self.answer({"runs": self.listed(found["runs"]), "total": found["total"], "more": more})

    @authenticated
    @authorized(action="execute")
    async def post(self) -> None:
        """Start a run of a notebook or pipeline file as it is on disk."""
        asked = self.body()
        places = self.services.places
        file = places.file(asked.pop("path"))
        if not file.is_file():
            raise NotFound(f"There is no file {places.path(file)!r}.", hint="Save the notebook first.")
        kernel = asked.pop("kernel")
        options = {name: value for name, value in asked.items() if value is not None}
        run = await self.in_thread(self.services.launcher.run, file, kernel, options)
        self.set_header("Location", f"runs/{run}")
        self.answer({"run": run}, status=201)


class RunOf(Handler):
    """A route below one run; the query's `folder` says in which project."""

    def folder(self) -> Path:
        """The project's folder."""
        return self.services.places.folder(self.query()["folder"])

    def shown(self, run: dict[str, Any]) -> dict[str, Any]:
        """A run as the browser gets it: files of the server become what it can ask for."""
        tasks = [
            {**task, "notebook": task["notebook"] is not None, "log": task["log"] is not None} for task in run["tasks"]
        ]
        source = self.services.places.path(run["source"])
        return {**run, "notebook": run["notebook"] is not None, "source": source, "tasks": tasks}


class RunHandler(RunOf):
    """One run."""

    route = "/runs/{run}"

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Its state, and that of each task."""
        from jupyter_mlops.verbs.runs import show

        self.answer(self.shown(await self.in_thread(show, run, wait=False, folder=self.folder())))

    @authenticated
    @authorized(action="write")
    async def delete(self, run: str) -> None:
        """Remove it."""
        from jupyter_mlops.verbs.runs import delete

        await self.in_thread(delete, run, folder=self.folder())
        self.set_status(204)
        self.finish()


class CancelHandler(RunOf):
    """The end of a run before its time."""

    route = "/runs/{run}/cancel"

    @authenticated
    @authorized(action="execute")
    async def post(self, run: str) -> None:
        """Ask its engine to stop it."""
        from jupyter_mlops.verbs.runs import cancel

        self.answer(await self.in_thread(cancel, run, folder=self.folder()), status=202)


class RetryHandler(RunOf):
    """A run that failed, once more."""

    route = "/runs/{run}/retry"

    @authenticated
    @authorized(action="execute")
    async def post(self, run: str) -> None:
        """Go on with it; what succeeded is not run again."""
        from jupyter_mlops.verbs.runs import show

        folder, kernel = self.folder(), self.query()["kernel"]
        known = await self.in_thread(show, run, wait=False, folder=folder)
        begun = await self.in_thread(self.services.launcher.retry, known["run"], folder, kernel)
        self.answer({"run": begun}, status=202)


class RunGraphHandler(RunOf):
    """What a run does."""

    route = "/runs/{run}/graph"

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Its steps with their states, and what flows."""
        from jupyter_mlops.verbs.graph import graph_of_run

        self.answer(await self.in_thread(graph_of_run, run, folder=self.folder()))


class DiffHandler(RunOf):
    """Two runs side by side."""

    route = "/runs/{run}/diff/{other}"

    @authenticated
    @authorized
    async def get(self, run: str, other: str) -> None:
        """What differs."""
        from jupyter_mlops.verbs.runs import diff

        self.answer(await self.in_thread(diff, run, other, folder=self.folder()))
