"""A whole notebook as a step in a pod: all of its cells in one process, with the parameters where papermill puts them.

An image need not have papermill or a kernel. The executed notebook has all cells of the source, text too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.notebook import document
from jupyter_mlops.notebook.document import Document
from jupyter_mlops.runtime.parameters import assignments
from jupyter_mlops.runtime.spec import CellSource, ErrorInfo, TaskResult, TaskSpec
from jupyter_mlops.runtime.task import EXECUTED, RESULT, run_task

CELLS_SPEC = "cells.json"
_INJECTED, _PARAMETERS = "injected-parameters", "parameters"


def run_notebook(spec: TaskSpec) -> int:
    """Do the work of a spec that is a whole notebook; 0 if it succeeded, 1 if it failed."""
    try:
        source = document.read(spec.notebook)
    except MlopsError as error:
        info = ErrorInfo(type(error).__name__, error.message, error.hint)
        text = TaskResult(fate="failed", seconds=0.0, error=info).to_json()
        Path(spec.directory, RESULT).write_text(text, encoding="utf-8")
        return 1
    as_cells = cells_spec(spec, source)
    path = Path(spec.directory, CELLS_SPEC)
    path.write_text(as_cells.to_json(), encoding="utf-8")
    status = run_task(str(path))
    _complete(Path(spec.directory, EXECUTED), source, as_cells)
    return status


def cells_spec(spec: TaskSpec, source: Document) -> TaskSpec:
    """The spec that runs the cells of a notebook: the given values are set below its cell of parameters, else above."""
    given = {**spec.params, **spec.bind}
    cells = [CellSource(cell.index, cell.id, cell.source, cell.count) for cell in source.code_cells]
    if given:
        marked = (at + 1 for at, cell in enumerate(source.code_cells) if _PARAMETERS in _tags(cell.metadata))
        cells.insert(next(marked, 0), CellSource(-1, _INJECTED, assignments(given, ()), 0))
    return replace(spec, notebook="", cells=tuple(cells), paths=())


def _complete(path: Path, source: Document, spec: TaskSpec) -> None:
    """Write the executed notebook anew, with the cells and the metadata of the source."""
    executed = json.loads(path.read_text(encoding="utf-8"))
    ran = list(zip(spec.cells, executed["cells"][-len(spec.cells) :])) if spec.cells else []
    by_index = {cell.index: data for cell, data in ran}
    cells: list[dict[str, Any]] = []
    for cell in source.cells:
        data: dict[str, Any] = {"cell_type": cell.kind, "id": cell.id, "metadata": dict(cell.metadata)}
        done = by_index.get(cell.index)
        if done is not None:
            times = {key: value for key, value in done["metadata"].items() if key == "execution"}
            data["metadata"].update(times)
            data.update({key: done[key] for key in ("execution_count", "outputs")})
        cells.append({**data, "source": cell.source.splitlines(keepends=True)})
    injected = by_index.get(-1)
    if injected is not None:
        at = next((place for place, (cell, _) in enumerate(ran) if cell.index == -1), 0)
        before = ran[at - 1][0].index + 1 if at else 0
        cells.insert(before, {**injected, "metadata": {"tags": [_INJECTED]}})
    beside = path.with_suffix(".part")
    notebook = {**executed, "cells": cells, "metadata": {**executed["metadata"], **source.metadata}}
    beside.write_bytes(json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"))
    os.replace(beside, path)


def _tags(metadata: Mapping[str, Any]) -> list[Any]:
    tags = metadata.get("tags")
    return tags if isinstance(tags, list) else []
