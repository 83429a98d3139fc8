"""From a plan to a finished run in the project's store; and from an unfinished run to its end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_mlops.engine.clock import ForwardClock
from jupyter_mlops.engine.created import created
from jupyter_mlops.engine.driver import Listener, Work, drive, refuse_early
from jupyter_mlops.engine.environment import environment
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.merged_notebook import write_merged
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.resume import plan_of, state_of
from jupyter_mlops.engine.state import State, new_state
from jupyter_mlops.engine.target import Target
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.liveness import driving, engine_identity
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id


@dataclass(frozen=True)
class RunOptions:
    """How a run is driven. `parallel` is how many tasks run at once (default: what the target has slots for).

    `stop` cancels the run when set; `listeners` get every event; `final` asks each step for its last values (`verify`).
    `run` is the id of a new run, if the caller has made one; `experiment` overrides the pipeline's. `journal` opens
    the record of a run (project, run, pipeline), where it is not only the store's. `attached`: a place that would drive
    the run itself lets it be driven from here.
    """

    parallel: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    listeners: tuple[Listener, ...] = ()
    final: bool = False
    run: str = ""
    experiment: str = ""
    journal: Callable[[Project, str, str], StoreJournal] = StoreJournal
    attached: bool = False


@dataclass(frozen=True)
class Finished:
    """A run that is over: its id, last state and folder; `notebook` is the merged one, None if it cannot be written."""

    run: str
    state: State
    directory: Path
    notebook: Path | None


def start_run(plan: Plan, project: Project, target: Target, options: RunOptions | None = None) -> Finished:
    """Run a plan to its end. The target stays open.

    Raises:
        Refused: the target cannot honour a step's options; nothing was written.
        StoreUnwritable: the store cannot be written.
    """
    chosen = options or RunOptions()
    state = new_state(plan, chosen.parallel or target.slots)
    refuse_early(state, target)
    project.ensure()
    run = chosen.run or new_run_id()
    with _journal(chosen.journal(project, run, plan.pipeline.name)) as journal:
        clock = ForwardClock()
        begun = created(plan, run, target.name, chosen.experiment, clock(), environment())
        journal.append(begun)
        for listener in chosen.listeners:
            listener(begun)
        return _drive(state, journal, target, chosen, clock)


def resume_run(run: str, project: Project, target: Target, options: RunOptions | None = None) -> Finished:
    """Go on with a run that failed, was canceled, or whose engine died: what succeeded is not run again.

    A run that has succeeded stays as it is: its engine may have been killed after the last event.

    Raises:
        Conflict: an engine drives it now.
        NotFound: there is no such run.
    """
    chosen = options or RunOptions()
    found = read_run(project.run_directory(run))
    plan = plan_of(found.events, run)
    with _journal(chosen.journal(project, run, plan.pipeline.name)) as journal:
        # Read again: the engine that drove it may have written between the first look and the lock.
        found = read_run(journal.directory)
        clock = ForwardClock(max((event.at for event in found.events), default=0.0))
        state = state_of(found, journal, chosen.parallel or target.slots, clock())
        if state.over and state.outcome == "succeeded":
            return Finished(run, state, journal.directory, _merged(state, journal))
        journal.forget_requests()
        return _drive(state, journal, target, chosen, clock)


@contextlib.contextmanager
def _journal(journal: StoreJournal) -> Iterator[StoreJournal]:
    with driving(journal.directory):
        try:
            yield journal
        finally:
            journal.close()


def _drive(state: State, journal: StoreJournal, target: Target, options: RunOptions, clock: ForwardClock) -> Finished:
    work = Work(target, journal, options.stop, options.listeners, options.final, clock)
    try:
        state = drive(state, work, engine_identity())
    finally:
        notebook = _merged(state, journal)
    return Finished(journal.run, state, journal.directory, notebook)


def _merged(state: State, journal: StoreJournal) -> Path | None:
    """The merged notebook; the run itself is safe, so a disk that is full now is no reason to fail it."""
    try:
        return write_merged(state, journal)
    except OSError:
        return None
