"""A project in a folder of its own, and runs that were written by hand."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.store.events import (
    ArtifactLogged,
    Event,
    MetricLogged,
    ParamsLogged,
    RunCreated,
    RunFinished,
    RunStarted,
    TagsLogged,
    TaskFinished,
    TaskStarted,
)
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.liveness import engine_identity
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id

LONG_AGO = 1_700_000_000.0


@dataclass
class Written:
    """Writes the events of a run one second apart, and says what it wrote."""

    project: Project
    run: str = field(default_factory=new_run_id)
    at: float = LONG_AGO
    writer: str = "test"

    @property
    def directory(self) -> Path:
        return self.project.run_directory(self.run)

    def write(self, *events: Event | dict[str, Any]) -> Written:
        with EventWriter(self.directory, self.writer) as writer:
            writer.append(*events)
        return self

    def now(self) -> float:
        self.at += 1.0
        return self.at

    def created(self, pipeline: str = "iris", *, plan: dict[str, Any] | None = None, **more: Any) -> Written:
        fields = {"experiment": "default", "params": {}, "target": "local", "notebook": "", "environment": {}} | more
        return self.write(RunCreated(self.now(), self.run, pipeline, plan=plan or {}, **fields))

    def started(self, engine: dict[str, Any] | None = None) -> Written:
        return self.write(RunStarted(self.now(), engine or engine_identity()))

    def task(self, name: str, state: Any = "succeeded", *, attempt: int = 1, **more: Any) -> Written:
        step = name.partition("[")[0]
        self.write(TaskStarted(self.now(), name, step, attempt, f"tasks/{name}/{attempt}"))
        return self.write(TaskFinished(self.now(), name, step, attempt, state, seconds=1.0, **more))

    def metrics(self, **values: float) -> Written:
        return self.write(*(MetricLogged(self.now(), name, value) for name, value in values.items()))

    def params(self, **values: Any) -> Written:
        return self.write(ParamsLogged(self.now(), values))

    def tags(self, **values: str) -> Written:
        return self.write(TagsLogged(self.now(), values))

    def artifact(self, digest: str, *, task: str = "", role: Any = "output", name: str = "file") -> Written:
        return self.write(ArtifactLogged(self.now(), name, digest, "file", 3, task, role))

    def finished(self, state: Any = "succeeded", reason: str = "") -> Written:
        return self.write(RunFinished(self.now(), state, reason))


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the store or the index of whoever runs it."""
    monkeypatch.setenv("JUPYTER_MLOPS_CACHE", str(tmp_path / "index"))
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root).ensure()


@pytest.fixture
def make_run(project: Project) -> Callable[..., Written]:
    return lambda **fields: Written(project, **fields)


@contextlib.contextmanager
def disk_that_ends_at(size: int) -> Iterator[None]:
    """Files cannot grow beyond `size` bytes: the nearest thing to a full disk that needs no rights."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def full_disk() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    return disk_that_ends_at
