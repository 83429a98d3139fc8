"""Event files: one a writer and run, one JSON object a line, only ever appended to.

Nobody writes into another's file, so nothing is lost on network homes, and a writer killed in the middle of a line
costs that line only.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import os
import re
import secrets
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_mlops.runtime.plain_files import NotPlain, open_plain
from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.durable import sync_file, sync_folder
from jupyter_mlops.store.events import TYPES, ArtifactLogged, Event

_NAMES: Mapping[type, str] = {cls: name for name, cls in TYPES.items()}
# What must survive a power cut; metrics and cells may lose their last second.
_DURABLE = ("run.", "task.", "cancel.")


@dataclass(frozen=True)
class Unknown:
    """An event of a type, or in a shape, that this version does not know: kept as it was read."""

    at: float
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Lines:
    """What was read from one file: `offset` is where the next read begins, behind the last whole line.

    `damaged` counts lines that are not JSON objects; `torn` says that an unfinished line follows `offset`.
    """

    events: tuple[Event | Unknown, ...]
    offset: int
    damaged: int = 0
    torn: bool = False


@dataclass(frozen=True)
class RunEvents:
    """All events of a run in order of time; `offsets` (file name -> bytes read) resume a follower."""

    events: tuple[Event | Unknown, ...]
    offsets: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0

    @property
    def unknown(self) -> int:
        """How many events are of a kind that this version does not know."""
        return sum(isinstance(event, Unknown) for event in self.events)


class EventWriter:
    """Appends to a file of its own in a run's folder. May be used by several threads, not across a fork."""

    def __init__(self, directory: Path, writer: str = "") -> None:
        """Nothing is opened before the first event."""
        self.path = directory / f"events-{writer or new_writer()}.jsonl"
        self._descriptor = -1
        self._size = 0
        self._lock = threading.Lock()

    def append(self, *events: Event | Unknown | Mapping[str, Any]) -> None:
        """Write the events with one `write()`, in one piece or not at all; on disk on return if a state changes.

        Raises:
            StoreUnwritable: full disk, read-only folder.
        """
        if not events:
            return
        lines = [to_line(event) for event in events]
        durable = any(type_of(event).startswith(_DURABLE) for event in events)
        with self._lock, unwritable_explained(self.path.parent):
            self._write("".join(lines).encode("utf-8", "surrogatepass"))
            if durable:
                sync_file(self._descriptor, self.path)

    def close(self) -> None:
        """Close the file; the next `append` opens it again."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> EventWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, data: bytes) -> None:
        if self._descriptor < 0:
            self._open()
        written = 0
        try:
            while written < len(data):  # a signal or a full disk may cut a write short
                written += os.write(self._descriptor, data[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(self.path, flags, 0o644)
        self._size = os.fstat(self._descriptor).st_size
        if new:
            announce(self.path.parent)
        elif self._size and _last_byte(self.path) != b"\n":
            self._write(b"\n")  # ends the line that an earlier writer of this name was killed in


def announce(directory: Path) -> None:
    """Make a new file of a run durable and visible: whoever lists runs looks at the time of the folder above."""
    for folder in (directory, directory.parent):
        with contextlib.suppress(OSError):
            os.utime(folder)
            sync_folder(folder)


def new_writer() -> str:
    """A name that no other writer has: host, process, chance."""
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40].strip("-") or "host"
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}"


def event_files(directory: Path) -> list[Path]:
    """The event files of a run, by name."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [directory / name for name in sorted(names) if name.startswith("events-") and name.endswith(".jsonl")]


def read_file(path: Path, offset: int = 0) -> Lines:
    """The whole lines from byte `offset` on; an unfinished last line is left for the next read."""
    try:
        with open_plain(path) as file:
            file.seek(offset)
            data = file.read()
    except (FileNotFoundError, NotPlain):
        return Lines((), offset)
    end = data.rfind(b"\n") + 1
    events: list[Event | Unknown] = []
    damaged = 0
    for line in data[:end].split(b"\n"):
        if not line:
            continue
        event = from_line(line)
        if event is None:
            damaged += 1
        else:
            events.append(event)
    return Lines(tuple(events), offset + end, damaged, torn=end < len(data))


def read_run(directory: Path, offsets: Mapping[str, int] | None = None) -> RunEvents:
    """All events of a run, or those behind `offsets`: merged by time, each file's own order kept."""
    before = offsets or {}
    read = {path.name: read_file(path, before.get(path.name, 0)) for path in event_files(directory)}
    merged = heapq.merge(*(lines.events for lines in read.values()), key=lambda event: event.at)
    return RunEvents(
        tuple(merged),
        {**before, **{name: lines.offset for name, lines in read.items()}},
        sum(lines.damaged for lines in read.values()),
    )


def to_data(event: Event | Unknown | Mapping[str, Any]) -> dict[str, Any]:
    """An event as JSON data: `{"type", "at", ...}`. Fields at an empty default are left out."""
    if isinstance(event, Mapping):
        return dict(event)
    if isinstance(event, Unknown):
        return {"type": event.type, "at": event.at, **event.data}
    data = _plain_fields(event)
    if isinstance(event, ArtifactLogged):  # `type` is taken: on a line an artifact's own type is its `kind`
        data["kind"] = data.pop("type")
    return {"type": _NAMES[type(event)], **data}


def to_line(event: Event | Unknown | Mapping[str, Any]) -> str:
    """An event as one line, with its newline."""
    return json.dumps(to_data(event), ensure_ascii=False, separators=(",", ":"), default=_plain) + "\n"


def from_line(line: str | bytes) -> Event | Unknown | None:
    """Read a line; None if it is damaged."""
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return from_data(data) if isinstance(data, dict) else None


def from_data(data: Mapping[str, Any]) -> Event | Unknown:
    """An event from JSON data. Fields that this version does not know are dropped."""
    kind = str(data.get("type", ""))
    cls = TYPES.get(kind)
    try:
        at = float(data.get("at", 0.0))
    except (TypeError, ValueError):
        at = 0.0
    known = {**data, "type": data.get("kind", "file")} if cls is ArtifactLogged else data
    if cls is not None and (event := _build(cls, known, at)) is not None:
        return event
    return Unknown(at, kind, {name: value for name, value in data.items() if name not in ("type", "at")})


def type_of(event: Event | Unknown | Mapping[str, Any]) -> str:
    """The type's name as written ("task.started")."""
    if isinstance(event, Mapping):
        return str(event.get("type", ""))
    return event.type if isinstance(event, Unknown) else _NAMES[type(event)]


def _build(cls: Any, data: Mapping[str, Any], at: float) -> Event | None:
    known, tuples = _shape(cls)
    values = {name: data[name] for name in known if name in data}
    try:
        values.update({name: tuple(values[name]) for name in tuples if name in values})
        event: Event = cls(**{**values, "at": at})
    except TypeError:
        return None
    return event


@cache
def _shape(cls: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(all fields, those that are tuples)."""
    return (
        tuple(item.name for item in fields(cls)),
        tuple(item.name for item in fields(cls) if str(item.type).startswith("tuple")),
    )


_EMPTY: tuple[object, ...] = ("", None, (), {})


def _plain_fields(event: Any) -> dict[str, Any]:
    """Optional fields that are empty are left out: thousands of metrics need no `"task":"","step":null`."""
    cls: Any = type(event)
    values = {item.name: getattr(event, item.name) for item in fields(event)}
    return {name: value for name, value in values.items() if name in _required(cls) or value not in _EMPTY}


@cache
def _required(cls: Any) -> frozenset[str]:
    from dataclasses import MISSING

    return frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)


def _plain(value: Any) -> Any:
    """What JSON does not know, as something near to it."""
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if hasattr(value, "item") and callable(value.item):  # a numpy scalar
        return value.item()
    return str(value)


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
