"""Cells of a whole notebook, run one at a time in a process of their own: the side of that process.

`serve(directory)` connects to the socket in the directory. Requests are JSON lines: a cell to run, or names to leave
with. Answers are JSON lines, too: text as it is printed, then the outputs of the cell. Python >= 3.9.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.runtime.cells import without_ansi
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.shell import open_cells
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.runtime.streams import Log

SOCKET, LOG = "socket", "log"


def serve(directory: str) -> int:
    """Run cells until the other side closes."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(os.path.join(directory, SOCKET))
        log = Log(os.path.join(directory, LOG))
        session = _Session(channel, log)
        session.answer({"ready": os.getpid()})
        with log.redirected(), channel.makefile("rb") as requests:
            for line in requests:
                session.do(json.loads(line))
    return 0


def _nobody(name: str, text: str) -> None:
    """Text between cells belongs to none."""


class _Session:
    def __init__(self, channel: socket.socket, log: Log) -> None:
        self._channel = channel
        self._log = log
        self._cells = open_cells(self._update)
        self._shown: dict[int, CellOutputs] = {}
        self._running = -1

    def answer(self, message: Mapping[str, Any]) -> None:
        """Send one line."""
        self._channel.sendall(json.dumps(message).encode() + b"\n")

    def do(self, request: dict[str, Any]) -> None:
        """Run a cell, or leave with values."""
        if "cell" in request:
            self._run(CellSource(**request["cell"]))
        else:
            self.answer(self._leave(request))

    def _run(self, cell: CellSource) -> None:
        outputs = self._shown[cell.index] = CellOutputs()

        def hear(name: str, text: str) -> None:
            outputs.stream(name, text)
            self.answer({"stream": name, "text": text})

        self._running = cell.index
        self._log.sink = hear
        try:
            error = self._cells.run(cell, outputs)
            self._log.settle()
        finally:
            self._log.sink = _nobody
            self._running = -1
        failed = None if error is None else [error.name, error.message, without_ansi(error.traceback)]
        self.answer({"done": outputs.as_list(), "error": failed})

    def _update(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str) -> None:
        """A display changes what was shown before, perhaps by another cell."""
        for index, outputs in self._shown.items():
            if outputs.update(data, metadata, display_id) and index != self._running:
                self.answer({"changed": index, "outputs": outputs.as_list()})

    def _leave(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Plain copies of `exports`, a bundle of `outputs`."""
        import dataclasses

        from jupyter_mlops.runtime import values

        namespace = self._cells.main.__dict__
        definitions = Definitions(namespace, transform=self._cells.transform)
        try:
            left: dict[str, Any] = {"exports": values.exports(request["exports"], namespace)}
            if request["outputs"]:
                bundle, outputs = values.write_outputs(
                    request["path"], request["outputs"], definitions, request["task"]
                )
                left["bundle"] = dataclasses.asdict(bundle)
                left["outputs"] = {name: dataclasses.asdict(info) for name, info in outputs.items()}
        except MlopsError as error:
            return {"refused": [type(error).__name__, error.message, error.hint]}
        return left
