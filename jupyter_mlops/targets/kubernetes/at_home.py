"""A run in the cluster as it stands at home: made known before its driver begins, and told what became of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.created import created
from jupyter_mlops.engine.driver import Listener
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.events import CancelRequested, Event, Note, RunCreated, RunFinished, RunStarted, RunState
from jupyter_mlops.store.events_file import EventWriter, Unknown, event_files, read_file, read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import HOME_WRITER, RemoteRun, belongs_home, change_remote, read_remote, write_remote
from jupyter_mlops.store.run_state import read_record


class RunAtHome:
    """What is written here of a run that is driven in a cluster: beside what comes from there, in files of its own."""

    def __init__(self, project: Project, run: str) -> None:
        self.project, self.run, self.folder = project, run, project.run_directory(run)
        self._writer = EventWriter(self.folder, HOME_WRITER)

    def reserve(self, target: str, settings: Mapping[str, Any]) -> None:
        """Write down where the run is about to be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_remote(self.folder, RemoteRun(target, settings))

    def create(self, plan: Plan, target: str, experiment: str) -> None:
        """Make the run visible."""
        self._writer.append(created(plan, self.run, target, experiment, time.time(), {}))

    def tell(self, text: str) -> None:
        """Note why it does not begin or is not heard of; "" when that is over."""
        self._writer.append(Note(time.time(), text))

    def finish(self, state: RunState, reason: str, *before: Event) -> None:
        """End a run of which no driver will say so; `before` are events that come before the end."""
        self._writer.append(*before, RunFinished(time.time(), state, reason))
        change_remote(self.folder, state="ended", complete=True)

    def drop_if_empty(self) -> None:
        """Remove the folder of a run that never was."""
        import shutil

        if not read_run(self.folder).events:
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    @property
    def canceled_before_it_began(self) -> bool:
        """Whether somebody asked for its stop, and no driver ever took it."""
        events = read_run(self.folder).events
        asked = any(isinstance(event, CancelRequested) for event in events)
        return asked and not any(isinstance(event, RunStarted) for event in events)

    @property
    def began(self) -> bool:
        """Whether a driver took it."""
        return any(isinstance(event, RunStarted) for event in read_run(self.folder).events)

    @property
    def settled(self) -> bool:
        """Whether nothing more will come: it is over, or its driver is known to have ended."""
        found = read_remote(self.folder)
        return found is None or (not found.live and (found.complete or self.over))

    def want_stop(self) -> None:
        """Write down, once, that somebody wants it to stop."""
        if not any(isinstance(event, CancelRequested) for event in read_run(self.folder).events):
            self._writer.append(CancelRequested(time.time(), "user"))

    @property
    def over(self) -> bool:
        """Whether it is over, as far as is known."""
        try:
            return read_record(self.folder).over
        except MlopsError:
            return False


class Teller:
    """Passes on what is new in a run's folder. The run is created twice, here and there: that is told once."""

    def __init__(self, folder: Path, listeners: tuple[Listener, ...], *, from_now: bool = False) -> None:
        self._folder, self._listeners = folder, listeners
        self._offsets: Mapping[str, int] = read_run(folder).offsets if from_now else {}
        self._created = from_now
        self._heard = {name: at for name, at in self._offsets.items() if belongs_home(name)}
        self._first = not from_now

    def look(self) -> bool:
        """Tell; whether somebody here has asked for the run to stop. Of a run that went on after an end, what was asked
        before this began does not count: it may have been asked of an earlier driver.
        """
        asked = self._is_asked()
        found = read_run(self._folder, self._offsets)
        self._offsets = found.offsets
        if self._first:
            self._first = False
            asked = asked and not any(isinstance(event, RunFinished) for event in found.events)
        for event in found.events:
            if not isinstance(event, Unknown) and self._is_news(event):
                for listener in self._listeners:
                    listener(event)
        return asked

    def _is_asked(self) -> bool:
        """Whether there is a new request in a file that is written here: what a driver writes it knows itself."""
        asked = False
        for path in event_files(self._folder):
            if belongs_home(path.name):
                read = read_file(path, self._heard.get(path.name, 0))
                self._heard[path.name] = read.offset
                asked = asked or any(isinstance(event, CancelRequested) for event in read.events)
        return asked

    def _is_news(self, event: Event) -> bool:
        if not isinstance(event, RunCreated):
            return True
        before, self._created = self._created, True
        return not before
