"""Fixes of magics that make no sense in a step: out with the line, or the cell skipped."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.diagnostics.magics import INSTALL
from jupyter_mlops.notebook.fixes.fix import Edit, Fix
from jupyter_mlops.notebook.fixes.registry import Case, fixes
from jupyter_mlops.notebook.fixes.sources import lines_of
from jupyter_mlops.notebook.fixes.step_edits import is_waited_for_by_name
from jupyter_mlops.notebook.python_source import lines_with_magics


@fixes("MLO601", "MLO606")
def session_magic(case: Case) -> Iterator[Fix]:
    """Make the line a comment."""
    if case.cell is not None and case.item.line and (edit := _comment(case.cell, case.item.line)):
        yield Fix("Comment it out", (edit,))


@fixes("MLO604")
def installs_packages(case: Case) -> Iterator[Fix]:
    """Skip a cell that does nothing else; else make its lines comments."""
    if case.cell is None:
        return
    code = [line for line in lines_of(case.cell.source) if line.strip() and not line.lstrip().startswith("#")]
    if all(INSTALL.match(line) for line in code) and not _is_a_step_for_others(case, case.cell):
        yield Fix("Skip the cell", (Edit(case.cell.id, metadata={"role": "skip", "step": None}),))
        return
    found = lines_with_magics(case.cell.source)
    edits = [_comment(case.cell, number) for number, text in found if INSTALL.match(text)]
    if all(edits):
        yield Fix("Comment it out", tuple(edit for edit in edits if edit))


def _is_a_step_for_others(case: Case, cell: Cell) -> bool:
    """Whether the cell is all of a step that others are declared to come after."""
    step = case.flow.annotations.step_of.get(cell.index, "")
    return case.of_step(step) == [cell] and is_waited_for_by_name(case, cell)


def _comment(cell: Cell, number: int) -> Edit | None:
    """The line of a magic as a comment; None where it belongs to more than itself: a block, a next line."""
    lines = lines_of(cell.source)
    text = lines[number - 1] if number <= len(lines) else ""
    if not text.startswith(("%", "!")) or text.startswith("%%") or text.rstrip().endswith("\\"):
        return None
    return Edit(cell.id, line=number, replace=f"# {text}")
