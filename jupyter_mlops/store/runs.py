"""Runs as the verbs and the server see them: list, get, follow, logs, export."""

from __future__ import annotations

import json
import re
import threading
import time
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.diff import RunDiff, diff_runs
from jupyter_mlops.store.events import CancelRequested
from jupyter_mlops.store.events_file import EventWriter, RunEvents, new_writer, read_run
from jupyter_mlops.store.following import LogPart, follow_events, follow_log, log_path, read_log, task_of
from jupyter_mlops.store.garbage import delete_run
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.lineage import Lineage, made_from, used_for
from jupyter_mlops.store.links import links
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import HOME_WRITER, is_remote
from jupyter_mlops.store.run_ids import resolve
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.store.search import RunSummary, count_in, search_index


class Runs:
    """The runs of a project. Opens the index when a question needs it; close it after."""

    def __init__(self, project: Project) -> None:
        """Raises `NewerStore` if the store was written by a newer version."""
        project.check_format()
        self.project = project
        self._index: Index | None = None

    def list(
        self,
        filter: str = "",
        *,
        order_by: str = "",
        limit: int = 100,
        offset: int = 0,
        notebooks: Collection[str] = (),
    ) -> list[RunSummary]:
        """A page of runs, newest first unless `order_by` says otherwise (`search` has the language).

        `notebooks`: only runs of these files.
        """
        index = self.index()
        return search_index(index, filter, order_by=order_by, limit=limit, offset=offset, notebooks=notebooks)

    def count(self, filter: str = "", *, notebooks: Collection[str] = ()) -> int:
        """How many runs the whole list has."""
        return count_in(self.index(), filter, notebooks=notebooks)

    def resolve(self, run: str) -> str:
        """The full id of a run: its beginning, its end, or `last`."""
        return resolve(self.project, run)

    def get(self, run: str = "last") -> RunRecord:
        """All about one run, as of now, from its events."""
        return load_run(self.directory(run))

    def directory(self, run: str) -> Path:
        """The run's folder."""
        return self.project.run_directory(self.resolve(run))

    def diff(self, first: str, second: str) -> RunDiff:
        """What differs between two runs."""
        return diff_runs(self.get(first), self.get(second))

    def delete(self, run: str) -> str:
        """Remove a run that is not in motion; returns its id."""
        full = self.resolve(run)
        delete_run(self.project, full)
        return full

    def request_cancel(self, run: str, *, by: str = "") -> str:
        """Ask the engine that drives the run to stop it; returns its id."""
        full = self.resolve(run)
        directory = self.project.run_directory(full)
        # What is written here of a run elsewhere has names of its own, which nothing that comes from there can take.
        with EventWriter(directory, f"{HOME_WRITER}-{new_writer()}" if is_remote(directory) else "") as writer:
            writer.append(CancelRequested(time.time(), by))
        return full

    def events(self, run: str, offsets: Mapping[str, int] | None = None) -> RunEvents:
        """The events of a run, or those behind `offsets` of an earlier answer."""
        return read_run(self.directory(run), offsets)

    def follow(
        self, run: str, offsets: Mapping[str, int] | None = None, *, stop: threading.Event | None = None
    ) -> Iterator[RunEvents]:
        """What is appended, part by part, until the run is over or `stop` is set. Resumes at `offsets`."""
        return follow_events(self.directory(run), offsets, stop=stop or threading.Event())

    def log(
        self, run: str, task: str, *, start: int = 0, limit: int | None = None, attempt: int | None = None
    ) -> LogPart:
        """Part of what a task printed: `limit` bytes from `start` (negative: from the end), of its latest attempt."""
        directory = self.directory(run)
        found = task_of(load_run(directory), task)
        over = found.state not in ("pending", "running")
        return read_log(log_path(directory, found, attempt), task, start=start, limit=limit, whole=over)

    def logs(self, run: str) -> Iterator[LogPart]:
        """What every task printed, in the plan's order; tasks without a log are left out."""
        directory = self.directory(run)
        parts = (read_log(log_path(directory, task), task.task) for task in load_run(directory).tasks.values())
        return (part for part in parts if part.size)

    def follow_log(
        self, run: str, task: str, *, start: int = 0, stop: threading.Event | None = None
    ) -> Iterator[LogPart]:
        """What a task prints, as it comes, until the task or its run is over or `stop` is set."""
        return follow_log(self.directory(run), task, start=start, stop=stop or threading.Event())

    def export(self, run: str, output: str | Path) -> Path:
        """Write a zip: events, logs, executed notebooks, results, `run.json`, and a list of artifacts by digest.

        Raises:
            StoreUnwritable: the zip cannot be written.
        """
        directory, target = self.directory(run), Path(output).expanduser().absolute()
        record = load_run(directory)
        manifest = [asdict(link) for link in links(record)]
        with unwritable_explained(target), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(directory.rglob("*")):
                if path.is_file() and _EXPORTED.fullmatch(path.name):
                    archive.write(path, f"{record.run}/{path.relative_to(directory).as_posix()}")
            for name, data in (("run.json", asdict(record)), ("artifacts.json", manifest)):
                archive.writestr(f"{record.run}/{name}", json.dumps(data, indent=1, default=str))
        return target

    def made_from(self, digest: str, *, depth: int | None = None) -> Lineage:
        """What made this artifact, back to the beginning."""
        return made_from(self.index(), digest, depth=depth)

    def used_for(self, digest: str, *, depth: int | None = None) -> Lineage:
        """What was made from this artifact, to the end."""
        return used_for(self.index(), digest, depth=depth)

    def index(self) -> Index:
        """The index as of now."""
        self._index = self._index or Index(self.project)
        self._index.refresh()
        return self._index

    def close(self) -> None:
        """Close the index; it opens again when needed."""
        if self._index is not None:
            self._index.close()
        self._index = None

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_EXPORTED = re.compile(r"(events.*|use|cluster)\.jsonl|executed\.ipynb|log|result\.json|spec\.json")
