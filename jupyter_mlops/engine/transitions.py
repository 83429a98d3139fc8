"""The engine as a pure state machine: `advance(state, stimulus)` gives the next state and what the driver must do.

No clock, no file, no thread: the time is what the stimulus says. Events that become true on the way come out as
`Record`; `engine.facts` folds the same events back into a state, so that a killed run goes on from its files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from jupyter_mlops.engine.facts import ImpossibleTransition, apply, some
from jupyter_mlops.engine.ready import Go, Refuse, consider, is_open, missing
from jupyter_mlops.engine.retries import next_delay, next_move
from jupyter_mlops.engine.state import (
    AttemptEnded,
    Began,
    Begin,
    CannotBegin,
    Cause,
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
    tasks_of,
)
from jupyter_mlops.engine.target import Outcome, StopReason
from jupyter_mlops.runtime.errors import sentence
from jupyter_mlops.store.events import (
    CancelRequested,
    Event,
    Note,
    RunFinished,
    RunStarted,
    TaskExpanded,
    TaskFinished,
    TaskStarted,
    TaskState,
)
from jupyter_mlops.store.events import RunState as RunOutcome


def advance(state: State, stimulus: Stimulus) -> tuple[State, list[Instruction]]:
    """Take one stimulus: a few events of the run (RunStarted, MetricLogged, CancelRequested) or what the driver saw.

    Raises:
        ImpossibleTransition: what was said cannot be; the message tells the task's story.
    """
    change = _Change(state, stimulus.at)
    handler = _HANDLERS.get(type(stimulus))
    if handler is None:
        change.record(cast(Event, stimulus))
    else:
        handler(change, stimulus)
    if change.state.phase in ("running", "canceling", "ending") and type(stimulus) in _MOVES:
        _go_on(change)
    return change.state, change.instructions


def end_of(state: State, said: AttemptEnded) -> tuple[TaskFinished, float | None]:
    """The event that ends an attempt, and the seconds to wait for the next one, if there is a next one."""
    task, step, outcome = state.tasks[said.task], state.step(said.task), said.outcome
    retry = next_move(outcome, task.moves)
    retry = next_delay(outcome, task.tries, step.options.retries) if retry is None else retry
    retry = retry if state.phase == "running" else None
    event = TaskFinished(
        said.at,
        task.name,
        task.step,
        said.attempt,
        state="canceled" if outcome.state == "failed" and outcome.stopped in ("user", "shutdown") else outcome.state,
        seconds=said.seconds,
        reason=_reason(outcome, step.options.timeout),
        result=dataclasses.asdict(outcome.result) if outcome.result else None,
        final=retry is None,
        why=said.why,
    )
    return event, retry


def consequences(state: State, at: float) -> tuple[State, list[Event]]:
    """What follows from a state before anything else runs: steps are skipped, loops get their items, the run is over.

    For those who do not drive a run but see one part of it; `advance` does the same on its way.
    """
    change = _Change(state, at)
    while _decide_waiting(change) or _close_empty_loops(change):
        pass
    if not change.state.over and all(task.settled for task in change.state.tasks.values()):
        change.record(RunFinished(at, *_run_outcome(change.state)))
    return change.state, [item.event for item in change.instructions if isinstance(item, Record)]


class _Change:
    """A state on its way to the next one, and the instructions gathered so far."""

    def __init__(self, state: State, at: float) -> None:
        self.state = state
        self.at = at
        self.instructions: list[Instruction] = []

    def record(self, event: Event, cause: Cause = "") -> None:
        self.state = apply(self.state, event, cause)
        self.instructions.append(Record(event))

    def order(self, instruction: Instruction) -> None:
        self.instructions.append(instruction)

    def update(self, task: str, **fields: Any) -> None:
        self.state = self.state.with_task(replace(self.state.tasks[task], **fields))

    def finish(self, task: Task, outcome: TaskState, reason: str = "", *, cause: Cause = "", **fields: Any) -> None:
        """Record the end of a task, or of one of its attempts (`final=False`)."""
        values = {"attempt": 0, **fields}
        event = TaskFinished(self.at, task.name, task.step, state=outcome, reason=reason, **values)
        self.record(event, cause)


# One function a stimulus.


def _begin_attempt(change: _Change, said: Began) -> None:
    task = change.state.tasks[said.task]
    change.record(TaskStarted(said.at, task.name, task.step, said.attempt, said.directory, said.key))
    if change.state.phase == "ending" or (change.state.phase == "canceling" and not _is_exit(change.state, task)):
        outcome = Outcome("canceled", reason="the run was canceled", stopped="user")
        _attempt_ended(change, AttemptEnded(said.at, said.task, said.attempt, outcome))
    else:
        change.order(Start(task.name, said.attempt, change.state.step(task.name).options.timeout))


def _hit(change: _Change, said: Hit) -> None:
    task = change.state.tasks[said.task]
    result = dataclasses.asdict(said.result)
    change.finish(task, "cached", result=result, cached_from=said.source, key=said.key)


def _cannot_begin(change: _Change, said: CannotBegin) -> None:
    task = change.state.tasks[said.task]
    if _is_spared(change.state, task, said.lost):
        change.state = replace(change.state, active=change.state.active - {task.name})
        _make_again(change, task.name, said.lost)
    else:
        change.finish(task, "failed", said.reason)


def _attempt_ended(change: _Change, said: AttemptEnded) -> None:
    event, retry = end_of(change.state, said)
    if _is_spared(change.state, change.state.tasks[said.task], said.lost):
        change.record(replace(event, final=False, reason=_lost_words(said.lost)))
        change.update(said.task, tries=change.state.tasks[said.task].tries - 1)
        _make_again(change, said.task, said.lost)
        return
    change.record(event)
    if retry is not None:
        _count_move(change, said)
        change.order(Delay(said.task, retry))


def _count_move(change: _Change, said: AttemptEnded) -> None:
    """An attempt that was taken away uses up no retry, and its person is told."""
    task = change.state.tasks[said.task]
    if next_move(said.outcome, task.moves) is None:
        return
    change.update(said.task, tries=task.tries - 1, moves=task.moves + 1)
    change.record(Note(said.at, f"Attempt {said.attempt} was started again: {said.outcome.reason}", said.task))


def _delay_over(change: _Change, said: DelayOver) -> None:
    if change.state.tasks[said.task].delayed:
        _put_back(change, said.task)


def _time_is_up(change: _Change, said: TimeIsUp) -> None:
    task = change.state.tasks[said.task]
    if task.state == "running" and task.attempt == said.attempt:
        change.order(Stop(task.name, task.attempt, "timeout"))


def _cancel(change: _Change, said: CancelRequested) -> None:
    if change.state.phase == "running":
        change.record(said)
        _give_up(change, "user", exits=False)


def _end_now(change: _Change, _said: EndNow) -> None:
    if change.state.phase != "over":
        change.state = replace(change.state, phase="ending")
        _give_up(change, "shutdown", exits=True)


def _give_up(change: _Change, why: StopReason, *, exits: bool) -> None:
    """Stop what runs and cancel what waits; exit steps only if asked."""
    for task in list(tasks_of(change.state)):
        if task.settled or (not exits and _is_exit(change.state, task)):
            continue
        if task.name in change.state.active:
            if task.attempt and task.state == "running":
                change.order(Stop(task.name, task.attempt, why))
        elif task.name not in change.state.items:
            change.finish(task, "canceled", "the run was canceled")


_HANDLERS: dict[type, Callable[[_Change, Any], None]] = {
    Began: _begin_attempt,
    Hit: _hit,
    CannotBegin: _cannot_begin,
    AttemptEnded: _attempt_ended,
    DelayOver: _delay_over,
    TimeIsUp: _time_is_up,
    CancelRequested: _cancel,
    EndNow: _end_now,
}

_MOVES = {*_HANDLERS, RunStarted}


# Values that were damaged in the store.


def _is_spared(state: State, task: Task, lost: tuple[str, ...]) -> bool:
    """Whether the task runs once more, as values that it takes can be made again: those of each task once."""
    return bool(lost) and state.phase == "running" and (_still_there(state, lost) != [] or not task.spared)


def _still_there(state: State, lost: tuple[str, ...]) -> list[Task]:
    """Those whose result was believed until now."""
    return [task for name in lost if (task := state.tasks[name]).done and not task.lost]


def _make_again(change: _Change, reader: str, lost: tuple[str, ...]) -> None:
    """Take back the results that are damaged: their tasks run again, then those that need them."""
    for task in _still_there(change.state, lost):
        change.record(Note(change.at, f"{_lost_words((task.name,))}: it runs again.", task.name))
        reason = "its values were damaged in the store"
        change.finish(task, "failed", reason, attempt=task.attempt, final=False)
        change.update(task.name, lost=task.lost + 1)
        _put_back(change, task.name)
    change.update(reader, spared=change.state.tasks[reader].spared + 1)
    _put_back(change, reader)
    for name in change.state.queue:
        if is_open(change.state, change.state.step(name)):
            _put_back(change, name)


def _lost_words(lost: tuple[str, ...]) -> str:
    return f"the values of {some(lost)} in the store are damaged"


def _put_back(change: _Change, name: str) -> None:
    """Have a task start when it can: a step is decided about again, an item of a loop is only held if it must be."""
    change.update(name, delayed=False)
    state, task = change.state, change.state.tasks[name]
    open_ends = is_open(state, state.step(name))
    queue = {*state.queue} - {name} if open_ends else {*state.queue, name}
    state = replace(state, queue=_in_order(state, queue))
    if open_ends and task.item is None:
        waiting = {*state.waiting, name}
        state = replace(state, waiting=tuple(step.name for step in state.plan.steps if step.name in waiting))
    elif open_ends:
        state = replace(state, held=state.held | {name})
    change.state = state


def _release_held(change: _Change) -> bool:
    """Let items go whose values are there again; those whose values could not be made fail, and so does their loop."""
    moved = False
    for name in sorted(change.state.held):
        step = change.state.step(name)
        if is_open(change.state, step):
            continue
        moved = True
        change.state = replace(change.state, held=change.state.held - {name})
        why_not = missing(change.state, step)
        if why_not is None:
            _put_back(change, name)
        else:
            change.finish(change.state.tasks[name], "failed", why_not.reason)
    return moved


# What follows from the new state.


def _go_on(change: _Change) -> None:
    """Decide about waiting steps until nothing changes, fill the slots, end the run."""
    while _decide_waiting(change) or _release_held(change) or _close_empty_loops(change):
        pass
    _fill_slots(change)
    state = change.state
    if state.active or state.queue:
        return
    if all(task.settled for task in state.tasks.values()):
        change.record(RunFinished(change.at, *_run_outcome(state)))
    elif not any(task.delayed for task in state.tasks.values()):
        stuck = [task.name for task in state.tasks.values() if not task.settled]
        raise ImpossibleTransition(f"Nothing runs, and these wait for ever: {some(stuck)}.")


def _decide_waiting(change: _Change) -> bool:
    moved = False
    for name in change.state.waiting:
        verdict = consider(change.state, change.state.plan.by_name[name])
        if verdict is None:
            continue
        moved = True
        if isinstance(verdict, Refuse):
            change.finish(change.state.tasks[name], verdict.state, verdict.reason, cause=verdict.cause)
        else:
            _let_go(change, name, verdict)
    return moved


def _let_go(change: _Change, name: str, verdict: Go) -> None:
    if verdict.items is not None:
        change.record(TaskExpanded(change.at, name, verdict.items))
    else:
        change.state = replace(
            change.state,
            waiting=tuple(other for other in change.state.waiting if other != name),
            queue=(*change.state.queue, name),
        )


def _close_empty_loops(change: _Change) -> bool:
    """A loop over nothing has no item whose end could end it."""
    empty = [step for step, items in change.state.items.items() if not items and not change.state.tasks[step].settled]
    for step in empty:
        change.finish(change.state.tasks[step], "succeeded")
    return bool(empty)


def _fill_slots(change: _Change) -> None:
    state = change.state
    free = state.parallel - len(state.active)
    if free <= 0 or not state.queue:
        return
    chosen, rest = state.queue[:free], state.queue[free:]
    change.state = replace(state, queue=rest, active=state.active | set(chosen))
    for name in chosen:
        change.order(Begin(name, state.tasks[name].attempt + 1))


def _run_outcome(state: State) -> tuple[RunOutcome, str]:
    steps = [state.tasks[step.name] for step in state.plan.steps]
    if any(task.state == "canceled" for task in steps):
        return "canceled", "canceled before all steps were done"
    failed = [task for task in steps if task.state == "failed"]
    if len(failed) == 1:
        return "failed", f"`{failed[0].name}` failed: {failed[0].reason}" if failed[
            0
        ].reason else f"`{failed[0].name}` failed"
    return (
        ("failed", f"{len(failed)} steps failed: {some([task.name for task in failed])}")
        if failed
        else ("succeeded", "")
    )


def _reason(outcome: Outcome, timeout: float | None) -> str:
    if outcome.state == "failed" and outcome.stopped == "timeout":
        return f"took longer than its timeout of {timeout:g} s" if timeout else "took too long"
    error = outcome.result.error if outcome.result else None
    return outcome.reason or (sentence(error.kind, error.message) if error else "")


def _is_exit(state: State, task: Task) -> bool:
    return state.plan.by_name[task.step].options.exit


def _in_order(state: State, names: set[str]) -> tuple[str, ...]:
    return tuple(task.name for task in tasks_of(state) if task.name in names)
