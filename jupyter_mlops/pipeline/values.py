"""Whether a value fits a parameter: types as people spell them, values as plain JSON data."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Parameter

_ALIASES = {"List": "list", "Dict": "dict", "Tuple": "tuple", "NoneType": "None", "PosixPath": "Path"}


def check_value(value: Any, parameter: Parameter) -> Any:
    """The value as it will be bound: an int for a float parameter becomes a float, the rest stays as it is.

    Raises:
        Usage: the value does not fit the parameter's type, or is not plain JSON data.
    """
    if not is_plain(value):
        raise Usage(
            f"The parameter {parameter.name!r} cannot be a {type(value).__name__}.",
            hint="Parameters are None, bool, int, float, str, and lists and dicts of these.",
        )
    try:
        annotation = ast.parse(parameter.type or "Any", mode="eval").body
    except SyntaxError:
        return value
    if not fits(value, annotation):
        raise Usage(
            f"The parameter {parameter.name!r} must be {parameter.type}, and {value!r} is {type(value).__name__}.",
            hint=f"Its default is {parameter.default!r}." if not parameter.required else "",
        )
    return float(value) if parameter.type == "float" and type(value) is int else value


def is_plain(value: Any) -> bool:
    """Whether the value is JSON data (NaN and infinities included, as Python's JSON writes them)."""
    if value is None or isinstance(value, bool | int | float | str):
        return True
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return isinstance(value, dict) and all(isinstance(key, str) and is_plain(item) for key, item in value.items())


def fits(value: Any, annotation: ast.expr) -> bool:
    """Whether plain data fits a type expression; a type that is not known fits everything."""
    if isinstance(annotation, ast.Constant):
        return value is None or annotation.value is not None
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return fits(value, annotation.left) or fits(value, annotation.right)
    if isinstance(annotation, ast.Subscript):
        return _fits_generic(value, _name(annotation.value), _arguments(annotation))
    holds = _SIMPLE.get(_name(annotation))
    return holds(value) if holds else True


def _fits_generic(value: Any, name: str, arguments: list[ast.expr]) -> bool:
    if name == "Optional":
        return value is None or fits(value, arguments[0])
    if name == "Union":
        return any(fits(value, item) for item in arguments)
    if name == "Literal":
        return any(_same(value, item) for item in arguments)
    if name == "Annotated":
        return fits(value, arguments[0])
    if not _SIMPLE.get(name, lambda _: True)(value):
        return False
    if name in ("list", "set", "frozenset", "Sequence", "Iterable"):
        return all(fits(item, arguments[0]) for item in value)
    if name in ("dict", "Mapping") and len(arguments) == 2:
        return all(fits(item, arguments[1]) for item in value.values())
    return True


def _same(value: Any, choice: ast.expr) -> bool:
    try:
        wanted = ast.literal_eval(choice)
    except ValueError:
        return True
    return type(value) is type(wanted) and bool(value == wanted)


def _name(annotation: ast.expr) -> str:
    name = annotation.attr if isinstance(annotation, ast.Attribute) else getattr(annotation, "id", "")
    return _ALIASES.get(name, name)


def _arguments(annotation: ast.Subscript) -> list[ast.expr]:
    return annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


_SIMPLE: dict[str, Callable[[Any], bool]] = {
    "int": _is_int,
    "float": lambda value: _is_int(value) or isinstance(value, float),
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "None": lambda value: value is None,
    "list": _is_list,
    "tuple": _is_list,
    "set": _is_list,
    "frozenset": _is_list,
    "Sequence": _is_list,
    "Iterable": _is_list,
    "dict": lambda value: isinstance(value, dict),
    "Mapping": lambda value: isinstance(value, dict),
    "Path": lambda value: isinstance(value, str),
}
