"""Going on with a run: its state from its events, and what became of attempts whose engine died."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.driver import kept_outcome
from jupyter_mlops.engine.facts import apply
from jupyter_mlops.engine.killed_notebook import show_killed
from jupyter_mlops.engine.lineage import attempt_lines, made, store_event
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.remembering import remember_all
from jupyter_mlops.engine.run_journal import RunJournal
from jupyter_mlops.engine.state import AttemptEnded, State, Task, new_state, tasks_of
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.engine.transitions import end_of
from jupyter_mlops.errors import MlopsError, NotFound
from jupyter_mlops.runtime.plain_files import read_plain
from jupyter_mlops.runtime.spec import TaskResult, TaskSpec
from jupyter_mlops.store.events import Event, RunCreated, TaskFinished, TaskStarted, known_events
from jupyter_mlops.store.events_file import RunEvents

RESULT = "result.json"
ABANDONED = "the engine died while this attempt ran"


def plan_of(events: Iterable[object], run: str) -> Plan:
    """The plan that a run was created with.

    Raises:
        NotFound: the events do not tell of a run.
    """
    created = next((event for event in events if isinstance(event, RunCreated)), None)
    if created is None:
        raise NotFound(f"The run {run} has no beginning.", hint="`jupyter mlops runs` lists the runs.")
    return Plan.from_data(created.plan, created.params)


def state_of(found: RunEvents, journal: RunJournal, parallel: int, at: float) -> State:
    """The state to go on from: events replayed, attempts that outlived their engine adopted or given up.

    What is found out here is appended to the run. A succeeded task whose values are no longer in the store runs again.
    A run that succeeded is given as it is: over.
    """
    known = known_events(found.events)
    state = replayed(new_state(plan_of(known, journal.run), parallel), known)
    if state.outcome != "succeeded":
        for task in list(tasks_of(state)):
            if task.state == "running" and task.attempt:
                for event in _adopt(state, task, journal, known, at):
                    journal.append(event)
                    state = apply(state, event)
        state = _without_lost(state, journal)
    remember_all(state, known, journal)
    return state


def replayed(state: State, known: Iterable[Event]) -> State:
    """The state after events of which some may be missing, as lines were damaged: what makes no sense is left out."""
    for event in known:
        try:
            state = _replay_one(state, event)
        except (MlopsError, LookupError, TypeError, ValueError, AttributeError):
            continue
    return state


def _replay_one(state: State, event: Event) -> State:
    if isinstance(event, TaskFinished) and event.attempt > state.tasks[event.task].attempt:
        # The line that says that it began is lost; the number of the attempt must not be given again.
        state = apply(state, TaskStarted(event.at, event.task, event.step, event.attempt, ""))
    return apply(state, event)


def _adopt(state: State, task: Task, journal: RunJournal, known: list[Event], at: float) -> Iterator[Event]:
    """Events that end an attempt: its own result if it wrote one, else that it was given up."""
    directory = journal.directory / attempt_folder(task.name, task.attempt)
    result = _result(directory)
    if result is None:
        _show_abandoned(directory)
        yield TaskFinished(at, task.name, task.step, task.attempt, "canceled", reason=ABANDONED, final=False)
        return
    seen = {repr(event) for event in known}
    for line in attempt_lines(directory):
        event = store_event(line, task.name, at, journal, directory)
        if event is not None and repr(event) not in seen:
            yield event
    fate: Literal["succeeded", "failed"] = "succeeded" if result.fate == "succeeded" else "failed"
    outcome = kept_outcome(state, task, directory, Outcome(fate, result), journal)
    if outcome.state == "succeeded" and outcome.result:
        yield from made(outcome.result, task.name, at)
    yield end_of(state, AttemptEnded(at, task.name, task.attempt, outcome, result.seconds))[0]


def _show_abandoned(directory: Path) -> None:
    """Complete the executed notebook of an attempt that died with its engine."""
    try:
        spec = TaskSpec.from_json(read_plain(directory / "spec.json").decode())
    except (OSError, ValueError, KeyError, TypeError):
        return
    show_killed(spec, directory, ABANDONED)


def _without_lost(state: State, journal: RunJournal) -> State:
    """Take back the success of tasks whose values are gone from the store: they run again."""
    for task in list(tasks_of(state)):
        bundle = task.result.bundle if task.done and task.result else None
        if bundle is not None and journal.value(bundle.path) is None:
            lost = Task(task.name, task.step, attempt=task.attempt, item=task.item, story=(*task.story, "lost"))
            state = state.with_task(lost)
    return state


def _result(directory: Path) -> TaskResult | None:
    try:
        return TaskResult.from_json(read_plain(directory / RESULT).decode())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
