"""The vocabulary of a run: what is appended to its event files, and the only thing its state is computed from.

Each event is one JSON object a line: `{"type": "task.started", "at": <seconds since the epoch>, ...fields}`.
Readers keep and count types that they do not know: a newer writer does not break an older reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Union

TaskState = Literal["pending", "running", "cached", "skipped", "succeeded", "failed", "canceled"]
RunState = Literal["pending", "running", "succeeded", "failed", "canceled"]


@dataclass(frozen=True)
class RunCreated:
    """The first event of a run. `plan` is the pipeline as JSON data, `environment` Python and library versions."""

    at: float
    run: str
    pipeline: str
    experiment: str
    params: Mapping[str, Any]
    target: str
    notebook: str
    plan: Mapping[str, Any]
    environment: Mapping[str, Any]
    user: str = ""
    retry_of: str = ""
    format: int = 1


@dataclass(frozen=True)
class RunStarted:
    """An engine took the run: `engine` names its process, so that a reader can tell whether it still lives."""

    at: float
    engine: Mapping[str, Any]


@dataclass(frozen=True)
class RunFinished:
    """The run is over. `reason` is for people."""

    at: float
    state: RunState
    reason: str = ""


@dataclass(frozen=True)
class TaskExpanded:
    """A step with `for_each` became `items` tasks named `STEP[0]`, `STEP[1]`, ..."""

    at: float
    step: str
    items: tuple[Any, ...]


@dataclass(frozen=True)
class TaskStarted:
    """An attempt began. `directory` is relative to the run's folder; `key` holds the named parts of its cache key."""

    at: float
    task: str
    step: str
    attempt: int
    directory: str
    key: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskFinished:
    """An attempt is over, or a task ended without one (cached, skipped, canceled).

    `result` is a `TaskResult` as JSON data; `final` is false if another attempt will follow; `cached_from` names
    (run, task) whose result is reused, and `key` holds the named parts of its key; `why` lists the parts of the key
    that changed since the last time.
    """

    at: float
    task: str
    step: str
    attempt: int
    state: TaskState
    seconds: float = 0.0
    reason: str = ""
    result: Mapping[str, Any] | None = None
    final: bool = True
    cached_from: str = ""
    why: tuple[str, ...] = ()
    key: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CellFinished:
    """A cell of a running attempt ended; `fate` is "succeeded" or "failed"."""

    at: float
    task: str
    cell: int
    seconds: float
    fate: str


@dataclass(frozen=True)
class MetricLogged:
    """A number over steps. Without `step` the value stands alone; the last one is the metric's value."""

    at: float
    name: str
    value: float
    step: int | None = None
    task: str = ""


@dataclass(frozen=True)
class ParamsLogged:
    """Parameters that the user's code reported, beside those the run was started with."""

    at: float
    params: Mapping[str, Any]
    task: str = ""


@dataclass(frozen=True)
class TagsLogged:
    """Free words about the run, for people and for search; a later value replaces an earlier one."""

    at: float
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ArtifactLogged:
    """A file or value kept by content. `role` is "output" (made) or "input" (used): that is the lineage.

    On a line of a file `type` is called `kind`: `type` is the event's.
    """

    at: float
    name: str
    digest: str
    type: str
    bytes: int
    task: str = ""
    role: Literal["output", "input"] = "output"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskWaiting:
    """A task that was started does not run yet, as `reason` says; without one it waits no more.

    `code` names the kind of reason, for programs; `lasting` says that waiting alone does not help.
    """

    at: float
    task: str
    reason: str = ""
    hint: str = ""
    code: str = ""
    lasting: bool = False


@dataclass(frozen=True)
class Note:
    """Something that a person should know about a task, and that is no failure.

    Without a task: why the run does not begin, or is not heard of; an empty text says that this is over.
    """

    at: float
    text: str
    task: str = ""


@dataclass(frozen=True)
class CancelRequested:
    """Somebody asked for the run to stop; the engine that drives it does so."""

    at: float
    by: str = ""


Event = Union[  # Python 3.9 evaluates no `|` of types
    RunCreated,
    RunStarted,
    RunFinished,
    TaskExpanded,
    TaskStarted,
    TaskFinished,
    CellFinished,
    MetricLogged,
    ParamsLogged,
    TagsLogged,
    ArtifactLogged,
    TaskWaiting,
    Note,
    CancelRequested,
]

TYPES: Mapping[str, type] = {
    "run.created": RunCreated,
    "run.started": RunStarted,
    "run.finished": RunFinished,
    "task.expanded": TaskExpanded,
    "task.started": TaskStarted,
    "task.finished": TaskFinished,
    "cell.finished": CellFinished,
    "metric": MetricLogged,
    "params": ParamsLogged,
    "tags": TagsLogged,
    "artifact": ArtifactLogged,
    "task.waiting": TaskWaiting,
    "note": Note,
    "cancel.requested": CancelRequested,
}


def known_events(found: Iterable[object]) -> list[Event]:
    """Those that are of a kind which this version knows."""
    known: Any = tuple(TYPES.values())  # Python 3.9 takes no union here
    return [event for event in found if isinstance(event, known)]
