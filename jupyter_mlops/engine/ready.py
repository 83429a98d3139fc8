"""What may start now: where each input comes from, and whether a step waits, goes, or is skipped and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, Union

from jupyter_mlops.engine.state import Cause, State, Task
from jupyter_mlops.pipeline.expressions import METRICS, PARAMS, names_read
from jupyter_mlops.pipeline.model import Input, Loop, Step
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.expressions import evaluate


@dataclass(frozen=True)
class Found:
    """The step that gives the input, and its name there. The step ran; it may still not have made the name."""

    step: str
    name: str


@dataclass(frozen=True)
class NotFound:
    """No step gives the input. `blocked` when one should have and failed; otherwise those that could were skipped."""

    step: str
    blocked: bool


@dataclass(frozen=True)
class Go:
    """The step may run. `items` are those of its loop, None if it has none."""

    items: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Refuse:
    """The step does not run: skipped, or failed where its own expression cannot be evaluated."""

    state: Literal["skipped", "failed"]
    reason: str
    cause: Cause = ""


Verdict = Union[Go, Refuse, None]


def find(state: State, item: Input) -> Found | NotFound | None:
    """Where an input comes from: the nearest source that ran. None while that is open.

    A source that was skipped by a condition leaves the place to the one before it; one that failed does not.
    """
    last = ""
    for source, name in item.sources:
        task = state.tasks[source]
        if not task.settled:
            return None
        if task.done:
            return Found(source, name)
        if is_blocking(task):
            return NotFound(source, blocked=True)
        last = source
    return NotFound(last, blocked=False)


def is_blocking(task: Task) -> bool:
    """Whether those that need the task cannot run."""
    return task.state in ("failed", "canceled") or (task.state == "skipped" and task.cause == "failure")


def consider(state: State, step: Step) -> Verdict:
    """Whether a step may run now; None while that is open."""
    if step.name not in state.plan.selected:
        return Refuse("skipped", "not selected", "selection")
    if step.options.exit:
        return _consider_exit(state, step)
    why_not = missing(state, step)
    if why_not is not None:
        return why_not
    if METRICS in names_read(step) and any(not state.tasks[other.name].settled for other in _steps_before(state, step)):
        return None
    return None if is_open(state, step) else decide(state, step)


def missing(state: State, step: Step) -> Refuse | None:
    """Why a step cannot run any more, as something that it needs will not come; None while that is not said."""
    if step.options.exit:
        return None
    for item in (*step.inputs, *step.controls):
        found = find(state, item)
        # A name that is merely passed on keeps nobody from running, unless the step that makes it failed: it would be
        # missing from what is handed on, also after `retry` has made it.
        if isinstance(found, NotFound) and (item.required or found.blocked):
            return _needs(state, item.name, found)
    for name in step.after:
        task = state.tasks[name]
        if task.settled and is_blocking(task):
            return Refuse("skipped", f"comes after `{name}`, which {_fate(task)}", "failure")
    return None


def is_open(state: State, step: Step) -> bool:
    """Whether something that the step takes, or comes after, is not over yet."""
    if step.options.exit:
        exits = {other.name for other in state.plan.steps if other.options.exit}
        if any(not task.settled for task in state.tasks.values() if task.step not in exits):
            return True
        return any(not state.tasks[name].settled for name in step.needs if name in exits)
    if any(find(state, item) is None for item in (*step.inputs, *step.controls)):
        return True
    return any(not state.tasks[name].settled for name in step.after)


def values_of(state: State, step: Step) -> dict[str, Any]:
    """What the step's expressions may read: parameters, `metrics`, and plain values of earlier steps.

    Raises:
        MlopsError: an earlier step made the value, but it is not plain data.
    """
    values: dict[str, Any] = {
        **state.plan.params,
        PARAMS: state.plan.params,
        METRICS: metrics_before(state, step),
    }
    for item in step.controls:
        found = find(state, item)
        if isinstance(found, Found):
            values[item.name] = exported(state, found)
    return values


def metrics_before(state: State, step: Step) -> dict[str, float]:
    """The last value of each metric that steps before this one logged, as it is when the notebook runs in order."""
    found: dict[str, float] = {}
    for earlier in _steps_before(state, step):
        found.update(state.metrics.get(earlier.name, {}))
    return found


def exported(state: State, found: Found) -> Any:
    """The plain value of an output; of a loop, the list over its items.

    Raises:
        MlopsError: the value is not there or is not plain data.
    """
    if found.step in state.items:
        return [_exported(task, found.name) for task in state.item_tasks(found.step) if task.done]
    return _exported(state.tasks[found.step], found.name)


def _exported(task: Task, name: str) -> Any:
    if task.result is None or name not in task.result.exports:
        raise MlopsError(
            f"`{name}` of `{task.name}` is not plain data.",
            hint="Conditions, loops and notebook steps take None, bool, int, float, str, and lists and dicts of these.",
        )
    return task.result.exports[name]


def _consider_exit(state: State, step: Step) -> Verdict:
    """Exit steps run when all others are over, after the exit steps that they need, whatever happened to any."""
    if is_open(state, step):
        return None
    for item in step.controls:
        found = find(state, item)
        if isinstance(found, NotFound):
            return Refuse("skipped", _needs(state, item.name, found).reason, "condition")
    return decide(state, step)


def _steps_before(state: State, step: Step) -> Iterator[Step]:
    return takewhile(lambda other: other.name != step.name, state.plan.pipeline.steps)


def _needs(state: State, name: str, found: NotFound) -> Refuse:
    reason = f"needs `{name}` from `{found.step}`, which {_fate(state.tasks[found.step])}"
    return Refuse("skipped", reason, "failure" if found.blocked else "missing")


def _fate(task: Task) -> str:
    return {"failed": "failed", "canceled": "was canceled"}.get(task.state, "was skipped")


def decide(state: State, step: Step) -> Verdict:
    """Evaluate the condition, then the loop: of a step for which all that these read is there."""
    options = step.options
    try:
        values = values_of(state, step) if options.when or options.for_each else {}
        if options.when and not evaluate(options.when, values):
            return Refuse("skipped", f"`{options.when}` is false", "condition")
        return Go(_loop_items(options.for_each, values) if options.for_each else None)
    except (MlopsError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        return Refuse("failed", f"its condition or loop cannot be evaluated: {error}")


def _loop_items(loop: Loop, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return _items(evaluate(loop.items, values)) if loop.values is None else loop.values


def _items(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple, range, set, frozenset, Mapping)):
        raise TypeError(f"a loop goes over a list, and this is {type(value).__name__}")
    return tuple(value)
