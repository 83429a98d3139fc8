"""Content digests: sha256, as a tree over 4 MiB chunks where there is much to hash, so that cores share the work."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Optional

CHUNK = 4 << 20


class BufferDigests:
    """Digests of buffers. `start` returns at once; `of` waits. Large buffers are hashed in threads meanwhile."""

    def __init__(self) -> None:
        self._pool: Optional[ThreadPoolExecutor] = None
        self._parts: dict[int, list[Future[bytes]]] = {}
        self._done: dict[int, bytes] = {}

    def start(self, key: int, view: memoryview) -> None:
        """Begin to hash `view` under `key`; the view must not change until `of(key)` has answered."""
        if len(view) <= CHUNK:
            self._done[key] = hashlib.sha256(view).digest()
            return
        pool = self._pool = self._pool or ThreadPoolExecutor(min(8, os.cpu_count() or 1))
        self._parts[key] = [pool.submit(_sha256, view[low : low + CHUNK]) for low in range(0, len(view), CHUNK)]

    def of(self, key: int) -> bytes:
        """The digest of the buffer that was started under `key`."""
        if key not in self._done:
            self._done[key] = combine(part.result() for part in self._parts.pop(key))
        return self._done[key]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)


def combine(parts: Iterable[bytes]) -> bytes:
    """One digest of several, in order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def file_sha256(path: str) -> str:
    """The plain sha256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def path_sha256(path: str) -> str:
    """Of a file: its sha256. Of a folder: of the names and digests of all files below it."""
    if not os.path.isdir(path):
        return file_sha256(path)
    lines = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            full = os.path.join(folder, name)
            lines.append(f"{os.path.relpath(full, path)}\0{file_sha256(full)}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _sha256(view: memoryview) -> bytes:
    return hashlib.sha256(view).digest()
