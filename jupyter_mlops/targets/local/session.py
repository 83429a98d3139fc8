"""A notebook session as the engine sees it: a process that runs cells, and says what they show while they run."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import shutil
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from jupyter_mlops.errors import MlopsError, Unavailable
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.targets.local import cell_session
from jupyter_mlops.targets.local.launch import Exited, Launch
from jupyter_mlops.targets.local.outcome import Circumstances, outcome
from jupyter_mlops.targets.local.session_processes import Mailbox, Processes

SERVE = "jupyter_mlops.targets.local.cell_session:serve"
INTERRUPT_S = 2.0
POLL_S = 2.0
LEAVE_S = 15.0
LAST_WORDS = 1 << 16


class SessionDied(MlopsError):
    """The session's process ended while it was needed."""


class CellTookTooLong(MlopsError):
    """A cell ran longer than it may; the session is over."""


@dataclass(frozen=True)
class CellResult:
    """What a cell showed, in the notebook format, and (name, message, traceback lines) of the error that ended it."""

    outputs: list[dict[str, Any]]
    error: tuple[str, str, tuple[str, ...]] | None


@dataclass(frozen=True)
class Hooks:
    """What the caller hears while a cell runs: text on a stream, new outputs of an earlier cell, that time passes."""

    stream: Callable[[str, str], None]
    changed: Callable[[int, list[dict[str, Any]]], None]
    idle: Callable[[], None]


class Session:
    """A context manager: the process and its files live as long as the block."""

    def __init__(self, processes: Processes, *, start_timeout: float = 60.0) -> None:
        self._processes = processes
        self._start_timeout = start_timeout
        self._id = uuid.uuid4().hex
        self._mailbox: Mailbox = queue.SimpleQueue()
        self._channel: socket.socket | None = None
        self._received = b""
        self._modules: tuple[str, ...] = ()
        self._log: IO[bytes] | None = None
        self._streamed = 0
        self._busy = True

    def importing(self, modules: Sequence[str]) -> Session:
        """Say what the cells will import, for the process to have it ready."""
        self._modules = tuple(modules)
        return self

    def __enter__(self) -> Session:
        directory = Path(tempfile.mkdtemp(prefix="mlops-"))
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(directory / cell_session.SOCKET))
                listener.listen(1)
                self._launch(directory)
                self._channel = self._accept(listener)
            self._next(self._start_timeout)  # its hello: the files are open, their names can go
            self._log = (directory / cell_session.LOG).open("rb")
            self._busy = False
        except BaseException:
            self.__exit__()
            raise
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()
        # Between two cells it ends by itself, with what the notebook's libraries do at exit.
        if self._busy or self._why_dead(LEAVE_S) is None:
            self._processes.signal(self._id, signal.SIGKILL, everything=True)
        if self._log is not None:
            self._log.close()

    def run(self, cell: CellSource, hooks: Hooks, *, timeout: float | None = None) -> CellResult:
        """Run a cell to its end.

        Raises:
            CellTookTooLong: it was interrupted after `timeout` seconds.
            SessionDied: the process is gone.
        """
        self._send({"cell": asdict(cell)})
        self._busy = True
        try:
            result = self._until_done(hooks, timeout)
        except SessionDied:
            hooks.stream("stderr", self._unheard())
            raise
        self._busy = False
        return result

    def leave(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Take values out: `exports` as plain data, `outputs` as a bundle at `path`."""
        self._send(names)
        message = self._wait(None, lambda: None) or {}
        if "refused" in message:
            kind, text, hint = message["refused"]
            raise MlopsError(f"{kind}: {text}", hint=hint)
        return message

    def _until_done(self, hooks: Hooks, timeout: float | None) -> CellResult:
        end = None if timeout is None else time.monotonic() + timeout
        late = False
        while True:
            message = self._wait(end, hooks.idle)
            if message is None and not late:
                late = True
                self._processes.signal(self._id, signal.SIGINT)
                end = time.monotonic() + INTERRUPT_S
            elif message is None or (late and "done" in message):
                raise CellTookTooLong(f"A cell ran longer than {timeout:g} seconds.")
            elif "stream" in message:
                self._streamed += len(message["text"].encode())
                hooks.stream(message["stream"], message["text"])
            elif "changed" in message:
                hooks.changed(message["changed"], message["outputs"])
            else:
                error = message["error"]
                return CellResult(message["done"], error and (error[0], error[1], tuple(error[2])))

    def _launch(self, directory: Path) -> None:
        launch = Launch(self._id, str(directory), "", os.getcwd(), dict(os.environ), SERVE)
        try:
            self._processes.launch(launch, self._modules, self._mailbox)
        except OSError as error:
            raise Unavailable(f"No process could be started for the notebook: {error}") from error

    def _accept(self, listener: socket.socket) -> socket.socket:
        end = time.monotonic() + self._start_timeout
        listener.setblocking(False)
        while time.monotonic() < end:
            readable, _, _ = select.select([listener], [], [], 0.1)
            if readable:
                channel, _ = listener.accept()
                channel.setblocking(True)
                return channel
            if (reason := self._why_dead(0.0)) is not None:
                raise Unavailable(f"The process for the notebook did not start: {reason}.")
        raise Unavailable(f"The process for the notebook did not start in {self._start_timeout:g} seconds.")

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._channel is not None
        with contextlib.suppress(OSError):  # that it is dead shows when it is read from
            self._channel.sendall(json.dumps(message).encode() + b"\n")

    def _wait(self, end: float | None, idle: Callable[[], None]) -> dict[str, Any] | None:
        """The next message, None when `end` has come; `idle` is called now and then."""
        while True:
            left = POLL_S if end is None else min(POLL_S, end - time.monotonic())
            if left <= 0:
                return None
            message = self._next(left)
            if message is not None:
                return message
            idle()

    def _next(self, patience: float) -> dict[str, Any] | None:
        assert self._channel is not None
        while b"\n" not in self._received:
            if not select.select([self._channel], [], [], patience)[0]:
                return None
            data = self._receive()
            if not data:
                raise SessionDied(f"The notebook's process died: {self._why_dead(5.0) or 'nobody knows why'}.")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _unheard(self) -> str:
        """The end of the log that it could not tell of any more: what a crash prints."""
        assert self._log is not None
        self._log.seek(self._streamed)
        return self._log.read(LAST_WORDS).decode("utf-8", "replace")

    def _receive(self) -> bytes:
        assert self._channel is not None
        try:
            return self._channel.recv(1 << 20)
        except OSError:
            return b""

    def _why_dead(self, patience: float) -> str | None:
        """In plain words, once it has exited; None if it has not within `patience` seconds."""
        end = time.monotonic() + patience
        while True:
            try:
                message = self._mailbox.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return None
            if isinstance(message, Exited):
                return outcome(message, None, Circumstances()).reason
