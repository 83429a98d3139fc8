"""The executed notebook of an attempt whose process died: what it saved, completed from its events and its log."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.keeping import EXECUTED
from jupyter_mlops.engine.lineage import attempt_lines
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.executed import ExecutedNotebook
from jupyter_mlops.runtime.outputs import DEFAULT_CAP, CellOutputs
from jupyter_mlops.runtime.plain_files import open_plain, read_plain
from jupyter_mlops.runtime.spec import CellSource, TaskSpec

DIED = "ProcessDied"


def show_killed(spec: TaskSpec, directory: Path, reason: str) -> None:
    """Write `executed.ipynb` so that it shows the cell in which the process died; nothing if no cell had begun.

    A place that cannot be written is no reason to fail: the task has failed already.
    """
    with contextlib.suppress(OSError, MlopsError):
        if spec.notebook:
            _mark_in_notebook(directory / EXECUTED, reason)
        else:
            _write(spec, directory, reason)


@dataclass(frozen=True)
class _Begun:
    """A cell that began: its place among all cells of the attempt, and where its text begins in the log."""

    position: int
    log: int


def _write(spec: TaskSpec, directory: Path, reason: str) -> None:
    cells = [*spec.setup, *spec.cells]
    begun = list(_begun(cells, directory))
    if not begun:
        return
    path = directory / EXECUTED
    saved = _cells(path)
    notebook = ExecutedNotebook(str(path), spec.notebook_metadata)
    if spec.params:
        notebook.add_parameters(spec.params, spec.paths)
    places = [notebook.add(cell, "setup") for cell in spec.setup] + [notebook.add(cell) for cell in spec.cells]
    ends = [item.log for item in begun[1:]] + [None]
    for item, end in zip(begun, ends):
        outputs = CellOutputs()
        outputs.stream("stdout", _text(directory / "log", item.log, end))
        if end is None:
            outputs.error(DIED, reason, [f"{DIED}: {reason}"])
        notebook.started(places[item.position], outputs)
    finished = {places[item.position] for item in begun[:-1]}
    # What the process saved itself has more than text.
    notebook.save(
        replacing={place: saved[place] for place in finished if place < len(saved) and _is_over(saved[place])}
    )


def _begun(cells: Sequence[CellSource], directory: Path) -> Iterator[_Begun]:
    """The cells that began, in order: events name a cell by its index in its notebook."""
    place = 0
    for line in attempt_lines(directory):
        if line.get("type") != "cell.started":
            continue
        found = next((number for number in range(place, len(cells)) if cells[number].index == line.get("cell")), None)
        if found is None:
            return
        at = line.get("log")
        yield _Begun(found, at if isinstance(at, int) and at >= 0 else 0)
        place = found + 1


def _text(path: Path, start: int, end: int | None) -> str:
    """A stretch of the log; of a long one both ends, as a process that dies says why at the end."""
    try:
        with open_plain(path) as file:
            end = file.seek(0, 2) if end is None else end
            file.seek(start)
            if end - start <= DEFAULT_CAP:
                data = file.read(max(0, end - start))
            else:
                data = file.read(DEFAULT_CAP // 2)
                file.seek(end - DEFAULT_CAP // 4)
                data += b"\n... cut: the log has all of it ...\n" + file.read(DEFAULT_CAP // 4)
    except OSError:
        return ""
    return data.decode("utf-8", "replace")


def _cells(path: Path) -> list[Mapping[str, Any]]:
    try:
        return list(json.loads(read_plain(path))["cells"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return []


def _is_over(cell: Mapping[str, Any]) -> bool:
    return "fate" in cell.get("metadata", {}).get("jupyter_mlops", {})


def _mark_in_notebook(path: Path, reason: str) -> None:
    """In a notebook that papermill ran: the error in the cell that it says is running."""
    cells = _cells(path)
    running = [cell for cell in cells if cell.get("metadata", {}).get("papermill", {}).get("status") == "running"]
    if not running:
        return
    notebook = json.loads(read_plain(path))
    cell = notebook["cells"][cells.index(running[-1])]
    error = {"output_type": "error", "ename": DIED, "evalue": reason, "traceback": [f"{DIED}: {reason}"]}
    cell["outputs"] = [*cell.get("outputs", ()), error]
    beside = path.with_suffix(".part")
    beside.write_text(
        json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", errors="backslashreplace"
    )
    beside.replace(path)
