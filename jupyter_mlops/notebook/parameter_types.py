"""Types of parameters: read from their Python spelling, and values read, checked and written as plain data."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

_PLAIN = ("int", "float", "str", "bool", "list", "dict", "None", "Path", "Any")
_ALIASES = {
    "List": "list",
    "Dict": "dict",
    "NoneType": "None",
    "Sequence": "list",
    "Iterable": "list",
    "Mapping": "dict",
    "object": "Any",
    "PathLike": "Path",
    "PosixPath": "Path",
}


@dataclass(frozen=True)
class Type:
    """A type: `name` is one of int float str bool list dict None Path Any Union Literal; `args` its arguments."""

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.name == "Union":
            return " | ".join(str(arg) for arg in self.args)
        if self.name == "Literal":
            return f"Literal[{', '.join(repr(arg) for arg in self.args)}]"
        return f"{self.name}[{', '.join(str(arg) for arg in self.args)}]" if self.args else self.name


@cache
def read_type(spelling: str) -> Type:
    """The type of a spelling such as `int`, `Optional[float]`, `list[str] | None`, `Literal['a', 'b']`.

    Raises:
        ValueError: it is no type that a parameter can have.
    """
    try:
        return type_of_annotation(ast.parse(spelling, mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"{spelling!r} is no type") from error


def type_of_annotation(node: ast.expr) -> Type:
    """The type that an annotation names.

    Raises:
        ValueError: it is no type that a parameter can have.
    """
    if isinstance(node, ast.Constant):
        if node.value is None:
            return Type("None")
        return read_type(str(node.value))
    if isinstance(node, (ast.Name, ast.Attribute)):
        name = node.id if isinstance(node, ast.Name) else node.attr
        name = _ALIASES.get(name, name)
        if name in _PLAIN:
            return Type(name)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([type_of_annotation(node.left), type_of_annotation(node.right)])
    if isinstance(node, ast.Subscript):
        return _subscripted(node)
    raise ValueError(f"{ast.unparse(node)!r} is no type that a parameter can have")


def type_of_value(value: Any) -> Type:
    """The type of a default: that of the literal; `None` alone says nothing about what may come."""
    return Type("Any" if value is None else type(value).__name__)


def holds_paths(kind: Type) -> bool:
    """Whether text in a value of the type is a path: it has `Path`, and nothing that plain text could be for."""
    names = set(_leaves(kind))
    return "Path" in names and not names & {"str", "Any", "list", "dict"}


def path_or_text(kind: Type) -> Type:
    """The type of a parameter that is declared to hold paths, but whose default is text, as it then is in the code."""
    return _union([kind, _paths_as_text(kind)])


def _paths_as_text(kind: Type) -> Type:
    if kind.name == "Path":
        return Type("str")
    return Type(kind.name, tuple(_paths_as_text(item) if isinstance(item, Type) else item for item in kind.args))


def _leaves(kind: Type) -> Iterator[str]:
    """The names of the types that values in it are of; the keys of a dict are always text."""
    if kind.name == "Literal":
        yield from ("str" for choice in kind.args if isinstance(choice, str))
    elif not kind.args:
        yield kind.name
    else:
        for item in kind.args[1:] if kind.name == "dict" else kind.args:
            yield from _leaves(item)


def from_text(kind: Type, text: str) -> Any:
    """The value that `text` spells for the type.

    Raises:
        ValueError: it spells none.
    """
    if kind.name == "Union":
        return _first(kind, text)
    if kind.name == "Literal":
        for choice in kind.args:
            if text in (str(choice), repr(choice)):
                return choice
        raise ValueError("no such choice")
    value = _FROM_TEXT[kind.name](text)
    return value if kind.name in ("str", "Path", "Any") else checked(kind, value)


def checked(kind: Type, value: Any) -> Any:
    """The value as the type has it (a whole number for a float becomes one).

    Raises:
        ValueError: the value is not of the type.
    """
    if kind.name == "Union":
        return _first_checked(kind, value)
    if kind.name == "Literal":
        for choice in kind.args:
            if type(choice) is type(value) and choice == value:
                return choice
        raise ValueError("no such choice")
    if kind.name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = _CLASSES.get(kind.name)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and kind.name in ("int", "float"))):
        raise ValueError(f"not {kind}")
    if kind.args and isinstance(value, list):
        return [checked(kind.args[0], item) for item in value]
    if kind.args and isinstance(value, dict):
        return {checked(kind.args[0], key): checked(kind.args[-1], item) for key, item in value.items()}
    return value


def plain(value: Any) -> Any:
    """The value as JSON data: scalars of numpy, tuples and paths become what JSON has.

    Raises:
        ValueError: JSON has nothing for it.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "__fspath__"):
        return str(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    raise ValueError(f"a {type(value).__name__} is no plain data")


def _subscripted(node: ast.Subscript) -> Type:
    base = node.value
    name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
    name = _ALIASES.get(name, name)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return Type("Literal", tuple(_literal(item) for item in items))
    if name == "Optional":
        return _union([type_of_annotation(items[0]), Type("None")])
    if name == "Union":
        return _union([type_of_annotation(item) for item in items])
    if name == "Annotated":
        return type_of_annotation(items[0])
    if name in ("list", "dict") and len(items) == (1 if name == "list" else 2):
        return Type(name, tuple(type_of_annotation(item) for item in items))
    raise ValueError(f"{ast.unparse(node)!r} is no type that a parameter can have")


def _literal(node: ast.expr) -> Any:
    value = ast.literal_eval(node)
    if value is not None and not isinstance(value, (bool, int, str)):
        raise ValueError(f"{value!r} cannot be a choice")
    return value


def _union(members: list[Type]) -> Type:
    flat: list[Type] = []
    for member in members:
        flat += [item for item in (member.args if member.name == "Union" else (member,)) if item not in flat]
    return flat[0] if len(flat) == 1 else Type("Union", tuple(flat))


# In a union the text is tried as the narrower type first: `1` for `str | int` is the number.
_NARROW = ("None", "Literal", "bool", "int", "float", "list", "dict", "Path", "str", "Any")


def _first(kind: Type, text: str) -> Any:
    for member in sorted(kind.args, key=lambda item: _NARROW.index(item.name)):
        try:
            return from_text(member, text)
        except ValueError:
            continue
    raise ValueError("fits none")


def _first_checked(kind: Type, value: Any) -> Any:
    for member in sorted(kind.args, key=lambda item: item.name == "float"):
        try:
            return checked(member, value)
        except ValueError:
            continue
    raise ValueError("fits none")


def _bool(text: str) -> bool:
    word = text.strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError("neither true nor false")


def _none(text: str) -> None:
    if text.strip().lower() not in ("none", "null"):
        raise ValueError("not None")


def _data(text: str) -> Any:
    """JSON, or a Python literal."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return plain(ast.literal_eval(text.strip()))
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("neither JSON nor a Python literal") from error


def _any(text: str) -> Any:
    try:
        return _data(text)
    except ValueError:
        return text


_FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": _bool,
    "None": _none,
    "list": _data,
    "dict": _data,
    "Path": str,
    "Any": _any,
}
_CLASSES: Mapping[str, type] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "None": type(None),
    "list": list,
    "dict": dict,
    "Path": str,
}
