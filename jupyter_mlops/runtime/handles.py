"""What belongs to a process and means nothing in another one."""

from __future__ import annotations

import io
import sys
from typing import Any

from jupyter_mlops.runtime import rebuild

# Handles of the system or of a running program: pickle (or cloudpickle) might copy some, but not what they mean.
_REFUSED = (
    ("_io", "_IOBase", "an open file"),
    ("socket", "socket", "a socket"),
    ("threading", "Thread", "a thread"),
    ("sqlite3", "Connection", "a database connection"),
    ("subprocess", "Popen", "a running process"),
    ("concurrent.futures", "Executor", "a pool of workers"),
    ("asyncio", "Future", "a future of an event loop"),
)


class NotPicklable(TypeError):
    """A value that must not be handed over; the message says what it is."""


def handle_of(kind: type) -> str:
    """What instances of a type are, in words, if they must not be handed over; "" if they may."""
    for module_name, class_name, what in _REFUSED:
        refused = getattr(sys.modules.get(module_name), class_name, None)
        if refused is not None and issubclass(kind, refused):
            return what
    return ""


def refuse(what: str, value: Any) -> Any:
    """Refuse a handle, but for standard streams (the reader has its own) and files in memory.

    Raises:
        NotPicklable: naming what it is.
    """
    for name in ("stdin", "stdout", "stderr"):
        if value is getattr(sys, name):
            return rebuild.standard_stream, (name,)
    if isinstance(value, (io.StringIO, io.BytesIO)):
        return NotImplemented
    raise NotPicklable(f"{what} ({type(value).__name__}) belongs to this process")
