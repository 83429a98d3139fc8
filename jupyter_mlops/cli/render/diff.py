"""Two runs side by side: what differs, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import number_text, plain

_SECTIONS = ("params", "metrics", "source", "environment", "tasks")


def diff_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """Each section with its differences; a run pair without any says so."""
    sections = [name for name in _SECTIONS if result.get(name)]
    if not sections:
        yield "The two runs have the same parameters, metrics, source, environment and results."
    for section in sections:
        yield style.bold(section)
        yield from _section(result[section], style)


def _section(items: Any, style: Style) -> Iterator[str]:
    if isinstance(items, str):
        yield from (_source_line(line, style) for line in items.splitlines())
        return
    for name, value in items.items() if isinstance(items, Mapping) else enumerate(items):
        if isinstance(value, Mapping):
            yield f"  {plain(str(name))}: {_task(value, style)}"
        elif isinstance(value, str):
            yield f"  {plain(str(name))}"
            yield from (_source_line(line, style) for line in value.splitlines())
        else:
            yield f"  {plain(str(name))}: {_change(value, style)}"


def _task(value: Mapping[str, Any], style: Style) -> str:
    """How a task ended in both, or what it made that differs."""
    before, after = value["state"]
    parts = [_change((before, after), style)] if before != after else []
    parts += [f"other content: {', '.join(map(plain, value['outputs']))}"] if value["outputs"] else []
    return "; ".join(parts)


def _change(value: Any, style: Style) -> str:
    if isinstance(value, (list, tuple)) and len(value) == 2:
        before, after = (style.dim("none") if side is None else plain(number_text(side)) for side in value)
        return f"{before} {style.glyph('→', '->')} {after}"
    return plain(number_text(value))


def _source_line(line: str, style: Style) -> str:
    color = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "")
    return f"    {style.paint(color, plain(line))}"
