"""What tasks left: logs, executed notebooks, metrics, artifacts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_mlops.errors import NotFound
from jupyter_mlops_server.handlers.runs import RunOf
from jupyter_mlops_server.previews import Preview, preview

if TYPE_CHECKING:
    from jupyter_mlops.store.runs import Runs

_SAFE = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class LogHandler(RunOf):
    """What a task printed."""

    route = "/runs/{run}/tasks/{task}/log"

    @authenticated
    @authorized
    async def get(self, run: str, task: str) -> None:
        """Bytes `start` to `end` of it as text, of the latest attempt or of `attempt`; ask again with `start=end`
        for what came since.
        """
        asked = self.query()
        self.answer(await self.in_thread(_log, self.folder(), run, task, asked))


class PodsHandler(RunOf):
    """The pods of a task, and what the cluster said of them."""

    route = "/runs/{run}/tasks/{task}/pods"

    @authenticated
    @authorized
    async def get(self, run: str, task: str) -> None:
        """As they were seen last, of the latest attempt or of `attempt`."""
        from jupyter_mlops.verbs.task_place import task_pods

        attempt = self.query()["attempt"] or None
        self.answer(await self.in_thread(task_pods, run, task, attempt=attempt, folder=self.folder()))


class UseHandler(RunOf):
    """What a task uses of its machine."""

    route = "/runs/{run}/tasks/{task}/use"

    @authenticated
    @authorized
    async def get(self, run: str, task: str) -> None:
        """Processor time and memory over time, of the latest attempt or of `attempt`."""
        from jupyter_mlops.verbs.task_place import task_use

        attempt = self.query()["attempt"] or None
        self.answer(await self.in_thread(task_use, run, task, attempt=attempt, folder=self.folder()))


class NotebookHandler(RunOf):
    """The executed notebook of a run, or of one task of it (`task`)."""

    route = "/runs/{run}/notebook"

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """The notebook as JSON."""
        self.answer(await self.in_thread(_notebook, self.folder(), run, self.query()["task"]))


class MetricsHandler(RunOf):
    """What a run measured."""

    route = "/runs/{run}/metrics"

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Every metric with all its points in order."""
        self.answer(await self.in_thread(_metrics, self.folder(), run))


class ArtifactsHandler(RunOf):
    """Files and values that a run made or used."""

    route = "/runs/{run}/artifacts"

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """All of them."""
        self.answer(await self.in_thread(_artifacts, self.folder(), run))


class ArtifactHandler(RunOf):
    """One of them."""

    route = "/runs/{run}/artifacts/{digest}"

    @authenticated
    @authorized
    async def get(self, run: str, digest: str) -> None:
        """Its content: to save, or with `preview` the beginning of it in a form that is safe to show."""
        asked = self.query()
        folder = self.folder()
        if asked["preview"]:
            shown: Preview = await self.in_thread(_preview, folder, run, digest)
            self.answer(asdict(shown))
            return
        name, path = await self.in_thread(_content, folder, run, digest)
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{_quoted(name)}")
        self.set_header("Content-Security-Policy", _SAFE)
        with path.open("rb") as file:
            while block := await self.in_thread(file.read, 1 << 20):
                self.write(block)
                await self.flush()
        self.finish()


def _runs(folder: Path) -> Runs:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.store.runs import Runs

    return Runs(Project.find(folder))


def _log(folder: Path, run: str, task: str, asked: dict[str, Any]) -> dict[str, Any]:
    with _runs(folder) as runs:
        part = runs.log(run, task, start=asked["start"], limit=asked["limit"], attempt=asked["attempt"] or None)
        return asdict(part)


def _notebook(folder: Path, run: str, task: str) -> Any:
    from jupyter_mlops.verbs.runs import show

    shown = show(run, wait=False, folder=folder)
    place = shown["notebook"]
    if task:
        found = next((item for item in shown["tasks"] if item["task"] == task), None)
        if found is None:
            raise NotFound(f"The run has no task {task!r}.")
        place = found["notebook"]
    if not place:
        raise NotFound("There is no executed notebook yet.", hint="It is there once a cell has run.")
    return json.loads(Path(place).read_text(encoding="utf-8"))


def _metrics(folder: Path, run: str) -> dict[str, Any]:
    with _runs(folder) as runs:
        series = runs.get(run).series
    return {"metrics": {name: [asdict(point) for point in points] for name, points in series.items()}}


def _artifacts(folder: Path, run: str) -> dict[str, Any]:
    with _runs(folder) as runs:
        return {"artifacts": [asdict(item) for item in runs.get(run).artifacts]}


def _content(folder: Path, run: str, digest: str) -> tuple[str, Path]:
    """Name and file; only what the run has: a digest alone opens nothing."""
    from jupyter_mlops.verbs.remote import local_file

    with _runs(folder) as runs:
        record = runs.get(run)
        found = next((item for item in record.artifacts if item.digest == digest), None)
        if found is None:
            raise NotFound("The run has no such artifact.")
        return found.name, local_file(runs.project, record.run, digest, size=found.bytes)


def _preview(folder: Path, run: str, digest: str) -> Preview:
    name, path = _content(folder, run, digest)
    return preview(name, path)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name.replace("/", "_").encode("utf-8", "replace"), safe="")
