"""Lists of runs, and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlops.cli.render.columns import table, width_of
from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.tables import RUN_COLUMNS, run_cells

# On a narrow screen: so much of an id, so that these columns can be seen.
_SHORT, _NEEDED, _GAPS = 8, 5, 4
# Colours may pass to a terminal; what moves the cursor, sets titles or asks for answers may not.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[@-OQ-WYZ\\`-~])"
)


def runs_lines(rows: Sequence[Mapping[str, Any]], style: Style) -> Iterator[str]:
    """A table of runs, newest first."""
    if not rows:
        yield "No runs."
        return
    marked = [run_cells(row, icon=lambda state: Style(unicode=style.unicode).icon(state)) for row in rows]
    if max(width_of("  ".join(cells[:_NEEDED])) for cells in marked) + _GAPS > style.width:
        # The end of an id tells runs apart, and every verb takes it; the beginning is the time.
        marked = [[cells[0][-_SHORT:], *cells[1:]] for cells in marked]
    yield from table(RUN_COLUMNS, marked, style)


def log_lines(result: Any, style: Style) -> Iterator[str]:
    """The log as it was printed; `{"logs": [{"task", "text"}]}` gets a heading a task."""
    if isinstance(result, str):
        yield from _printable(result, style).splitlines()
        return
    logs = result.get("logs", [])
    if not any(item.get("text") for item in logs):
        yield style.dim("Nothing was printed.")
        return
    for item in logs:
        if len(logs) > 1:
            yield style.bold(f"--- {item.get('task') or item.get('step')}")
        yield from _printable(item.get("text") or "", style).splitlines()


def _printable(text: str, style: Style) -> str:
    return _ESCAPES.sub("", text) if style.color else text
