"""What is wrong in the annotations: facts without a verdict. `diagnostics` gives each kind its code and severity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `cell` is an index in the (expanded) document, `line` counts from 1."""

    kind: str
    message: str
    hint: str = ""
    name: str = ""
    step: str = ""
    cell: int | None = None
    line: int | None = None
