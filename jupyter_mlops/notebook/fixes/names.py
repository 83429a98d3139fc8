"""Fixes of what is wrong with names: spelled otherwise, imported, set, a parameter."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.fixes.fix import Edit, Fix
from jupyter_mlops.notebook.fixes.registry import Case, fixes, said
from jupyter_mlops.notebook.fixes.sources import first_line, import_of, lines_of, parsed, reads, renamed, sets
from jupyter_mlops.notebook.schema import nearest

_STAR = re.compile(r"from\s+[\w.]+\s+import\s+\*\s*(#.*)?")


@fixes("MLO101", "MLO103")
def undefined(case: Case) -> Iterator[Fix]:
    """Spell it as what is there, import it, run the cell that sets it, or make it a parameter."""
    if case.cell is None:
        return
    yield from _respelled(case, case.cell)
    yield from _imported(case, case.cell)
    yield from _not_skipped(case, case.cell)
    yield from _as_parameter(case, case.cell)


@fixes("MLO102")
def undefined_in_function(case: Case) -> Iterator[Fix]:
    """The same where the function is written."""
    for cell in case.cells:
        tree = parsed(cell.source)
        functions = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)] if tree else []
        if case.cell and cell.index <= case.cell.index and any(_reads(node, case.name) for node in functions):
            yield from _respelled(case, cell, case.cell.index - 1)
            yield from _imported(case, cell)
            return


@fixes("MLO105")
def set_later(case: Case) -> Iterator[Fix]:
    """Import it here too, if that is what the later cell does."""
    if case.cell is not None:
        yield from _imported(case, case.cell)


@fixes("MLO106")
def builtin_hidden(case: Case) -> Iterator[Fix]:
    """Call it otherwise, here and in all cells below."""
    here, new = case.cell, f"{case.name}_"
    if here is None or any(new in cell.source for cell in case.cells) or _first_is_read(here, case.name):
        return
    word = re.compile(rf"\b{re.escape(case.name)}\b")
    edits: list[Edit] = []
    for cell in case.cells:
        if cell.index >= here.index and word.search(cell.source):
            changed = renamed(cell, case.name, new)
            if not changed:
                return
            edits += changed
    yield Fix(f"Call it {new!r}", tuple(edits))


@fixes("MLO107")
def star_import(case: Case) -> Iterator[Fix]:
    """Import those names by name that nothing else sets."""
    stars = [star for facts in case.flow.facts.values() for star in facts.star_imports if star.names is None]
    cell, line = case.cell, case.item.line or 0
    if cell is None or len(stars) != 1 or not 0 < line <= len(lines_of(cell.source)):
        return
    names = sorted({problem.name for problem in case.flow.problems if problem.kind == "undefined_maybe"})
    text = lines_of(cell.source)[line - 1]
    if names and _STAR.fullmatch(text) and not any(sets(other, name) for other in case.cells for name in names):
        wanted = f"from {stars[0].module} import {', '.join(names)}"
        yield Fix(f"Import by name: {', '.join(names)}", (Edit(cell.id, line=line, replace=wanted),))


# How like a name must be to be meant: to one of the notebook, and to one of Python's many.
_NEAR, _NEARER = 0.7, 0.8
_BUILTINS = [name for name in dir(builtins) if not name.startswith("_")]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _respelled(case: Case, cell: Cell, last: int | None = None) -> Iterator[Fix]:
    """As a name that cells up to `last` surely set, those above this one where it is not given."""
    last = cell.index - 1 if last is None else last
    near = nearest(case.name, _known_before(case, last), cutoff=_NEAR) or nearest(case.name, _BUILTINS, cutoff=_NEARER)
    if near and not sets(cell, case.name):
        edits = renamed(cell, case.name, near)
        if edits:
            yield Fix(f"Read {near!r} instead", edits)


def _known_before(case: Case, last: int) -> set[str]:
    """Names that are surely there after the cell of this index."""
    names = {item.name for item in case.flow.annotations.parameters}
    for index, facts in sorted(case.flow.facts.items()):
        if index <= last:
            names |= {name for name, store in facts.stores.items() if store.sure and store.kind != "delete"}
            names -= {name for name, store in facts.stores.items() if store.kind == "delete"}
    return names - {case.name}


def _imported(case: Case, cell: Cell) -> Iterator[Fix]:
    places = reads(cell, case.name)
    dotted = bool(places) and all(isinstance(place, ast.Attribute) for place in places)
    others = [other for other in case.cells if other.index != cell.index and case.role(other) != "skip"]
    statement = import_of(case.name, others, dotted=dotted)
    if statement:
        yield Fix(f"Add `{statement}`", (Edit(cell.id, line=first_line(cell), insert=statement),))


def _not_skipped(case: Case, cell: Cell) -> Iterator[Fix]:
    for other in case.cells:
        if other.index < cell.index and said(other).get("role") == "skip" and sets(other, case.name):
            yield Fix(f"Run cell {other.position} too, which sets it", (Edit(other.id, metadata={"role": None}),))
            return


def _as_parameter(case: Case, cell: Cell) -> Iterator[Fix]:
    """Only of a name that is used as a value: nobody gives a function or a module as a parameter."""
    places = reads(cell, case.name)
    if not places or any(
        isinstance(place, ast.Attribute) or (isinstance(place, ast.Call) and _calls(place, case.name))
        for place in places
    ):
        return
    for other in case.cells:
        if case.role(other) == "parameters" and other.index < cell.index:
            end = len(lines_of(other.source)) + 1
            yield Fix("Make it a parameter", (Edit(other.id, line=end, insert=f"{case.name} = None"),))
            return


def _calls(node: ast.Call, name: str) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == name


def _reads(function: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(function))


def _first_is_read(cell: Cell, name: str) -> bool:
    """Whether the cell reads the builtin before it hides it: in the value that hides it, or above."""
    for statement in getattr(parsed(cell.source), "body", ()):
        found = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == name]
        if found:
            return any(isinstance(node.ctx, ast.Load) for node in found)
    return True
