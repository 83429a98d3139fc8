"""What the pod of an attempt prints: lines of the task's log as they are, all else of the run's folder as frames.

So `argo logs` and `kubectl logs` show what the notebook printed, and who follows the run gets its files too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jupyter_mlops.store.mirror import Sender

_LOOK_EVERY_S = 0.3
END = b'{"mlops": "end"}\n'
"""The last line of ours: what comes after it is Argo's."""
# Values stay in the cluster; events of attempts are in the run's own.
_STAYS = (".bundle", ".part", ".lock", "/log")


class PodOutput:
    """Prints what is new of the files of a run that it is told to show, and the lines of one log. One thread shows."""

    def __init__(self, folder: Path, out: BinaryIO) -> None:
        self._sender = Sender(folder, lambda name: name.startswith(self._shown) and not name.endswith(_STAYS))
        self._out = out
        self._shown: tuple[str, ...] = ()
        self._folder = folder
        self._log: Path | None = None
        self._at = 0

    def show(self, path: Path, *, log: bool = False) -> None:
        """From now on, print the files whose path begins so; with `log` also the lines of the log in this folder."""
        self._shown = (*self._shown, path.relative_to(self._folder).as_posix())
        if log:
            self._log = path / "log"

    def tell(self, *, last: bool = False) -> None:
        """Print what is new; the `last` time also a line of the log that has no end."""
        for frame in self._sender.look():
            self._out.write(frame.to_line().encode() + b"\n")
        data = self._new_lines(last=last)
        if data:
            self._out.write(data if data.endswith(b"\n") else data + b"\n")
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
            self._out.write(END)
            self._out.flush()

    def _new_lines(self, *, last: bool) -> bytes:
        if self._log is None:
            return b""
        try:
            with self._log.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            return b""
        data = data if last else data[: data.rfind(b"\n") + 1]
        self._at += len(data)
        return data
