"""The names that a step's `when` and `for_each` read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.notebook.annotations import StepDeclaration
from jupyter_mlops.runtime import expressions

_PARAMETER = re.compile(r"\bparams\.([^\W\d]\w*)")


@dataclass(frozen=True)
class Controls:
    """Expressions around a step. `names` are what they read; `variable` is bound in the step by its loop.

    `problem` says why one cannot be read.
    """

    when: str = ""
    variable: str = ""
    items: str = ""
    names: tuple[str, ...] = ()
    problem: str = ""


def read_controls(declaration: StepDeclaration) -> Controls:
    """The controls of a step, from its options as plain data."""
    options: Mapping[str, Any] = declaration.options
    when = str(options.get("when") or "")
    try:
        variable, items = _loop(options.get("for_each"))
        names = sorted({name for text in (when, items) if text for name in _names(text)})
    except expressions.ExpressionError as error:
        return Controls(when, problem=str(error))
    return Controls(when, variable, items, tuple(names))


def _loop(option: object) -> tuple[str, str]:
    """`for_each` as `{"variable", "items"}`, or as `depth in [2, 4]`."""
    if isinstance(option, Mapping):
        items = option.get("items", "")
        return str(option.get("variable", "")), items if isinstance(items, str) else repr(items)
    return expressions.parse_loop(option) if isinstance(option, str) and option else ("", "")


def _names(expression: str) -> set[str]:
    found = expressions.names(expression)
    if "params" in found:
        found |= set(_PARAMETER.findall(expression))
    return found - set(expressions.OBJECTS)
