"""A run's folder mirrored over a stream of text, from where a run is driven to where it is watched.

A frame is a line of JSON: so many bytes of a file from an offset on. Files of a run are appended to, or written whole
and renamed into place; so what both ends have to remember is how far each file is. Frames may be lost, come twice or be
forged: the receiver takes only what continues what it has, and writes nowhere but below its folder. What a sender has
sent in all it says at its end (`Sender.manifest`), so that the receiver knows whether something is missing; `missing`
sends just that, to a receiver that says what it `holds`.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.runtime.plain_files import open_plain

# Bytes of a frame before they become text.
PART = 48 << 10
MANIFEST = "mirrored.json"
_MARK = "mlops"
# Below this many bytes it is not worth the trouble.
_SMALL = 200
_TAIL = 4096
# The clock of a file system may tick this seldom.
_RACY_NS = 50_000_000
# How long a network file system may hide here what another node has written: a file that is opened is as it is there.
_CLOSELY_EVERY_S = 3.0
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
        packed = zlib.compress(self.data, 1) if len(self.data) > _SMALL else self.data
        shorter = len(packed) < len(self.data)
        text = base64.b64encode(packed if shorter else self.data).decode("ascii")
        said = {"whole": self.whole, "more": self.more, "zip": shorter}
        flags = {key: True for key, value in said.items() if value}
        return json.dumps({_MARK: "file", "name": self.name, "at": self.at, **flags, "data": text})

    @classmethod
    def from_line(cls, line: str | bytes) -> Frame | None:
        """The frame that a line is; None if it is something else that was printed."""
        try:
            said = json.loads(line)
            if not isinstance(said, dict) or said.get(_MARK) != "file":
                return None
            name, at, data = said["name"], said["at"], base64.b64decode(said["data"], validate=True)
            if said.get("zip") is True:
                data = zlib.decompressobj().decompress(data, PART)
        except (ValueError, KeyError, TypeError, binascii.Error, zlib.error, RecursionError):
            return None
        if not isinstance(name, str) or not isinstance(at, int) or isinstance(at, bool) or at < 0:
            return None
        return cls(name, at, data, said.get("whole") is True, said.get("more") is True)


@dataclass
class _Sent:
    """How much of which file (device and inode) was sent, and what its last bytes were: numbers of files that are gone
    are given to others. `surely`: what is written from now on changes the time of the file, `changed`.
    """

    file: tuple[int, int]
    at: int
    end: bytes
    changed: int
    surely: bool


@dataclass
class Sender:
    """Finds what is new below `folder`. `wanted` says by relative name which files are mirrored.

    `have` is what the receiver has already: bytes by name, of files that only grow.
    """

    folder: Path
    wanted: Callable[[str], bool] = bool
    have: Mapping[str, int] = field(default_factory=dict)
    _sent: dict[str, _Sent] = field(default_factory=dict)
    _closely_at: float = 0.0

    def look(self, *, closely: bool = False) -> Iterator[Frame]:
        """What is new since the last look. A file that goes meanwhile is left out.

        Files of a size and a time that are known are opened only now and then, or to look `closely`.
        """
        if closely or time.monotonic() > self._closely_at:
            closely, self._closely_at = True, time.monotonic() + _CLOSELY_EVERY_S
        for name, entry in _entries(os.fspath(self.folder)):
            if self.wanted(name) and (closely or self._seems_new(name, entry)):
                yield from self._news(name, entry.path)

    def manifest(self) -> Iterator[Frame]:
        """How large each mirrored file is, as a file of that name: the last thing to send."""
        sizes = {}
        for name, path in _files(self.folder):
            if self.wanted(name):
                with contextlib.suppress(OSError):  # it is gone
                    sizes[name] = path.stat().st_size
        yield from frames_of(MANIFEST, json.dumps(sizes).encode())

    def _seems_new(self, name: str, entry: os.DirEntry[str]) -> bool:
        known = self._sent.get(name)
        if known is None or not known.surely:
            return True
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return False
        return (known.at, known.changed) != (status.st_size, status.st_mtime_ns)

    def _news(self, name: str, path: str) -> Iterator[Frame]:
        try:
            with open_plain(path) as file:
                status = os.fstat(file.fileno())
                identity, end = (status.st_dev, status.st_ino), status.st_size
                known = self._sent.get(name)
                if known is not None and known.surely and (known.at, known.changed) == (end, status.st_mtime_ns):
                    return
                start = self.have.get(name, 0) if known is None else known.at
                whole = start > end or (known is None and start == 0)
                if known is not None and not whole:
                    whole = known.file != identity or _before(file, start) != known.end
                start = 0 if whole else start
                if known is None or whole or start != end:
                    yield from _read(file, name, start, end, whole=whole)
                surely = time.time_ns() - status.st_mtime_ns > _RACY_NS
                sent = _Sent(identity, end, _before(file, end), status.st_mtime_ns, surely)
        except OSError:
            return
        self._sent[name] = sent


def frames_of(name: str, data: bytes) -> Iterator[Frame]:
    """Bytes as a new file of that name."""
    for at in range(0, max(len(data), 1), PART):
        yield Frame(name, at, data[at : at + PART], at == 0, at + PART < len(data))


@dataclass(frozen=True)
class Held:
    """What a receiver has of a file: so many bytes from its beginning, with this SHA-256.

    `arriving`: it has not the whole of a file that takes its place when it is whole.
    """

    size: int
    digest: str
    arriving: bool = False

    def to_data(self) -> list[Any]:
        """As JSON data."""
        return [self.size, self.digest, self.arriving]

    @classmethod
    def from_data(cls, data: Any) -> Held:
        """Read what `to_data` gave."""
        size, digest, arriving = data
        return cls(int(size), str(digest), bool(arriving))

    @classmethod
    def of(cls, path: Path, *, arriving: bool = False) -> Held:
        """What is in the file."""
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            return cls(size, _digest(file, size), arriving)


def missing(folder: Path, held: Mapping[str, Held], wanted: Callable[[str], bool] = bool) -> Iterator[Frame]:
    """All that a receiver lacks of the files below `folder`."""
    for name, path in _files(folder):
        if wanted(name):
            yield from lacking(name, path, held.get(name))


def lacking(name: str, path: Path, held: Held | None) -> Iterator[Frame]:
    """What a receiver lacks of one file: the end of it, if what it has is its beginning. None if it is gone."""
    try:
        with open_plain(path) as file:
            end = os.fstat(file.fileno()).st_size
            start = -1
            if held is not None and held.size <= end and _digest(file, held.size) == held.digest:
                start = held.size
            if held is not None and start == end and held.arriving and end:
                yield Frame(name, end, b"")
            elif start < end or held is None:
                yield from _read(file, name, max(start, 0), end, whole=start < 0)
    except OSError:
        return


def _before(file: Any, at: int) -> bytes:
    """The digest of the last bytes before this place."""
    start = max(0, at - _TAIL)
    file.seek(start)
    return hashlib.sha256(file.read(at - start)).digest()


def _digest(file: Any, size: int) -> str:
    """SHA-256 of the first bytes."""
    digest = hashlib.sha256()
    file.seek(0)
    while size > 0 and (block := file.read(min(size, 1 << 20))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()


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
    """As `_entries`."""
    for name, entry in _entries(os.fspath(folder)):
        yield name, Path(entry.path)


def _entries(folder: str, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Regular files below, in an order that does not change; links are not followed. Told in text, as it is often done:
    a run has thousands of files, and paths cost more than the look at what is behind them.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, entry
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, f"{prefix}{entry.name}/")


class Receiver:
    """Writes frames below `folder`, which is there. Not for several threads."""

    def __init__(self, folder: Path, *, limit: int = 4 << 30) -> None:
        """`limit`: bytes that one file may have."""
        self.folder = folder
        self._limit = limit
        self._arriving: dict[str, Path] = {}
        self.lost = False  # whether a frame was lost before one that came

    def holds(self, wanted: Callable[[str], bool] = bool) -> dict[str, Held]:
        """What is there of each file. What earlier receivers have left half arrived may be continued after this."""
        found: dict[str, Held] = {}
        for name, path in _files(self.folder):
            whole = name.removesuffix(_NEW)
            if wanted(whole) and (whole != name or name not in found):
                found[whole] = Held.of(path, arriving=whole != name)
                if whole != name:
                    self._arriving[whole] = path
        return found

    def begin(self) -> None:
        """Take frames of another sender: what the last one said of all that it has sent counts no more."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        self.lost = False

    def complete(self) -> bool:
        """Whether a sender has ended, and all that it has sent is there."""
        try:
            sizes = json.loads((self.folder / MANIFEST).read_bytes())
            return isinstance(sizes, dict) and all(self._place(name).stat().st_size == sizes[name] for name in sizes)
        except (OSError, ValueError, RecursionError, Usage):
            return False

    def cut(self, name: str, size: int) -> None:
        """Take away the last byte of a file if it has one more than this: the end of a line that has none."""
        path = self._place(name)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size == size + 1:
                os.truncate(path, size)

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
        size = _append(target, frame)
        if size is not None:
            self.lost = self.lost or size < frame.at
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


def _append(path: Path, frame: Frame) -> int | None:
    """Append what of the frame continues the file; if nothing does, the bytes that are there."""
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if frame.at == 0 else 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, flags, 0o644)
    except FileNotFoundError:
        return 0
    with os.fdopen(descriptor, "ab") as file:
        size = os.fstat(descriptor).st_size
        if not frame.at <= size <= frame.at + len(frame.data):
            return size
        file.write(frame.data[size - frame.at :])
    return None
