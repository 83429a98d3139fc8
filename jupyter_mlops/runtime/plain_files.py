"""Files that another process can replace, such as the container of an attempt whose files a driver reads: what is no
plain file is neither waited for nor followed to where it leads.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

# Not on Windows, where no container can reach the folder.
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | _CAREFUL
_MOST = 1 << 30


class NotPlain(OSError):
    """What is there is a FIFO, a link, a folder or a device, or larger than it may be."""


def is_plain(path: str | os.PathLike[str]) -> bool:
    """Whether a plain file is there; a link to one is none."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def open_plain(path: str | os.PathLike[str]) -> BinaryIO:
    """A plain file, open to be read. Never waits, and follows no link.

    Raises:
        NotPlain: it is something else.
        OSError: it is not there, or cannot be read.
    """
    return os.fdopen(_opened(path, _READ), "rb")


def read_plain(path: str | os.PathLike[str], most: int = _MOST) -> bytes:
    """The content of a plain file of at most so many bytes.

    Raises:
        NotPlain: it is something else, or larger.
        OSError: it is not there, or cannot be read.
    """
    with open_plain(path) as file:
        large = os.fstat(file.fileno()).st_size > most
        data = b"" if large else file.read(most + 1)
    if large or len(data) > most:
        raise NotPlain(errno.EFBIG, f"it is larger than {most} bytes", os.fspath(path))
    return data


def open_to_append(path: Path) -> int:
    """A descriptor at the end of a plain file, which is made if it is not there. Never waits, and follows no link.

    Raises:
        NotPlain: it is something else.
        OSError: it cannot be written.
    """
    return _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _CAREFUL)


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Append one JSON object as a line, in a single write.

    Raises:
        OSError: as `open_to_append`.
    """
    descriptor = open_to_append(path)
    try:
        os.write(descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))
    finally:
        os.close(descriptor)


def write_plain(path: Path, content: str) -> None:
    """Write a text by rename, whatever is in its place.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    with partial.open("x", encoding="utf-8") as file:
        file.write(content)
    partial.replace(path)


def _opened(path: str | os.PathLike[str], flags: int) -> int:
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):  # a link; a FIFO that nobody reads
            raise _not_plain(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_plain(path)
    return descriptor


def _not_plain(path: str | os.PathLike[str]) -> NotPlain:
    return NotPlain(errno.EINVAL, "it is no plain file", os.fspath(path))
