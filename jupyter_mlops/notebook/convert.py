"""Writing step metadata into a notebook that has none, or has Kale's: what reading it gave is then said in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_mlops.notebook import kale
from jupyter_mlops.notebook.annotations import Annotations, By, StepDeclaration, annotate
from jupyter_mlops.notebook.cells import Cell, Document
from jupyter_mlops.notebook.include import inclusion
from jupyter_mlops.notebook.marks import PARAMETER_TAGS
from jupyter_mlops.notebook.python_source import cell_magic
from jupyter_mlops.notebook.step_options import OPTION_NAMES


def convert(document: Document, *, by: By = "auto") -> tuple[Document, list[str]]:
    """The document with a role and a step in the metadata of every code cell, and notes on what has no counterpart.

    Tags, Kale's settings and everything else stay. Converting twice changes nothing more.
    """
    annotations = annotate(document, by=by)
    firsts = {step.cells[0]: step for step in annotations.steps if step.cells}
    cells = tuple(
        _converted(cell, annotations, firsts.get(cell.index)) if cell.kind == "code" else cell
        for cell in document.cells
    )
    metadata = _with_pipeline(document.metadata, annotations.pipeline)
    return replace(document, cells=cells, metadata=metadata), _notes(document)


def changes(before: Document, after: Document) -> list[dict[str, Any]]:
    """What a conversion says of each code cell that it changed: `{"cell", "role", "step"}`."""
    found = []
    for old, new in zip(before.cells, after.cells, strict=True):
        ours = new.metadata.get("jupyter_mlops")
        if old.metadata != new.metadata and isinstance(ours, dict):
            found.append({"cell": new.index, "role": ours.get("role"), "step": ours.get("step")})
    return found


def _converted(cell: Cell, annotations: Annotations, first: StepDeclaration | None) -> Cell:
    if inclusion(cell) is not None and not isinstance(cell.metadata.get("jupyter_mlops"), dict):
        return _with(cell, _inclusion(cell))
    role = annotations.roles[cell.index]
    if role == "parameters" and PARAMETER_TAGS & set(cell.tags) and not cell.metadata.get("jupyter_mlops"):
        return cell
    if inclusion(cell) is not None or cell_magic(cell.source) == "step":
        return cell
    ours: dict[str, Any] = {"role": role}
    if role == "step":
        ours["step"] = annotations.step_of[cell.index]
    if first is not None:
        ours |= _of_step(first)
    return _with(cell, ours)


def _inclusion(cell: Cell) -> dict[str, Any]:
    """Kale's inclusion of another notebook as ours."""
    included = inclusion(cell)
    assert included is not None
    tagged = kale.read_cell(cell)
    ours: dict[str, Any] = {"role": "step", "step": included.group, "notebook": included.path}
    if tagged is not None:
        ours |= {**({"after": list(tagged.after)} if tagged.after else {}), **tagged.options}
    return ours


def _of_step(step: StepDeclaration) -> dict[str, Any]:
    """What the first cell of a step says for all of it."""
    said: dict[str, Any] = {}
    if step.title and step.title.casefold().replace(" ", "_") != step.name:
        said["title"] = step.title
    if step.after:
        said["after"] = list(step.after)
    return said | dict(step.options)


def _with(cell: Cell, ours: dict[str, Any]) -> Cell:
    """The cell with our metadata; the same object where nothing changes, keys that we do not know kept."""
    old = cell.metadata.get("jupyter_mlops")
    unknown = {key: value for key, value in old.items() if key not in _KEYS} if isinstance(old, dict) else {}
    merged = {**ours, **unknown}
    if merged == old:
        return cell
    return replace(cell, metadata={**cell.metadata, "jupyter_mlops": merged})


def _with_pipeline(metadata: Mapping[str, Any], pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
    old = metadata.get("jupyter_mlops")
    ours = {**(old if isinstance(old, dict) else {}), "pipeline": dict(pipeline)}
    if not pipeline or ours == old:
        return metadata
    return {**metadata, "jupyter_mlops": ours}


def _notes(document: Document) -> list[str]:
    """What Kale's tags and settings ask for that has no counterpart here, by cell."""
    notes = [f"notebook: {note}" for note in kale.read_notebook(document.metadata).notes]
    for cell in document.code_cells:
        found = kale.read_cell(cell)
        if found is not None:
            notes += [f"cell {cell.index}: {note}" for note in (*found.notes, *found.wrong)]
    return notes


_KEYS = frozenset({"role", "step", "title", "after", "notebook", "isolated", *OPTION_NAMES})
