"""A function as data: its code and the state around it."""

from __future__ import annotations

import marshal
from types import CodeType, FunctionType
from typing import Any


def marshalled(code: CodeType) -> bytes:
    """The bytes of a code object, the same for the same code (version 2 has no references, which depend on counts)."""
    try:
        return marshal.dumps(code, 2)
    except ValueError:
        return marshal.dumps(code)


def function_state(function: FunctionType) -> dict[str, Any]:
    """Everything but code and globals, for `rebuild.set_function`."""
    state: dict[str, Any] = {
        "cells": [(cell, cell.cell_contents) for cell in function.__closure__ or () if not is_empty(cell)],
        "dict": dict(vars(function)),
        "name": function.__name__,
        "qualname": function.__qualname__,
        "module": function.__module__,
        "doc": function.__doc__,
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        "annotations": _annotations(function),
    }
    if getattr(function, "__type_params__", ()):  # Python >= 3.12
        state["type_params"] = vars(type(function))["__type_params__"].__get__(function)
    return state


def names_used(code: CodeType) -> set[str]:
    """Global names (and attributes) that a function's code mentions, inner functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_used(constant)
    return names


def _annotations(function: FunctionType) -> dict[str, Any]:
    try:
        return dict(function.__annotations__)
    except NameError:  # annotations that are evaluated late may name what is not there
        return {}


def is_empty(cell: Any) -> bool:
    """Whether a closure cell has no value (yet)."""
    try:
        return cell.cell_contents is cell
    except ValueError:
        return True
