"""What a call of one of the notebook's functions does to the objects that it is given and to global names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from jupyter_mlops.notebook import library
from jupyter_mlops.notebook.facts import NOTHING, Call, FunctionFacts, Text, Use
from jupyter_mlops.notebook.files import PATH_METHODS, FileUse, file_uses
from jupyter_mlops.notebook.heap import NONE, Object, Objects
from jupyter_mlops.notebook.summaries import Application, Summary, texts_of_arguments

if TYPE_CHECKING:
    from jupyter_mlops.notebook.machine import Machine


class Given:
    """A call with the objects of its arguments."""

    def __init__(self, event: Call, arguments: list[Objects], keywords: Mapping[str, Objects]) -> None:
        self.event = event
        self.arguments = arguments
        self.keywords = keywords
        self.all: Objects = frozenset().union(*arguments, *keywords.values())

    def of(self, arguments: list[Objects]) -> Given:
        """The same call with other positional arguments."""
        return Given(self.event, arguments, self.keywords)


def no_arguments(line: int, *, sure: bool) -> Given:
    """A call that Python makes itself: of a property, of `__iter__`."""
    return Given(Call(0, "", (), NOTHING, (), (), line, sure), [], {})


def full_name(machine: Machine, chain: tuple[str, ...]) -> str:
    """`("np", "random")` -> "numpy.random" where `np` is a module; the chain as it is otherwise."""
    root = min((item.origin for item in machine[chain[0]] if item.kind == "import"), default=chain[0])
    return ".".join((root, *chain[1:]))


def change(machine: Machine, objects: Iterable[Object]) -> None:
    """Objects are changed in place."""
    machine.heap.changed.update(item for item in objects if item.kind != "import")


def retype(machine: Machine, objects: Iterable[Object]) -> None:
    """Objects are now of another class, which may be any: `x.__class__ = Other`."""
    for item in objects:
        if machine.heap.journal is not None:
            machine.heap.journal.extend((item, "unknown", item.unknown))
        item.unknown = True
        machine.effects.retyped.add(item)


def apply_code(
    machine: Machine, given: Given, code: FunctionFacts, own: Objects, arguments: list[Objects], *, sure: bool
) -> Objects:
    """Do what a function does with these arguments; `own` is the function or the objects whose method it is."""
    summary = machine.summary(code)
    event = given.event
    if summary is None:
        return given.all | frozenset((machine.heap.new(given.all),))
    placed = _placed(code, arguments, given.keywords, spread="*" in event.flags)
    for ref in (*code.parameters, *code.keyword_only):
        if ref not in placed:
            placed[ref] = frozenset().union(*(frozenset(item.holds) for item in own))
    made_maybe = machine.made_maybe if len(own) > 1 else None
    application = Application(summary, machine.heap, placed, own, machine.__getitem__, made_maybe)
    application.grow()
    change(machine, application.of(summary.effects.changed))
    retype(machine, application.of(summary.effects.retyped))
    _global_effects(machine, summary, application, event.line, sure=sure and event.sure)
    _apply_files(machine, summary, event, shift=len(arguments) - len(event.args))
    run_maybe(machine, application.of(summary.effects.called), event.line, given.all)
    return application.of(summary.result)


def _placed(
    code: FunctionFacts, arguments: list[Objects], keywords: Mapping[str, Objects], *, spread: bool
) -> dict[str, Objects]:
    """Arguments by the reference of the parameter that takes them."""
    if spread:  # `*values` may give any parameter
        arguments = [frozenset().union(*arguments)] * max(len(arguments), len(code.parameters) + 1)
    placed: dict[str, Objects] = dict(zip(code.parameters, arguments, strict=False))
    by_name = {ref[1:].partition(":")[0]: ref for ref in (*code.parameters, *code.keyword_only)}
    rest: Objects = frozenset().union(*arguments[len(code.parameters) :])
    for name, found in keywords.items():
        if name in by_name:
            placed[by_name[name]] = found
        else:
            rest |= found
    for ref in code.variadic:
        placed[ref] = rest
    if "" in keywords:  # `**options` may give any parameter
        for ref in by_name.values():
            placed[ref] = placed.get(ref, NONE) | keywords[""]
    return placed


def _global_effects(
    machine: Machine, summary: Summary, application: Application | None, line: int, *, sure: bool
) -> None:
    """What a call does to global names."""
    effects = summary.effects
    for use in effects.reads.values():
        function = use.function or summary.code.name
        machine.effects.read(Use(use.name, line, sure and use.sure, function))
    certain = sure and not summary.code.generator
    for name in effects.writes:
        deleted = name in effects.deleted
        surely = certain and name in effects.sure
        if application is not None and name in summary.bound:
            machine.set(name, application.of(summary.bound[name]), sure=surely)
            machine.know(name, (), sure=False)
        machine.effects.write(name, line, sure=surely)
        machine.effects.set_by_calls.add(name)
        if deleted and certain:
            machine.effects.deleted.add(name)
    machine.effects.settings += [(name, line) for name, _ in effects.settings]


def _apply_files(machine: Machine, summary: Summary, event: Call, shift: int) -> None:
    """Files that a call uses; its arguments are parameters so many places further on (`self` is the first)."""
    if not summary.effects.files:
        return
    texts = {place if isinstance(place, str) else place + shift: text for place, text in event.texts}
    given = texts_of_arguments(summary, texts)
    for use in summary.effects.files:
        text, owner = _with_arguments(use.text, given), _with_arguments(use.given, given)
        if text is not None and owner is not None:
            machine.note_file(FileUse(use.mode, text, owner))


def _with_arguments(text: Text, given: Mapping[str, Text]) -> Text | None:
    """The text as the caller has it; None if it has a variable of the function in it."""
    pieces: list[str | tuple[str]] = []
    for piece in text:
        if isinstance(piece, tuple) and piece[0] in given:
            pieces += given[piece[0]]
        elif isinstance(piece, tuple) and piece[0][0] in ".^":
            return None
        else:
            pieces.append(piece)
    return tuple(pieces)


def code_in(item: Object) -> Iterator[FunctionFacts]:
    """Code that runs if somebody calls or uses an object."""
    if item.kind == "code" and item.code is not None:
        yield item.code
    elif item.made_by is not None:
        yield from item.made_by.methods.values()
        for base in item.bases:
            yield from code_in(base)


def run_maybe(machine: Machine, items: Iterable[Object], line: int, given: Objects = NONE) -> None:
    """Objects may be called or used by somebody else, with these or with unknown arguments.

    Each runs once, although they may call one another in any order: the number of orders has no bound.
    """
    if machine.waiting is not None:
        machine.waiting.append((items, given))
        return
    ran: set[Object] = set()
    machine.waiting = [(items, given)]
    try:
        while machine.waiting:
            items, given = machine.waiting.pop()
            for item in items:
                if item not in machine.running:
                    machine.running.add(item)
                    ran.add(item)
                    _run_one(machine, item, line, given)
    finally:
        machine.waiting = None
        machine.running -= ran


def _run_one(machine: Machine, item: Object, line: int, given: Objects) -> None:
    if item.kind == "method":
        _run_method_maybe(machine, item, line, given)
    elif item.origin == library.PARTIAL:
        run_maybe(machine, tuple(item.holds), line, given | frozenset(item.holds))
    elif item.unknown:
        machine.effects.called[item] = None
    # An instance that is merely used (printed, compared) is taken as not changed by its methods.
    for code in code_in(item):
        own = frozenset((item,))
        _apply_maybe(machine, code, own, line, given | frozenset(item.holds if item.kind == "code" else ()))


def run_call(machine: Machine, item: Object, line: int) -> None:
    """An instance of a class of the notebook may be called by somebody else."""
    code = item.method("__call__")
    if code is not None:
        _apply_maybe(machine, code, frozenset((item,)), line, NONE, bound=True)


def _run_method_maybe(machine: Machine, item: Object, line: int, given: Objects) -> None:
    for receiver in tuple(item.holds) or given:
        code = receiver.method(item.origin)
        if code is not None:
            _apply_maybe(machine, code, frozenset((receiver,)), line, given, bound=True)
        elif not library.is_pure_method(item.origin):
            change(machine, (receiver,))
            machine.heap.put((receiver,), given - {receiver})


def _apply_maybe(
    machine: Machine, code: FunctionFacts, own: Objects, line: int, given: Objects, *, bound: bool = False
) -> None:
    """A function may be called by somebody else; `bound` to the object that it then may change."""
    summary = machine.summary(code)
    if summary is None:
        return
    placed = dict.fromkeys((*code.parameters, *code.keyword_only, *code.variadic), given)
    if bound and code.parameters:
        placed[code.parameters[0]] = own
    application = Application(summary, machine.heap, placed, own, machine.__getitem__, machine.made_maybe)
    application.grow()
    changed = application.of(summary.effects.changed)
    retype(machine, application.of(summary.effects.retyped))
    is_function = any(item.kind == "code" for item in own)
    change(machine, changed if bound or is_function else changed - own)
    _global_effects(machine, summary, application, line, sure=False)
    run_maybe(machine, application.of(summary.effects.called), line, given)


def note_files(machine: Machine, event: Call, name: str) -> None:
    """Files that a call uses, by the name of what is called."""
    if event.texts or (event.path and event.path[-1] in PATH_METHODS):
        receiver: Text = ((event.root,),) if event.root and event.path else dict(event.texts).get("", ())
        for use in file_uses(name, event, receiver):
            machine.note_file(use)
