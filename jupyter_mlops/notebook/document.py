"""The document: cells in order, read from `.ipynb` or percent-format `.py`, and written with the rest untouched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class Cell:
    """One cell. `index` counts all cells of the document from 0; `count` counts its code cells from 1.

    `notebook` names the file it comes from when another notebook is included as a group
    of steps (`index` is then the position in the expanded document, `origin_index` in that file).
    """

    index: int
    id: str
    kind: CellKind
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0
    notebook: str = ""
    origin_index: int = -1

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the cell's metadata."""
        tags = self.metadata.get("tags")
        return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()


@dataclass(frozen=True)
class Document:
    """A notebook as read. `raw` is the parsed JSON as it was, so that writing changes nothing else."""

    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")
