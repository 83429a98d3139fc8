"""A diagnostic: what is wrong or doubtful, where, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `code` is stable (`MLO101`), never reused; `cell` is the index in the notebook, `line` from 1.

    `cell_id` is that cell's id. For a cell of an included notebook `cell` is its index there, `notebook` says which one
    that is, and the message begins with that notebook's path.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    name: str | None = None
    step: str | None = None
    cell: int | None = None
    line: int | None = None
    cell_id: str | None = None
    notebook: str = ""
