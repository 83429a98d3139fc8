"""Parameters as a step's namespace has them, and the code that shows and sets them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any


def bound(params: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """The values to bind: those that `paths` names hold a `pathlib.Path` for text."""
    return {name: with_paths(value) if name in paths else value for name, value in params.items()}


def with_paths(value: Any) -> Any:
    """Plain data with a `pathlib.Path` in the place of all text; keys of a dict are none."""
    if isinstance(value, str):
        from pathlib import Path

        return Path(value)
    if isinstance(value, list):
        return [with_paths(item) for item in value]
    if isinstance(value, dict):
        return {key: with_paths(item) for key, item in value.items()}
    return value


def assignments(params: Mapping[str, Any], paths: Collection[str]) -> str:
    """Python source that binds the values, a line each; empty without any."""
    lines = [f"{name} = {literal(value, name in paths)}" for name, value in params.items()]
    if any(name in paths for name in params):
        lines.insert(0, "from pathlib import Path")
    return "\n".join(lines)


def literal(value: Any, as_path: bool = False) -> str:
    """Plain data as Python source; infinities and NaN have no literal of their own, text can be a `Path`."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {literal(item, as_path)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item, as_path) for item in value) + "]"
    return f"Path({value!r})" if as_path and isinstance(value, str) else repr(value)
