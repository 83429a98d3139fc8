"""The seam between the engine and the places where attempts run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.spec import TaskResult, TaskSpec

StopReason = Literal["user", "timeout", "sibling_failed", "shutdown"]


@dataclass(frozen=True)
class Attempt:
    """One try of one task: what to do, where its files go (log, events, executed notebook, result), and its options."""

    spec: TaskSpec
    directory: Path
    options: Options = field(default_factory=Options)
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Unique within a run."""
        return f"{self.spec.task}#{self.spec.attempt}"


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. `result` is what the process answered, None if it died without a word.

    `reason` says in plain words why it failed or was stopped ("killed by signal 9 (SIGKILL): out of memory?").
    `taken_away`: the place ended it (a node was drained, say), the code did not fail: it begins again, and no retry is
    used up.
    """

    state: Literal["succeeded", "failed", "canceled"]
    result: TaskResult | None = None
    reason: str = ""
    stopped: StopReason | None = None
    taken_away: bool = False


@dataclass(frozen=True)
class Report:
    """What a target tells the engine about an attempt: lines of its event file, then exactly one outcome.

    `began` comes once, and only from targets whose attempts wait (see `Target`).
    """

    attempt: str
    events: tuple[Mapping[str, Any], ...] = ()
    outcome: Outcome | None = None
    began: bool = False


class Target(Protocol):
    """A place where attempts run.

    The engine calls every method from one thread. `start` returns at once; then reports come, from any thread,
    exactly one of them with an outcome, whatever happens to the process. A target never tries user code again.
    The attempt's directory belongs to the target until the outcome is reported.

    Where an attempt that was started may wait before it runs, the target has an attribute `attempts_wait` that is
    true, and reports `began`: the time that a step may take counts from then.
    """

    name: str

    @property
    def slots(self) -> int:
        """How many attempts may run at once."""
        ...

    def refusal(self, options: Options) -> str:
        """Why this target cannot honour the options; empty when it can."""
        ...

    def start(self, attempt: Attempt, report: Callable[[Report], None]) -> None:
        """Begin an attempt."""
        ...

    def stop(self, attempt: str, reason: StopReason) -> None:
        """End an attempt and its children: gracefully, then hard. Its outcome is reported as usual."""
        ...

    def close(self) -> None:
        """Stop what still runs and free everything; the target is not used again."""
        ...
