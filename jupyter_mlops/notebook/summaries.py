"""What a function of the notebook does when it is called, in terms of its arguments and of global names."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal, NamedTuple

from jupyter_mlops.notebook.facts import FunctionFacts, Text, Use
from jupyter_mlops.notebook.files import FileUse
from jupyter_mlops.notebook.heap import NONE, Heap, Object, Objects, roots
from jupyter_mlops.notebook.journal import NEW

_FEW_OBJECTS = 12
_FEW_OWNERS = 4


@dataclass
class Effects:
    """What a piece of code does to global names.

    `reads`: names read before they are surely set; `writes`: names that may be set or deleted (with the line);
    `sure`: those that surely are set; `own`: those read only after this code may have set them; `deleted`: those
    whose last word is `del`. `changed` are objects changed in
    place, `called` such that are called without knowing what they are,
    `retyped` such that are now of another class. `files` are files used, `settings` calls that
    set something of the process (full name, line).
    """

    reads: dict[str, Use] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    set_by_calls: set[str] = field(default_factory=set)
    changed: set[Object] = field(default_factory=set)
    called: dict[Object, None] = field(default_factory=dict)
    retyped: set[Object] = field(default_factory=set)
    files: list[FileUse] = field(default_factory=list)
    settings: list[tuple[str, int]] = field(default_factory=list)

    def read(self, use: Use) -> None:
        """Note a read, unless the name is surely set by now."""
        if use.name in self.sure:
            return
        if use.name in self.writes and use.name not in self.reads:
            self.own.add(use.name)
            use = replace(use, sure=False)
        known = self.reads.get(use.name)
        if known is None or (use.sure, not use.function) > (known.sure, not known.function):
            self.reads[use.name] = use

    def write(self, name: str, line: int, *, sure: bool) -> None:
        """Note that a name is set."""
        self.writes[name] = line
        self.deleted.discard(name)
        if sure:
            self.sure.add(name)


class Symbol(NamedTuple):
    """An object that is only known at a call: an argument, what a global name is, or what the function captured.

    With `inside` it stands for everything in it.
    """

    source: Literal["argument", "name", "own"]
    key: str = ""
    inside: bool = False


@dataclass(eq=False)
class Summary:
    """What a call of `code` does. `made` are objects that each call makes anew; `bound` what global names then are."""

    code: FunctionFacts
    effects: Effects
    symbols: Mapping[Object, Symbol]
    made: frozenset[Object]
    bound: Mapping[str, Objects]
    result: Objects


def condensed(summary: Summary) -> Summary:
    """The same with few objects: of those that the function made and that matter outside, alike ones become one.

    Without that each call would copy everything that the functions called by it made, and theirs in turn.
    """
    roots = (*summary.result, *summary.effects.changed, *summary.symbols, *chain.from_iterable(summary.bound.values()))
    matter = _reached(roots)
    made = [item for item in matter if item in summary.made and item not in summary.symbols]
    if len(made) <= _FEW_OBJECTS:
        return summary
    leaders: dict[Hashable, Object] = {}
    leader_of = {item: leaders.setdefault(item.likeness, item) for item in made}
    for item, leader in leader_of.items():
        leader.holds |= item.holds
        leader.remembers |= item.remembers
        leader.elements = leader.columns = ()
    for item in (*leaders.values(), *summary.symbols):
        item.holds = {leader_of.get(other, other): since for other, since in item.holds.items()}
        item.remembers = {leader_of.get(other, other): since for other, since in item.remembers.items()}
    summary.effects.retyped = {leader_of.get(item, item) for item in summary.effects.retyped}
    summary.effects.changed = {leader_of.get(item, item) for item in summary.effects.changed}
    bound = {name: frozenset(leader_of.get(item, item) for item in found) for name, found in summary.bound.items()}
    result = frozenset(leader_of.get(item, item) for item in summary.result)
    return replace(summary, bound=bound, result=result)


def _reached(roots: Iterable[Object]) -> dict[Object, None]:
    """All that these are made of, in the order found."""
    found: dict[Object, None] = {}
    pending = list(roots)
    while pending:
        item = pending.pop()
        if item not in found:
            found[item] = None
            pending += _parts(item)
    return found


class MadeMaybe:
    """What code makes when it only may be called, or is called for many at once: the same objects each time.

    That may be said often, and what is made may make something in its turn; without a bound it would be many objects.
    """

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._made: dict[Hashable, Object] = {}
        self._owners: dict[FunctionFacts, set[Objects]] = {}

    def like(self, code: FunctionFacts, own: Objects, item: Object) -> Object:
        """The object that `code` makes as `item`: one for each of its first owners, one for all others together."""
        owners = self._owners.setdefault(code, set())
        journal = self._heap.journal
        if own not in owners and len(owners) < _FEW_OWNERS:
            owners.add(own)
            if journal is not None:
                journal.extend((owners, own, NEW))
        key = (code, own if own in owners else NONE, item.likeness)
        if key not in self._made:
            self._made[key] = self._heap.like(item)
            if journal is not None:
                journal.extend((self._made, key, NEW))
        return self._made[key]


class Application:
    """One call: symbols become the objects of the caller, and what the function made is made anew."""

    def __init__(
        self,
        summary: Summary,
        heap: Heap,
        arguments: Mapping[str, Objects],
        own: Objects,
        names: Callable[[str], Objects],
        made_maybe: MadeMaybe | None = None,
    ) -> None:
        self._made_maybe = made_maybe
        self._summary = summary
        self._heap = heap
        self._arguments = arguments
        self._own = own
        self._names = names
        self._known: dict[Object, Objects] = {}

    def grow(self) -> None:
        """What the function puts into its arguments, into global names or into itself."""
        symbols = self._summary.symbols
        for item, symbol in symbols.items():
            inner = symbol._replace(inside=True)
            if added := [other for other in item.holds if symbols.get(other) != inner]:
                self._heap.put(self.of((item,)), self.of(added))
            if item.remembers:
                self._heap.put(self.of((item,)), self.of(item.remembers), weak=True)

    def of(self, objects: Iterable[Object]) -> Objects:
        """The caller's objects for those of the summary."""
        found: Objects = NONE
        for item in objects:
            if item not in self._known:
                self._learn(item)
            found |= self._known[item]
        return found

    def _learn(self, start: Object) -> None:
        """Map an object and all that its copy holds; without recursion, for a chain of objects may be long."""
        pending = [start]
        copies: list[tuple[Object, Object]] = []
        while pending:
            item = pending.pop()
            if item in self._known:
                continue
            if item in self._summary.made and item not in self._summary.symbols:
                copy = self._copy(item)
                copies.append((item, copy))
                pending += _parts(item)
                self._known[item] = frozenset((copy,))
            else:
                self._known[item] = self._map(item)
        for item, copy in copies:
            if self._made_maybe is not None and self._heap.journal is not None:  # it may have been made before
                self._heap.journal.extend((copy, "columns", copy.columns, copy, "elements", copy.elements))
            copy.columns = tuple(self._all(column) for column in item.columns)
            copy.elements = tuple(self._all(element) for element in item.elements)
            contents = self._all(item.holds)
            self._heap.put((copy,), roots(contents) if copy.kind == "data" and not copy.runs else contents)
            self._heap.put((copy,), self._all(item.remembers), weak=True)

    def _all(self, objects: Iterable[Object]) -> Objects:
        return frozenset().union(*(self._known[item] for item in objects))

    def _map(self, item: Object) -> Objects:
        symbol = self._summary.symbols.get(item)
        if symbol is None:
            return frozenset((item,))
        if symbol.source == "argument":
            found = self._arguments.get(symbol.key, NONE)
        else:
            found = self._names(symbol.key) if symbol.source == "name" else self._own
        return self._heap.inside(found) if symbol.inside else found

    def _copy(self, item: Object) -> Object:
        """What the function made."""
        if self._made_maybe is None:
            return self._heap.like(item)
        return self._made_maybe.like(self._summary.code, self._own, item)


def _parts(item: Object) -> Iterator[Object]:
    yield from item.holds
    yield from item.remembers
    for group in (*item.columns, *item.elements):
        yield from group


def texts_of_arguments(summary: Summary, texts: Mapping[str | int, Text]) -> dict[str, Text]:
    """Texts given to parameters, and those of the function around it that it uses, by their references."""
    code = summary.code
    found: dict[str, Text] = {f"^{ref[1:]}": ((ref,),) for ref in code.captured}
    for position, ref in enumerate(code.parameters):
        if text := texts.get(position) or texts.get(_plain(ref)):
            found[ref] = text
    for ref in code.keyword_only:
        if text := texts.get(_plain(ref)):
            found[ref] = text
    return found


def _plain(ref: str) -> str:
    """The name of a variable."""
    return ref[1:].partition(":")[0]
