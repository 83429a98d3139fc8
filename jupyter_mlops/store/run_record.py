"""What a run is, computed from its events: frozen data for every surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.store.events import RunState, TaskState


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt of a task; `finished` is None while it runs, and where its engine died with it."""

    attempt: int
    state: TaskState
    started: float
    finished: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class TaskRecord:
    """The latest attempt of a task. `item` is the loop item of `STEP[i]`; times are seconds since the epoch.

    `directory` is relative to the run's folder; `key` and `why` explain the cache; `attempts` are all that began, in
    order. `notes` are sentences for people; `waiting` says why it was started and does not run yet.
    """

    task: str
    step: str
    state: TaskState = "pending"
    attempt: int = 0
    attempts: tuple[AttemptRecord, ...] = ()
    reason: str = ""
    started: float | None = None
    finished: float | None = None
    seconds: float | None = None
    result: Mapping[str, Any] | None = None
    cached_from: str = ""
    why: tuple[str, ...] = ()
    directory: str = ""
    key: Mapping[str, str] = field(default_factory=dict)
    item: Any = None
    notes: tuple[str, ...] = ()
    waiting: str = ""


@dataclass(frozen=True)
class Point:
    """One value of a metric; `step` is None for a value that stands alone."""

    at: float
    value: float
    step: int | None = None
    task: str = ""


@dataclass(frozen=True)
class ArtifactRecord:
    """A file or value that a task made ("output") or used ("input"); `task` is empty outside of tasks."""

    name: str
    digest: str
    type: str
    bytes: int
    task: str = ""
    role: str = "output"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A run. `metrics` has the last value of each, `series` all of them in order; `tasks` are in the plan's order.

    `interrupted` is true if its engine died: the state is then `failed` and `retry` continues it.
    `logged` are the params that code reported; `params` holds them beside those the run was started with.
    """

    run: str
    pipeline: str = ""
    experiment: str = ""
    state: RunState = "pending"
    reason: str = ""
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    logged: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, TaskRecord] = field(default_factory=dict)
    artifacts: tuple[ArtifactRecord, ...] = ()
    notebook: str = ""
    target: str = ""
    user: str = ""
    retry_of: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    cancel_requested: bool = False
    unknown: int = 0

    @property
    def seconds(self) -> float | None:
        """From the first start to the end; None while it runs."""
        if self.started is None or self.finished is None:
            return None
        return max(0.0, self.finished - self.started)

    @property
    def over(self) -> bool:
        """Whether no engine drives it any more."""
        return self.state in ("succeeded", "failed", "canceled")
