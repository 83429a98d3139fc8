"""A notebook that is being written: its pipeline, its diagnostics, and metadata for it, from its text alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_mlops.notebook import convert as conversion
from jupyter_mlops.notebook import document
from jupyter_mlops.notebook.annotations import By
from jupyter_mlops.notebook.collection import without_collection
from jupyter_mlops.notebook.diagnostics import OF_THIS_MACHINE, Diagnostic
from jupyter_mlops.notebook.fixes import fixes_of
from jupyter_mlops.verbs.graph import describe
from jupyter_mlops.verbs.sources import NotebookSource, analysed

Content = str | Mapping[str, Any]


def analyse(content: Content, path: Path, *, by: By = "auto", here: bool = True) -> dict[str, Any]:
    """What the notebook is as a pipeline, as if `content` (text, or JSON as data) were in the file at `path`.

    Nothing is read or written there.

    `{"name", "origin", "steps", "edges"}` as `graph` gives them, `"cells": [{"cell", "id", "role", "step"}]` (cells of
    included notebooks are left out), `"parameters": [{"name", "type", "default", "required", "help", "cell"}]` and
    `"diagnostics"` as `check` gives them, with `"fixes": [{"title", "edits"}]` (see `notebook.fixes`). Not `here`: the
    notebook runs in another environment than this process, so that nothing is said of libraries that are missing.

    Raises:
        NotANotebook: the text is none.
    """
    with without_collection():
        return _told(analysed(_read(content, path), by=by), here=here)


def converted(content: Content, path: Path, *, by: By = "auto") -> dict[str, Any]:
    """The metadata that a conversion writes: `{"cells": [{"cell", "id", "metadata"}], "metadata", "notes"}`.

    `metadata` of a cell is its whole `jupyter_mlops` key; only cells that change are there.

    Raises:
        NotANotebook: the text is none.
    """
    before = _read(content, path)
    after, notes = conversion.convert(before, by=by)
    cells = [
        {"cell": new.index, "id": new.id, "metadata": new.metadata.get("jupyter_mlops")}
        for old, new in zip(before.cells, after.cells, strict=True)
        if old.metadata != new.metadata
    ]
    return {"cells": cells, "metadata": after.metadata.get("jupyter_mlops"), "notes": list(notes)}


def _told(source: NotebookSource, *, here: bool) -> dict[str, Any]:
    found = [item for item in source.diagnostics() if here or item.code not in OF_THIS_MACHINE]
    return {
        **describe(source.pipeline()),
        "origin": source.flow.annotations.origin if source.flow else "whole",
        "cells": _cells(source),
        "parameters": [asdict(item) for item in source.flow.annotations.parameters] if source.flow else [],
        "diagnostics": [{**vars(item), "fixes": _fixes(source, item)} for item in found],
    }


def _read(content: Content, path: Path) -> document.Document:
    return document.read_text(content, path) if isinstance(content, str) else document.read_data(content, path)


def _fixes(source: NotebookSource, item: Diagnostic) -> list[dict[str, Any]]:
    return [fix.to_data() for fix in fixes_of(source.flow, item)] if source.flow else []


def _cells(source: NotebookSource) -> list[dict[str, Any]]:
    if source.flow is None:
        return []
    roles, steps = source.flow.annotations.roles, source.flow.annotations.step_of
    return [
        {"cell": cell.index, "id": cell.id, "role": roles.get(cell.index, "step"), "step": steps.get(cell.index)}
        for cell in source.document.code_cells
        if not cell.notebook
    ]
