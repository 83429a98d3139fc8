"""Where what an MLflow client logs goes: to the task that asks, to a run of the client's own, or to any other run."""

from __future__ import annotations

import getpass
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from jupyter_mlops.errors import NotFound
from jupyter_mlops.store.events import Event, RunFinished, RunState
from jupyter_mlops.store.events_file import EventWriter, Unknown, announce, read_run, to_line
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.liveness import run_is_driven
from jupyter_mlops.store.mlflow_api.experiments import TAG, Experiments
from jupyter_mlops.store.mlflow_api.forms import PARENT_TAG, experiment_of
from jupyter_mlops.store.mlflow_api.own_runs import NewRun, OwnRun
from jupyter_mlops.store.mlflow_api.request import Caller
from jupyter_mlops.store.mlflow_api.task_file import append, waiting
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.store.run_state import fold, interrupted

TASK_TAG = "jupyter_mlops.task"
LEFT_OPEN = "its step ended before `mlflow.end_run()`"
CLOSED = "the server ended before `mlflow.end_run()`"


class Tracker:
    """Writes and reads the runs of a project for MLflow clients. May be used by several threads; close it after.

    What a task logs into its own run goes through the event file of its attempt, as `log_metric` does: so it gets the
    task's name, and is there again when the task's result is reused.
    """

    def __init__(
        self, project: Project, *, clock: Callable[[], float] = time.time, index_file: Path | None = None
    ) -> None:
        """`index_file` is where the index goes, by default where that of the project is."""
        self.project = project
        self._index_file = index_file
        self.now = clock
        default = str(project.config.get("experiment", "default"))
        self.experiments = Experiments(self.index, default)
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._own: dict[str, OwnRun] = {}
        self._others: dict[str, EventWriter] = {}
        self._chosen: dict[Caller, str] = {}

    def index(self) -> Index:
        """The index as of now."""
        with self._lock:
            self._index = self._index or Index(self.project, path=self._index_file)
            self._index.refresh()
            return self._index

    def record(self, caller: Caller, run: str) -> RunRecord:
        """A run as of now, with what the caller's task logged and its engine has not read yet.

        Raises:
            NotFound: there is no such run.
        """
        directory = self.directory(run)
        stored = read_run(directory).events
        events: tuple[Event | Unknown, ...] = stored
        if run == caller.run and caller.directory is not None:
            events = (*stored, *_not_in(stored, waiting(caller.directory)))
        record = fold(events, run=run)
        if not record.over and not run_is_driven(directory, record.engine or None):
            return interrupted(record)
        return record

    def directory(self, run: str) -> Path:
        """The folder of a run.

        Raises:
            NotFound: there is no such run.
        """
        folder = self.project.run_directory(run)
        if not is_run_id(run) or not folder.is_dir():
            raise NotFound(f"There is no run {run!r} in {self.project.home}.")
        return folder

    def log(self, caller: Caller, run: str, *events: Event) -> None:
        """Append events to a run, in one piece.

        Raises:
            NotFound: there is no such run.
            StoreUnwritable: full disk.
        """
        if run == caller.run and caller.directory is not None:
            append(caller.directory, caller.task, events)
            return
        with self._lock:  # so that the run does not end in between
            own = self._own.get(run)
            if own is not None:
                own.log(*events)
                return
        self._append(run, *events)

    def create(self, caller: Caller, experiment: str, tags: Mapping[str, str], user: str = "") -> RunRecord:
        """Begin a run of the caller's own; one that a task makes is a child of the task's run."""
        given = dict(tags)
        notebook = ""
        if caller.run:
            given = {PARENT_TAG: caller.run, TASK_TAG: caller.task, **given}
            notebook = self.record(caller, caller.run).notebook
        new = NewRun(experiment, given, user or _user(), notebook)
        self.project.ensure()
        with self._lock:
            own = OwnRun.begin(self.project, caller, new, self.now())
            self._own[own.run] = own
        return self.record(caller, own.run)

    def begin(self, caller: Caller, run: str) -> Mapping[str, str]:
        """Go on with a run; the answer are tags that it should get.

        Raises:
            Conflict: another process drives it.
        """
        record = self.record(caller, run)
        with self._lock:
            if run not in self._own and not record.plan and run != caller.run:
                self._own[run] = OwnRun.resume(self.project, caller, run, self.now())
        chosen = self.chosen_experiment(caller, run)
        return {TAG: chosen} if chosen and chosen != experiment_of(record) else {}

    def end(self, caller: Caller, run: str, state: RunState) -> None:
        """End a run that a client began. That of a pipeline ends with its last step, whatever a client says."""
        with self._lock:
            own = self._own.pop(run, None)
        if own is not None:
            own.end(self.now(), state)
            return
        record = self.record(caller, run)
        if record.interrupted and not record.plan:  # an earlier server began it
            self._append(run, RunFinished(self.now(), state))

    def choose_experiment(self, caller: Caller, name: str) -> None:
        """Remember what a task named last: its run says that it is of this experiment, as MLflow's client demands."""
        if caller.run:
            self._chosen[caller] = name

    def chosen_experiment(self, caller: Caller, run: str) -> str:
        """The experiment that the caller's code chose for its own run; empty if it chose none."""
        return self._chosen.get(caller, "") if run and run == caller.run else ""

    def release(self, caller: Caller, state: RunState) -> None:
        """The caller is gone: what it left open ends as it did."""
        self._chosen.pop(caller, None)
        self._end_all(lambda own: own.caller == caller, state, LEFT_OPEN)

    def close(self) -> None:
        """End every run that is still open, and close all files."""
        self._end_all(lambda _: True, "failed", CLOSED)
        with self._lock:
            self._others.clear()
            if self._index is not None:
                self._index.close()
            self._index = None

    def _end_all(self, which: Callable[[OwnRun], bool], state: RunState, reason: str) -> None:
        with self._lock:
            ending = [own for own in self._own.values() if which(own)]
            for own in ending:
                del self._own[own.run]
        for own in ending:
            own.end(self.now(), state, reason)

    def _append(self, run: str, *events: Event) -> None:
        """To a run that somebody else drives, or that is over: in a file of our own."""
        directory = self.directory(run)
        with self._lock:
            writer = self._others.setdefault(run, EventWriter(directory))
        writer.append(*events)
        writer.close()  # a script may touch thousands of runs
        announce(directory)  # the index looks again at a run that is over only if its folder changed


def _not_in(stored: tuple[Event | Unknown, ...], found: list[Event]) -> list[Event]:
    """Those of a task's own file that the run does not have yet. The engine keeps the time that the task wrote."""
    since = min((event.at for event in found), default=0.0)
    known = Counter(to_line(event) for event in stored if event.at >= since)
    fresh = []
    for event in found:
        line = to_line(event)
        if known[line]:
            known[line] -= 1
        else:
            fresh.append(event)
    return fresh


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
