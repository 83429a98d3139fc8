"""Runs as the verbs and the server see them: list, get, follow, logs, export."""

from __future__ import annotations

import codecs
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_mlops.errors import NotFound
from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.diff import RunDiff, diff_runs
from jupyter_mlops.store.events import CancelRequested
from jupyter_mlops.store.events_file import EventWriter, RunEvents, read_run
from jupyter_mlops.store.garbage import delete_run
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.lineage import Lineage, made_from, used_for
from jupyter_mlops.store.links import links
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import resolve
from jupyter_mlops.store.run_record import RunRecord, TaskRecord
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.store.search import RunSummary, search_index

_POLL_S = 0.1


@dataclass(frozen=True)
class LogPart:
    """Bytes `start` to `end` of the log of one attempt; `size` is its whole length now."""

    task: str
    text: str
    start: int
    end: int
    size: int


class Runs:
    """The runs of a project. Opens the index when a question needs it; close it after."""

    def __init__(self, project: Project) -> None:
        """Raises `NewerStore` if the store was written by a newer version."""
        project.check_format()
        self.project = project
        self._index: Index | None = None

    def list(self, filter: str = "", *, order_by: str = "", limit: int = 100, offset: int = 0) -> list[RunSummary]:
        """A page of runs, newest first unless `order_by` says otherwise (`search` has the language)."""
        return search_index(self.index(), filter, order_by=order_by, limit=limit, offset=offset)

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
        with EventWriter(self.project.run_directory(full)) as writer:
            writer.append(CancelRequested(time.time(), by))
        return full

    def events(self, run: str, offsets: Mapping[str, int] | None = None) -> RunEvents:
        """The events of a run, or those behind `offsets` of an earlier answer."""
        return read_run(self.directory(run), offsets)

    def follow(
        self, run: str, offsets: Mapping[str, int] | None = None, *, stop: threading.Event | None = None
    ) -> Iterator[RunEvents]:
        """What is appended, part by part, until the run is over or `stop` is set. Resumes at `offsets`."""
        directory = self.directory(run)
        stop = stop or threading.Event()
        known = dict(offsets or {})
        while True:
            over = load_run(directory).over  # asked before reading: what is written before the end is not missed
            found = read_run(directory, known)
            known = dict(found.offsets)
            if found.events or found.damaged:
                yield found
            if over or stop.wait(_POLL_S):
                return

    def log(
        self, run: str, task: str, *, start: int = 0, limit: int | None = None, attempt: int | None = None
    ) -> LogPart:
        """Part of what a task printed: `limit` bytes from `start` (negative: from the end), of its latest attempt."""
        record = self.get(run)
        return _read_log(self._log_path(record, _task(record, task), attempt), task, start, limit)

    def logs(self, run: str) -> Iterator[LogPart]:
        """What every task printed, in the plan's order; tasks without a log are left out."""
        record = self.get(run)
        for task in record.tasks.values():
            part = _read_log(self._log_path(record, task, None), task.task, 0, None)
            if part.size:
                yield part

    def follow_log(
        self, run: str, task: str, *, start: int = 0, stop: threading.Event | None = None
    ) -> Iterator[LogPart]:
        """What a task prints, as it comes, until the task or its run is over or `stop` is set."""
        stop = stop or threading.Event()
        path: Path | None = None
        while True:
            record = self.get(run)
            found = _task(record, task)
            over = record.over or found.state not in ("pending", "running")
            latest = self._log_path(record, found, None)
            if path is not None and latest != path:  # another attempt began
                start = 0
            path = latest
            part = _read_log(path, task, start, None, whole=over)
            if part.text:
                yield part
            start = part.end
            if over or stop.wait(_POLL_S):
                return

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

    def _log_path(self, record: RunRecord, task: TaskRecord, attempt: int | None) -> Path | None:
        if not task.directory:
            return None
        folder = self.project.run_directory(record.run) / task.directory
        return (folder.parent / str(attempt) if attempt is not None else folder) / "log"


_EXPORTED = re.compile(r"events.*\.jsonl|executed\.ipynb|log|result\.json|spec\.json")


def _task(record: RunRecord, name: str) -> TaskRecord:
    found = record.tasks.get(name)
    if found is None:
        known = ", ".join(list(record.tasks)[:20]) or "none"
        raise NotFound(f"The run {record.run} has no task {name!r}.", hint=f"Its tasks: {known}.")
    return found


def _read_log(path: Path | None, task: str, start: int, limit: int | None, *, whole: bool = True) -> LogPart:
    """Read and decode. Unless this is the `whole` rest, a character that is not complete waits for the next read."""
    try:
        if path is None:
            raise FileNotFoundError
        with path.open("rb") as file:
            size = file.seek(0, 2)
            first = max(0, size + start) if start < 0 else min(start, size)
            file.seek(first)
            data = file.read(limit if limit is not None else -1)
    except FileNotFoundError:
        return LogPart(task, "", 0, 0, 0)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=whole)
    end = first + len(data) - len(decoder.getstate()[0])
    return LogPart(task, text, first, end, max(size, end))
