"""Calls of built-in functions and of libraries: what is known of them is in `library`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlops.notebook import library
from jupyter_mlops.notebook.applying import Given, apply_code, change, no_arguments, note_files, run_call, run_maybe
from jupyter_mlops.notebook.facts import FunctionFacts, Use
from jupyter_mlops.notebook.heap import NONE, Object, Objects, changeable, reach
from jupyter_mlops.notebook.hidden_state import configures, random_use

if TYPE_CHECKING:
    from jupyter_mlops.notebook.machine import Machine

# So many objects are told apart when Python calls a method of each.
_FEW = 4


def call_builtin(machine: Machine, given: Given) -> Objects:
    """A built-in function."""
    name = given.event.root
    run_arguments(machine, given)
    use_up(machine, given)
    _change_argument(machine, given, name)
    note_files(machine, given.event, name)
    _use_protocols(machine, given, name)
    if name == "setattr" and len(given.arguments) == 3:
        machine.heap.put(given.arguments[0], given.arguments[2])
    if name == "super":
        return machine.receiver()
    if name in {"zip", "enumerate"}:
        return _rows(machine, given, name)
    if name[0].isupper():  # an exception keeps what it is given
        return frozenset((machine.heap.new(given.all),))
    origin = f"builtins.{name}"
    if origin in library.ITERATORS:
        return give(machine, "holder", given.all, origin)
    made = give(machine, library.BUILTINS.get(name, "fresh"), given.all)
    if name == "dict":
        machine.heap.put(made, frozenset().union(*given.keywords.values()))
    return made


def call_library(machine: Machine, given: Given, name: str) -> Objects:
    """A function of an imported module, by its full name."""
    event = given.event
    for state, use in random_use(name, [keyword for keyword, _ in event.keywords]):
        if use == "draw":
            machine.effects.read(Use(state, event.line, event.sure))
        machine.effects.write(state, event.line, sure=event.sure and use == "seed")
    if configures(name):
        machine.effects.settings.append((name, event.line))
    if name != library.PARTIAL:
        run_arguments(machine, given)
    use_up(machine, given)
    _change_argument(machine, given, name)
    note_files(machine, event, name)
    called = _use_protocols(machine, given, name)
    result = library.function_result(name)
    if result == "scatter":
        made = machine.heap.new(origin=name)
        made.scatter = True
        return frozenset((made,))
    if result is not None:
        found = give(machine, result, given.all, name)
        if name == library.DEFAULTS:
            machine.heap.put(found, [machine.heap.new(), *(inner for item in given.all for inner in item.holds)])
        return called | found
    return call_unknown(machine, given, NONE, name)


def call_unknown(machine: Machine, given: Given, callees: Objects, name: str) -> Objects:
    """Nothing is known: the result may be one of the arguments or hold them; a class gives something new."""
    if name != library.PARTIAL:
        run_arguments(machine, given)
        use_up(machine, given)
    if name in library.MAKERS or (name or given.event.root).rpartition(".")[2][:1].isupper():
        return frozenset((machine.heap.new(given.all, name),))
    unknown = any(item.unknown for item in callees)
    return given.all | frozenset((machine.heap.new(given.all | callees, name, unknown=unknown),))


def give(machine: Machine, result: library.Result, receiver: Objects, origin: str = "") -> Objects:
    """What a call gives, given how it relates to the receiver or to the arguments."""
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
        case "holder":
            return frozenset((heap.new(receiver, origin),))
        case "copy":
            return heap.copies(receiver)
        case "deep copy":
            return heap.copies(receiver, deep=True)


def run_arguments(machine: Machine, given: Given) -> None:
    """What is handed to somebody else may be called there, with the other arguments."""
    if not any(item.code_inside or item.runs or item.origin in library.CALLABLES for item in given.all):
        return  # as most often
    inside = reach(item for item in given.all if item.code_inside) | given.all
    run_maybe(machine, [item for item in inside if item.runs], given.event.line)
    for item in given.all:
        if item.made_by is not None:
            run_call(machine, item, given.event.line)
    for argument in (*given.arguments, *given.keywords.values()):
        if any(_changes_arguments(machine, item) for item in argument) and all(
            item.kind in {"code", "method"} or item.origin in library.CALLABLES for item in argument
        ):
            change(machine, changeable(given.all - argument))


def use_up(machine: Machine, given: Given) -> None:
    """Iterators are used up and generators of random numbers go on in whatever takes them."""
    if given.all:
        change(machine, (item for item in given.all if item.origin in library.GOING_ON))


def use_protocol(
    machine: Machine, objects: Objects, names: tuple[str, ...], line: int, given: Objects = NONE
) -> Objects:
    """Python itself calls these methods of the notebook's classes: `__iter__` in a loop. `given` are arguments.

    A method of many objects is followed once for all of them: what it makes of each would be many objects more.
    """
    result: Objects = NONE
    if machine.members.isdisjoint(names):
        return result
    receivers: dict[FunctionFacts, list[Object]] = {}
    for item in objects:
        for name in names:
            for code in machine.methods_of(item, name):
                receivers.setdefault(code, []).append(item)
    for code, items in receivers.items():
        each = [frozenset((item,)) for item in items] if len(items) <= _FEW else [frozenset(items)]
        for own in each:
            arguments = [own, *[given] * len(code.parameters[1:])]
            result |= apply_code(machine, no_arguments(line, sure=False), code, own, arguments, sure=False)
    return result


def _use_protocols(machine: Machine, given: Given, name: str) -> Objects:
    """What a function of Python calls on the objects that it is given, and on those inside them."""
    names = library.called_methods(name)
    if machine.members.isdisjoint(names):
        return NONE
    return use_protocol(machine, machine.heap.inside(given.all), names, given.event.line, given.all)


def _changes_arguments(machine: Machine, item: Object) -> bool:
    if item.kind == "method":
        return not item.holds and not library.is_pure_method(item.origin)
    if item.origin in library.CALLABLES:
        return True
    summary = machine.summary(item.code) if item.code is not None else None
    return summary is not None and any(
        symbol.source == "argument" and changed in summary.effects.changed
        for changed, symbol in summary.symbols.items()
    )


def _change_argument(machine: Machine, given: Given, name: str) -> None:
    position = library.changed_argument(name)
    if position is not None and position < len(given.arguments):
        change(machine, given.arguments[position])
        machine.heap.put(given.arguments[position], frozenset().union(*given.arguments[position + 1 :]))


def _rows(machine: Machine, given: Given, name: str) -> Objects:
    """`zip(a, b)` and `enumerate(a)` give tuples whose parts come from different places."""
    columns = [machine.heap.inside(found) for found in given.arguments]
    made = machine.heap.new((item for column in columns for item in column), f"builtins.{name}")
    made.columns = (NONE, *columns[:1]) if name == "enumerate" else tuple(columns)
    return frozenset((made,))
