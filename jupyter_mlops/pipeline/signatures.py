"""What a function's signature says: the parameters of a pipeline, the outputs of a step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, get_type_hints

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.parameters import check_default
from jupyter_mlops.pipeline.model import Parameter
from jupyter_mlops.pipeline.references import RESULT
from jupyter_mlops.pipeline.values import is_plain


def parameters_of(function: Callable[..., Any], defaults: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The function's parameters; `defaults` take the place of those in the signature.

    Raises:
        Usage: a default that is not plain data or does not fit, or one for a parameter that is not there.
    """
    signature = inspect.signature(function).parameters
    for name in defaults:
        if name not in signature:
            raise Usage(f"The pipeline {function.__name__!r} has no parameter {name!r}.")
    return tuple(_parameter(item, defaults) for item in signature.values())


def output_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of what a step gives: the fields of a named tuple if its annotation says so, else `result`."""
    try:
        returned = get_type_hints(inspect.unwrap(function)).get("return")
    except (NameError, TypeError, AttributeError):
        return (RESULT,)
    fields = getattr(returned, "_fields", ())
    return tuple(fields) or (RESULT,)


def _parameter(item: inspect.Parameter, defaults: Mapping[str, Any]) -> Parameter:
    if item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD):
        raise Usage("A pipeline cannot have *args or **kwargs.", hint="Give every parameter a name.")
    required = item.default is item.empty and item.name not in defaults
    default = defaults.get(item.name, None if item.default is item.empty else item.default)
    is_path = isinstance(default, PurePath)
    if is_path:
        default = str(default)
    if not is_plain(default):
        raise Usage(
            f"The default of the parameter {item.name!r} is a {type(default).__name__}.",
            hint="Defaults are None, bool, int, float, str, and lists and dicts of these.",
        )
    parameter = Parameter(item.name, "Path" if is_path else _spelled(item, default), default, required)
    if not required and default is not None:
        check_default(parameter)
    return parameter


def _spelled(item: inspect.Parameter, default: Any) -> str:
    if item.annotation is not item.empty:
        return item.annotation if isinstance(item.annotation, str) else inspect.formatannotation(item.annotation)
    return "Any" if default is None else type(default).__name__
