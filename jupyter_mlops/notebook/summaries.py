"""What a function of the notebook does when it is called, in terms of its arguments and of global names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from jupyter_mlops.notebook.facts import FunctionFacts, Text, Use
from jupyter_mlops.notebook.files import FileUse
from jupyter_mlops.notebook.heap import NONE, Heap, Object, Objects, reach


@dataclass
class Effects:
    """What a piece of code does to global names.

    `reads`: names read before they are surely set; `writes`: names that may be set or deleted (with the line);
    `sure`: those that surely are set; `own`: those read only after this code may have set them; `deleted`: those
    whose last word is `del`. `changed` are objects changed in
    place. `files` are files used, `settings` calls that set something of the process (full name, line).
    """

    reads: dict[str, Use] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    set_by_calls: set[str] = field(default_factory=set)
    changed: set[Object] = field(default_factory=set)
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


class Application:
    """One call: symbols become the objects of the caller, and what the function made is made anew."""

    def __init__(
        self,
        summary: Summary,
        heap: Heap,
        arguments: Mapping[str, Objects],
        own: Objects,
        names: Callable[[str], Objects],
    ) -> None:
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
                self._known[item] = self._map(item)
            found |= self._known[item]
        return found

    def _map(self, item: Object) -> Objects:
        symbol = self._summary.symbols.get(item)
        if symbol is None:
            return self._copy(item) if item in self._summary.made else frozenset((item,))
        if symbol.source == "argument":
            found = self._arguments.get(symbol.key, NONE)
        else:
            found = self._names(symbol.key) if symbol.source == "name" else self._own
        return frozenset(reach(found, weak=False)) if symbol.inside else found

    def _copy(self, item: Object) -> Objects:
        copy = self._heap.new(origin=item.origin)
        copy.kind, copy.code, copy.made_by = item.kind, item.code, item.made_by
        copy.scatter, copy.bases = item.scatter, item.bases
        self._known[item] = frozenset((copy,))
        copy.columns = tuple(self.of(column) for column in item.columns)
        copy.elements = tuple(self.of(element) for element in item.elements)
        self._heap.put((copy,), self.of(item.holds))
        self._heap.put((copy,), self.of(item.remembers), weak=True)
        return frozenset((copy,))


def texts_of_arguments(summary: Summary, texts: Mapping[str | int, Text]) -> dict[str, Text]:
    """Texts given to parameters, by their plain names."""
    found = {}
    for position, ref in enumerate(summary.code.parameters):
        name = ref[1:].partition(":")[0]
        if text := texts.get(position) or texts.get(name):
            found[name] = text
    return found
