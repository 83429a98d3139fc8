"""What `convert` changed and what `verify` found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.render.columns import table
from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import plain

# Of a difference a person reads so much of each side; what is alike before it is left out but for a few words.
_SHOWN, _BEFORE = 240, 40
_PICTURE = re.compile(r"(?:image|video|audio)/[\w.+-]+: (?=.)", re.DOTALL)


def conversion_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """Each changed cell with its role and step, then notes, then where it went."""
    changes = result["changes"]
    if changes:
        rows = [[str(item["cell"]), item["role"] or "", item.get("step") or ""] for item in changes]
        yield from table(["cell", "role", "step"], rows, style)
    for note in result.get("notes", ()):
        yield f"note: {plain(str(note))}"
    cells = f"{len(changes)} cell{'' if len(changes) == 1 else 's'}"
    yield f"Wrote {result['output']} ({cells} changed)." if result.get("output") else f"{cells} would change."


def verification_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """`same`, or each difference with both sides."""
    if result["same"] and result.get("failure"):
        yield f"{style.icon('failed')} it fails, and in the same way: {_shown(result['failure'])}"
        yield style.dim("    Up to there it prints the same, run linearly and as a pipeline.")
        return
    if result["same"]:
        yield f"{style.icon('succeeded')} same: run linearly and as a pipeline it prints and computes the same."
        return
    differences = result["differences"]
    yield f"{style.icon('failed')} different: {len(differences)} difference{'' if len(differences) == 1 else 's'}."
    for item in differences:
        yield style.bold(_where(item))
        left, right = _both_shown(str(item.get("linear")), str(item.get("pipeline")))
        yield f"    linear:   {left}"
        yield f"    pipeline: {right}"


def _both_shown(left: str, right: str) -> tuple[str, str]:
    """Two texts cut to what a person can compare: long ones begin a little before they differ."""
    at = next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    start = max(at - _BEFORE, 0) if max(len(left), len(right)) > _SHOWN else 0
    return _shown(left, start), _shown(right, start)


def _shown(text: str, start: int = 0) -> str:
    """At most `_SHOWN` characters of a text; a picture is not to be read at all."""
    if picture := _PICTURE.match(text):
        return f"{picture[0]}({len(text) - picture.end()} characters)"
    end = start + _SHOWN
    rest = f"… ({len(text)} characters)" if len(text) > end else ""
    return f"{'…' if start and start < len(text) else ''}{plain(text[start:end])}{rest}"


def _where(item: Mapping[str, Any]) -> str:
    parts = [
        f"step {plain(str(item['step']))}" if item.get("step") else "",
        f"cell {item['cell']}" if item.get("cell") is not None else "",
        f"name {plain(str(item['name']))}" if item.get("name") else "what it printed",
    ]
    return ", ".join(part for part in parts if part)
