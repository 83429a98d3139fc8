"""Diagnostics the way compilers print them, and the doctor's checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlops.cli.style import Style
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic
from jupyter_mlops.widgets.states import plain

_FINDINGS = {True: ("succeeded", "ok  "), False: ("failed", "mend"), None: ("pending", "?   ")}
_COLORS = {"error": "31", "warning": "33", "info": "36"}


def diagnostic_lines(found: Sequence[Diagnostic], path: str, style: Style) -> Iterator[str]:
    """`nb.ipynb: cell 3 line 2: error MLO101 ...`, the way out below, and a count."""
    for item in found:
        kind = style.paint(_COLORS.get(item.severity, ""), f"{item.severity} {item.code}")
        yield f"{style.bold(_where(item, path))} {kind} {plain(item.message)}"
        if item.hint:
            yield style.dim(f"    {plain(item.hint)}")
    yield _count(found, path)


def doctor_lines(checks: Sequence[Mapping[str, Any]], style: Style) -> Iterator[str]:
    """One line a check: its mark, its name, what was found; below it what to do."""
    for check in checks:
        state, word = _FINDINGS[check["ok"]]
        yield f"{style.icon(state)} {word}  {style.bold(plain(check['check']))}: {plain(check['message'])}"
        if check.get("hint") and not check["ok"]:
            yield style.dim(f"        {plain(check['hint'])}")


def _where(item: Diagnostic, path: str) -> str:
    if item.cell is None:
        return f"{plain(path)}:"
    line = f" line {item.line}" if item.line else ""
    return f"{plain(path)}: cell {item.cell}{line}:"


def _count(found: Sequence[Diagnostic], path: str) -> str:
    if not found:
        return f"{plain(path)}: nothing to complain about."
    counts: Counter[str] = Counter(item.severity for item in found)
    words = [f"{count} {name}{_plural(name, count)}" for name in _COLORS if (count := counts[name])]
    return f"{plain(path)}: {', '.join(words)}."


def _plural(name: str, count: int) -> str:
    return "s" if count != 1 and name != "info" else ""
