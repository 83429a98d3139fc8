"""Follows the events of cells in the order of the notebook: who reads and sets names, which objects are changed."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from jupyter_mlops.notebook.applying import change, full_name, run_maybe
from jupyter_mlops.notebook.calls import follow_call
from jupyter_mlops.notebook.facts import (
    Attribute,
    Bind,
    Call,
    CellFacts,
    Event,
    FunctionFacts,
    Identity,
    Keep,
    MakeClass,
    MakeFunction,
    Mutate,
    Protocol,
    Read,
    Ref,
    Return,
    Text,
    Unbind,
    Use,
    Value,
)
from jupyter_mlops.notebook.files import FileUse
from jupyter_mlops.notebook.heap import NONE, Heap, Object, Objects
from jupyter_mlops.notebook.journal import NEW
from jupyter_mlops.notebook.library import BUILTIN_TYPES
from jupyter_mlops.notebook.protocols import attribute, protocol
from jupyter_mlops.notebook.summaries import Effects, MadeMaybe, Summary, Symbol, condensed
from jupyter_mlops.notebook.texts import filled_in

# Names that are there without being set; what they give is not followed.
BUILTIN_NAMES = frozenset(dir(builtins)) | {"get_ipython", "display", "In", "Out", "exit", "quit"}


class Machine:
    """The namespace of the notebook. `_Body` is the inside of a function.

    `named` are the names that ever pointed to an object; `classes` are all classes of the notebook, `members` the names
    of their methods; `before` is what the names set in this cell pointed to before it; `running` are objects that are
    being called, `waiting` those that may be called next, with what they may be given (None while nothing is called).
    """

    def __init__(self, heap: Heap | None = None) -> None:
        self.heap = heap or Heap()
        self.journal = self.heap.journal
        self.objects: dict[Ref, Objects] = {}
        self.strings: dict[str, str] = {}
        self.effects = Effects()
        self.named: dict[Object, set[str]] = {}
        self.before: dict[str, Objects] = {}
        self.classes: list[Object] = []
        self.members: set[str] = set()
        self.running: set[Object] = set()
        self.waiting: list[tuple[Iterable[Object], Objects]] | None = None
        self.made_maybe = MadeMaybe(self.heap)
        self._summaries: dict[FunctionFacts, Summary | None] = {}
        self._consulted: set[str] = set()

    # ---------------------------------------------------------------------------------------------------- the cell

    def run(self, facts: CellFacts, first: Sequence[CellFacts] = ()) -> Effects:
        """Follow a cell; give what it does. `first` are files that it runs."""
        self.effects = Effects()
        self.heap.changed = self.effects.changed
        self.before = {}
        for item in (*first, facts):
            self.follow(item.events)
        for name, store in facts.stores.items():
            if store.sure and store.kind != "delete":
                self.effects.sure.add(name)
        return self.effects

    def follow(self, events: Iterable[Event]) -> None:
        """Follow events in order."""
        for event in events:
            _FOLLOW[type(event)](self, event)

    # --------------------------------------------------------------------------------------------------- the names

    def __getitem__(self, ref: Ref) -> Objects:
        """The objects of a name or a temporary; a name that nothing here sets may be anything."""
        found = self.objects.get(ref)
        if found is None:
            found = self.unknown(ref)
            if self.journal is not None:
                if not found:  # a name of Python's own: that it was read leaves nothing behind
                    return found
                self.journal.extend((self.objects, ref, NEW))
            self.objects[ref] = found
            self._point(ref, found)
        return found

    def unknown(self, ref: Ref) -> Objects:
        """What a name is that nothing has set so far."""
        if isinstance(ref, int) or ref in BUILTIN_NAMES or ref[0] in ".^":
            return NONE
        return frozenset((self.heap.new(unknown=True),))

    def is_builtin(self, ref: str) -> bool:
        """Whether a name means Python's own here."""
        return ref in BUILTIN_NAMES and not self.objects.get(ref)

    def is_builtin_type(self, value: Value) -> bool:
        """Whether an expression is the name of a built-in type: `list`."""
        return len(value.chain) == 1 and value.chain[0] in BUILTIN_TYPES and self.is_builtin(value.chain[0])

    def set(self, ref: Ref, found: Objects, *, sure: bool) -> None:
        """Point a name to objects; where it is not sure, it may still point to what it did."""
        if self.journal is not None:
            self.journal.extend((self.objects, ref, self.objects.get(ref, NEW)))
        before = self.objects.get(ref, NONE)
        self.objects[ref] = found if sure else before | found
        if is_global(ref):
            self.before.setdefault(str(ref), before)
            self._point(ref, found)
        if ref in self._consulted:
            self._forget_summaries()
            if self.journal is not None:
                self.journal.extend((self, "_consulted", self._consulted))
            self._consulted = set()

    def _forget_summaries(self) -> None:
        if self.journal is not None:
            self.journal.extend((self, "_summaries", self._summaries))
        self._summaries = {}

    def _point(self, ref: Ref, found: Objects) -> None:
        if is_global(ref):
            name = str(ref)
            for item in found:
                names = self.named.setdefault(item, set())
                if name not in names:
                    names.add(name)
                    if self.journal is not None:
                        self.journal.extend((names, name, NEW))

    def know(self, name: str, text: Text, *, sure: bool) -> None:
        """Note the text that a name is, if it is known."""
        value = filled_in(text, self.strings) if sure else None
        if self.journal is not None and (value is not None or name in self.strings):
            self.journal.extend((self.strings, name, self.strings.get(name, NEW)))
        if value is None:
            self.strings.pop(name, None)
        else:
            self.strings[name] = value

    def note_file(self, use: FileUse) -> None:
        """A file is used; its path is kept if it is known."""
        value = filled_in(use.text, self.strings)
        if value is not None and (not use.given or filled_in(use.given, self.strings) is not None):
            self.effects.files.append(FileUse(use.mode, (value,)))

    # --------------------------------------------------------------------------------------------------- functions

    def receiver(self) -> Objects:
        """What `self` is here: nothing outside a method."""
        return NONE

    def summary(self, code: FunctionFacts) -> Summary | None:
        """What a call of a function does; None while that is being found out (it calls itself)."""
        if code not in self._summaries:
            if self.journal is not None:
                self.journal.extend((self._summaries, code, NEW))
            self._summaries[code] = None
            self._summaries[code] = _Body(self, code).finished()
        return self._summaries[code]

    def consult(self, name: str) -> Objects:
        """What a global name is now, as far as a function is concerned that was made anywhere."""
        if name not in self._consulted:
            self._consulted.add(name)
            if self.journal is not None:
                self.journal.extend((self._consulted, name, NEW))
        return self.objects.get(name, NONE)

    def may_run(self, objects: Iterable[Object], line: int) -> None:
        """Code in these objects may be called by somebody: what it reads may be read."""
        run_maybe(self, [item for item in objects if item.code is not None or item.made_by is not None], line)

    def methods_of(self, item: Object, name: str) -> Iterator[FunctionFacts]:
        """Methods of this name that an object has, or may have if it may be anything."""
        if item.made_by is not None:
            code = item.method(name)
            if code is not None:
                yield code
        if item.unknown:
            yield from (found for made in self.classes if made.made_by and (found := made.made_by.methods.get(name)))

    def made_class(self, made: Object) -> None:
        """A class of the notebook: what functions do with objects that may be anything is found out anew."""
        self._note_class(made)
        self._forget_summaries()

    def _note_class(self, made: Object) -> None:
        self.classes.append(made)
        new = made.made_by.methods.keys() - self.members if made.made_by else set()
        self.members |= new
        if self.heap.journal is not None:
            self.heap.journal.extend((self.classes, None, NEW))
            for name in new:
                self.heap.journal.extend((self.members, name, NEW))


class _Body(Machine):
    """The inside of a function: its variables, with symbols for its arguments and for global names."""

    def __init__(self, outside: Machine, code: FunctionFacts) -> None:
        super().__init__(Heap(outside.heap))
        self.journal = None  # what is in here is gone when the body was followed
        self._outside = outside
        self.classes = outside.classes
        self.members = outside.members
        self.running = outside.running
        self._code = code
        self._symbols: dict[Object, Symbol] = {}
        self._own = self._symbol(Symbol("own"))
        self._returned: Objects = NONE
        for ref in (*code.parameters, *code.keyword_only, *code.variadic):
            self.objects[ref] = frozenset((self._symbol(Symbol("argument", ref)),))

    def _symbol(self, symbol: Symbol) -> Object:
        made, inner = self.heap.new(unknown=True), self.heap.new(unknown=True)
        self.heap.put((made,), (inner,))
        self._symbols[made] = symbol
        self._symbols[inner] = symbol._replace(inside=True)
        return made

    def finished(self) -> Summary:
        """Follow the body once."""
        code = self._code
        self.heap.changed = self.effects.changed
        self.follow(code.events)
        self.effects.sure |= code.sure_writes & self.effects.writes.keys()
        bound = {name: self.objects[name] for name in self.effects.writes if name in self.objects}
        made = frozenset(self.heap.made)
        return condensed(Summary(code, self.effects, self._symbols, made, bound, self._returned))

    def unknown(self, ref: Ref) -> Objects:
        if isinstance(ref, int) or ref[0] == ".":
            return NONE
        if ref[0] == "^":
            return frozenset(self._own.holds)
        found = self.consult(ref)
        if found and all(item.kind in {"import", "code", "class"} for item in found):
            return found
        return NONE if not found and ref in BUILTIN_NAMES else frozenset((self._symbol(Symbol("name", ref)),))

    def consult(self, name: str) -> Objects:
        return self._outside.consult(name)

    def summary(self, code: FunctionFacts) -> Summary | None:
        return self._outside.summary(code)

    def receiver(self) -> Objects:
        parameters = self._code.parameters
        return self.objects[parameters[0]] if parameters else frozenset((self._own,))

    def made_class(self, made: Object) -> None:
        self._note_class(made)

    def note_file(self, use: FileUse) -> None:
        self.effects.files.append(use)

    def give(self, found: Objects) -> None:
        """The function may return these."""
        self._returned |= found


# ------------------------------------------------------------------------------------------------------------ events


def is_global(ref: Ref) -> bool:
    """Whether a reference is a name of the notebook."""
    return isinstance(ref, str) and ref[0] not in ".^"


def _read(machine: Machine, event: Read) -> None:
    machine.effects.read(Use(event.name, event.line, event.sure, "!" if event.optional else ""))
    if not event.called:
        machine.may_run(machine[event.name], event.line)


def _keep(machine: Machine, event: Keep) -> None:
    machine.objects[event.result] = machine.heap.value(event.value, machine)


def _bind(machine: Machine, event: Bind) -> None:
    if event.kind == "import":
        found: Objects = frozenset((machine.heap.module(event.module),))
    else:
        found = machine.heap.value(event.value, machine)
    machine.set(event.name, found, sure=event.sure)
    if is_global(event.name):
        machine.know(event.name, event.text, sure=event.sure)
        machine.effects.write(event.name, event.line, sure=event.sure)


def _unbind(machine: Machine, event: Unbind) -> None:
    if is_global(event.name):
        machine.effects.write(event.name, event.line, sure=False)
        if event.sure:
            machine.effects.deleted.add(event.name)
            machine.effects.sure.discard(event.name)
    if event.sure:
        machine.set(event.name, NONE, sure=True)


def _mutate(machine: Machine, event: Mutate) -> None:
    changed = machine.heap.value(event.value, machine)
    change(machine, changed)
    machine.heap.put(changed, machine.heap.value(event.adds, machine))
    if event.value.chain and any(item.kind == "import" for item in changed):
        machine.effects.settings.append((full_name(machine, event.value.chain), event.line))


def _call(machine: Machine, event: Call) -> None:
    machine.objects[event.result] = follow_call(machine, event)


def _make_function(machine: Machine, event: MakeFunction) -> None:
    contents = {item for ref in event.holds.held for item in machine[ref]}
    if event.holds.nested:
        contents.add(machine.heap.new())
    for ref in event.code.captured:
        contents |= machine.objects.get(ref, NONE)
    made = machine.heap.new(contents)
    made.kind, made.code = "code", event.code
    machine.objects[event.result] = frozenset((made,))


def _make_class(machine: Machine, event: MakeClass) -> None:
    contents = [item for ref in event.holds.held for item in machine[ref]]
    made = machine.heap.new(contents)
    made.kind, made.made_by = "class", event.code
    made.bases = tuple(item for item in contents if item.kind == "class")
    made.origin = next((item.origin for item in contents if item.kind in {"import", "class"} and item.origin), "")
    machine.made_class(made)
    machine.objects[event.result] = frozenset((made,))


def _identity(machine: Machine, event: Identity) -> None:
    for value in event.values:
        new = machine.heap.value(value, machine) - machine.heap.compared
        machine.heap.compared |= new
        if machine.heap.journal is not None:
            for item in new:
                machine.heap.journal.extend((machine.heap.compared, item, NEW))


def _return(machine: Machine, event: Return) -> None:
    found = machine.heap.value(event.value, machine)
    if isinstance(machine, _Body):
        machine.give(found)


_FOLLOW: dict[type, Callable[[Machine, Any], None]] = {
    Read: _read,
    Keep: _keep,
    Bind: _bind,
    Unbind: _unbind,
    Mutate: _mutate,
    Protocol: protocol,
    Attribute: attribute,
    Call: _call,
    MakeFunction: _make_function,
    MakeClass: _make_class,
    Identity: _identity,
    Return: _return,
}
