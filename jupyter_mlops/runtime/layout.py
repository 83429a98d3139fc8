"""The file of a bundle: header, pickle stream, then buffers, placed so that a reader can map them.

    magic (8) | length of header (8, little endian) | header, JSON | pickle stream | padding | buffers

Every buffer starts at a multiple of 64 bytes. Buffers that overlap in the writer's memory (an array and its views)
overlap in the file in the same way, so a change through one is seen through the other after loading, too.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from jupyter_mlops.runtime.errors import BundleRefused, cannot_write
from jupyter_mlops.runtime.writing import write_all, write_buffers

MAGIC = b"JMBUNDLE"
FORMAT = 1
ALIGN = 64
_PREALLOCATE_FROM = 8 << 20


@dataclass(frozen=True)
class Buffer:
    """Bytes to write out of band. `address` is where they are in memory if others may overlap them, else None."""

    view: memoryview
    address: Optional[int] = None


@dataclass(frozen=True)
class Plan:
    """Where buffers go: `offsets` relative to the first one, `pieces` (offset, view) in file order without overlaps."""

    offsets: tuple[int, ...]
    pieces: tuple[tuple[int, memoryview], ...]
    size: int


def plan(buffers: Sequence[Buffer]) -> Plan:
    """Place buffers; those that overlap in memory share their bytes in the file."""
    offsets = [0] * len(buffers)
    pieces: list[tuple[int, memoryview]] = []
    end = 0
    for group in _overlapping(buffers):
        start, low = _align(end), buffers[group[0]].address or 0
        covered = 0
        for index in group:
            view = buffers[index].view
            shift = (buffers[index].address or 0) - low
            offsets[index] = start + shift
            if shift + len(view) > covered:
                pieces.append((start + covered, view[covered - shift :] if covered > shift else view))
                covered = shift + len(view)
        end = start + covered
    return Plan(tuple(offsets), tuple(pieces), end)


def write(path: str, header: dict[str, Any], stream: bytes, buffers: Sequence[Buffer]) -> tuple[str, list[bytes]]:
    """Write the file (by rename, so it is whole or absent); answers its seal and the digest of every buffer.

    The seal is the sha256 of all but the buffers.
    """
    placed = plan(buffers)
    places = [(offset, len(buffer.view)) for offset, buffer in zip(placed.offsets, buffers)]
    header = {**header, "stream": len(stream), "buffers": places, "size": placed.size}
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    front = MAGIC + len(text).to_bytes(8, "little") + text
    start = _align(len(front) + len(stream))
    partial = path + ".part"
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            _preallocate(descriptor, start + placed.size)
            write_all(descriptor, front, 0)
            write_all(descriptor, stream, len(front))
            digests = write_buffers(descriptor, start, placed.pieces, [buffer.view for buffer in buffers])
            os.ftruncate(descriptor, start + placed.size)
        finally:
            os.close(descriptor)
        os.replace(partial, path)
    except OSError as error:
        _remove(partial)
        raise cannot_write(path, error) from error
    return _seal(front, stream), digests


def read(path: str, seal: str) -> tuple[dict[str, Any], memoryview, list[memoryview]]:
    """Map the file and give (header, pickle stream, buffers); raises `BundleRefused` unless its seal is `seal`.

    The mapping is private: what a reader writes into the buffers never reaches the file.
    """
    whole = _map(path)
    header, end_of_header = _header(path, whole)
    end = end_of_header + header["stream"]
    start = _align(end)
    if len(whole) < start + header["size"]:
        raise BundleRefused(
            f"the bundle {path} is cut short: {len(whole)} of {start + header['size']} bytes.", hint=_AGAIN
        )
    if _seal(whole[:end_of_header], whole[end_of_header:end]) != seal:
        raise BundleRefused(f"the bundle {path} is not the one that was recorded: its seal differs.", hint=_AGAIN)
    buffers = [whole[start + offset : start + offset + size] for offset, size in header["buffers"]]
    return header, whole[end_of_header:end], buffers


def is_intact(path: str, seal: str) -> bool:
    """Whether the file is there and has the seal."""
    try:
        read(path, seal)
    except BundleRefused:
        return False
    return True


_AGAIN = "Run the step that made it again (`--no-cache`)."


def _overlapping(buffers: Sequence[Buffer]) -> list[list[int]]:
    """Indices grouped by overlap in memory; each group ascends by address, groups keep the order of first use."""
    alone = [[index] for index, buffer in enumerate(buffers) if buffer.address is None or not len(buffer.view)]
    placed = [index for index, buffer in enumerate(buffers) if buffer.address is not None and len(buffer.view)]
    placed.sort(key=lambda index: (buffers[index].address, -len(buffers[index].view)))
    groups: list[list[int]] = []
    end = -1
    for index in placed:
        low = buffers[index].address or 0
        if low >= end:
            groups.append([])
        groups[-1].append(index)
        end = max(end, low + len(buffers[index].view))
    return sorted(alone + groups, key=min)


def _align(position: int) -> int:
    return -(-position // ALIGN) * ALIGN


def _preallocate(descriptor: int, size: int) -> None:
    """One extent for a large file: halves the time of the first write, and a full disk shows before any work."""
    if size < _PREALLOCATE_FROM or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise


def _seal(front: Any, stream: Any) -> str:
    digest = hashlib.sha256(front)
    digest.update(stream)
    return digest.hexdigest()


def _map(path: str) -> memoryview:
    try:
        with open(path, "rb") as file:
            try:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
            except (OSError, ValueError):  # a file system that cannot map, or an empty file
                return memoryview(bytearray(file.read()))
    except FileNotFoundError:
        raise BundleRefused(f"the bundle {path} is not there.", hint=_AGAIN) from None
    except OSError as error:
        raise BundleRefused(f"the bundle {path} cannot be read: {error}.", hint=_AGAIN) from error


def _header(path: str, whole: memoryview) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(whole[8:16], "little")
    if bytes(whole[:8]) != MAGIC or len(whole) < 16 + length:
        raise BundleRefused(f"{path} is not a bundle of values, or it is cut short.", hint=_AGAIN)
    try:
        header = json.loads(bytes(whole[16 : 16 + length]))
        version = int(header["format"])
        _check_sizes(header)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleRefused(f"the header of the bundle {path} is damaged.", hint=_AGAIN) from None
    if version > FORMAT:
        raise BundleRefused(
            f"the bundle {path} has format {version}, this version reads up to {FORMAT}.",
            hint="Upgrade jupyter-mlops here.",
        )
    return header, 16 + length


def _check_sizes(header: dict[str, Any]) -> None:
    """They are used before the seal is known to be right."""
    places = [number for place in header["buffers"] for number in place]
    numbers = (header["stream"], header["size"], *places)
    paired = all(len(place) == 2 for place in header["buffers"])
    if not paired or not all(type(item) is int and item >= 0 for item in numbers):
        raise ValueError("sizes that are none")


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
