"""Cells and documents as data; `document` reads and writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class Cell:
    """One cell. `index` counts all cells of the document from 0; `count` counts its code cells from 1.

    `notebook` names the file it comes from when another notebook is included as a group of steps (relative to the
    including document's folder); `group` is then the name of that group. `index` is the position in the expanded
    document, `origin_index` the position in the file (-1: the same).
    """

    index: int
    id: str
    kind: CellKind
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0
    notebook: str = ""
    origin_index: int = -1
    group: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the cell's metadata."""
        tags = self.metadata.get("tags")
        return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()

    @property
    def position(self) -> int:
        """Where people find the cell: its index in the file that it comes from."""
        return self.index if self.origin_index < 0 else self.origin_index


@dataclass(frozen=True)
class Layout:
    """How a file's text was laid out, so that writing it again changes nothing else."""

    indent: str | None = " "
    ascii: bool = False
    newline: str = "\n"
    final_newline: bool = True
    bom: bool = False
    separator: str = ": "


@dataclass(frozen=True)
class Document:
    """A notebook as read. `raw` is the parsed JSON as it was, so that writing changes nothing else.

    For a percent-format script `raw` holds the pieces of its text. `groups` is filled by `expand`: the metadata of the
    cell that included each group. `text` is a notebook file's text, which writing changes only in its changed values.
    """

    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    layout: Layout = Layout()
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    text: str = field(default="", repr=False, compare=False)

    @cached_property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def kernel(self) -> str:
        """The name of the kernel spec; empty when the file names none."""
        return str(self._section("kernelspec").get("name") or "")

    @property
    def language(self) -> str:
        """The kernel's language in lower case, e.g. `python`; empty when the file does not say."""
        language = self._section("kernelspec").get("language") or self._section("language_info").get("name")
        return str(language or "").lower()

    @property
    def is_python(self) -> bool:
        """Whether its cells are Python; a file that does not say is taken for it."""
        return self.language in ("", "python", "ipython")

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.metadata.get(name)
        return section if isinstance(section, dict) else {}


def numbered(cells: list[Cell]) -> tuple[Cell, ...]:
    """The cells with `index` and `count` as their place in the list gives them."""
    placed, count = [], 0
    for index, cell in enumerate(cells):
        code = cell.kind == "code"
        count += code
        number = count if code else 0
        in_place = cell.index == index and cell.count == number
        placed.append(cell if in_place else replace(cell, index=index, count=number))
    return tuple(placed)
