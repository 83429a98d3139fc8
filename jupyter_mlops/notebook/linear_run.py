"""The notebook read once from top to bottom: what each cell does, and what every name points to after it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Literal

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.depth import with_room
from jupyter_mlops.notebook.facts import CellFacts
from jupyter_mlops.notebook.heap import NONE, Heap, Object, Objects, holders
from jupyter_mlops.notebook.ipython_source import MagicUse
from jupyter_mlops.notebook.machine import Machine
from jupyter_mlops.notebook.scopes import read_scopes
from jupyter_mlops.notebook.summaries import Effects

CellRole = Literal["step", "setup", "parameters"]
_SHOWN = ("_", "__", "___")
_NUMBERED = re.compile(r"_\d+$")


@dataclass(eq=False)
class CellRun:
    """What a cell does in its place. `affected` are names whose object it changes, by whatever name;
    `affected_before` those that had this object before the cell.

    `step` is the step it belongs to, empty for others; `time` its place in the order.
    """

    cell: Cell
    role: CellRole
    step: str
    time: int
    facts: CellFacts
    effects: Effects
    affected: frozenset[str] = frozenset()
    affected_before: frozenset[str] = frozenset()


@dataclass(eq=False)
class LinearRun:
    """All cells in order, and the history of names: (time, objects) after each time they were set."""

    cells: list[CellRun] = field(default_factory=list)
    history: dict[str, list[tuple[int, Objects]]] = field(default_factory=dict)
    last_changed: dict[Object, int] = field(default_factory=dict)
    named: Mapping[Object, set[str]] = field(default_factory=dict)

    def objects(self, name: str, time: int) -> Objects:
        """What a name points to after the cell at this time."""
        history = self.history.get(name, ())
        position = bisect_right(history, time, key=itemgetter(0))
        return history[position - 1][1] if position else NONE


def run_through(cells: Iterable[tuple[Cell, CellRole, str]], folder: Path | None = None) -> LinearRun:
    """Follow the cells in order; `%run file.py` is looked up in `folder`."""
    taken = list(cells)
    return with_room(lambda: _run_through(taken, folder))


def _run_through(cells: Sequence[tuple[Cell, CellRole, str]], folder: Path | None) -> LinearRun:
    machine = Machine(Heap())
    run = LinearRun(named=machine.named)
    facts = [read_scopes(cell.source) for cell, _, _ in cells]
    shows = any(_is_shown(use.name) for item in facts for use in item.loads)
    for time, ((cell, role, step), item) in enumerate(zip(cells, facts, strict=True)):
        machine.heap.time = time
        effects = machine.run(item, [*_files_run(item, folder)])
        if shows:
            _show(machine, effects, cell, item)
        one = CellRun(cell, role, step, time, item, effects)
        one.affected, one.affected_before = _affected(machine, effects.changed, time)
        for changed in effects.changed:
            run.last_changed[changed] = time
        for name in machine.before:
            run.history.setdefault(name, []).append((time, machine.objects.get(name, NONE)))
        run.cells.append(one)
    for compared in machine.heap.compared:
        run.last_changed[compared] = len(cells)
    return run


def _affected(machine: Machine, changed: set[Object], time: int) -> tuple[frozenset[str], frozenset[str]]:
    """Names that reach a changed object before or after the cell, and those that do before it."""
    if not changed:
        return frozenset(), frozenset()
    reaching = holders(changed, time)
    found: set[str] = set()
    early: set[str] = set()
    for item in reaching:
        for name in machine.named.get(item, ()):
            now = machine.objects.get(name, NONE)
            if item in machine.before.get(name, now):
                early.add(name)
            elif item in now:
                found.add(name)
    return frozenset(found | early), frozenset(early)


def is_implicit(name: str) -> bool:
    """Whether a name is hidden state: a generator's, or what IPython keeps."""
    return "." in name or _is_shown(name)


def is_run(magic: MagicUse) -> bool:
    """Whether it runs a file in the notebook's namespace."""
    return magic.name == "run" and magic.arguments.split()[-1:] != [] and magic.arguments.split()[-1].endswith(".py")


def _files_run(facts: CellFacts, folder: Path | None) -> Iterator[CellFacts]:
    for magic in facts.magics:
        if is_run(magic) and folder is not None:
            try:
                yield read_scopes((folder / magic.arguments.split()[-1]).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue


def _is_shown(name: str) -> bool:
    return name in _SHOWN or name == "Out" or bool(_NUMBERED.match(name))


def _show(machine: Machine, effects: Effects, cell: Cell, facts: CellFacts) -> None:
    """IPython keeps the value of the last line as `_`, `_N` and `Out[N]`; `Out` as a whole is all of them."""
    if facts.displays is not None and not cell.source.rstrip().endswith(";"):
        found = machine.heap.value(facts.displays, machine)
        shown = [machine.objects.get(name, NONE) for name in _SHOWN]
        for shown_name, objects in zip((*_SHOWN, f"_{cell.count}"), (found, *shown[:2], found), strict=True):
            machine.set(shown_name, objects, sure=True)
            effects.write(shown_name, 1, sure=facts.displays.fresh or shown_name == f"_{cell.count}")
    if "Out" in effects.reads:
        use = effects.reads.pop("Out")
        for name in list(machine.objects):
            if isinstance(name, str) and _NUMBERED.match(name) and name != f"_{cell.count}":
                effects.reads.setdefault(name, type(use)(name, use.line, sure=False))
