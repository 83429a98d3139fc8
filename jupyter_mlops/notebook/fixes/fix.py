"""A fix as data: a title for people, and edits that belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Edit:
    """One change of the cell with this id.

    `metadata` is merged into the cell's `jupyter_mlops` metadata, where None removes a key; or `insert` comes in front
    of `line` (behind the last one: at the end), or `replace` takes its place. Lines are those before the fix.
    """

    cell: str
    metadata: Mapping[str, Any] | None = None
    line: int | None = None
    insert: str | None = None
    replace: str | None = None

    def to_data(self) -> dict[str, Any]:
        """Without what it does not say."""
        if self.metadata is not None:
            return {"cell": self.cell, "metadata": dict(self.metadata)}
        change = {"insert": self.insert} if self.insert is not None else {"replace": self.replace}
        return {"cell": self.cell, "line": self.line, **change}


@dataclass(frozen=True)
class Fix:
    """Something to offer; all of its edits are made, or none."""

    title: str
    edits: tuple[Edit, ...]

    def to_data(self) -> dict[str, Any]:
        """`{"title", "edits": [{"cell", "metadata"} | {"cell", "line", "insert" | "replace"}]}`."""
        return {"title": self.title, "edits": [edit.to_data() for edit in self.edits]}
