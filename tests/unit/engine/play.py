"""Pipelines in a line, and a driver without clock, files or processes that plays them through the state machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.engine.facts import replay
from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.engine.state import (
    AttemptEnded,
    Began,
    Begin,
    CannotBegin,
    Delay,
    DelayOver,
    Hit,
    Record,
    Start,
    State,
    Stop,
    new_state,
)
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.engine.transitions import advance
from jupyter_mlops.pipeline.model import Component, Input, Loop, Options, Parameter, Pipeline, Retries, Step
from jupyter_mlops.runtime.spec import BundleRef, CellSource, ErrorInfo, TaskResult, ValueInfo
from jupyter_mlops.store.events import CancelRequested, Event, MetricLogged, RunStarted, TaskFinished


def step(
    name: str, *takes: str, gives: str = "", when: str = "", over: str = "", reads: str = "", **options: Any
) -> Step:
    """A step that takes `"x<a"` (x from a), `"x<b,a"` (from b, else a), `"x?<a"` (not required)."""
    after = tuple(options.pop("after", ()))
    exports = tuple(options.pop("exports", "").split())
    params = options.pop("params", {})
    source = options.pop("source", f"# {name}\npass")
    fields = {"when": when or None, "for_each": Loop(*over.split(" in ", 1)) if over else None}
    if "retries" in options:
        options["retries"] = Retries(options["retries"])
    return Step(
        name,
        Component("cells", (CellSource(0, name, source, 1),)),
        inputs=tuple(_input(text) for text in takes),
        controls=tuple(_input(text) for text in reads.split()),
        outputs=tuple(gives.split()),
        exports=exports,
        params=params,
        after=after,
        options=Options(**fields, **options),
    )


def _input(text: str) -> Input:
    name, _, sources = text.partition("<")
    bare = name.removesuffix("?")
    return Input(bare, tuple((source, bare) for source in sources.split(",")), required=not name.endswith("?"))


def plan(*steps: Step, params: Mapping[str, Any] | None = None, selection: Selection | None = None) -> Plan:
    given = params or {}
    parameters = tuple(Parameter(name, type(value).__name__, value) for name, value in given.items())
    return make_plan(Pipeline("p", steps, parameters), {}, selection)


def succeeded(step: Step, task: str, exports: Mapping[str, Any] | None = None) -> Outcome:
    outputs = {name: ValueInfo("int", f"{task}.{name}") for name in step.outputs}
    values = dict.fromkeys(step.exports, 1) | dict(exports or {})
    return Outcome("succeeded", TaskResult("succeeded", 0.1, BundleRef(f"bundle of {task}", "seal"), outputs, values))


def failed(reason: str = "") -> Outcome:
    return Outcome("failed", TaskResult("failed", 0.1, error=ErrorInfo("ValueError", "bad")), reason)


Script = Callable[[str, int], Outcome | None]


@dataclass
class Play:
    """Plays a run. `outcomes` says how attempts end by task (a list: attempt by attempt); others succeed."""

    plan: Plan
    parallel: int = 1
    outcomes: Mapping[str, Any] = field(default_factory=dict)
    cached: frozenset[str] = frozenset()
    state: State = field(init=False)
    events: list[Event] = field(default_factory=list)
    running: list[tuple[str, int]] = field(default_factory=list)
    delays: list[tuple[str, float]] = field(default_factory=list)
    stopped: list[tuple[str, str]] = field(default_factory=list)
    timeouts: dict[str, float | None] = field(default_factory=dict)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.state = new_state(self.plan, self.parallel)

    def say(self, stimulus: Any) -> None:
        self.state, instructions = advance(self.state, stimulus)
        for instruction in instructions:
            match instruction:
                case Record(event):
                    self.events.append(event)
                case Begin(task, attempt):
                    self.begin(task, attempt)
                case Start(task, attempt, timeout):
                    self.running.append((task, attempt))
                    self.timeouts[task] = timeout
                case Stop(task, _, reason):
                    self.stopped.append((task, reason))
                case Delay(task, seconds):
                    self.delays.append((task, seconds))

    def begin(self, task: str, attempt: int) -> None:
        if task in self.cached and not self.state.tasks[task].lost:
            result = succeeded(self.state.step(task), task).result
            assert result is not None
            self.say(Hit(self.tick(), task, result, f"old/{task}"))
        elif self.outcomes.get(task) == "cannot begin":
            self.say(CannotBegin(self.tick(), task, "no way"))
        else:
            self.say(Began(self.tick(), task, attempt, f"tasks/{task}/{attempt}"))

    def start(self) -> Play:
        self.say(RunStarted(self.tick(), {}))
        return self

    def end(self, task: str, outcome: Outcome | None = None) -> None:
        """End the running attempt of a task, as scripted or as told."""
        attempt = next(number for name, number in self.running if name == task)
        self.running.remove((task, attempt))
        self.say(AttemptEnded(self.tick(), task, attempt, outcome or self.scripted(task, attempt)))

    def lose(self, task: str, *lost: str) -> None:
        """End the running attempt of a task that could not load what these gave: it was damaged in the store."""
        attempt = next(number for name, number in self.running if name == task)
        self.running.remove((task, attempt))
        refused = Outcome("failed", TaskResult("failed", 0.1, error=ErrorInfo("BundleRefused", "its seal differs")))
        self.say(AttemptEnded(self.tick(), task, attempt, refused, lost=lost))

    def sources(self, task: str) -> list[str]:
        """The tasks that have given the task something."""
        steps = dict.fromkeys(source for item in self.state.step(task).inputs for source, _ in item.sources)
        tasks = [task.name for task in self.state.tasks.values() if task.step in steps and task.done]
        return [name for name in tasks if name not in self.state.items]

    def scripted(self, task: str, attempt: int) -> Outcome:
        found = self.outcomes.get(task)
        if isinstance(found, list):
            found = found[attempt - 1] if attempt <= len(found) else None
        if isinstance(found, dict):
            return succeeded(self.state.step(task), task, found)
        return found or succeeded(self.state.step(task), task)

    def run(self) -> Play:
        """From the start to the end, the oldest attempt first."""
        self.start()
        return self.go_on()

    def go_on(self) -> Play:
        while not self.state.over:
            if self.running:
                self.end(self.running[0][0])
            else:
                task, _ = self.delays.pop(0)
                self.say(DelayOver(self.tick(), task))
        return self

    def cancel(self) -> None:
        self.say(CancelRequested(self.tick()))

    def metric(self, task: str, name: str, value: float) -> None:
        self.say(MetricLogged(self.tick(), name, value, task=task))

    def again(self, **changes: Any) -> Play:
        """Another engine takes the run, from what is written."""
        after = Play(self.plan, self.parallel, **changes)
        after.state = replay(self.plan, self.events, self.parallel)
        after.events = list(self.events)
        return after

    def tick(self) -> float:
        self.at += 1
        return self.at

    def states(self) -> dict[str, str]:
        return {name: task.state for name, task in self.state.tasks.items()}

    def reason(self, task: str) -> str:
        return self.state.tasks[task].reason

    def order(self) -> list[str]:
        """Tasks in the order of their ends."""
        return [event.task for event in self.events if isinstance(event, TaskFinished) and event.final]
