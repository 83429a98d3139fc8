"""A diagnostic: what is wrong or doubtful, where, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `code` is stable (`MLO101`) and never reused; `cell` is the index in the notebook, `line` counts from 1."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    name: str | None = None
    step: str | None = None
    cell: int | None = None
    line: int | None = None
