"""Methods that nobody calls by name: Python calls them where code loops, looks up or asks for an attribute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jupyter_mlops.notebook import library
from jupyter_mlops.notebook.applying import apply_code, change, no_arguments, retype, run_maybe
from jupyter_mlops.notebook.calls import called
from jupyter_mlops.notebook.facts import Attribute, Protocol
from jupyter_mlops.notebook.heap import NONE, Object, Objects, reach
from jupyter_mlops.notebook.library_calls import use_protocol
from jupyter_mlops.notebook.special_methods import GOING_OVER

if TYPE_CHECKING:
    from jupyter_mlops.notebook.machine import Machine


def protocol(machine: Machine, event: Protocol) -> None:
    """Call such methods of the notebook's own classes; what is known to change by it without one changes, too."""
    machine.objects[event.result] = NONE
    looks_up, goes_over = "__getitem__" in event.names, "__iter__" in event.names
    is_named = not machine.members.isdisjoint(event.names)
    if not (looks_up or goes_over or is_named or _RETYPING in event.names):
        return
    found = machine.heap.value(event.value, machine)
    if looks_up and (made := [item for item in found if item.origin == library.DEFAULTS]):
        _make_missing(machine, made, event.line)
    if goes_over and (used := [item for item in found if item.origin in library.GOING_ON]):
        _go_on(machine, used, event.line)
    if _RETYPING in event.names:
        retype(machine, found)
    if is_named:
        machine.objects[event.result] = _called(machine, event, found)


def _called(machine: Machine, event: Protocol, found: Objects) -> Objects:
    arguments = machine.heap.value(event.given, machine)
    if not (machine.members.isdisjoint(DESCRIPTORS) or DESCRIPTORS.isdisjoint(event.names)):
        found |= machine.heap.inside(found)  # the descriptor is in the class
        arguments |= found
    return use_protocol(machine, found, event.names, event.line, arguments)


def _make_missing(machine: Machine, items: Iterable[Object], line: int) -> None:
    """What a dictionary makes of a key that is not there."""
    change(machine, items)
    for item in items:
        factories = frozenset(inner for inner in item.holds if inner.runs)
        if factories:
            machine.heap.put((item,), called(machine, no_arguments(line, sure=False), factories))


def _go_on(machine: Machine, items: Iterable[Object], line: int) -> None:
    """An iterator is used up; what it calls for each element runs now."""
    change(machine, items)
    inside = reach((item for item in items if item.code_inside), weak=False)
    functions = [item for item in inside if item.kind in {"code", "method"}]
    if functions:
        run_maybe(machine, functions, line, frozenset(item for item in inside if item.kind == "data"))
    use_protocol(machine, frozenset(inside), GOING_OVER, line)


def attribute(machine: Machine, event: Attribute) -> None:
    """A property gives what its function gives; a method may be called later."""
    machine.objects[event.result] = NONE
    may_change = event.name in library.CHANGING_METHODS
    if may_change or event.name in machine.members or not machine.members.isdisjoint(_ASKED):
        machine.objects[event.result] = _attribute(machine, event, may_change=may_change)


_RETYPING = "__class__.setter"
DESCRIPTORS = frozenset({"__set__", "__delete__"})
_ASKED = ("__getattr__", "__getattribute__", "__get__")


def _attribute(machine: Machine, event: Attribute, *, may_change: bool) -> Objects:
    owners = machine.heap.value(event.value, machine)
    result = use_protocol(machine, owners, _ASKED[:2], event.line)
    result |= use_protocol(machine, machine.heap.inside(owners), _ASKED[2:], event.line)
    receivers: set[Object] = set()
    for item in owners:
        own = frozenset((item,))
        codes = tuple(machine.methods_of(item, event.name))
        if item.kind == "class" or (codes and item.unknown) or (may_change and item.kind == "data" and not codes):
            receivers.add(item)
        for code in codes if item.kind != "class" else ():
            if code.marks <= _METHODS:
                receivers.add(item)
            else:
                given = no_arguments(event.line, sure=False)
                result |= apply_code(machine, given, code, own, [own], sure=False)
    unbound = may_change and machine.is_builtin_type(event.value)
    if not receivers and not unbound:
        return result
    made = machine.heap.new(receivers, event.name)
    made.kind = "method"
    return result | {made}


# Decorators that leave a method a method.
_METHODS = frozenset({"classmethod", "staticmethod", "abstractmethod", "wraps", "override", "final"})
