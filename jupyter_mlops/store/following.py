"""Follow a run while it goes on: its events, and what its tasks print. Reads only what was appended."""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_mlops.errors import NotFound
from jupyter_mlops.store.events_file import RunEvents, read_run
from jupyter_mlops.store.liveness import run_is_driven
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.store.run_record import RunRecord, TaskRecord
from jupyter_mlops.store.run_state import RunFold

if TYPE_CHECKING:
    from typing import TypeGuard  # novermin

# In the facts of a result: the folder of the attempt that made it, relative to that of its run.
PLACE_FACT = "place"
_PLACE = re.compile(r"tasks/[^/\0]+/\d+")
_POLL_S = 0.1


@dataclass(frozen=True)
class LogPart:
    """Bytes `start` to `end` of the log of one attempt; `size` is its whole length now."""

    task: str
    text: str
    start: int
    end: int
    size: int


def follow_events(directory: Path, offsets: Mapping[str, int] | None, *, stop: threading.Event) -> Iterator[RunEvents]:
    """What is appended, part by part, until the run is over or its engine dead."""
    live = _LiveRun(directory)
    known = dict(offsets or {})
    while True:
        over = live.read_on()
        found = read_run(directory, known)
        known = dict(found.offsets)
        if found.events or found.damaged:
            yield found
        if over or stop.wait(_POLL_S):
            return


def follow_log(directory: Path, task: str, *, start: int, stop: threading.Event) -> Iterator[LogPart]:
    """What a task prints, from byte `start` on; a further attempt is read from its beginning.

    Raises:
        NotFound: the run has no such task.
    """
    live = _LiveRun(directory)
    path: Path | None = None
    while True:
        over = live.read_on()
        found = task_of(live.record(), task)
        over = over or found.state not in ("pending", "running")
        latest = log_path(directory, found)
        start = 0 if path not in (None, latest) else start
        path = latest
        part = read_log(path, task, start=start, whole=over)
        if part.text:
            yield part
        start = part.end
        if over or stop.wait(_POLL_S):
            return


def task_of(record: RunRecord, name: str) -> TaskRecord:
    """The task of that name.

    Raises:
        NotFound: there is none; the hint names those that there are.
    """
    found = record.tasks.get(name)
    if found is None:
        known = ", ".join(list(record.tasks)[:20]) or "none"
        raise NotFound(f"The run {record.run} has no task {name!r}.", hint=f"Its tasks: {known}.")
    return found


def place_of(directory: Path, task: TaskRecord) -> Path | None:
    """The folder of the latest attempt; of a task whose result was reused, that of the attempt that made it.

    None if no attempt began, or if the run that made it is gone. Events and records of the cache are only data, which
    may have come with the project: no other place is one.
    """
    if task.state != "cached":
        return directory / task.directory if _is_place(task.directory) else None
    run = task.cached_from.partition("/")[0]
    place = ((task.result or {}).get("facts") or {}).get(PLACE_FACT)
    if not is_run_id(run) or not _is_place(place):
        return None
    found = directory.parent / run / place
    return found if found.is_dir() else None


def _is_place(place: object) -> TypeGuard[str]:
    return isinstance(place, str) and bool(_PLACE.fullmatch(place)) and ".." not in place.split("/")


def log_path(directory: Path, task: TaskRecord, attempt: int | None = None) -> Path | None:
    """The file of an attempt's log, by default the latest attempt's; None if none began."""
    folder = place_of(directory, task)
    if folder is None:
        return None
    return (folder.parent / str(attempt) if attempt is not None else folder) / "log"


def read_log(path: Path | None, task: str, *, start: int = 0, limit: int | None = None, whole: bool = True) -> LogPart:
    """Read and decode. A character that is not complete waits for the next read, unless nothing can come after it.

    `whole` says that nothing will be written any more.
    """
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
    last = first + len(data) >= size
    text = decoder.decode(data, final=whole and last)
    waiting = decoder.getstate()[0]
    if waiting and not text and not last:  # asked for less than one character: half of it is better than no progress
        text, waiting = decoder.decode(b"", final=True), b""
    end = first + len(data) - len(waiting)
    return LogPart(task, text, first, end, max(size, end))


class _LiveRun:
    """The state of a run, folded on from what is new."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fold = RunFold(directory.name)
        self._offsets: Mapping[str, int] = {}

    def read_on(self) -> bool:
        """Take in what is new. True if nothing more will come: it is over, or was dead before this read."""
        driven = run_is_driven(self._directory, self._fold.engine)
        found = read_run(self._directory, self._offsets)
        self._offsets = found.offsets
        for event in found.events:
            self._fold.apply(event)
        return self._fold.over or not driven

    def record(self) -> RunRecord:
        """The run as of the last read."""
        return self._fold.record()
