"""The state of a run as the engine sees it, and what may be said to it and what it answers: all frozen data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Union

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.target import Outcome, StopReason
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.events import Event, TaskState
from jupyter_mlops.store.events import RunState as RunOutcome

# Why a task was skipped decides what happens to those that need it: after `condition`, `missing` and `selection`
# they may go on with an earlier source, after `failure` they may not.
Cause = Literal["", "condition", "missing", "selection", "failure"]
Phase = Literal["new", "running", "canceling", "ending", "over"]

DONE: frozenset[TaskState] = frozenset({"succeeded", "cached"})
SETTLED: frozenset[TaskState] = frozenset({"succeeded", "cached", "skipped", "failed", "canceled"})


@dataclass(frozen=True)
class Task:
    """One task. `attempt` is the number of its latest attempt, `tries` those of this engine (retries count these).

    `item` is the position in its loop, None for a plain step and for the loop as a whole. `delayed` waits for a retry.
    `lost` counts how often its result was found damaged, `spared` how often a loss kept it from running, `moves` how
    often it was taken away by the place where it ran.
    `story` is every state it went through, for the message of an impossible transition.
    """

    name: str
    step: str
    state: TaskState = "pending"
    attempt: int = 0
    tries: int = 0
    item: int | None = None
    result: TaskResult | None = None
    reason: str = ""
    cause: Cause = ""
    delayed: bool = False
    lost: int = 0
    spared: int = 0
    moves: int = 0
    story: tuple[str, ...] = ("pending",)

    @property
    def settled(self) -> bool:
        """Whether it is over, one way or the other."""
        return self.state in SETTLED

    @property
    def done(self) -> bool:
        """Whether its result can be used."""
        return self.state in DONE


@dataclass(frozen=True)
class State:
    """A run in motion. `tasks` holds every step by its name, and the items of expanded loops (`STEP[0]`) beside them.

    `waiting` are steps that nothing was decided about yet and `queue` tasks that wait for a slot, in running order;
    `active` are tasks that take a slot, `held` items of loops that wait for values that are made again. `metrics` are
    the last values that each step logged, by step, then name.
    """

    plan: Plan
    tasks: Mapping[str, Task]
    parallel: int = 1
    items: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    active: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    phase: Phase = "new"
    outcome: RunOutcome = "pending"
    reason: str = ""

    @property
    def over(self) -> bool:
        """Whether the run is finished."""
        return self.phase == "over"

    def step(self, task: str) -> Step:
        """The step that a task runs."""
        return self.plan.by_name[self.tasks[task].step]

    def item_tasks(self, step: str) -> tuple[Task, ...]:
        """The tasks of an expanded loop, in order."""
        return tuple(self.tasks[item_name(step, index)] for index in range(len(self.items[step])))

    def with_task(self, task: Task) -> State:
        """The state with one task replaced."""
        return replace(self, tasks={**self.tasks, task.name: task})


def new_state(plan: Plan, parallel: int = 1) -> State:
    """Nothing has happened yet."""
    names = tuple(step.name for step in plan.steps)
    return State(plan, {name: Task(name, name) for name in names}, max(1, parallel), waiting=names)


def item_name(step: str, index: int) -> str:
    """The task of one item of a loop."""
    return f"{step}[{index}]"


def tasks_of(state: State) -> Iterator[Task]:
    """Every task in running order, the items of a loop after it."""
    for step in state.plan.steps:
        yield state.tasks[step.name]
        if step.name in state.items:
            yield from state.item_tasks(step.name)


# What is said to the machine, beside the events of a run (`store.events`): RunStarted, MetricLogged, CancelRequested.


@dataclass(frozen=True)
class Began:
    """The driver begins an attempt, as it was told to: the cache has no result. `key` holds the parts of its key."""

    at: float
    task: str
    attempt: int
    directory: str
    key: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hit:
    """The cache has the result of a task that was to begin. `source` names the run and task that made it, `key` holds
    the parts of the key under which it was found.
    """

    at: float
    task: str
    result: TaskResult
    source: str
    key: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CannotBegin:
    """A task that was to begin cannot, for a reason that is nobody's code. `lost` are tasks whose values are gone."""

    at: float
    task: str
    reason: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttemptEnded:
    """An attempt is over and what it made is in the store. `why` are parts of the key that differ from last time.

    `lost` are tasks whose values it could not load: they were damaged in the store.
    """

    at: float
    task: str
    attempt: int
    outcome: Outcome
    seconds: float = 0.0
    why: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class DelayOver:
    """The wait before another attempt is over."""

    at: float
    task: str


@dataclass(frozen=True)
class TimeIsUp:
    """An attempt has used the time that its step allows."""

    at: float
    task: str
    attempt: int


@dataclass(frozen=True)
class EndNow:
    """The person does not want to wait: exit steps do not run either."""

    at: float


Stimulus = Union[Event, Began, Hit, CannotBegin, AttemptEnded, DelayOver, TimeIsUp, EndNow]


# What the machine tells the driver.


@dataclass(frozen=True)
class Record:
    """Append the event to the run: it is true from now on."""

    event: Event


@dataclass(frozen=True)
class Begin:
    """Look the task up in the cache, then say `Hit`, `Began` or `CannotBegin`."""

    task: str
    attempt: int


@dataclass(frozen=True)
class Start:
    """Hand the attempt to the target; say `TimeIsUp` after `timeout` seconds and `AttemptEnded` when it is over."""

    task: str
    attempt: int
    timeout: float | None = None


@dataclass(frozen=True)
class Stop:
    """Stop an attempt; its end is reported as usual."""

    task: str
    attempt: int
    reason: StopReason


@dataclass(frozen=True)
class Delay:
    """Say `DelayOver` after so many seconds."""

    task: str
    seconds: float


Instruction = Union[Record, Begin, Start, Stop, Delay]
