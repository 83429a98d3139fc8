"""Lists of runs as tables: text for a terminal, HTML for a notebook. Cell values never become markup."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jupyter_mlops.widgets.states import look, number_text, plain, seconds_text

RUN_COLUMNS = ("run", "pipeline", "state", "started", "took", "metrics", "params")

_CSS = (
    ".mlops-table{border-collapse:collapse;font-size:13px}"
    # Named twice: a notebook's own rule for tables, which aligns to the right, must not win.
    ".mlops-table.mlops-table th,.mlops-table.mlops-table td{padding:3px 10px;text-align:left;"
    "border-bottom:1px solid var(--jp-border-color2,#8883)}"
    ".mlops-table.mlops-table td.mlops-number{text-align:right;font-variant-numeric:tabular-nums}"
)


def run_cells(row: Mapping[str, Any], *, icon: Callable[[str], str] | None = None) -> list[str]:
    """One run as the texts of `RUN_COLUMNS`. `started` of the row is in seconds since the epoch, or text."""
    state = str(row.get("state", ""))
    mark = icon(state) if icon else look(state).icon
    return [
        str(row.get("run", "")),
        str(row.get("pipeline", "")),
        f"{mark} {state}",
        _moment(row.get("started")),
        seconds_text(row.get("seconds")),
        _values(row.get("metrics")),
        _values(row.get("params")),
    ]


def runs_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """A list of runs as plain text, columns lined up."""
    cells = [[plain(cell) for cell in run_cells(row)] for row in rows]
    if not cells:
        return "No runs."
    table = [list(RUN_COLUMNS), *cells]
    widths = [max(len(row[column]) for row in table) for column in range(len(RUN_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def runs_html(rows: Iterable[Mapping[str, Any]]) -> str:
    """A list of runs as an HTML table."""
    cells = [run_cells(row) for row in rows]
    return table_html(RUN_COLUMNS, cells) if cells else "<p>No runs.</p>"


def table_html(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Any table as HTML; every text is escaped, numbers stand at the right."""
    top = "".join(f'<th scope="col">{_escaped(cell)}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<style>{_CSS}</style><table class="mlops-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def lines_html(lines: Iterable[str]) -> str:
    """Lines of plain text as HTML that keeps their columns."""
    return f"<pre>{_escaped(chr(10).join(lines))}</pre>"


def _cell(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f'<td class="mlops-number">{_escaped(number_text(value))}</td>'
    return f"<td>{_escaped(value)}</td>"


def _escaped(value: object) -> str:
    return html.escape(str(value), quote=True)


def _moment(started: object) -> str:
    if isinstance(started, (int, float)):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started))
    return str(started or "")


def _values(values: object) -> str:
    if not isinstance(values, Mapping):
        return ""
    return " ".join(f"{name}={number_text(value)}" for name, value in list(values.items())[:5])
