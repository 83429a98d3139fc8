"""Files in an attempt's folder, which the attempt's own container can replace: what is no plain file is not touched."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Not on Windows, where no container can reach the folder.
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def open_to_append(path: Path) -> int:
    """A descriptor at the end of a plain file, which is made if it is not there. Never waits, and follows no link.

    Raises:
        OSError: it is something else (a FIFO, a link, a device), or cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _CAREFUL, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is no plain file any more")
    return descriptor


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
