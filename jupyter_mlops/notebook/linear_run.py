"""The notebook read once from top to bottom: what each cell does, and what every name points to after it."""

from __future__ import annotations

import re
import threading
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Literal

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.depth import with_room
from jupyter_mlops.notebook.facts import CellFacts
from jupyter_mlops.notebook.heap import NONE, Heap, Object, Objects, holders
from jupyter_mlops.notebook.ipython_source import MagicUse, shell_words
from jupyter_mlops.notebook.journal import Journal, Undone
from jupyter_mlops.notebook.machine import Machine
from jupyter_mlops.notebook.outcomes import Outcome, mentions
from jupyter_mlops.notebook.scopes import read_scopes
from jupyter_mlops.notebook.summaries import Effects

CellRole = Literal["step", "setup", "parameters"]
# A cell with what it is for, and its step.
Placed = tuple[Cell, CellRole, str]
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


@contextmanager
def run_through(cells: Iterable[Placed], folder: Path | None = None) -> Iterator[LinearRun]:
    """The cells followed in order; `%run file.py` is looked up in `folder`.

    What is given holds until the end of the block: then it is kept, and changed when the notebook comes again.
    """
    taken = list(cells)
    facts = [read_scopes(cell.source) for cell, _, _ in taken]
    shows = any(map(_reads_shown, facts))
    begun = [_WALKS.take(taken, facts, shows=shows)]

    def work() -> Walk:
        walk = begun.pop() if begun else None  # one that did not come to its end is of no use
        if walk is not None:
            try:
                walk.follow(taken, facts, folder)
            except LookupError as error:
                # Nobody's notebook stays without an answer for a fault of ours; a test that meets it fails.
                warnings.warn(f"A notebook is followed from its beginning: {error!r}", RuntimeWarning, stacklevel=2)
            else:
                return walk
        walk = Walk(shows=shows, may_go_back=len(taken) <= _MOST_CELLS)
        walk.follow(taken, facts, folder)
        return walk

    walk = with_room(work)
    yield walk.run
    _WALKS.keep(walk)


@dataclass
class _Step:
    """What undoing a cell takes: the size of the journal before it, the names that it sets, the objects it makes."""

    size: int
    names: tuple[str, ...]
    made: list[Object]


@dataclass
class _Below:
    """Cells below one that is followed anew, with what they did (the last one first); `before` is what that cell left,
    `made` what it made.
    """

    cells: list[CellRun]
    undone: list[tuple[_Step, Undone]] = field(default_factory=list)
    made: list[Object] = field(default_factory=list)
    before: Outcome | None = None


class Walk:
    """A walk through a notebook, cell by cell. It can go back, and follow other cells from there."""

    def __init__(self, *, shows: bool, may_go_back: bool = True) -> None:
        self.journal = Journal() if may_go_back else None
        self.machine = Machine(Heap(journal=self.journal))
        self.run = LinearRun(named=self.machine.named)
        self.shows = shows
        self._steps: list[_Step] = []

    def follow(self, cells: Sequence[Placed], facts: Sequence[CellFacts], folder: Path | None) -> None:
        """Follow these cells, from the first that is another one than before and as far as that matters."""
        same, run = self.alike(cells, facts), self.run
        below = self._go_back(same, facts)
        del run.cells[same:]
        if below is not None:
            self._take(CellRun(*cells[same], same, facts[same], Effects()), folder, below.made)
            self._restore(below, facts)
        for time, (cell, role, step) in enumerate(cells):
            if time < len(run.cells):
                one = run.cells[time]
                one.cell, one.role, one.step, one.facts = cell, role, step, facts[time]
            else:
                self._take(CellRun(cell, role, step, time, facts[time], Effects()), folder)
        self._note_changes()

    def alike(self, cells: Sequence[Placed], facts: Sequence[CellFacts]) -> int:
        """How many cells from the first one do what they did."""
        for time, (known, (cell, _, _), item) in enumerate(zip(self.run.cells, cells, facts, strict=False)):
            if not _follow_alike(known.facts, item):
                return time
            if self.shows and not _shows_alike(known.cell, cell):
                return time
        return min(len(self.run.cells), len(cells))

    def common(self, cells: Sequence[Placed], facts: Sequence[CellFacts]) -> int:
        """How many cells do in their place what they did: all above the first change, and those below it."""
        same = self.alike(cells, facts)
        pairs = zip(self.run.cells[same:], facts[same:], strict=False)
        return same if self.shows else same + sum(_follow_alike(known.facts, item) for known, item in pairs)

    def _go_back(self, time: int, facts: Sequence[CellFacts]) -> _Below | None:
        """Undo the cells from this time on; give those below the first, if they may be taken again."""
        if time >= len(self._steps):
            return None
        journal = self.journal
        assert journal is not None
        below = _Below(self.run.cells[time + 1 :])
        while len(self._steps) > time + 1:
            below.undone.append(self._undo_last())
        last = self._steps[-1]
        below.made = last.made
        if not self.shows and time < len(facts) - 1 and not _runs_files(facts[time]):
            below.before = Outcome(self.machine, journal, last.size, last.made)
        self._undo_last()
        return below if below.before else None

    def _undo_last(self) -> tuple[_Step, Undone]:
        """Undo the last cell."""
        assert self.journal is not None
        step = self._steps.pop()
        for name in step.names:
            self.run.history[name].pop()
        return step, self.journal.undo(step.size)

    def _restore(self, below: _Below, facts: Sequence[CellFacts]) -> None:
        """Do again what the cells below did, while the cell that was followed anew makes no difference to them."""
        journal, run, time = self.journal, self.run, len(self.run.cells)
        assert journal is not None
        assert below.before is not None
        last = self._steps[-1]
        names = Outcome(self.machine, journal, last.size, last.made).names_apart(below.before)
        if names is None or any(mentions(item, names, only_in_functions=True) for item in facts[:time]):
            return
        for one, item in zip(below.cells, facts[time:], strict=False):
            if not _follow_alike(one.facts, item) or mentions(item, names):
                return
            step, undone = below.undone.pop()
            self._steps.append(replace(step, size=len(journal)))
            journal.redo(undone)
            for name in step.names:
                run.history[name].append((one.time, self.machine.objects.get(name, NONE)))
            run.cells.append(one)

    def _take(self, one: CellRun, folder: Path | None, again: Sequence[Object] = ()) -> None:
        """Follow the next cell; its objects are those of `again`, as long as there are any."""
        machine, time = self.machine, one.time
        size = len(self.journal) if self.journal is not None else 0
        machine.heap.time, machine.heap.made, machine.heap.again = time, [], iter(again)
        one.effects = machine.run(one.facts, [*_files_run(one.facts, folder)])
        if self.shows:
            _show(machine, one.effects, one.cell, one.facts)
        one.affected, one.affected_before = _affected(machine, one.effects.changed, time)
        for name in machine.before:
            self.run.history.setdefault(name, []).append((time, machine.objects.get(name, NONE)))
        self._steps.append(_Step(size, tuple(machine.before), machine.heap.made))
        self.run.cells.append(one)

    def _note_changes(self) -> None:
        last = self.run.last_changed = {}
        for one in self.run.cells:
            for changed in one.effects.changed:
                last[changed] = one.time
        for compared in self.machine.heap.compared:
            last[compared] = len(self.run.cells)


class Walks:
    """The latest walks, for the notebooks that come again with an edit. Each is used by one thread at a time."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._known: list[Walk] = []
        self._lock = threading.Lock()

    def take(self, cells: Sequence[Placed], facts: Sequence[CellFacts], *, shows: bool) -> Walk | None:
        """The walk that has most in common with these cells, if that is worth it; it is nobody else's then."""
        with self._lock:
            fit = [(walk.common(cells, facts), place) for place, walk in enumerate(self._known) if walk.shows == shows]
            alike, place = max(fit, default=(0, 0))
            return self._known.pop(place) if alike and alike * _WORTH >= len(cells) else None

    def keep(self, walk: Walk) -> None:
        """Keep a walk that can go back."""
        if walk.journal is not None:
            with self._lock:
                self._known = [*self._known, walk][-self._most :]

    def cache_clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._known = []


_WALKS = Walks()
# A walk is taken up again if it has one of so many cells in common; it is not kept of more cells than `_MOST_CELLS`.
_WORTH = 8
_MOST_CELLS = 1000


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


def file_run(magic: MagicUse) -> str:
    """The file of Python that it runs in the notebook's namespace; what follows that are arguments. Empty: none."""
    words = shell_words(magic.arguments) if magic.name == "run" else ()
    return next((word for word in words if word.endswith(".py")), "")


def _follow_alike(one: CellFacts, other: CellFacts) -> bool:
    """Whether following another source does the same: a comment, a number, a text has changed."""
    if one is not other and not (
        one.events == other.events and one.stores == other.stores and one.displays == other.displays
    ):
        return False
    return not _runs_files(other)


def _shows_alike(one: Cell, other: Cell) -> bool:
    """Whether IPython keeps what the cells show under the same name."""
    return one.count == other.count and one.source.rstrip().endswith(";") == other.source.rstrip().endswith(";")


def _runs_files(facts: CellFacts) -> bool:
    return any(file_run(magic) for magic in facts.magics)


def _files_run(facts: CellFacts, folder: Path | None) -> Iterator[CellFacts]:
    for magic in facts.magics:
        if folder is not None and (path := file_run(magic)):
            with suppress(OSError, ValueError):
                yield read_scopes((folder / path).read_text(encoding="utf-8"))


@lru_cache(maxsize=4096)
def _reads_shown(facts: CellFacts) -> bool:
    return any(_is_shown(use.name) for use in facts.loads)


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
