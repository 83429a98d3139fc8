"""Artifacts: files and values by content digest. The protocol, and the store on a file system."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.runtime.digests import file_sha256
from jupyter_mlops.store.atomic_write import ensure_folder, unwritable_explained

_DIGEST = re.compile(r"[0-9a-f]{32,128}")
_BLOCK = 1 << 20
_ABSENT = (FileNotFoundError, NotADirectoryError)


class ArtifactStore(Protocol):
    """Content by digest. Every method may be called from any thread and process at once; content never changes.

    A digest is lowercase hex: the sha256 of the bytes where the store computes it, else what the caller says
    (`take_over`). A malformed one raises `Usage` before it becomes a path or a URL. Full disk: `StoreUnwritable`.
    """

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes; returns their digest."""
        ...

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; returns its digest."""
        ...

    def take_over(self, path: Path, digest: str) -> None:
        """Keep a file under the digest that its writer computed; the file leaves its place."""
        ...

    def open(self, digest: str) -> BinaryIO:
        """The content, to read. The caller closes it. `NotFound` if it is not there."""
        ...

    def path(self, digest: str) -> Path:
        """A local, read-only file with the content, fetched if need be. `NotFound` if it is not there."""
        ...

    def size(self, digest: str) -> int | None:
        """Bytes of the content, None if it is not there."""
        ...

    def exists(self, digest: str) -> bool:
        """Whether the content is there."""
        ...

    def delete(self, digest: str) -> None:
        """Remove it; no error if it is not there."""
        ...

    def verify(self, digest: str) -> bool:
        """Whether it is there and its sha256 is `digest` (false for other kinds of digest given to `take_over`)."""
        ...

    def digests(self) -> Iterator[str]:
        """All that is kept, in no order."""
        ...


class FileArtifacts:
    """`<folder>/<first two>/<digest>`, read-only files. Written beside (`.new/`) and renamed: whole or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes; returns their sha256."""
        digest = hashlib.sha256(data).hexdigest()
        if not self._known(digest, len(data)):
            with self.arriving(digest) as new:
                new.write_bytes(data)
        return digest

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; returns its sha256. The file may change while it is copied: the copy counts."""
        with path.open("rb") as source, self._new() as new:
            digest = _copy_hashing(source, new)
            self._admit(new, digest)
        return digest

    def take_over(self, path: Path, digest: str) -> None:
        """Move a file in: by renaming within a file system, else by copying. The digest is believed.

        A file of that digest is replaced: what was damaged on the disk is mended when its step runs again.
        """
        with self.arriving(digest) as new:
            try:
                os.rename(path, new)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                shutil.copyfile(path, new)
        path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def arriving(self, digest: str) -> Iterator[Path]:
        """A place to write the content of `digest` to; it is kept when the block ends without an error."""
        valid_digest(digest)
        with self._new() as new:
            yield new
            self._admit(new, digest)

    def open(self, digest: str) -> BinaryIO:
        """The content, to read."""
        try:
            return self._place(digest).open("rb")
        except _ABSENT:
            raise not_kept(digest) from None

    def path(self, digest: str) -> Path:
        """The file itself: read it in place, never write it."""
        place = self._place(digest)
        if not place.exists():
            raise not_kept(digest)
        return place

    def size(self, digest: str) -> int | None:
        """Bytes of the content, None if it is not there."""
        try:
            return self._place(digest).stat().st_size
        except _ABSENT:
            return None

    def exists(self, digest: str) -> bool:
        """Whether the content is there."""
        return self._place(digest).exists()

    def delete(self, digest: str) -> None:
        """Remove it; readers that have it open keep it."""
        with unwritable_explained(self.folder):
            self._place(digest).unlink(missing_ok=True)

    def verify(self, digest: str) -> bool:
        """Whether it is there and its sha256 is `digest`."""
        try:
            return file_sha256(str(self.path(digest))) == digest
        except NotFound:
            return False

    def digests(self) -> Iterator[str]:
        """All that is kept."""
        for folder in _entries(self.folder):
            if len(folder.name) == 2:
                yield from (entry.name for entry in _entries(Path(folder)) if _DIGEST.fullmatch(entry.name))

    def unfinished(self) -> Iterator[Path]:
        """What writers that were killed left behind, and what is being written now: judge by age."""
        yield from (Path(entry) for entry in _entries(self.folder / ".new"))

    def touched(self, digest: str) -> float:
        """When it was last put (seconds since the epoch); 0.0 if it is not there."""
        try:
            return self._place(digest).stat().st_mtime
        except _ABSENT:
            return 0.0

    def _place(self, digest: str) -> Path:
        return self.folder / valid_digest(digest)[:2] / digest

    def _known(self, digest: str, size: int) -> bool:
        """Whether it is kept already; then it is marked as wanted now, so that no collector takes it for old.

        A file of another size was cut short by a power loss: it is written again.
        """
        place = self._place(digest)
        if self.size(digest) != size:
            return False
        try:
            os.utime(place)
        except OSError:
            return place.exists()
        return True

    @contextlib.contextmanager
    def _new(self) -> Iterator[Path]:
        folder = self.folder / ".new"
        with unwritable_explained(self.folder):
            ensure_folder(folder)
            new = folder / secrets.token_hex(12)
            try:
                yield new
            finally:
                new.unlink(missing_ok=True)

    def _admit(self, new: Path, digest: str) -> None:
        place = self._place(digest)
        ensure_folder(place.parent)
        os.chmod(new, 0o444)
        os.utime(new)
        os.replace(new, place)


def is_digest(text: object) -> bool:
    """Whether it can be the name of an artifact."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def valid_digest(digest: str) -> str:
    """The digest itself.

    Raises:
        Usage: it is not lowercase hex of 32 to 128 digits, so it must not become part of a path.
    """
    if not is_digest(digest):
        raise Usage(
            f"{digest[:80]!r} is not a digest.", hint="A digest is 64 lowercase hex digits, as `show` prints it."
        )
    return digest


def not_kept(digest: str) -> NotFound:
    """The error for an artifact that is not there."""
    return NotFound(
        f"The artifact {digest[:12]} is not in the store.", hint="It was removed; run the step that made it again."
    )


def _copy_hashing(source: BinaryIO, target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as writer:
        while block := source.read(_BLOCK):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except _ABSENT:
        return []
