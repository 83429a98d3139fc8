"""The only loop: waits for what targets, clocks and people say, asks the state machine, and does what it answers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from jupyter_mlops.engine.attempts import ValuesLost, attempt_folder, working_directory
from jupyter_mlops.engine.beginning import Beginning, begin
from jupyter_mlops.engine.damage import lost_inputs
from jupyter_mlops.engine.keeping import keep
from jupyter_mlops.engine.killed_notebook import show_killed
from jupyter_mlops.engine.lineage import is_logged, logged_again, made, store_event, used
from jupyter_mlops.engine.run_journal import CachedResult, RunJournal
from jupyter_mlops.engine.state import (
    AttemptEnded,
    Began,
    Begin,
    CannotBegin,
    Delay,
    DelayOver,
    EndNow,
    Hit,
    Instruction,
    Record,
    Start,
    State,
    Stimulus,
    Stop,
    Task,
    TimeIsUp,
)
from jupyter_mlops.engine.target import Attempt, Outcome, Report, Target
from jupyter_mlops.engine.timers import Timers
from jupyter_mlops.engine.transitions import advance
from jupyter_mlops.errors import MlopsError, Refused
from jupyter_mlops.runtime.spec import TaskSpec
from jupyter_mlops.store.events import CancelRequested, Event, RunStarted

Listener = Callable[[Event], None]

# How often another process's request to cancel is looked for.
REQUESTS_EVERY_S = 0.5


@dataclass(frozen=True)
class Work:
    """What a run is driven with.

    `stop`: once set, the run is canceled cleanly; a KeyboardInterrupt in the loop ends it at once. `listeners` get
    every event after it is written. `final` asks for every last value of every name (`verify`). Clocks are injected:
    `clock` gives seconds since the epoch, `monotonic` seconds for waits.
    """

    target: Target
    journal: RunJournal
    stop: threading.Event = field(default_factory=threading.Event)
    listeners: Sequence[Listener] = ()
    final: bool = False
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


def drive(state: State, work: Work, engine: Mapping[str, Any]) -> State:
    """Run until the run is over, and give its last state. `engine` names this process.

    Raises:
        Refused: the target cannot honour a step's options; nothing was started or written.
        StoreUnwritable: the run cannot be written down any more; what ran was stopped.
    """
    refuse_early(state, work.target)
    return _Loop(state, work).run(engine)


def refuse_early(state: State, target: Target) -> None:
    """Refuse a run with a step that the target cannot honour, before anything starts."""
    for step in state.plan.steps:
        reason = target.refusal(step.options) if step.name in state.plan.selected else ""
        if reason:
            raise Refused(
                f"The target {target.name!r} cannot run {step.name!r}: {reason}", hint="Change the step's options."
            )


@dataclass
class _Running:
    """An attempt in the hands of the target."""

    task: str
    attempt: int
    directory: Path
    beginning: Beginning
    started: float
    spec: TaskSpec
    timeout: float | None = None
    logged: list[Mapping[str, Any]] = field(default_factory=list)


class _Loop:
    def __init__(self, state: State, work: Work) -> None:
        self.state = state
        self._work = work
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._timers = Timers()
        self._begun: dict[str, Beginning] = {}
        self._running: dict[str, _Running] = {}
        self._heard: list[Stimulus] = []
        self._facts: list[Event] = []
        self._orders: list[Start | Stop] = []
        self._saves: list[tuple[str, CachedResult]] = []
        self._next_look = work.monotonic() + REQUESTS_EVERY_S

    def run(self, engine: Mapping[str, Any]) -> State:
        try:
            self._say(RunStarted(self._work.clock(), engine))
            self._until_over()
        except KeyboardInterrupt:
            self._end_now()
        except BaseException:
            self._abandon()
            raise
        return self.state

    # Waiting.

    def _until_over(self) -> None:
        while not self.state.over:
            self._turn()

    def _turn(self) -> None:
        work = self._work
        with contextlib.suppress(Empty):
            self._hear(self._reports.get(timeout=self._timers.wait(work.monotonic())))
            while True:
                self._hear(self._reports.get_nowait())
        if self._heard:  # all at once: each time that something is written down costs a flush to the disk
            self._say()
        for stimulus in self._timers.due(work.monotonic()):
            self._say(replace(stimulus, at=work.clock()))
        if self.state.phase == "running" and self._asked_to_stop():
            self._say(CancelRequested(work.clock(), by="user"))

    def _asked_to_stop(self) -> bool:
        if self._work.stop.is_set():
            return True
        if self._work.monotonic() < self._next_look:
            return False
        self._next_look = self._work.monotonic() + REQUESTS_EVERY_S
        return self._work.journal.cancel_requested()

    # Speaking to the machine, and doing what it says.

    def _say(self, *stimuli: Stimulus) -> None:
        """Take what was heard, stimuli and all that follows at once, write it down in one piece, then act."""
        todo = deque([*self._heard, *stimuli])
        self._heard.clear()
        while todo:
            self.state, instructions = advance(self.state, todo.popleft())
            for instruction in instructions:
                answer = self._obey(instruction)
                if answer:
                    todo.extend(answer)
        self._write()
        self._act()

    def _obey(self, instruction: Instruction) -> list[Stimulus] | None:
        if isinstance(instruction, Record):
            self._facts.append(instruction.event)
        elif isinstance(instruction, Begin):
            return self._begin(instruction)
        elif isinstance(instruction, Delay):
            due = self._work.monotonic() + instruction.seconds
            self._timers.add(due, DelayOver(0.0, instruction.task))
        else:
            self._orders.append(instruction)
        return None

    def _write(self) -> None:
        facts, self._facts = self._facts, []
        if facts:
            self._work.journal.append(*facts)
        for event in facts:
            for listener in self._work.listeners:
                listener(event)
        saves, self._saves = self._saves, []
        for key, found in saves:
            self._work.journal.save(key, found)

    def _act(self) -> None:
        orders, self._orders = self._orders, []
        for order in orders:
            if isinstance(order, Start):
                self._start(order)
            else:
                self._work.target.stop(_id(order.task, order.attempt), order.reason)

    def _begin(self, order: Begin) -> list[Stimulus]:
        """Look into the cache; the machine hears whether it had the result."""
        at = self._work.clock()
        task = self.state.tasks[order.task]
        try:
            beginning = begin(self.state, task, self._work.journal, final=self._work.final)
        except MlopsError as error:
            lost = error.tasks if isinstance(error, ValuesLost) else ()
            return [CannotBegin(at, order.task, str(error), lost)]
        lineage = used(self.state, task, at)
        if beginning.hit is not None:
            logged = logged_again(beginning.hit.logged, task.name, at)
            result = beginning.hit.result
            hit = Hit(at, order.task, result, beginning.hit.source, beginning.parts)
            return [*lineage, *logged, *made(result, task.name, at), hit]
        self._begun[_id(order.task, order.attempt)] = beginning
        folder = attempt_folder(order.task, order.attempt)
        return [Began(at, order.task, order.attempt, folder, beginning.parts), *lineage]

    def _start(self, order: Start) -> None:
        """Hand an attempt to the target; one that it does not even take has failed."""
        work = self._work
        name = _id(order.task, order.attempt)
        directory = work.journal.directory / attempt_folder(order.task, order.attempt)
        beginning, step = self._begun.pop(name), self.state.step(order.task)
        spec = beginning.spec(self.state, work.journal, order.attempt, directory)
        running = _Running(order.task, order.attempt, directory, beginning, work.monotonic(), spec, order.timeout)
        self._running[name] = running
        if not getattr(work.target, "attempts_wait", False):
            self._runs_now(running)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            work.target.start(Attempt(spec, directory, step.options, step.options.env), self._reports.put)
        except (MlopsError, OSError) as error:
            self._reports.put(Report(name, outcome=Outcome("failed", reason=f"could not be started: {error}")))

    def _runs_now(self, running: _Running) -> None:
        """From now on its time counts."""
        running.started = self._work.monotonic()
        if running.timeout is not None:
            due = running.started + running.timeout
            self._timers.add(due, TimeIsUp(0.0, running.task, running.attempt))

    # Hearing from the target.

    def _hear(self, report: Report) -> None:
        """Note what a report says, for the next `_say`: also if an interrupt comes first."""
        running = self._running.get(report.attempt)
        if running is None:
            return
        if report.began:
            self._runs_now(running)
        for line in report.events:
            event = store_event(line, running.task, self._work.clock(), self._work.journal, running.directory)
            if event is not None:
                self._heard.append(event)
                running.logged += [line] if is_logged(line) else []
        if report.outcome is not None:
            self._heard += self._ended(running, report.outcome)
            del self._running[report.attempt]

    def _ended(self, running: _Running, outcome: Outcome) -> list[Stimulus]:
        at = self._work.clock()
        if outcome.result is None:
            show_killed(running.spec, running.directory, outcome.reason)
        outcome = kept_outcome(self.state, running.beginning.task, running.directory, outcome, self._work.journal)
        lineage: list[Event] = []
        if outcome.state == "succeeded" and outcome.result is not None:
            lineage = made(outcome.result, running.task, at)
            self._remember(running, outcome)
        seconds = self._work.monotonic() - running.started
        why = running.beginning.why
        task = self.state.tasks[running.task]
        lost = lost_inputs(self.state, task, running.beginning.material.inputs, outcome)
        return [*lineage, AttemptEnded(at, running.task, running.attempt, outcome, seconds, why, lost)]

    def _remember(self, running: _Running, outcome: Outcome) -> None:
        step = self.state.step(running.task)
        if not step.options.cache or outcome.result is None:
            return
        source = f"{self._work.journal.run}/{running.task}"
        names = (*step.outputs, *step.exports)
        logged = tuple(running.logged)
        found = CachedResult(outcome.result, source, running.beginning.parts, names, logged)
        self._saves.append((running.beginning.key, found))

    # Ending early.

    def _end_now(self) -> None:
        """Somebody will not wait: stop everything hard, and wait only for the target to say so."""
        try:
            self._say(EndNow(self._work.clock()))
            self._until_over()
        except BaseException:
            self._abandon()
            raise

    def _abandon(self) -> None:
        """The run cannot go on here: leave no process behind."""
        for name in list(self._running):
            with contextlib.suppress(Exception):
                self._work.target.stop(name, "shutdown")


def kept_outcome(state: State, task: Task, directory: Path, outcome: Outcome, journal: RunJournal) -> Outcome:
    """The outcome with what the attempt made taken over into the store; a store that is full fails the attempt."""
    if outcome.result is None:
        return outcome
    try:
        cwd, gone = working_directory(state, task.step), state.step(task.name).files_gone
        return replace(outcome, result=keep(journal, directory, outcome.result, cwd, gone))
    except (MlopsError, OSError) as error:
        result = replace(outcome.result, bundle=None, fate="failed")
        return replace(outcome, state="failed", result=result, reason=f"its results could not be kept: {error}")


def _id(task: str, attempt: int) -> str:
    return f"{task}#{attempt}"
