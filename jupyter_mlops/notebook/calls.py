"""One call: of the notebook's functions and classes by what they do, of a library's by what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from jupyter_mlops.notebook import library
from jupyter_mlops.notebook.facts import Call, FunctionFacts, Text, Use
from jupyter_mlops.notebook.files import file_uses
from jupyter_mlops.notebook.heap import NONE, Object, Objects, changeable, reach
from jupyter_mlops.notebook.hidden_state import configures, random_use
from jupyter_mlops.notebook.summaries import Application, Summary, texts_of_arguments

if TYPE_CHECKING:
    from jupyter_mlops.notebook.machine import Machine

# Methods of containers: they change only the container itself, not what is inside it.
_SHALLOW_METHODS = frozenset(
    """append add extend insert pop popitem remove discard clear update setdefault sort reverse appendleft popleft
    extendleft rotate move_to_end write writelines subtract difference_update intersection_update""".split()
)
# Methods that begin so put what they are given inside; others only remember it.
_KEEPING = ("add", "set", "register", "attach", "put", "push", "insert", "append", "connect", "compile", "__setitem__")
_EXTENDING_METHODS = frozenset({"extend", "update", "extendleft"})


def follow_call(machine: Machine, event: Call) -> Objects:
    """Do what a call does; give the objects of its result."""
    arguments = [machine.heap.value(value, machine) for value in event.args]
    keywords = {name: machine.heap.value(value, machine) for name, value in event.keywords}
    if "" in keywords:  # `**options` gives what is inside
        keywords[""] = machine.heap.inside(keywords[""])
    given = _Given(event, arguments, keywords)
    if event.root:
        return _named(machine, given)
    receiver = machine.heap.value(event.receiver, machine)
    if event.path:
        _note_files(machine, event, event.path[-1])
        return _method(machine, given, receiver, event.path[-1])
    return _called(machine, given, receiver)


class _Given:
    """A call with the objects of its arguments."""

    def __init__(self, event: Call, arguments: list[Objects], keywords: dict[str, Objects]) -> None:
        self.event = event
        self.arguments = arguments
        self.keywords = keywords
        self.all: Objects = frozenset().union(*arguments, *keywords.values())


def _named(machine: Machine, given: _Given) -> Objects:
    """`f(...)`, `np.sort(...)`, `model.fit(...)`."""
    event = given.event
    objects = machine[event.root]
    module = next((item for item in objects if item.kind == "import"), None)
    if module is not None:
        return _library(machine, given, ".".join((module.origin, *event.path)))
    if not event.path:
        if machine.is_builtin(event.root):
            return _builtin(machine, given)
        return _called(machine, given, objects)
    _note_files(machine, event, event.path[-1])
    if len(event.path) == 1:
        made = [item for item in objects if item.kind == "class"]
        if made:
            return _through_class(machine, given, made, event.path[0])
    receiver = machine.heap.inside(objects) if len(event.path) > 1 else objects
    return _method(machine, given, receiver, event.path[-1])


def full_name(machine: Machine, chain: tuple[str, ...]) -> str:
    """`("np", "random")` -> "numpy.random" where `np` is a module; the chain as it is otherwise."""
    root = next((item.origin for item in machine[chain[0]] if item.kind == "import"), chain[0])
    return ".".join((root, *chain[1:]))


def change(machine: Machine, objects: Iterable[Object]) -> None:
    """Objects are changed in place."""
    machine.heap.changed.update(item for item in objects if item.kind != "import")


# ------------------------------------------------------------------------------------------- the notebook's functions


def _called(machine: Machine, given: _Given, callees: Objects) -> Objects:
    """Call each of these objects."""
    result: Objects = NONE
    known = False
    for item in callees:
        if item.kind == "code" and item.code is not None:
            known = True
            result |= _apply(machine, given, item.code, frozenset((item,)), given.arguments, sure=len(callees) == 1)
        elif item.kind == "class":
            known = True
            result |= _construct(machine, given, item)
        elif item.made_by is not None and (code := item.method("__call__")):
            known = True
            own = frozenset((item,))
            result |= _apply(machine, given, code, own, [own, *given.arguments], sure=False)
    if known:
        return result
    return _unknown(machine, given, callees, "")


def _construct(machine: Machine, given: _Given, item: Object) -> Objects:
    """Call a class: a new object, made by its `__init__` or holding what it is given."""
    made = machine.heap.new()
    made.made_by, made.bases = item.made_by, item.bases
    machine.heap.put((made,), (item,), weak=True)
    own = frozenset((made,))
    code = item.method("__init__")
    if code is not None:
        _apply(machine, given, code, own, [own, *given.arguments], sure=True)
    else:
        machine.heap.put((made,), given.all)
    machine.may_run(own, given.event.line)
    return own


def _apply(
    machine: Machine, given: _Given, code: FunctionFacts, own: Objects, arguments: list[Objects], *, sure: bool
) -> Objects:
    """Do what a function does with these arguments."""
    summary = machine.summary(code)
    event = given.event
    if summary is None:
        return given.all | frozenset((machine.heap.new(given.all),))
    placed = _placed(code, arguments, given.keywords, spread="*" in event.flags)
    for ref in (*code.parameters, *code.keyword_only):
        if ref not in placed:
            placed[ref] = frozenset().union(*(frozenset(item.holds) for item in own))
    application = Application(summary, machine.heap, placed, own, machine.__getitem__)
    application.grow()
    change(machine, application.of(summary.effects.changed))
    _global_effects(machine, summary, application, event.line, sure=sure and event.sure)
    _apply_files(machine, summary, event)
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
            machine.strings.pop(name, None)
        machine.effects.write(name, line, sure=surely)
        machine.effects.set_by_calls.add(name)
        if deleted and certain:
            machine.effects.deleted.add(name)
    machine.effects.settings += [(name, line) for name, _ in effects.settings]


def _apply_files(machine: Machine, summary: Summary, event: Call) -> None:
    given = texts_of_arguments(summary, dict(event.texts))
    for mode, text in summary.effects.files:
        pieces: list[str | tuple[str]] = []
        for piece in text:
            pieces += given.get(piece[0], (piece,)) if isinstance(piece, tuple) else (piece,)
        machine.note_file(mode, tuple(pieces))


def code_in(item: Object) -> Iterator[FunctionFacts]:
    """Code that runs if somebody calls or uses an object."""
    if item.kind == "code" and item.code is not None:
        yield item.code
    elif item.made_by is not None:
        yield from item.made_by.methods.values()
        for base in item.bases:
            yield from code_in(base)


def apply_maybe(machine: Machine, code: FunctionFacts, item: Object, line: int) -> None:
    """A function may be called by somebody else, with arguments that nobody knows."""
    summary = machine.summary(code)
    if summary is None:
        return
    own = frozenset((item,))
    defaults = frozenset(item.holds) if item.kind == "code" else NONE
    given = dict.fromkeys((*code.parameters, *code.keyword_only), defaults)
    application = Application(summary, machine.heap, given, own, machine.__getitem__)
    application.grow()
    changed = application.of(summary.effects.changed)
    # An instance that is merely used (printed, compared) is taken as not changed by its methods.
    change(machine, changed if item.kind == "code" else changed - own)
    _global_effects(machine, summary, application, line, sure=False)


def _through_class(machine: Machine, given: _Given, made: list[Object], name: str) -> Objects:
    """`C.method(x)`: the receiver is given, or the class is."""
    result: Objects = NONE
    for item in made:
        code = item.method(name)
        if code is None:
            return frozenset((machine.heap.new(given.all),))
        missing = len(code.parameters) - len(given.arguments)
        own = frozenset((item,))
        arguments = [own, *given.arguments] if missing == 1 else given.arguments
        result |= _apply(machine, given, code, own, arguments, sure=True)
    return result


# ------------------------------------------------------------------------------------------------------------ methods


def _method(machine: Machine, given: _Given, receiver: Objects, name: str) -> Objects:
    """A method of an object: the notebook's own if its class is known, else by the name of the method."""
    result: Objects = NONE
    others: set[Object] = set()
    for item in receiver:
        code = item.method(name) if item.made_by is not None else None
        if code is None:
            others.add(item)
            if item.unknown:
                result |= _any_method(machine, given, item, name)
        else:
            own = frozenset((item,))
            result |= _apply(machine, given, code, own, [own, *given.arguments], sure=len(receiver) == 1)
    if not others:
        return result | (NONE if receiver else _plain_receiver(machine, given))
    return result | _unknown_method(machine, given, frozenset(others), name)


def _any_method(machine: Machine, given: _Given, item: Object, name: str) -> Objects:
    """The object may be of any class of the notebook that has such a method."""
    result: Objects = NONE
    for made in machine.classes:
        if made.made_by is not None and name in made.made_by.methods:
            own = frozenset((item,))
            result |= _apply(machine, given, made.made_by.methods[name], own, [own, *given.arguments], sure=False)
    return result


def _plain_receiver(machine: Machine, given: _Given) -> Objects:
    """A method of a number or a string: `", ".join(...)`."""
    _run_arguments(machine, given)
    return NONE


def _unknown_method(machine: Machine, given: _Given, receiver: Objects, name: str) -> Objects:
    heap = machine.heap
    _run_arguments(machine, given)
    origin = next((item.origin for item in receiver if item.origin), "")
    result = library.method_result(name, given.event.flags, origin)
    if result is None:
        changed = receiver if name in _SHALLOW_METHODS else frozenset(changeable(receiver))
        change(machine, changed)
        added = given.all
        if name in _EXTENDING_METHODS:
            added = added | frozenset(inner for item in given.all for inner in item.holds)
        heap.put(receiver, added, weak=not (name in _SHALLOW_METHODS or name.startswith(_KEEPING)))
        result = library.CHANGING_RESULTS.get(name)
        if result is None:
            return heap.inside(receiver) | given.all | frozenset((heap.new(given.all),))
    elif name in {"get", "setdefault"}:
        return heap.inside(receiver) | given.all
    return _result(machine, result, receiver, origin)


def _result(machine: Machine, result: library.Result, receiver: Objects, origin: str = "") -> Objects:
    heap = machine.heap
    match result:
        case "plain":
            return NONE
        case "self":
            return receiver
        case "inside":
            return heap.inside(receiver)
        case "inner":
            return frozenset((heap.new([inner for item in receiver for inner in item.holds], origin),))
        case "fresh":
            return frozenset((heap.new(origin=origin),))


# ------------------------------------------------------------------------------------------------------------ library


def _builtin(machine: Machine, given: _Given) -> Objects:
    name = given.event.root
    _run_arguments(machine, given)
    _change_argument(machine, given, name)
    _note_files(machine, given.event, name)
    if name == "setattr" and len(given.arguments) == 3:
        machine.heap.put(given.arguments[0], given.arguments[2])
    if name == "super":
        return machine.receiver()
    if name in {"zip", "enumerate"}:
        return _rows(machine, given, name)
    return _result(machine, library.BUILTINS.get(name, "fresh"), given.all)


def _rows(machine: Machine, given: _Given, name: str) -> Objects:
    """`zip(a, b)` and `enumerate(a)` give tuples whose parts come from different places."""
    columns = [machine.heap.inside(found) for found in given.arguments]
    made = machine.heap.new(item for column in columns for item in column)
    made.columns = (NONE, *columns[:1]) if name == "enumerate" else tuple(columns)
    return frozenset((made,))


def _library(machine: Machine, given: _Given, name: str) -> Objects:
    """A function of an imported module, by its full name."""
    event = given.event
    for state, use in random_use(name, [keyword for keyword, _ in event.keywords]):
        if use == "draw":
            machine.effects.read(Use(state, event.line, event.sure))
        machine.effects.write(state, event.line, sure=event.sure and use == "seed")
    if configures(name):
        machine.effects.settings.append((name, event.line))
    _run_arguments(machine, given)
    _change_argument(machine, given, name)
    _note_files(machine, event, name)
    result = library.function_result(name)
    if result == "scatter":
        made = machine.heap.new(origin=name)
        made.scatter = True
        return frozenset((made,))
    if result is not None:
        return _result(machine, result, given.all, name)
    return _unknown(machine, given, NONE, name)


def _unknown(machine: Machine, given: _Given, callees: Objects, name: str) -> Objects:
    """Nothing is known: the result may be one of the arguments or hold them; a class gives something new."""
    _run_arguments(machine, given)
    if (name or given.event.root).rpartition(".")[2][:1].isupper():
        return frozenset((machine.heap.new(given.all, name),))
    return given.all | frozenset((machine.heap.new(given.all | callees, name),))


def _run_arguments(machine: Machine, given: _Given) -> None:
    """What is handed to somebody else may be called there, with the other arguments."""
    for item in given.all:
        if item.kind != "data" or item.made_by is not None or item.holds:
            for inner in reach((item,)):
                for code in code_in(inner):
                    apply_maybe(machine, code, inner, given.event.line)
    for argument in (*given.arguments, *given.keywords.values()):
        if any(_changes_arguments(machine, item) for item in argument) and all(
            item.kind == "code" for item in argument
        ):
            change(machine, changeable(given.all - argument))


def _changes_arguments(machine: Machine, item: Object) -> bool:
    summary = machine.summary(item.code) if item.code is not None else None
    return summary is not None and any(
        symbol.source == "argument" and changed in summary.effects.changed
        for changed, symbol in summary.symbols.items()
    )


def _change_argument(machine: Machine, given: _Given, name: str) -> None:
    position = library.changed_argument(name)
    if position is not None and position < len(given.arguments):
        change(machine, given.arguments[position])
        machine.heap.put(given.arguments[position], frozenset().union(*given.arguments[position + 1 :]))


def _note_files(machine: Machine, event: Call, name: str) -> None:
    if event.texts or (event.path and event.path[-1] in {"mkdir", "touch", "unlink"}):
        root = event.root[1:].partition(":")[0] if event.root[:1] in {".", "^"} else event.root
        receiver: Text = ((root,),) if root and event.path else ()
        for mode, text in file_uses(name, event, receiver):
            machine.note_file(mode, text)
