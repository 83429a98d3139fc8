"""Included notebooks: a cell that names another notebook is replaced by that notebook's cells, as a group of steps.

Notebooks are untrusted input: an included path may not leave the project.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.notebook.cells import Cell, Document, numbered


@dataclass(frozen=True)
class Inclusion:
    """What a cell includes: the path as written and the name of the group its steps are in."""

    path: str
    group: str
    isolated: bool = False


def expand_with(document: Document, read: Callable[[Path], Document]) -> Document:
    """The document with every included notebook's cells in place; `read` reads a file."""
    if not any(inclusion(cell) for cell in document.cells):
        return document
    if document.path is None:
        raise Usage("A notebook that includes others must be a file.", hint="Save it first, and give its path.")
    base = document.path.absolute().parent
    fence = _fence(base)
    place = _Place(base, fence, read)
    cells = _expanded(document, "", (_real(document.path),), place)
    return replace(document, cells=numbered(cells), groups=place.groups)


def inclusion(cell: Cell) -> Inclusion | None:
    """What the cell includes, from our metadata or Kale's `notebook:<name>` tag; None for an ordinary cell."""
    ours = cell.metadata.get("jupyter_mlops")
    if isinstance(ours, dict) and isinstance(ours.get("notebook"), str) and ours.get("role", "step") == "step":
        path = ours["notebook"]
        return Inclusion(path, str(ours.get("step") or Path(path).stem), ours.get("isolated") is True)
    for tag in cell.tags:
        path = cell.metadata.get("notebook_path")
        if tag.startswith("notebook:") and isinstance(path, str) and path:
            return Inclusion(path, tag.removeprefix("notebook:") or Path(path).stem)
    return None


@dataclass(frozen=True)
class _Place:
    base: Path
    fence: Path
    read: Callable[[Path], Document]
    groups: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def _expanded(document: Document, group: str, chain: tuple[Path, ...], place: _Place) -> list[Cell]:
    assert document.path is not None
    name = _relative(document.path, place.base) if group else ""
    cells: list[Cell] = []
    for cell in document.cells:
        included = inclusion(cell)
        inner = None if included is None or included.isolated else _included(document.path, included, chain, place)
        if included is None or inner is None:
            cells.append(replace(cell, notebook=name, origin_index=cell.index, group=group, id=_id(group, cell)))
            continue
        assert inner.path is not None
        nested = f"{group}.{included.group}" if group else included.group
        place.groups[nested] = cell.metadata
        cells += _expanded(inner, nested, (*chain, _real(inner.path)), place)
    return cells


def _id(group: str, cell: Cell) -> str:
    """One notebook may be included twice: its cells' ids then differ by group."""
    return hashlib.sha256(f"{group}/{cell.id}".encode()).hexdigest()[:12] if group else cell.id


def _included(origin: Path, included: Inclusion, chain: tuple[Path, ...], place: _Place) -> Document | None:
    """The included notebook; None for one that is not Python: it stays one step that runs as a whole."""
    path = origin.parent / included.path
    real = _real(path)
    if Path(included.path).is_absolute() or not real.is_relative_to(place.fence):
        raise Usage(
            f"{origin.name} includes {included.path!r}, which is outside the project ({place.fence}).",
            hint="Include notebooks of the same project only, by a relative path.",
        )
    if real in chain:
        circle = " -> ".join(item.name for item in (*chain[chain.index(real) :], real))
        raise Usage(f"Notebooks include each other in a circle: {circle}.", hint="Take one of the inclusions out.")
    if not real.is_file():
        raise NotFound(
            f"{origin.name} includes {included.path!r}, which is not there.",
            hint=f"The path is relative to {origin.parent}.",
        )
    inner = place.read(path)
    return inner if inner.is_python else None


def _fence(base: Path) -> Path:
    """The folder that inclusions stay under: the project's root, else the parent of the notebook's folder."""
    for folder in (base, *base.parents):
        if (folder / ".jupyter_mlops").is_dir() or (folder / ".git").exists():
            return _real(folder)
    return _real(base).parent


def _real(path: Path) -> Path:
    return path.resolve()


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()
