"""What the pod of an attempt prints: lines of the task's log as they are, all else of the run's folder as frames.

So `argo logs` and `kubectl logs` show what the notebook printed, and who follows the run gets its files too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jupyter_mlops.runtime.plain_files import open_plain
from jupyter_mlops.store.mirror import Frame, Sender
from jupyter_mlops.targets.kubernetes.delivery import travels

_LOOK_EVERY_S = 0.3
END = b'{"mlops": "end"}\n'
"""The last line of ours: what comes after it is Argo's."""
CUT = b'{"mlops": "end", "cut": true}\n'
"""The same, after a log whose last line has no end: what is printed has one."""


class PodOutput:
    """Prints what is new of the files of a run that it is told to show, and the lines of one log. One thread shows."""

    def __init__(self, folder: Path, out: BinaryIO, values: Callable[[str], Iterable[Frame]] = lambda _: ()) -> None:
        """`values` gives the frames of a value by its digest; large ones stay in the cluster."""
        self._sender = Sender(folder, lambda name: name.startswith(self._shown) and _is_file(name))
        self._out, self._values = out, values
        self._waiting: list[str] = []
        self._is_last = self._cut = False
        self._shown: tuple[str, ...] = ()
        self._folder = folder
        self._log: Path | None = None
        self._at = 0

    def show(self, path: Path, *, log: bool = False) -> None:
        """From now on, print the files whose path begins so; with `log` also the lines of the log in this folder."""
        self._shown = (*self._shown, path.relative_to(self._folder).as_posix())
        if log:
            self._log = path / "log"

    def show_values(self, digests: Iterable[str]) -> None:
        """Print these values, too, with what is new the next time."""
        self._waiting.extend(digests)

    def tell_all(self) -> None:
        """At the end, say what there is of the whole run, so that whoever follows it knows whether it is there."""
        self._is_last = True

    def tell(self, *, last: bool = False) -> None:
        """Print what is new; the `last` time also a line of the log that has no end."""
        for frame in self._sender.look():
            self._print(frame)
        while self._waiting:
            for frame in self._values(self._waiting.pop(0)):
                self._print(frame)
        data = self._new_lines(last=last)
        if data:
            self._cut = not data.endswith(b"\n")
            self._out.write(data + b"\n" * self._cut)
        self._out.flush()

    @contextmanager
    def following(self) -> Iterator[None]:
        """While inside, and once more at the end, what is new is printed."""
        done = threading.Event()

        def follow() -> None:
            while not done.wait(_LOOK_EVERY_S):
                self.tell()

        thread = threading.Thread(target=follow, name="mlops-output", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.tell(last=True)
            for frame in Sender(self._folder, travels).manifest() if self._is_last else ():
                self._print(frame)
            self._out.write(CUT if self._cut else END)
            self._out.flush()

    def _print(self, frame: Frame) -> None:
        self._out.write(frame.to_line().encode() + b"\n")

    def _new_lines(self, *, last: bool) -> bytes:
        if self._log is None:
            return b""
        try:
            with open_plain(self._log) as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            return b""
        data = data if last else data[: data.rfind(b"\n") + 1]
        self._at += len(data)
        return data


def _is_file(name: str) -> bool:
    """Whether a file of the run goes home as a file: the log goes as lines."""
    return travels(name) and not name.endswith("/log")
