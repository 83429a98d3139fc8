"""A run as it is drawn: the state of each task, folded from the run's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlops.store.events import (
    CellFinished,
    Event,
    MetricLogged,
    Note,
    RunCreated,
    RunFinished,
    RunStarted,
    TaskExpanded,
    TaskFinished,
    TaskStarted,
    TaskWaiting,
)

# The nearest thing to what a person wants to know of a step whose items differ comes first.
_PRECEDENCE = ("running", "failed", "canceled", "pending", "succeeded", "cached", "skipped")


@dataclass(frozen=True)
class StepPicture:
    """One task as drawn. `task` is `STEP` or `STEP[i]`; times in seconds; `cells_done` counts the current attempt's."""

    name: str
    step: str
    state: str = "pending"
    attempt: int = 0
    cells: int = 0
    cells_done: int = 0
    started: float | None = None
    seconds: float | None = None
    reason: str = ""
    group: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def item(self) -> bool:
        """Whether it is one item of a loop."""
        return self.name != self.step


@dataclass(frozen=True)
class RunPicture:
    """A run as drawn: `plan` is the pipeline as JSON data; `tasks` are in its order, items in place of their step."""

    run: str = ""
    pipeline: str = ""
    state: str = "pending"
    started: float | None = None
    finished: float | None = None
    reason: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    tasks: Mapping[str, StepPicture] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


def step_states(tasks: Mapping[str, StepPicture]) -> dict[str, str]:
    """The state of each step; of a step with items, the one that a person wants to know."""
    by_step: dict[str, list[str]] = {}
    for task in tasks.values():
        by_step.setdefault(task.step, []).append(task.state)
    return {step: min(states, key=_precedence) for step, states in by_step.items()}


def advance(picture: RunPicture, event: Event) -> RunPicture:
    """The picture after one event; events of no visible effect leave it as it is."""
    if isinstance(event, RunCreated):
        return _created(picture, event)
    if isinstance(event, RunStarted):
        started = event.at if picture.started is None else picture.started
        return replace(picture, state="running", started=started, finished=None, reason="")
    if isinstance(event, Note) and not event.task:
        return replace(picture, reason=event.text) if picture.finished is None else picture
    if isinstance(event, RunFinished):
        return replace(picture, state=event.state, finished=event.at, reason=event.reason)
    if isinstance(event, TaskExpanded):
        return _expanded(picture, event)
    if isinstance(event, MetricLogged):
        picture = replace(picture, metrics={**picture.metrics, event.name: event.value})
    changed = _task_after(picture, event)
    return picture if changed is None else replace(picture, tasks={**picture.tasks, changed.name: changed})


def picture_of(events: Iterable[Event]) -> RunPicture:
    """The picture after all `events`."""
    picture = RunPicture()
    for event in events:
        picture = advance(picture, event)
    return picture


def _precedence(state: str) -> int:
    return _PRECEDENCE.index(state) if state in _PRECEDENCE else len(_PRECEDENCE)


def _created(picture: RunPicture, event: RunCreated) -> RunPicture:
    tasks = {step["name"]: _planned(step) for step in event.plan.get("steps", ())}
    return replace(
        picture, run=event.run, pipeline=event.pipeline, plan=event.plan, tasks=tasks, started=event.at, finished=None
    )


def _planned(step: Mapping[str, Any]) -> StepPicture:
    cells = (step.get("component") or {}).get("cells") or ()
    return StepPicture(step["name"], step["name"], cells=len(cells), group=step.get("group") or "")


def _expanded(picture: RunPicture, event: TaskExpanded) -> RunPicture:
    """The items take the place of their step; a loop over nothing stays one step."""
    if not event.items:
        return picture
    tasks: dict[str, StepPicture] = {}
    for name, task in picture.tasks.items():
        if task.step != event.step:
            tasks[name] = task
        elif name in (event.step, f"{event.step}[0]"):
            for index in range(len(event.items)):
                item = f"{event.step}[{index}]"
                tasks[item] = picture.tasks.get(item) or replace(task, name=item)
    return replace(picture, tasks=tasks)


def _task_after(picture: RunPicture, event: Event) -> StepPicture | None:
    name = getattr(event, "task", "")
    if not name:
        return None
    step = getattr(event, "step", None)
    before = picture.tasks.get(name) or StepPicture(name, step if isinstance(step, str) else name.split("[")[0])
    if isinstance(event, TaskStarted):
        return replace(before, state="running", attempt=event.attempt, started=event.at, cells_done=0, reason="")
    if isinstance(event, TaskFinished):
        state = event.state if event.final else "pending"
        return replace(before, state=state, seconds=event.seconds, reason=event.reason, attempt=event.attempt)
    if isinstance(event, TaskWaiting):
        return replace(before, reason=event.reason)
    if isinstance(event, CellFinished):
        return replace(before, cells_done=before.cells_done + 1)
    if isinstance(event, MetricLogged):
        return replace(before, metrics={**before.metrics, event.name: event.value})
    return None
