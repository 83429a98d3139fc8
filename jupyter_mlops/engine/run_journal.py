"""The seam between the engine and where a run is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Protocol

from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.events import Event


@dataclass(frozen=True)
class CachedResult:
    """A result that may stand in for a task. `source` is RUN/TASK that made it, `parts` those of its key.

    `names` are all that it was asked to hand on, `logged` what it logged (metrics, params, artifacts) as JSON data.
    """

    result: TaskResult
    source: str
    parts: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    logged: tuple[Mapping[str, Any], ...] = ()


class RunJournal(Protocol):
    """One run's record, and the store around it. The engine calls it from one thread.

    Every method raises `StoreUnwritable` for a full disk or a read-only folder.
    """

    run: str
    keeps_files: bool
    """Whether the files that tasks write into their working folder are here to be kept."""

    @property
    def directory(self) -> Path:
        """The run's folder; attempts get folders below it."""
        ...

    def append(self, *events: Event) -> None:
        """Write events down, in this order; they are safe when this returns."""
        ...

    def cancel_requested(self) -> bool:
        """Whether somebody else asked for the run to stop, since this engine took it. Called a few times a second."""
        ...

    def keep(self, path: Path) -> str:
        """Keep a copy of a file by content; gives its digest."""
        ...

    def take_over(self, path: Path, digest: str) -> None:
        """Move a file into the store under a digest that is known already."""
        ...

    def artifact(self, digest: str) -> Path | None:
        """A read-only file with that content, None if it is gone."""
        ...

    def keep_value(self, path: Path, digest: str) -> None:
        """Keep the bundle that a task wrote at `path`, under its digest, where tasks find it."""
        ...

    def value(self, digest: str) -> PurePath | None:
        """The file of a bundle, as tasks see it, also where that cannot be read from here; None if it is gone."""
        ...

    def cached(self, key: str) -> CachedResult | None:
        """The result kept under a cache key."""
        ...

    def save(self, key: str, found: CachedResult) -> None:
        """Keep a result under a cache key."""
        ...

    def last_parts(self, task: str) -> Mapping[str, str] | None:
        """Parts of the key that the task of this pipeline had the last time; None if it never ran."""
        ...
