"""From events to state: the fold that a live run and a replay share. What is recorded here is all that is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.state import Cause, State, Task, item_name, new_state, tasks_of
from jupyter_mlops.errors import MlopsError, NotFound
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.events import (
    CancelRequested,
    Event,
    MetricLogged,
    RunFinished,
    RunStarted,
    TaskExpanded,
    TaskFinished,
    TaskStarted,
    TaskState,
)

# From which states a task may come into each. `pending` comes after a failed attempt that is tried again, and when what
# a task made was damaged in the store.
ALLOWED: Mapping[str, frozenset[str]] = {
    "running": frozenset({"pending"}),
    "cached": frozenset({"pending"}),
    "skipped": frozenset({"pending"}),
    "succeeded": frozenset({"running"}),
    "failed": frozenset({"pending", "running"}),
    "canceled": frozenset({"pending", "running"}),
    "pending": frozenset({"running", "succeeded", "cached"}),
}

_UNFINISHED = frozenset({"pending", "running", "failed", "canceled"})


class ImpossibleTransition(MlopsError):
    """Two things were said about a task that cannot both be: a defect, here or in a target."""

    code = "impossible_transition"


def replay(plan: Plan, events: Iterable[Event], parallel: int = 1) -> State:
    """The state after the events of an earlier engine, in the order in which they were written."""
    state = new_state(plan, parallel)
    for event in events:
        state = apply(state, event)
    return state


def apply(state: State, event: Event, cause: Cause = "") -> State:
    """The state after one event; events that say nothing about tasks change nothing.

    `cause` says why a task was skipped; a replay does not need it, as it starts skipped tasks again.
    """
    fold = _FOLDS.get(type(event))
    after = state if fold is None else fold(state, event)
    if cause and isinstance(event, TaskFinished):
        return after.with_task(replace(after.tasks[event.task], cause=cause))
    return after


def result_from_data(data: Mapping[str, Any]) -> TaskResult:
    """A `TaskResult` from what an event holds."""
    return TaskResult.from_data(data)


def _run_started(state: State, _event: RunStarted) -> State:
    """An engine takes the run: what succeeded stays, all else may run again.

    Exit steps run again if any other step does: they are to see the end that there is now.
    """
    exits = {step.name for step in state.plan.steps if step.options.exit}
    left = any(task.state in _UNFINISHED for task in state.tasks.values() if task.step not in exits)
    items = {step: found for step, found in state.items.items() if step not in exits or not left}
    kept: dict[str, Task] = {}
    for task in tasks_of(state):
        if task.item is not None and task.step not in items:
            continue
        stays = task.settled and (task.done if left and task.step not in exits else not left)
        kept[task.name] = task if stays and task.state not in _UNFINISHED else _again(task, task.name in items)
    queue = tuple(task.name for task in kept.values() if task.item is not None and task.state == "pending")
    waiting = tuple(step.name for step in state.plan.steps if kept[step.name].state == "pending")
    reopened = new_state(state.plan, state.parallel)
    reopened = replace(reopened, tasks=kept, items=items, metrics=state.metrics, waiting=waiting, queue=queue)
    return replace(reopened, phase="running", outcome="running")


def _again(task: Task, is_loop: bool) -> Task:
    """The task as if new, but for the number of its latest attempt; a loop that knows its items goes on with them."""
    state: TaskState = "running" if is_loop else "pending"
    return Task(task.name, task.step, state, attempt=task.attempt, item=task.item, story=(*task.story, "again", state))


def _run_finished(state: State, event: RunFinished) -> State:
    return replace(state, phase="over", outcome=event.state, reason=event.reason)


def _cancel_requested(state: State, _event: CancelRequested) -> State:
    return replace(state, phase="canceling") if state.phase == "running" else state


def _expanded(state: State, event: TaskExpanded) -> State:
    parent = _moved(_known(state, event.step), "running")
    names = [item_name(event.step, index) for index in range(len(event.items))]
    items = {name: Task(name, event.step, item=index) for index, name in enumerate(names)}
    return replace(
        state,
        tasks={**state.tasks, event.step: parent, **items},
        items={**state.items, event.step: tuple(event.items)},
        waiting=_without(state.waiting, event.step),
        queue=(*state.queue, *names),
    )


def _started(state: State, event: TaskStarted) -> State:
    task = _known(state, event.task)
    if event.attempt <= task.attempt:
        raise ImpossibleTransition(
            f"Attempt {event.attempt} of {task.name!r} after attempt {task.attempt}: {_story(task)}."
        )
    moved = replace(_moved(task, "running"), attempt=event.attempt, tries=task.tries + 1, delayed=False)
    after = state.with_task(moved)
    return after if task.name in state.active else replace(_taken(after, task.name), active=state.active | {task.name})


def _finished(state: State, event: TaskFinished) -> State:
    task = _known(state, event.task)
    if event.attempt and event.attempt != task.attempt:
        raise ImpossibleTransition(
            f"Attempt {event.attempt} of {task.name!r} ended, but {task.attempt} runs: {_story(task)}."
        )
    moved = _moved(task, event.state if event.final else "pending")
    moved = replace(moved, reason=event.reason, delayed=not event.final)
    if event.result is not None and event.final:
        moved = replace(moved, result=result_from_data(event.result))
    after = state.with_task(moved)
    if task.name in state.active:
        after = replace(after, active=state.active - {task.name})
    else:
        after = replace(_taken(after, task.name), held=state.held - {task.name})
    return after if task.item is None else _loop_closed(after, task.step)


def _loop_closed(state: State, step: str) -> State:
    """The loop as a whole is over when its items are: that follows from their events and has none of its own."""
    # From the end: items run in order, and a loop over thousands is asked about at the end of each.
    if not all(state.tasks[item_name(step, index)].settled for index in reversed(range(len(state.items[step])))):
        loop = state.tasks[step]  # settled before, if an item is made again
        return state.with_task(replace(loop, state="running", reason="")) if loop.settled else state
    outcome, reason = loop_outcome(state.item_tasks(step))
    return state.with_task(replace(_moved(state.tasks[step], outcome), reason=reason))


def loop_outcome(items: tuple[Task, ...]) -> tuple[TaskState, str]:
    """How a loop ended, from how its items did."""
    failed = [item.name for item in items if item.state == "failed"]
    if failed:
        return "failed", f"{len(failed)} of {len(items)} items failed: {some(failed)}"
    if any(item.state == "canceled" for item in items):
        return "canceled", "the run was canceled"
    return "succeeded", ""


def some(names: Sequence[str], most: int = 5) -> str:
    """A few names for a sentence."""
    return ", ".join(f"`{name}`" for name in names[:most]) + (", ..." if len(names) > most else "")


def _metric(state: State, event: MetricLogged) -> State:
    task = state.tasks.get(event.task)
    step = task.step if task else ""
    return replace(state, metrics={**state.metrics, step: {**state.metrics.get(step, {}), event.name: event.value}})


_FOLDS: Mapping[type, Callable[[State, Any], State]] = {
    RunStarted: _run_started,
    RunFinished: _run_finished,
    CancelRequested: _cancel_requested,
    TaskExpanded: _expanded,
    TaskStarted: _started,
    TaskFinished: _finished,
    MetricLogged: _metric,
}


def _known(state: State, name: str) -> Task:
    task = state.tasks.get(name)
    if task is None:
        raise NotFound(f"The run's events speak of a task {name!r} that its plan does not have.")
    return task


def _moved(task: Task, state: Any) -> Task:
    if task.state not in ALLOWED[state]:
        raise ImpossibleTransition(f"The task {task.name!r} cannot become {state}: {_story(task)}.")
    return replace(task, state=state, story=(*task.story, state))


def _story(task: Task) -> str:
    return "it was " + " -> ".join(task.story)


def _taken(state: State, name: str) -> State:
    """A task that waits no more: an active one does not, and long queues are not searched for it."""
    return replace(state, waiting=_without(state.waiting, name), queue=_without(state.queue, name))


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name) if name in names else names
