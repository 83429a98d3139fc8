"""stdout and stderr of a task: everything goes to one log file as it comes, and to the outputs of the running cell.

Descriptors 1 and 2 are the log itself, opened for appending: what C code and child processes write is there at once,
even if this process is killed. What Python prints is written there too, and since every write tells where it ended,
the stretches between are what came from elsewhere: they are read back, in order, when the cell ends.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, Optional

_FLUSH_AT = 8192
_READ_BACK = 1 << 20

Sink = Callable[[str, str], None]


class Log:
    """The log file of a task, and who gets to hear of new text: `sink(stream name, text)`."""

    def __init__(self, path: str, *, read_back: int = 2 << 20) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        self._seen = os.fstat(self._descriptor).st_size
        self._read_back = read_back
        self._pid = os.getpid()
        self.sink: Sink = _nobody
        self.stdout = Tee(self, "stdout")
        self.stderr = Tee(self, "stderr")

    def write(self, name: str, text: str) -> None:
        """Append to the log and tell the sink; a forked child of the cell only appends."""
        try:
            data = text.encode()
        except UnicodeEncodeError:  # half of a pair of surrogates
            data = text.encode("utf-8", "replace")
            text = data.decode()
        _write_all(self._descriptor, data)
        if os.getpid() != self._pid:
            return
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        self._catch_up(end - len(data))
        self._seen = end
        self.sink(name, text)

    def size(self) -> int:
        """Bytes of the log up to now: what is printed next begins there."""
        return os.fstat(self._descriptor).st_size

    def settle(self) -> None:
        """Flush, and tell the sink what others have written up to now."""
        self.stdout.flush()
        self.stderr.flush()
        if os.getpid() == self._pid:
            self._catch_up(os.fstat(self._descriptor).st_size)

    @contextmanager
    def redirected(self) -> Iterator[None]:
        """Make this the process's stdout and stderr, for Python and below; stdin gives nothing."""
        python = sys.stdin, sys.stdout, sys.stderr
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)
        saved = [_dup(number) for number in (0, 1, 2)]
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(self._descriptor, 1)
        os.dup2(self._descriptor, 2)
        os.close(nothing)
        sys.stdin, sys.stdout, sys.stderr = io.StringIO(), self.stdout, self.stderr
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # no room on the disk: the result of the task says so
                self.settle()
            for stream in (sys.stdout, sys.stderr):
                _flush(stream)
            sys.stdin, sys.stdout, sys.stderr = python
            for number, descriptor in enumerate(saved):
                _restore(number, descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _catch_up(self, end: int) -> None:
        """Read what lies between our last write and `end`: it came from C code or a child process."""
        low, self._seen = self._seen, max(self._seen, end)
        budget = self._read_back
        while low < end and budget > 0:
            data = os.pread(self._descriptor, min(_READ_BACK, end - low, budget), low)
            if not data:
                return
            low += len(data)
            budget -= len(data)
            self.sink("stdout", data.decode("utf-8", "replace"))


class Tee(io.TextIOBase):
    """A text stream that writes whole lines to the log."""

    def __init__(self, log: Log, name: str) -> None:
        super().__init__()
        self._log = log
        self._name = name
        self._pending: list[str] = []
        self._size = 0
        self.buffer = _Bytes(self)

    @property
    def name(self) -> str:
        """As `sys.stdout.name` in a terminal."""
        return f"<{self._name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What cannot be encoded is replaced."""
        return "replace"

    def write(self, text: str) -> int:
        """Buffer until a line ends (or much has come)."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._pending.append(text)
        self._size += len(text)
        if self._size > _FLUSH_AT or "\n" in text or "\r" in text:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Write what is pending."""
        if self._pending:
            text = "".join(self._pending)
            self._pending, self._size = [], 0
            self._log.write(self._name, text)

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """No terminal: libraries then print plain text."""
        return False

    def fileno(self) -> int:
        """Where child processes write: the log."""
        self.flush()
        return 1 if self._name == "stdout" else 2

    def close(self) -> None:
        """User code that closes stdout must not silence the task."""
        self.flush()


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, text: Tee) -> None:
        super().__init__()
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._text.write(bytes(view).decode("utf-8", "replace"))
        return view.nbytes

    def flush(self) -> None:
        self._text.flush()

    def fileno(self) -> int:
        return self._text.fileno()


def _nobody(name: str, text: str) -> None:
    """Text between cells goes to the log only."""


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _flush(stream: Any) -> None:
    with contextlib.suppress(AttributeError, ValueError, OSError):
        stream.flush()


def _dup(number: int) -> Optional[int]:
    try:
        return os.dup(number)
    except OSError:  # a daemon without standard streams
        return None


def _restore(number: int, descriptor: Optional[int]) -> None:
    if descriptor is None:
        return
    os.dup2(descriptor, number)
    os.close(descriptor)
