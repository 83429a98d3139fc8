"""One call: of the notebook's functions and classes by what they do, of a library's by what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlops.notebook import library
from jupyter_mlops.notebook.applying import Given, apply_code, change, note_files, run_maybe
from jupyter_mlops.notebook.facts import Call, FunctionFacts
from jupyter_mlops.notebook.heap import NONE, Object, Objects, changeable
from jupyter_mlops.notebook.library_calls import (
    call_builtin,
    call_library,
    call_unknown,
    give,
    run_arguments,
    use_up,
)

if TYPE_CHECKING:
    from jupyter_mlops.notebook.machine import Machine


def follow_call(machine: Machine, event: Call) -> Objects:
    """Do what a call does; give the objects of its result."""
    arguments = [machine.heap.value(value, machine) for value in event.args]
    keywords = {name: machine.heap.value(value, machine) for name, value in event.keywords}
    if "" in keywords:  # `**options` gives what is inside
        keywords[""] = machine.heap.inside(keywords[""])
    given = Given(event, arguments, keywords)
    if event.root:
        return _named(machine, given)
    receiver = machine.heap.value(event.receiver, machine)
    if event.path:
        note_files(machine, event, event.path[-1])
        return _method(machine, given, receiver, event.path[-1])
    return called(machine, given, receiver)


def _named(machine: Machine, given: Given) -> Objects:
    """`f(...)`, `np.sort(...)`, `model.fit(...)`."""
    event = given.event
    objects = machine[event.root]
    module = min((item for item in objects if item.kind == "import"), key=lambda item: item.origin, default=None)
    if module is not None:
        return call_library(machine, given, ".".join((module.origin, *event.path)))
    if machine.is_builtin(event.root):
        if not event.path:
            return call_builtin(machine, given)
        if event.root in library.BUILTIN_TYPES and given.arguments:  # `list.append(x, 2)`
            return _method(machine, given.of(given.arguments[1:]), given.arguments[0], event.path[-1])
    if not event.path:
        return called(machine, given, objects)
    note_files(machine, event, event.path[-1])
    if len(event.path) == 1:
        return _class_or_method(machine, given, objects, event.path[0])
    return _method(machine, given, machine.heap.inside(objects), event.path[-1])


def _class_or_method(machine: Machine, given: Given, objects: Objects, name: str) -> Objects:
    """`x.name(...)` where `x` may be a class or an object."""
    made = [item for item in objects if item.kind == "class"]
    result = _through_class(machine, given, made, name)
    others = objects.difference(made)
    return result | _method(machine, given, others, name) if others or not made else result


# ------------------------------------------------------------------------------------------- the notebook's functions


def called(machine: Machine, given: Given, callees: Objects) -> Objects:
    """Call each of these objects."""
    result: Objects = NONE
    known = False
    for item in callees:
        found = _call_one(machine, given, item, sure=len(callees) == 1)
        if found is not None:
            known = True
            result |= found
    if known:
        return result
    for item in callees:
        if item.unknown or library.is_stateful(item.origin):
            run_maybe(machine, (item,), given.event.line, given.all)
            change(machine, () if item.unknown else changeable((item,)))
            if item.unknown:
                _any_method(machine, given, item, "__call__")
        elif item.origin in library.CALLABLES:
            change(machine, changeable(given.all))
    return call_unknown(machine, given, callees, "")


def _call_one(machine: Machine, given: Given, item: Object, *, sure: bool) -> Objects | None:
    """Call an object; None if nothing is known of what it does."""
    own = frozenset((item,))
    if item.kind == "code" and item.code is not None:
        return apply_code(machine, given, item.code, own, given.arguments, sure=sure)
    if item.kind == "class":
        return _construct(machine, given, item)
    if item.kind == "import":
        return call_library(machine, given, item.origin)
    if item.kind == "method":
        return _bound_method(machine, given, item)
    if item.origin == library.PARTIAL:
        return _partial(machine, given, item)
    if item.made_by is None:
        return None
    if code := item.method("__call__"):
        return apply_code(machine, given, code, own, [own, *given.arguments], sure=False)
    if item.origin:  # a class above it, from a library, may call any method: `forward` of a torch module
        change(machine, changeable(own))
        run_maybe(machine, (item,), given.event.line, given.all)
        return call_unknown(machine, given, own, "")
    return None


def _bound_method(machine: Machine, given: Given, item: Object) -> Objects:
    """`add = x.append; add(1)`; of a class or a built-in type the receiver is the first argument."""
    if item.holds:
        return _class_or_method(machine, given, frozenset(item.holds), item.origin)
    first, *rest = given.arguments or [NONE]
    return _method(machine, given.of(rest), first, item.origin)


def _partial(machine: Machine, given: Given, item: Object) -> Objects:
    """What was given before may be any argument now."""
    held = frozenset(item.holds) | given.all
    event = given.event._replace(flags=given.event.flags | {"*"})
    callees = [inner for inner in item.holds if inner.kind in {"code", "method", "class"} or inner.made_by]
    result = frozenset((machine.heap.new(held),))
    for inner in callees:
        result |= _call_one(machine, Given(event, [held], {}), inner, sure=False) or NONE
    return result


def _construct(machine: Machine, given: Given, item: Object) -> Objects:
    """Call a class: a new object, made by its `__init__` or holding what it is given."""
    own = _instance(machine, item)
    code = item.method("__init__")
    if code is not None:
        apply_code(machine, given, code, own, [own, *given.arguments], sure=True)
    else:
        machine.heap.put(own, given.all)
    machine.may_run(own, given.event.line)
    return own


def _instance(machine: Machine, item: Object, contents: Objects = NONE) -> Objects:
    made = machine.heap.new(contents, item.origin)
    made.made_by, made.bases = item.made_by, item.bases
    machine.heap.put((made,), (item,), weak=True)
    return frozenset((made,))


def _class_method(machine: Machine, given: Given, item: Object, code: FunctionFacts) -> Objects:
    """`C.of(x)`: what it gives may be made by calling the class that it is given."""
    own = frozenset((item,))
    result = apply_code(machine, given, code, own, [own, *given.arguments], sure=True)
    return result | _instance(machine, item, result | given.all) if any(one.unknown for one in result) else result


def _through_class(machine: Machine, given: Given, made: list[Object], name: str) -> Objects:
    """`C.method(x)`: the receiver is given, or the class is."""
    result: Objects = NONE
    for item in made:
        code = item.method(name)
        if code is None:
            change(machine, given.arguments[0] if given.arguments and not library.is_pure_method(name) else ())
            result |= {machine.heap.new(given.all)}
            continue
        own = frozenset((item,))
        if "classmethod" in code.marks:
            result |= _class_method(machine, given, item, code)
        else:
            result |= apply_code(machine, given, code, own, given.arguments, sure=True)
    return result


# ------------------------------------------------------------------------------------------------------------ methods


def _method(machine: Machine, given: Given, receiver: Objects, name: str) -> Objects:
    """A method of an object: the notebook's own if its class is known, else by the name of the method."""
    result: Objects = NONE
    others: set[Object] = set()
    for item in receiver:
        code = item.method(name) if item.made_by is not None else None
        if item.unknown:
            result |= _any_method(machine, given, item, name)
        if code is None:
            others.add(item)
        else:
            result |= _own_method(machine, given, item, code, sure=len(receiver) == 1)
    if not others:
        return result | (NONE if receiver else _plain_receiver(machine, given))
    return result | _unknown_method(machine, given, frozenset(others), name)


def _own_method(machine: Machine, given: Given, item: Object, code: FunctionFacts, *, sure: bool) -> Objects:
    """A method of the notebook's own class; of a static one the receiver is no argument."""
    own = frozenset((item,))
    if "classmethod" in code.marks:
        made = [other for other in item.remembers if other.kind == "class"] or [item]
        return frozenset().union(*(_class_method(machine, given, one, code) for one in made))
    arguments = given.arguments if "staticmethod" in code.marks else [own, *given.arguments]
    return apply_code(machine, given, code, own, arguments, sure=sure)


def _any_method(machine: Machine, given: Given, item: Object, name: str) -> Objects:
    """The object may be of any class of the notebook that has such a method."""
    result: Objects = NONE
    for made in machine.classes:
        if made.made_by is not None and name in made.made_by.methods:
            code = made.made_by.methods[name]
            own = made if "classmethod" in code.marks else item
            result |= _own_method(machine, given, own, code, sure=False)
    return result


def _plain_receiver(machine: Machine, given: Given) -> Objects:
    """A method of a number or a string: `", ".join(...)`."""
    run_arguments(machine, given)
    use_up(machine, given)
    return NONE


def _unknown_method(machine: Machine, given: Given, receiver: Objects, name: str) -> Objects:
    heap = machine.heap
    run_arguments(machine, given)
    use_up(machine, given)
    origin = min((item.origin for item in receiver if item.origin), default="")  # the same one in every process
    result = library.method_result(name, given.event.flags, origin)
    if result is None:
        shallow = name in library.SHALLOW_METHODS
        change(machine, receiver if shallow else changeable(receiver))
        added = given.all
        if not shallow:
            change(machine, changeable(item for item in added if library.is_trained(item.origin)))
        if name in library.EXTENDING_METHODS:
            added = added | frozenset(inner for item in given.all for inner in item.holds)
        heap.put(receiver, added, weak=not (shallow or name.startswith(library.KEEPING)))
        result = library.CHANGING_RESULTS.get(name)
        if result is None:
            return heap.inside(receiver) | given.all | frozenset((heap.new(given.all),))
    elif name in {"get", "setdefault"}:
        return heap.inside(receiver) | given.all
    return give(machine, result, receiver, origin)
