"""Targets, what they can do, how they are, and contexts; all names are text of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import plain

_STATES = {
    "ok": ("succeeded", "ok  "),
    "warning": ("pending", "mind"),
    "failed": ("failed", "mend"),
    "unknown": ("pending", "?   "),
}


def target_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """What `target` answered, whichever of its actions it was."""
    if "yaml" in result:
        yield from result["yaml"].splitlines()
    elif "findings" in result:
        yield from _finding_lines(result["findings"], style)
        yield style.dim(f"{plain(result['target'])} was checked in {result['seconds']:.1f} s.")
    elif "contexts" in result:
        for item in result["contexts"]:
            mark = "*" if item["current"] else " "
            where = f"namespace {plain(item['namespace'])} at {plain(item['cluster'])} as {plain(item['user'])}"
            yield f"{mark} {style.bold(plain(item['name']))}  {style.dim(where)}"
    else:
        for item in result["targets"]:
            yield from _one(item, style, default=item["name"] == result["default"])


def _one(item: Mapping[str, Any], style: Style, *, default: bool) -> Iterator[str]:
    state = "succeeded" if item["available"] else "failed"
    where = f"  {plain(item['namespace'])} in {plain(item['context'])}" if item["context"] else ""
    word = style.dim("  (default)") if default else ""
    yield f"{style.icon(state)} {style.bold(plain(item['name']))}{where}{word}"
    if item["missing"]:
        yield f"    {plain(item['missing'])}"
        if item["hint"]:
            yield style.dim(f"    {plain(item['hint'])}")
    for found in item["capabilities"]:
        known = "?" if found["unknown"] else "yes" if found["available"] else "no"
        why = found["missing"] or found["unknown"]
        yield f"    {plain(found['name']):<10} {known}" + (style.dim(f"  {plain(why)}") if why else "")


def _finding_lines(found: Sequence[Mapping[str, Any]], style: Style) -> Iterator[str]:
    for item in found:
        state, word = _STATES[item["state"]]
        yield f"{style.icon(state)} {word}  {style.bold(plain(item['name']))}: {plain(item['said'])}"
        if item["hint"] and item["state"] != "ok":
            yield style.dim(f"        {plain(item['hint'])}")
