"""Down to the disk, where the file system can promise that."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.store.atomic_write import FULL

# Some FUSE and network mounts know no sync: what they keep through a power cut is theirs to say.
_UNKNOWN_THERE = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY}


def sync_file(descriptor: int, path: Path) -> None:
    """Wait until what was written to the file is on the disk; on a file system that knows no such thing, go on.

    Raises:
        StoreUnwritable: the disk did not take it.
        OSError: a full disk may say so only now.
    """
    try:
        getattr(os, "fdatasync", os.fsync)(descriptor)
    except OSError as error:
        if error.errno in _UNKNOWN_THERE:
            return
        if error.errno in FULL:
            raise
        raise StoreUnwritable(
            f"{path} was written, but the disk did not confirm it: {error.strerror or error}.",
            hint="Check the disk or its mount, or set JUPYTER_MLOPS_HOME to a folder on another; then `retry` the run.",
        ) from error


def sync_folder(folder: Path) -> None:
    """The same for the names in a folder, as far as that can be done: not every system opens one."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
