"""Content digests: sha256, as a tree over 4 MiB chunks where there is much to hash: cores can share the work."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

CHUNK = 4 << 20


def tree_sha256(view: memoryview) -> bytes:
    """The digest of a buffer: of its only chunk, or of the digests of its chunks."""
    if len(view) <= CHUNK:
        return hashlib.sha256(view).digest()
    return combine(hashlib.sha256(view[low : low + CHUNK]).digest() for low in range(0, len(view), CHUNK))


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
