"""Fixes of values and state that do not leave a step: a list, a setup cell, a seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jupyter_mlops.notebook.cell_syntax import import_aliases
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.diagnostics.hidden_state import sharers
from jupyter_mlops.notebook.fixes.fix import Edit, Fix
from jupyter_mlops.notebook.fixes.registry import Case, fixes
from jupyter_mlops.notebook.fixes.sources import first_line, lines_of, parsed
from jupyter_mlops.notebook.fixes.step_edits import as_setup

# By hidden state: the module that has the generator, how it is imported, and how it is seeded.
_SEEDS = {
    "random.state": ("random", "import random", "{}.seed({})"),
    "numpy.random.state": ("numpy", "import numpy as np", "{}.random.seed({})"),
    "torch.random.state": ("torch", "import torch", "{}.manual_seed({})"),
}
# What each step may make anew: nothing outside the process notices.
_MADE_ANEW = ("is a lock", "is a connection")


@fixes("MLO301")
def stays_in_its_process(case: Case) -> Iterator[Fix]:
    """Hand on a list instead of a generator; make a lock or a connection in every step."""
    if case.cell is None:
        return
    if "is a generator" in case.item.message:
        yield from _as_list(case, case.cell)
    elif any(what in case.item.message for what in _MADE_ANEW):
        yield from process_state(case)


@fixes("MLO702", "MLO703")
def process_state(case: Case) -> Iterator[Fix]:
    """Mark the cell as setup, if it takes nothing from a step."""
    if case.cell is not None and (edits := as_setup(case, case.cell)):
        yield Fix("Mark as setup: it runs in every step", edits)


@fixes("MLO701")
def shared_generator(case: Case) -> Iterator[Fix]:
    """Seed the generator at the beginning of each step."""
    module, statement, call = _SEEDS[case.name]
    users = next((users for state, users in sharers(case.flow) if state == case.name), [])
    edits = []
    for number, step in enumerate(users, 1):
        cells = [cell for cell in case.cells if cell.index in step.declaration.cells]
        if not cells:
            return
        above = import_aliases(cell.source for cell in case.cells if cell.index < cells[0].index)
        alias = next((name for name, meant in above.items() if meant == module), "")
        lines = [call.format(alias or statement.split()[-1], number)]
        text = "\n".join(lines if alias else [statement, *lines])
        edits.append(Edit(cells[0].id, line=first_line(cells[0]), insert=text))
    if edits:
        yield Fix("Seed it anew in each step (this changes the numbers)", tuple(edits))


def _as_list(case: Case, cell: Cell) -> Iterator[Fix]:
    """`list(...)` around a call, `[...]` instead of `(...)` around an expression."""
    tree = parsed(cell.source)
    for node in tree.body if tree else ():
        if not isinstance(node, ast.Assign) or node.lineno != case.item.line or node.lineno != node.end_lineno:
            continue
        if not any(isinstance(target, ast.Name) and target.id == case.name for target in node.targets):
            continue
        value = node.value
        raw = lines_of(cell.source)[node.lineno - 1].encode()
        before, text, after = (
            raw[: value.col_offset],
            raw[value.col_offset : value.end_col_offset],
            raw[value.end_col_offset :],
        )
        if isinstance(value, ast.GeneratorExp):
            made = b"[" + text[1:-1] + b"]"
        elif isinstance(value, ast.Call):
            made = b"list(" + text + b")"
        else:
            return
        replaced = (before + made + after).decode()
        yield Fix("Make it a list", (Edit(cell.id, line=node.lineno, replace=replaced),))
        return
