"""Which function knows the fixes for a code, and what it is given."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic
from jupyter_mlops.notebook.fixes.fix import Fix

FAMILIES = ("names", "steps", "options", "parameters", "magics", "values")


@dataclass(frozen=True)
class Case:
    """A diagnostic with the notebook that it is about."""

    flow: Dataflow
    item: Diagnostic

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The notebook's own code cells: those of included notebooks are in other files."""
        return tuple(cell for cell in self.flow.document.code_cells if not cell.notebook)

    @cached_property
    def cell(self) -> Cell | None:
        """The cell that the diagnostic is about."""
        return next((cell for cell in self.cells if cell.id == self.item.cell_id), None)

    @property
    def name(self) -> str:
        """The name that it is about."""
        return self.item.name or ""

    @property
    def step(self) -> str:
        """The step that it is about."""
        return self.item.step or ""

    def of_step(self, name: str) -> list[Cell]:
        """The own cells of a step."""
        return [cell for cell in self.cells if self.flow.annotations.step_of.get(cell.index) == name]

    def role(self, cell: Cell) -> str:
        """What a cell is."""
        return self.flow.annotations.roles.get(cell.index, "step")


FIXES: dict[str, Callable[[Case], Iterator[Fix]]] = {}


def fixes(*codes: str) -> Callable[[Callable[[Case], Iterator[Fix]]], Callable[[Case], Iterator[Fix]]]:
    """Register what knows the fixes of these codes."""

    def register(find: Callable[[Case], Iterator[Fix]]) -> Callable[[Case], Iterator[Fix]]:
        FIXES.update(dict.fromkeys(codes, find))
        return find

    return register


def fixes_of(flow: Dataflow, item: Diagnostic) -> list[Fix]:
    """What can be offered, best first."""
    for family in () if FIXES else FAMILIES:
        importlib.import_module(f"jupyter_mlops.notebook.fixes.{family}")
    find = FIXES.get(item.code)
    return [] if find is None or item.notebook else list(find(Case(flow, item)))


def said(cell: Cell) -> dict[str, Any]:
    """A cell's `jupyter_mlops` metadata; nothing where it is no object."""
    data = cell.metadata.get("jupyter_mlops")
    return data if isinstance(data, dict) else {}
