"""A run's folder mirrored over a stream of text, from where a run is driven to where it is watched.

A frame is a line of JSON: so many bytes of a file from an offset on. Files of a run are appended to, or written whole
and renamed into place; so what both ends have to remember is how far each file is. Frames may be lost, come twice or be
forged: the receiver takes only what continues what it has, and writes nowhere but below its folder.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage

# Bytes of a frame before they become text.
PART = 48 << 10
_MARK = "mlops"
_PART_NAME = re.compile(r"[^/\0]{1,255}")
_MAX_DEPTH = 8


@dataclass(frozen=True)
class Frame:
    """`data` of the file `name` (relative, with `/`) from byte `at` on. `whole`: it is a new file of that name.

    A whole file begins at 0; of its frames only the first says `whole`. `more`: others follow at once.
    """

    name: str
    at: int
    data: bytes
    whole: bool = False
    more: bool = False

    def to_line(self) -> str:
        """As one line, without its end."""
        text = base64.b64encode(self.data).decode("ascii")
        flags = {key: True for key, value in (("whole", self.whole), ("more", self.more)) if value}
        return json.dumps({_MARK: "file", "name": self.name, "at": self.at, **flags, "data": text})

    @classmethod
    def from_line(cls, line: str | bytes) -> Frame | None:
        """The frame that a line is; None if it is something else that was printed."""
        try:
            said = json.loads(line)
            if not isinstance(said, dict) or said.get(_MARK) != "file":
                return None
            name, at, data = said["name"], said["at"], base64.b64decode(said["data"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
            return None
        if not isinstance(name, str) or not isinstance(at, int) or isinstance(at, bool) or at < 0:
            return None
        return cls(name, at, data, said.get("whole") is True, said.get("more") is True)


@dataclass
class _Sent:
    """How much of which file (device and inode) was sent."""

    file: tuple[int, int]
    size: int
    at: int


@dataclass
class Sender:
    """Finds what is new below `folder`. `wanted` says by relative name which files are mirrored.

    `have` is what the receiver has already: bytes by name, of files that only grow.
    """

    folder: Path
    wanted: Callable[[str], bool] = bool
    have: Mapping[str, int] = field(default_factory=dict)
    _sent: dict[str, _Sent] = field(default_factory=dict)

    def look(self) -> Iterator[Frame]:
        """What is new since the last look. A file that goes meanwhile is left out."""
        for name, path in _files(self.folder):
            if self.wanted(name):
                yield from self._news(name, path)

    def _news(self, name: str, path: Path) -> Iterator[Frame]:
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity, end = (status.st_dev, status.st_ino), status.st_size
                known = self._sent.get(name)
                start = self.have.get(name, 0) if known is None else known.at
                whole = start > end or (known is not None and known.file != identity) or (known is None and start == 0)
                start = 0 if whole else start
                if known is not None and not whole and start == end:
                    return
                yield from _read(file, name, start, end, whole=whole)
        except OSError:
            return
        self._sent[name] = _Sent(identity, end, end)


def _read(file: Any, name: str, start: int, end: int, *, whole: bool) -> Iterator[Frame]:
    """The bytes from `start` to `end`, in frames; one without bytes if a file is new and empty."""
    file.seek(start)
    while start < end or whole:
        data = file.read(min(PART, end - start))
        if not data and start < end:  # it was cut meanwhile: the next look sends it whole
            return
        yield Frame(name, start, data, whole, start + len(data) < end)
        start, whole = start + len(data), False


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Regular files below, in an order that does not change; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


class Receiver:
    """Writes frames below `folder`, which is there. Not for several threads."""

    def __init__(self, folder: Path, *, limit: int = 4 << 30) -> None:
        """`limit`: bytes that one file may have."""
        self.folder = folder
        self._limit = limit
        self._arriving: dict[str, Path] = {}

    def have(self) -> dict[str, int]:
        """Bytes of each file that is there and only grows; others may have been replaced by new ones of any size."""
        return {name: path.stat().st_size for name, path in _files(self.folder) if _only_grows(name)}

    def take(self, frame: Frame) -> bool:
        """Write a frame; false if it does not continue what is there (it was taken before, or one before it is lost).

        A whole file takes its place when its last frame is there: readers see the old one or the new one.

        Raises:
            Usage: the frame names a place outside the folder, or is larger than any file may be.
        """
        path = self._place(frame.name)
        if frame.at + len(frame.data) > self._limit:
            raise Usage(f"{frame.name} is larger than {self._limit} bytes.")
        if frame.whole:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(path.name + _NEW)
            new.unlink(missing_ok=True)
            self._arriving[frame.name] = new
        target = self._arriving.get(frame.name, path)
        if not _append(target, frame):
            return False
        if not frame.more and target is not path:
            os.replace(target, path)
            del self._arriving[frame.name]
        return True

    def _place(self, name: str) -> Path:
        parts = name.split("/")
        if len(parts) > _MAX_DEPTH or not all(_PART_NAME.fullmatch(part) and part not in (".", "..") for part in parts):
            raise Usage(f"{name!r} is no name of a file of a run.")
        path = self.folder.joinpath(*parts)
        for place in (path, *path.parents):
            if place == self.folder:
                return path
            if place.is_symlink():
                raise Usage(f"{name!r} is behind a link.")
        raise Usage(f"{name!r} is no name of a file of a run.")


_NEW = ".arriving"


def _only_grows(name: str) -> bool:
    return name.rpartition("/")[2] == "log" or name.endswith(".jsonl")


def _append(path: Path, frame: Frame) -> bool:
    """Append what of the frame continues the file."""
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if frame.at == 0 else 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, flags, 0o644)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "ab") as file:
        size = os.fstat(descriptor).st_size
        if not frame.at <= size <= frame.at + len(frame.data):
            return False
        file.write(frame.data[size - frame.at :])
    return True
