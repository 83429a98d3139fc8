"""Objects that names may share: an abstract heap, followed in the order of the notebook.

A name points to objects, an object holds objects. A plain value (number, string) is no object at all: nothing can be
changed in place, so nothing is shared. What an object holds only grows, and each such edge knows since when.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal, Protocol

from jupyter_mlops.notebook.facts import ClassFacts, FunctionFacts, Ref, Value
from jupyter_mlops.notebook.journal import MADE, NEW, Journal

Kind = Literal["data", "import", "code", "class", "method"]
Objects = frozenset["Object"]
NONE: Objects = frozenset()
# So many objects inside another are simply all kept.
_FEW = 4
# Kinds that a copy is another object of: functions, classes and modules are handed on as they are.
_COPIED = frozenset({"data", "method"})


@dataclass(eq=False, slots=True)
class Object:
    """An abstract object. `origin` is what made it (full name of a function, a module's name for an import).

    A "method" is one that is not called yet: `origin` is its name, it holds what it belongs to.

    `holds` are objects inside it, `remembers` those that it keeps but never changes (a model its training data), each
    with the time since when; `held_by` is the way back. `elements` are those of a tuple of known length, `columns`
    those of each tuple that it
    gives one after the other; with
    `scatter` everything taken out of it is an object of its own. An `unknown` object may be anything.
    `code_inside`: somewhere below it is an object that runs.
    """

    kind: Kind = "data"
    origin: str = ""
    code: FunctionFacts | None = None
    made_by: ClassFacts | None = None
    holds: dict[Object, int] = field(default_factory=dict)
    remembers: dict[Object, int] = field(default_factory=dict)
    held_by: dict[Object, int] = field(default_factory=dict)
    elements: tuple[Objects, ...] = ()
    columns: tuple[Objects, ...] = ()
    scatter: bool = False
    unknown: bool = False
    code_inside: bool = False
    bases: tuple[Object, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether code of the notebook runs when it is called or used."""
        return self.kind == "method" or self.code is not None or self.made_by is not None

    @property
    def likeness(self) -> Hashable:
        """What alike objects have in common: all but what they hold."""
        return (self.kind, self.code, self.made_by, self.origin, self.scatter, self.unknown)

    def method(self, name: str) -> FunctionFacts | None:
        """The method that an instance of this class has, or a class above it."""
        if self.made_by is not None and name in self.made_by.methods:
            return self.made_by.methods[name]
        return next((found for base in self.bases if (found := base.method(name))), None)


class Heap:
    """Makes objects and the edges between them.

    `time` stamps new edges; `changed` collects what is changed in place, `compared` what is compared by identity.
    `made` are the objects it made; `again` such as nobody needs any more, to be used again. A heap inside a function
    (`outside`) shares its modules. With a `journal` its changes can be undone.
    """

    def __init__(self, outside: Heap | None = None, journal: Journal | None = None) -> None:
        self.journal: Journal | None = outside.journal if outside else journal
        self.time: int = outside.time if outside else 0
        self.changed: set[Object] = set()
        self.compared: set[Object] = outside.compared if outside else set()
        self.made: list[Object] = []
        self.again: Iterator[Object] = iter(())
        self._imports: dict[str, Object] = outside._imports if outside else {}

    def module(self, name: str) -> Object:
        """The one object of an imported module or of a name in it."""
        if name not in self._imports:
            self._imports[name] = Object("import", name)
        return self._imports[name]

    def put(self, holders: Iterable[Object], contents: Iterable[Object], *, weak: bool = False) -> None:
        """From now on each of `holders` may hold each of `contents`."""
        inside = [item for item in contents if item.kind != "import"]
        if not inside:
            return
        time, journal = self.time, self.journal
        for holder in holders:
            edges = holder.remembers if weak else holder.holds
            for item in inside:
                if item not in edges:
                    edges[item] = time
                    back = item.held_by
                    if journal is not None:
                        journal.extend((edges, item, NEW))
                        if holder not in back:
                            journal.extend((back, holder, NEW))
                    back.setdefault(holder, time)
                    if not holder.code_inside and (item.code_inside or item.runs):
                        _mark_holders(holder, journal)

    def new(self, contents: Iterable[Object] = (), origin: str = "", *, unknown: bool = False) -> Object:
        """A fresh object; `unknown` if nobody knows what made it."""
        made = _as_new(next(self.again, None), origin, unknown=unknown)
        self.made.append(made)
        if inside := {item: self.time for item in contents if item.kind != "import"}:
            made.holds.update(inside)
            for item, time in inside.items():
                item.held_by[made] = time
                if item.code_inside or item.runs:
                    made.code_inside = True
            if self.journal is not None:
                self.journal.extend((made, list(inside), MADE))
        return made

    def copies(self, objects: Objects, *, deep: bool = False) -> Objects:
        """Copies that are what the objects are; alike ones share one. A deep copy has copies inside."""
        originals = reach(objects, weak=False) if deep else objects
        alike = {item.likeness: item for item in originals if item.kind in _COPIED}
        copies = {likeness: self.like(item) for likeness, item in alike.items()}
        copy_of = {item: copies[item.likeness] for item in originals if item.kind in _COPIED}
        for item, copy in copy_of.items():
            self.put((copy,), (copy_of.get(inner, inner) if deep else inner for inner in item.holds))
            self.put((copy,), item.remembers, weak=True)
        return frozenset(copy_of.get(item, item) for item in objects)

    def like(self, item: Object) -> Object:
        """A fresh object of the same kind and class."""
        made = self.new(origin=item.origin, unknown=item.unknown)
        made.kind, made.code, made.made_by = item.kind, item.code, item.made_by
        made.scatter, made.bases = item.scatter, item.bases
        return made

    def value(self, value: Value, pointed: Lookup) -> Objects:
        """The objects that an expression may give; `pointed[ref]` are those of a name or a temporary."""
        if value.chain and (found := self._imported(value.chain, pointed)):
            return frozenset((found,))
        result: Objects = NONE
        for ref in value.same:
            result |= pointed[ref]
        for ref in value.part:
            result |= self.inside(pointed[ref], value.position, row=value.row)
        if value.held or value.inner or value.fresh or value.operands:
            result |= self._made(value, pointed)
        return result

    def inside(self, objects: Objects, position: int = -1, *, row: bool = False) -> Objects:
        """What may be taken out of objects: themselves (a view) and everything in them."""
        found: set[Object] = set()
        whole: list[Object] = []
        for item in objects:
            columns = _columns(item, position) if row and position >= 0 else None
            if columns is not None:
                found |= columns
            elif item.scatter:
                found.add(self.new(origin=item.origin))
            elif item.elements and 0 <= position < len(item.elements) and not row:
                found |= item.elements[position]
            elif item.kind != "import":
                whole.append(item)
        found |= reach(whole, weak=False)
        return frozenset(found | _of_classes(found))

    def _made(self, value: Value, pointed: Lookup) -> Objects:
        contents: set[Object] = set()
        for ref in value.held:
            contents |= pointed[ref]
        if value.nested:
            contents.add(self.new())
        for ref in value.inner:
            for item in pointed[ref]:
                contents.update(item.holds)
        contents = {item for item in contents if item.kind != "import"}
        if not (value.fresh or contents or any(_is_data(pointed[ref]) for ref in value.operands)):
            return NONE
        made = self.new(roots(contents))
        if value.elements:
            made.elements = tuple(self.value(element, pointed) for element in value.elements)
            for element in made.elements:
                self.put((made,), element)
        return frozenset((made,))

    def _imported(self, chain: tuple[str, ...], pointed: Lookup) -> Object | None:
        roots = pointed[chain[0]]
        if len(roots) != 1:
            return None
        (root,) = roots
        return self.module(".".join((root.origin, *chain[1:]))) if root.kind == "import" else None


class Lookup(Protocol):
    """Anything that gives the objects of a reference."""

    def __getitem__(self, ref: Ref) -> Objects: ...


def _as_new(made: Object | None, origin: str, *, unknown: bool) -> Object:
    """A fresh object; one that nothing knows of any more may be used again."""
    if made is None:
        return Object(origin=origin, unknown=unknown)
    for edges in (made.holds, made.remembers, made.held_by):
        edges.clear()
    made.kind, made.origin, made.code, made.made_by = "data", origin, None, None
    made.elements = made.columns = made.bases = ()
    made.unknown, made.scatter, made.code_inside = unknown, False, False
    return made


def _columns(item: Object, position: int) -> Objects | None:
    """One column of what gives tuples; None when it is not known to."""
    if position < len(item.columns):
        return item.columns[position]
    if item.holds and all(position < len(inner.elements) for inner in item.holds):
        return frozenset().union(*(inner.elements[position] for inner in item.holds))
    return None


def _of_classes(items: Iterable[Object]) -> set[Object]:
    """What instances have from their classes, and those above: `b.shared` where `shared` is set in the class."""
    instances = (item for item in items if item.made_by is not None and item.kind == "data")
    pending = {other for item in instances for other in item.remembers if other.kind == "class"}
    if not pending:
        return set()
    classes: set[Object] = set()
    while pending:
        made = pending.pop()
        classes.add(made)
        pending |= set(made.bases) - classes
    return reach((other for made in classes for other in made.holds if other.kind == "data"), weak=False)


def _mark_holders(item: Object, journal: Journal | None) -> None:
    """From now on there is code inside this, and inside all that hold it."""
    pending = [item]
    while pending:
        item = pending.pop()
        if not item.code_inside:
            item.code_inside = True
            if journal is not None:
                journal.extend((item, "code_inside", False))
            pending += item.held_by


def _is_data(objects: Objects) -> bool:
    return any(item.kind != "import" for item in objects)


def reach(start: Iterable[Object], *, weak: bool = True) -> set[Object]:
    """These objects and all inside them; with `weak` also what they only remember."""
    found = set(start)
    pending = list(found)
    while pending:
        item = pending.pop()
        for other in item.holds:
            if other not in found:
                found.add(other)
                pending.append(other)
        if weak:
            for other in item.remembers:
                if other not in found:
                    found.add(other)
                    pending.append(other)
    return found


def roots(contents: AbstractSet[Object]) -> Collection[Object]:
    """Enough of `contents` to reach all of them, for an object that may hold any: edges stay few along a long chain.

    What runs stays, as it may be called; and where all that is left gives tuples, all stay: else it would seem that
    each of `contents` did.
    """
    if len(contents) < _FEW:
        return contents
    inside: set[Object] = set()
    kept: list[Object] = []
    for item in sorted(contents, key=lambda item: len(item.held_by)):
        if item in inside and item.kind == "data" and not item.runs:
            continue
        kept.append(item)
        if item.holds:
            pending = [item]
            while pending:
                for other in pending.pop().holds:
                    if other not in inside:
                        inside.add(other)
                        if other.holds:
                            pending.append(other)
    return contents if all(item.elements for item in kept) else kept


def changeable(start: Iterable[Object]) -> set[Object]:
    """These objects and all inside them that a method may change: not functions and classes, which nobody calls."""
    found = set(start)
    pending = list(found)
    while pending:
        for other in pending.pop().holds:
            if other not in found and other.kind not in {"code", "class"}:
                found.add(other)
                pending.append(other)
    return found


def holders(start: Iterable[Object], until: int) -> set[Object]:
    """These objects and all that hold or remember them, by what was put up to the time `until`."""
    found = set(start)
    pending = list(found)
    while pending:
        for other, since in pending.pop().held_by.items():
            if since <= until and other not in found:
                found.add(other)
                pending.append(other)
    return found
