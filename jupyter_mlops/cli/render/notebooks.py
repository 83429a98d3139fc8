"""What `convert` changed and what `verify` found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.render.columns import table
from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import plain


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
    if result["same"]:
        yield f"{style.icon('succeeded')} same: run linearly and as a pipeline it prints and computes the same."
        return
    differences = result["differences"]
    yield f"{style.icon('failed')} different: {len(differences)} difference{'' if len(differences) == 1 else 's'}."
    for item in differences:
        yield style.bold(_where(item))
        yield f"    linear:   {plain(str(item.get('linear')))}"
        yield f"    pipeline: {plain(str(item.get('pipeline')))}"


def _where(item: Mapping[str, Any]) -> str:
    parts = [
        f"step {plain(str(item['step']))}" if item.get("step") else "",
        f"cell {item['cell']}" if item.get("cell") is not None else "",
        f"name {plain(str(item['name']))}" if item.get("name") else "what it printed",
    ]
    return ", ".join(part for part in parts if part)
