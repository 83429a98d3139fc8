"""The executed notebook of a task: saved while it runs, when a cell fails, and at the end; always whole on disk."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Optional

from jupyter_mlops.runtime.errors import cannot_write
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.parameters import assignments
from jupyter_mlops.runtime.spec import CellSource

_SAVE_EVERY_S = 5.0
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class ExecutedNotebook:
    """Cells with their outputs, in the order they were added. Not thread-safe.

    `save` raises `MlopsError` if the file cannot be written (a full disk).
    """

    def __init__(self, path: str, metadata: Mapping[str, Any], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._clock = clock
        self._saved_at = clock()
        self._metadata = {**_METADATA, **metadata}
        self._cells: list[_Cell] = []

    def add_parameters(self, params: Mapping[str, Any], paths: Collection[str] = ()) -> None:
        """The cell that binds parameters, as papermill writes it: tagged `injected-parameters`."""
        metadata = {"tags": ["injected-parameters"], "jupyter_mlops": {"role": "parameters"}}
        self._cells.append(_Cell("injected-parameters", assignments(params, paths), metadata, None))

    def add(self, cell: CellSource, role: str = "step") -> int:
        """Add a cell that has not run yet; answers its position for `started`."""
        about = {"role": role, "index": cell.index}
        if cell.notebook:
            about["notebook"] = cell.notebook
        self._cells.append(_Cell(cell.id, cell.source, {"jupyter_mlops": about}, cell.count))
        return len(self._cells) - 1

    def started(self, position: int, outputs: CellOutputs) -> None:
        """A cell begins to run; its outputs are read whenever the notebook is saved."""
        cell = self._cells[position]
        cell.outputs.append(outputs)
        cell.timing["iopub.execute_input"] = _now()

    def finished(self, position: int, seconds: float, fate: str) -> None:
        """A cell is over."""
        cell = self._cells[position]
        cell.timing["shell.execute_reply"] = _now()
        about = cell.metadata["jupyter_mlops"]
        about["seconds"] = round(about.get("seconds", 0.0) + seconds, 6)
        about["fate"] = fate

    def update_display(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str) -> None:
        """Update what any cell has shown under an id."""
        for cell in self._cells:
            for outputs in cell.outputs:
                outputs.update(data, metadata, display_id)

    def save_sometimes(self) -> None:
        """Save unless that was done a few seconds ago."""
        if self._clock() - self._saved_at >= _SAVE_EVERY_S:
            self.save()

    def save(self, replacing: Optional[Mapping[int, Any]] = None) -> None:
        """Write the file, by rename; with cells by position that are put in the place of ours."""
        data = self.as_json()
        for position, cell in (replacing or {}).items():
            data["cells"][position] = cell
        partial = self.path + ".part"
        try:
            # What UTF-8 cannot say (half of a pair of surrogates) is escaped, as JSON allows.
            with open(partial, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
            os.replace(partial, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(partial)  # on a full disk the result of the task needs its place
            raise cannot_write(self.path, error) from error
        self._saved_at = self._clock()

    def as_json(self) -> dict[str, Any]:
        """The notebook in format 4.5."""
        taken: set[str] = set()
        cells = [cell.as_json(_unique(cell.id, taken)) for cell in self._cells]
        return {"cells": cells, "metadata": self._metadata, "nbformat": 4, "nbformat_minor": 5}


class _Cell:
    def __init__(self, id: str, source: str, metadata: dict[str, Any], count: Optional[int]) -> None:
        self.id = id
        self.source = source
        self.metadata = metadata
        self.count = count
        self.outputs: list[CellOutputs] = []
        self.timing: dict[str, str] = {}

    def as_json(self, id: str) -> dict[str, Any]:
        metadata = {**self.metadata, "execution": self.timing} if self.timing else self.metadata
        return {
            "cell_type": "code",
            "execution_count": self.count if self.outputs else None,
            "id": id,
            "metadata": metadata,
            "outputs": [_lines(output) for outputs in self.outputs for output in outputs.as_list()],
            "source": self.source.splitlines(keepends=True),
        }


def _lines(output: dict[str, Any]) -> dict[str, Any]:
    """Text as a list of lines, as Jupyter writes it: diffs of notebooks stay readable."""
    if output["output_type"] == "stream":
        return {**output, "text": output["text"].splitlines(keepends=True)}
    if "data" not in output:
        return output
    data = {
        kind: value.splitlines(keepends=True) if isinstance(value, str) and kind.startswith("text/") else value
        for kind, value in output["data"].items()
    }
    return {**output, "data": data}


def _unique(id: str, taken: set[str]) -> str:
    """Ids of format 4.5: 1-64 of [A-Za-z0-9_-], unique."""
    base = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in id)[:56]
    base = base or "cell"
    candidate, number = base, 1
    while candidate in taken:
        number += 1
        candidate = f"{base}-{number}"
    taken.add(candidate)
    return candidate


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06}Z"
