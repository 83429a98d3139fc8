"""Types: how a parameter, a loop's items and an exported value travel as parameters of the IR.

The IR keeps every number as a double and knows no `None`, so each kind says what the IR calls it and how the pod makes
the value from what comes (`runtime.kfp_step`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.notebook.parameter_types import Type, read_type
from jupyter_mlops.pipeline.model import Parameter

EXACT = 2**53  # beyond it a double skips whole numbers


@dataclass(frozen=True)
class Kind:
    """`ir` is the parameterType; `made` how the pod reads it: int, float, plain (as it is), json (text that is it)."""

    ir: str
    made: str


INTEGER = Kind("NUMBER_INTEGER", "int")
DOUBLE = Kind("NUMBER_DOUBLE", "float")
TEXT = Kind("STRING", "plain")
BOOLEAN = Kind("BOOLEAN", "plain")
LIST = Kind("LIST", "plain")
STRUCT = Kind("STRUCT", "plain")
JSON = Kind("STRING", "json")

_BY_NAME = {
    "int": INTEGER,
    "float": DOUBLE,
    "str": TEXT,
    "Path": TEXT,
    "bool": BOOLEAN,
    "list": LIST,
    "dict": STRUCT,
}


def kind_of_parameter(parameter: Parameter) -> Kind:
    """The kind of a pipeline's parameter: JSON as text where the IR has no type for it (`int | str`, `Any`)."""
    try:
        kind = read_type(parameter.type or "Any")
    except ValueError:
        return JSON
    names = {name for name in _names(kind) if name != "None"}
    found = {_BY_NAME.get(name, JSON) for name in names}
    if found == {INTEGER, DOUBLE}:
        return JSON
    return found.pop() if len(found) == 1 else JSON


def may_be_none(parameter: Parameter) -> bool:
    """Whether the IR may leave the parameter out: it has a default, and that is None."""
    return parameter.default is None and not parameter.required


def kind_of_items(items: Iterable[Any]) -> Kind:
    """The kind of a loop's literal items: JSON as text unless all are of one plain type."""
    types = {type(item) for item in items}
    if len(types) != 1:
        return JSON
    return {int: INTEGER, float: DOUBLE, str: TEXT, bool: BOOLEAN}.get(types.pop(), JSON)


def encoded(value: Any, kind: Kind, where: str) -> Any:
    """The value as the IR holds it.

    Raises:
        Refused: a number that a double cannot hold.
    """
    refuse_inexact(value, where)
    if kind is JSON:
        return json.dumps(value, ensure_ascii=False)
    return float(value) if kind is DOUBLE else value


def refuse_inexact(value: Any, where: str) -> None:
    """Numbers in plain data must survive as a double.

    Raises:
        Refused: one does not.
    """
    if isinstance(value, dict):
        for item in value.values():
            refuse_inexact(item, where)
    elif isinstance(value, (list, tuple)):
        for item in value:
            refuse_inexact(item, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refused(f"{where} is {value}, which JSON and so KFP cannot say.", hint="Use a finite number or None.")
    elif isinstance(value, int) and abs(value) > EXACT:
        raise Refused(f"{where} is {value}; KFP keeps numbers as doubles and would change it.", hint="Pass it as text.")


def _names(kind: Type) -> list[str]:
    if kind.name == "Union":
        return [name for part in kind.args for name in _names(part)]
    if kind.name == "Literal":
        return [type(choice).__name__ if choice is not None else "None" for choice in kind.args]
    return [kind.name]
