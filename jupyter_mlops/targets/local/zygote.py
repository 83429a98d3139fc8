"""A zygote as its parent sees it: a process that forks launches, and messages about them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from jupyter_mlops.targets.local.launch import Launch, Lost, Message, decode_message, encode

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
ZYGOTE = "jupyter_mlops.targets.local.zygote_main"
CLOSE_S = 5.0


@dataclass(frozen=True)
class ProcessKey:
    """What decides whether two attempts can come from one warm process: interpreter and environment at its start."""

    python: str
    env: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, python: str, env: Mapping[str, str]) -> ProcessKey:
        """Of an interpreter's path and the environment it starts with."""
        return cls(python, tuple(sorted(env.items())))


class Launcher(Protocol):
    """Starts processes that run attempts. Called from one thread; messages come from threads of its own.

    A launch is followed by `Started` and `Exited`, unless `Spoiled` (give it to a new launcher) or `Lost` come first.
    """

    def preload(self, modules: Sequence[str]) -> None:
        """Import installed modules ahead; `Ready` follows."""
        ...

    def launch(self, launch: Launch) -> None:
        """Start a process."""
        ...

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        """Send a signal to a launch's process group, or kill it with all its descendants."""
        ...

    def close(self) -> None:
        """End everything; returns when it has ended."""
        ...


class Zygote:
    """A `Launcher` that forks. What is asked for while it imports waits there, so calls return at once."""

    def __init__(self, key: ProcessKey, tell: Callable[[Zygote, Message], None]) -> None:
        self.key = key
        self._tell = tell
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the zygote
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = start_process(key, ZYGOTE, theirs.fileno(), self._errors)
        except OSError:  # no such interpreter
            ours.close()
            self._errors.close()
            raise
        self._channel = ours
        self._reader = threading.Thread(target=self._read, name="mlops-zygote", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the zygote's process."""
        return self._process.pid

    def preload(self, modules: Sequence[str]) -> None:
        """Import installed modules before what is launched next."""
        self._send(encode({"do": "preload", "modules": list(modules)}))

    def launch(self, launch: Launch) -> None:
        """Fork a process."""
        self._send(encode({"do": "launch", **launch.to_data()}))

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        """Send a signal to a launch's group, or kill its whole tree."""
        self._send(encode({"do": "signal", "id": id, "number": int(number), "everything": everything}))

    def close(self) -> None:
        """End the zygote and all that runs under it."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # a dead zygote is told of by the reader
            self._channel.sendall(line)

    def _read(self) -> None:
        rest = b""
        while data := self._receive():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._tell(self, decode_message(line))
        self._tell(self, Lost(self._why_lost()))
        self._channel.close()
        self._errors.close()

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(1 << 16)
        except OSError:
            return b""

    def _why_lost(self) -> str:
        code = self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        last = tail_of(self._errors)
        return f"the process that starts tasks ended ({how}){': ' + last if last else ''}"


def start_process(key: ProcessKey, module: str, stdin: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start one of our processes; it leads a session of its own, away from the terminal's Ctrl-C."""
    return subprocess.Popen(
        [key.python, str(BOOTSTRAP), module],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=dict(key.env),
        start_new_session=sys.platform != "win32",
    )


def tail_of(errors: IO[bytes]) -> str:
    """The last line that a process wrote to its errors."""
    try:
        errors.seek(0)
        lines = errors.read().decode(errors="replace").split("\n")
    except (OSError, ValueError):
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
