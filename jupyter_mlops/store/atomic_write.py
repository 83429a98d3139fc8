"""Write a small file so that a reader sees the old content or the new one, whenever the writer dies."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from jupyter_mlops.errors import StoreUnwritable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside `path`, then rename over it. Missing folders are made; a failure leaves nothing behind."""
    ensure_folder(path.parent)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def ensure_folder(folder: Path) -> None:
    """Make a folder that most of the time is there: looking is cheaper than failing."""
    if not os.path.isdir(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def unwritable_explained(place: Path) -> Iterator[None]:
    """Translate what a full disk or a read-only folder raises; other errors pass.

    Raises:
        StoreUnwritable: naming the place and the way out.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StoreUnwritable(
                f"The disk is full: {place} cannot be written.",
                hint="Free some space (`jupyter mlops store gc` removes what no run needs), then `retry` the run.",
            ) from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}:
            raise StoreUnwritable(
                f"{place} cannot be written: {error.strerror}.",
                hint="Set JUPYTER_MLOPS_HOME to a folder that can be written.",
            ) from error
        raise
