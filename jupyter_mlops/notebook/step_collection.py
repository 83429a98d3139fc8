"""From the cells in order to the steps: what each does as a whole, with the definitions in force around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from jupyter_mlops.notebook.annotations import StepDeclaration
from jupyter_mlops.notebook.controls import read_controls
from jupyter_mlops.notebook.facts import CellFacts, Read
from jupyter_mlops.notebook.in_force import Definitions
from jupyter_mlops.notebook.linear_run import CellRun, LinearRun
from jupyter_mlops.notebook.random_flow import unseeded
from jupyter_mlops.notebook.shared_objects import SharedObjects
from jupyter_mlops.notebook.step_effects import StepEffects
from jupyter_mlops.notebook.step_links import Base, Linker, live_after

_CLASS = re.compile(r"^class\s", re.MULTILINE)


def collect(declarations: Sequence[StepDeclaration], run: LinearRun, parameters: frozenset[str]) -> list[StepEffects]:
    """What each step does, in order."""
    collection = _Collection(run, parameters)
    for declaration in declarations:
        collection.add(declaration)
    return collection.steps


def link_steps(steps: Sequence[StepEffects], run: LinearRun, parameters: frozenset[str]) -> Linker:
    """Find who gives what to whom."""
    setup: dict[str, int] = {}
    for cell in run.cells:
        if cell.role == "setup":
            for name in cell.effects.writes:
                setup.setdefault(name, cell.time)
    linker = Linker(Base(parameters, setup), SharedObjects(run))
    pending = [cell for cell in run.cells if cell.role == "setup"]
    for step, live in zip(steps, live_after(steps), strict=True):
        last = step.cells[-1].time if step.cells else len(run.cells)
        while pending and step.cells and pending[0].time < step.cells[0].time:
            linker.setup_ran(pending.pop(0).effects.sure)
        linker.link(step, live, last)
    linker.outputs()
    return linker


class _Collection:
    """The definitions so far, while the steps are gone through in order."""

    def __init__(self, run: LinearRun, parameters: frozenset[str]) -> None:
        self.steps: list[StepEffects] = []
        self._cells = {cell.time: cell for cell in run.cells}
        self._by_step: dict[str, list[CellRun]] = {}
        for cell in run.cells:
            self._by_step.setdefault(cell.step, []).append(cell)
        self._others = [cell for cell in run.cells if not cell.step]
        self._ignored = unseeded(run)
        self._definitions = Definitions(run, parameters)
        self._by_value: set[str] = set()
        self._setup_needs: set[str] = set()

    def add(self, declaration: StepDeclaration) -> None:
        """Take the next step."""
        step = StepEffects(declaration, read_controls(declaration))
        cells = self._by_step.get(declaration.name, [])
        self._take_others(cells[-1].time if cells else -1)
        step.defined_before = frozenset(self._definitions.names)
        before = self._definitions
        wanted = self._needed_before(cells) | self._setup_needs
        step.needed = tuple(known for key, known in before.all.items() if key in wanted)
        for cell in cells:
            self._take_cell(step, cell)
        step.definitions = before.chosen(wanted)
        step.by_value = tuple(sorted(self._by_value))
        step.carries = self._carried(cells)
        self.steps.append(step)

    def _needed_before(self, cells: Sequence[CellRun]) -> set[str]:
        """Ids of what the step's cells use of the definitions before it."""
        used: set[str] = set()
        own: set[str] = set()
        for cell in cells:
            effects = cell.effects
            perhaps = effects.writes.keys() - effects.sure
            used |= {name for name in (*effects.reads, *cell.affected, *perhaps) if name not in own}
            own |= cell.effects.sure
        return self._definitions.needed(sorted(used))

    def _carried(self, cells: Sequence[CellRun]) -> frozenset[str]:
        """Values that instances made by these cells, and functions that they do not merely call, will read."""
        known = self._definitions
        read = {use for cell in cells for use in _reads(cell.facts)}
        code = {name for name, called in read if not called or self._is_class(name)}
        used = {name for key in known.needed(sorted(code)) for name in known.all[key].lazy}
        return frozenset(used - known.names.keys())

    def _is_class(self, name: str) -> bool:
        keys = self._definitions.names.get(name, ())
        return any(_CLASS.search(self._definitions.all[key].definition.source) for key in keys)

    def _take_cell(self, step: StepEffects, cell: CellRun) -> None:
        self._by_value |= self._definitions.travel_by_value(cell.affected_before)
        defines, settings = self._definitions.add_cell(cell)
        step.add(cell, defines, self._ignored)
        self._definitions.forget(cell.effects.writes.keys() - defines)
        step.hidden_settings += [(name, line, cell) for name, line in cell.effects.settings if line not in settings]

    def _take_others(self, until: int) -> None:
        """Setup and parameters cells before this time."""
        while self._others and self._others[0].time < until:
            cell = self._others.pop(0)
            if cell.role == "parameters":
                self._definitions.add_parameters_cell(cell)
                continue
            self._setup_needs |= self._definitions.needed(sorted(cell.effects.reads))
            self._definitions.forget(cell.effects.writes)
            self._definitions.setup_names |= cell.effects.writes.keys()


@lru_cache(maxsize=4096)
def _reads(facts: CellFacts) -> frozenset[tuple[str, bool]]:
    """Names that a cell reads, each with whether it only calls it there."""
    return frozenset((event.name, event.called) for event in facts.events if isinstance(event, Read))
