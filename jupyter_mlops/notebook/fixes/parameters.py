"""Fixes of a parameters cell: the type that a default has, and what is no parameter into the next cell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from jupyter_mlops.notebook.cell_syntax import cell_syntax
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.fixes.fix import Edit, Fix
from jupyter_mlops.notebook.fixes.registry import Case, fixes, said
from jupyter_mlops.notebook.fixes.sources import first_line, lines_of, parsed, reads
from jupyter_mlops.notebook.parameter_types import type_of_value
from jupyter_mlops.notebook.parameters import read_parameters
from jupyter_mlops.notebook.python_source import is_python


@fixes("MLO401")
def wrong_default(case: Case) -> Iterator[Fix]:
    """Declare it as what its default is."""
    statement = _statement(case)
    if case.cell is None or not isinstance(statement, ast.AnnAssign) or statement.value is None:
        return
    written = statement.annotation
    if written.lineno != written.end_lineno:
        return
    try:
        kind = str(type_of_value(ast.literal_eval(statement.value)))
    except (ValueError, TypeError, SyntaxError):
        return
    lines = lines_of(case.cell.source)
    raw = lines[written.lineno - 1].encode()
    text = (raw[: written.col_offset] + kind.encode() + raw[written.end_col_offset :]).decode()
    lines[written.lineno - 1] = text
    wrong = read_parameters([replace(case.cell, source="\n".join(lines))])[1]
    if not any(problem.name == case.name for problem in wrong):
        yield Fix(f"Declare it as {kind}", (Edit(case.cell.id, line=written.lineno, replace=text),))


@fixes("MLO402")
def not_a_parameter(case: Case) -> Iterator[Fix]:
    """Move it to the beginning of the next cell, if that is a step's and what it sets is only read from there on."""
    statement, cell = _statement(case), case.cell
    below = next((other for other in case.cells if cell and other.index > cell.index), None)
    if cell is None or statement is None or below is None or case.role(below) != "step" or not is_python(below.source):
        return
    decorators = getattr(statement, "decorator_list", ())
    first = min([statement.lineno, *(item.lineno for item in decorators)])
    numbers = range(first, (statement.end_lineno or statement.lineno) + 1)
    if _shared(cell, statement, numbers):
        return
    moved = "\n".join(lines_of(cell.source)[number - 1] for number in numbers)
    if _is_read_elsewhere(case, cell, below, moved):
        return
    gone = tuple(Edit(cell.id, line=number, replace="") for number in numbers)
    yield Fix("Move it to the next cell", (*gone, Edit(below.id, line=first_line(below), insert=moved)))


def _statement(case: Case) -> ast.stmt | None:
    tree = parsed(case.cell.source) if case.cell else None
    return next((node for node in (tree.body if tree else ()) if node.lineno == case.item.line), None)


def _is_read_elsewhere(case: Case, cell: Cell, below: Cell, moved: str) -> bool:
    """Whether something needs what these lines set that does not come after the cell below, or this may not run."""
    syntax = cell_syntax(moved)
    names = {*syntax.stored, *syntax.imported}
    if names and any("when" in said(other) or "for_each" in said(other) for other in case.of_step(_step(case, below))):
        return True
    setup = [other for other in case.cells if case.role(other) == "setup"]
    rest = replace(cell, source=cell.source.replace(moved, ""))
    return any(reads(other, name) for other in (rest, *setup) for name in names)


def _step(case: Case, cell: Cell) -> str:
    return case.flow.annotations.step_of.get(cell.index, "")


def _shared(cell: Cell, statement: ast.stmt, numbers: range) -> bool:
    """Whether another statement stands on its lines."""
    tree = parsed(cell.source)
    others = [node for node in (tree.body if tree else ()) if node.lineno != statement.lineno or node.col_offset]
    return any(node.lineno in numbers or (node.end_lineno or 0) in numbers for node in others)
