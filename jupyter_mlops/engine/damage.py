"""Values that were damaged in the store: found out when a task cannot load them, and taken away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_mlops.engine.state import State, Task
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.runtime.errors import BundleRefused
from jupyter_mlops.runtime.layout import is_intact
from jupyter_mlops.runtime.spec import InputValues

# In `TaskResult.facts`: digests of bundles that a task could not load, where only the place that ran it can tell.
DAMAGED_FACT = "damaged"


def lost_inputs(state: State, task: Task, inputs: Sequence[InputValues], outcome: Outcome) -> tuple[str, ...]:
    """Names of the tasks whose values an attempt was told to load and could not, as they are not what was recorded.

    Their files are removed from the store: a record of the cache that needs one is no hit any more. Empty if the
    attempt failed for another reason; code of another Python, for one, would be the same when it is made again.
    """
    error = outcome.result.error if outcome.result else None
    if outcome.state != "failed" or error is None or error.kind != BundleRefused.__name__:
        return ()
    told = outcome.result.facts.get(DAMAGED_FACT) if outcome.result else None
    damaged = set(map(str, told)) if isinstance(told, (list, tuple)) else take_damaged(inputs)
    # A source that was lost before is being made again, or has been since the attempt began: perhaps as another value.
    return tuple(source.name for source in _sources(state, task) if _digest(source) in damaged or source.lost)


def take_damaged(inputs: Sequence[InputValues]) -> set[str]:
    """The digests of bundles that are not there or not what was recorded; their files are removed."""
    refs = {Path(ref.path).name: ref for item in inputs for ref in item.bundles if ref is not None}
    damaged = {digest for digest, ref in refs.items() if not is_intact(ref.path, ref.seal)}
    for digest in damaged:
        with contextlib.suppress(OSError):
            Path(refs[digest].path).unlink(missing_ok=True)
    return damaged


def _sources(state: State, task: Task) -> Iterator[Task]:
    """The tasks that may have given the task a value, each once."""
    steps = dict.fromkeys(step for item in state.plan.by_name[task.step].inputs for step, _ in item.sources)
    for step in steps:
        yield from state.item_tasks(step) if step in state.items else (state.tasks[step],)


def _digest(task: Task) -> str:
    return task.result.bundle.path if task.result and task.result.bundle else ""
