"""What a cell leaves behind: where an edited one leaves the same, the cells below need not be followed anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jupyter_mlops.notebook.facts import CellFacts, ClassFacts, FunctionFacts
from jupyter_mlops.notebook.heap import NONE, Object
from jupyter_mlops.notebook.journal import MADE, NEW, Journal, value_at
from jupyter_mlops.notebook.machine import Machine


class Outcome:
    """What is now where the latest changes were made, and what the objects are that were made meanwhile.

    Of two outcomes, the objects must be the same ones: those of the first were used again for the second.
    """

    def __init__(self, machine: Machine, journal: Journal, since: int, made: Sequence[Object]) -> None:
        self._machine = machine
        self._left: dict[tuple[int, Any], Any] = {}
        self._before: dict[tuple[int, Any], Any] = {}
        self._where: list[Any] = []  # ids are of things that are still there
        for place in range(since, len(journal), 3):
            where, key, before = journal[place : place + 3]
            self._where.append(where)
            if before is MADE:
                self._left[id(where), MADE] = frozenset(key)
            elif type(where) is list:  # only classes: with one more, all calls may be others
                self._left[id(where), object()] = True
            else:
                self._before.setdefault((id(where), key), before)
                now = (key in where) if type(where) is set else value_at(where, key, before)
                self._left[id(where), key] = _Same(now) if isinstance(now, dict | set) else now
        self._made = {item: _nature(item) for item in made}

    def names_apart(self, other: Outcome) -> set[str] | None:
        """The names that have another plain value, if nothing else is another; None if something is."""
        if any(other._made.get(item, nature) != nature for item, nature in self._made.items()):
            return None
        names: set[str] = set()
        objects, strings = self._machine.objects, self._machine.strings
        for place in {*self._left, *other._left}:
            before = self._before.get(place, other._before.get(place, NEW))
            now, then = self._left.get(place, before), other._left.get(place, before)
            where, key = place
            if now is then or now == then or (isinstance(key, int) and where == id(objects)):
                continue
            plain = where == id(strings) or (where == id(objects) and _plain(now, then, before))
            if not isinstance(key, str) or not plain:
                return None
            names.add(key)
        return names


class _Same:
    """Something that others change: equal only to itself."""

    def __init__(self, item: Any) -> None:
        self._item = item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._item is other._item

    def __hash__(self) -> int:
        return id(self._item)


def _plain(*values: Any) -> bool:
    return all(value is NEW or value == NONE for value in values)


def _nature(item: Object) -> tuple[Any, ...]:
    """All that an object is, but for what holds it and what it holds: such changes are noted."""
    return (item.likeness, item.elements, item.columns, item.bases, item.code_inside)


def mentions(facts: CellFacts, names: set[str], *, only_in_functions: bool = False) -> bool:
    """Whether a cell mentions one of these names: anywhere, or in a function or class."""
    return not names.isdisjoint(_words(facts)[only_in_functions])


@lru_cache(maxsize=4096)
def _words(facts: CellFacts) -> tuple[frozenset[str], frozenset[str]]:
    """All texts in a cell's events, and those that are in functions and classes: every name that it mentions is one."""
    everywhere: set[str] = set()
    inside: set[str] = set()
    pending: list[tuple[Any, bool]] = [(facts.events, False)]
    while pending:
        item, within = pending.pop()
        if isinstance(item, str):
            everywhere.add(item)
            if within:
                inside.add(item)
        elif isinstance(item, FunctionFacts):
            parts = (item.events, item.parameters, item.keyword_only, item.variadic, item.captured, item.sure_writes)
            pending.append((parts, True))
        elif isinstance(item, ClassFacts):
            pending.append(((item.bases, tuple(item.methods.values())), True))
        elif isinstance(item, tuple | frozenset):
            pending += [(part, within) for part in item]
    return frozenset(everywhere), frozenset(inside)
