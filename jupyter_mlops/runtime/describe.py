"""What a value is, in a few words, without touching much of it; and its plain JSON form."""

from __future__ import annotations

import math
import numbers
import reprlib
from collections.abc import Mapping
from typing import Any, Optional

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.spec import ValueInfo

_BUILTIN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, type(None))
_PLAIN_LIMIT = 100_000


def describe(value: Any, digest: str) -> ValueInfo:
    """Type, shape, bytes and a short text. Never calls `repr` of a library or of the user, which may take long."""
    shape = _shape(value)
    return ValueInfo(type_name(value), digest, shape, _bytes(value), _text(value))


def type_name(value: Any) -> str:
    """The type as people write it: `int`, `pandas.DataFrame`, `Model` for a class of the notebook."""
    kind = type(value)
    top = kind.__module__.partition(".")[0]
    return kind.__qualname__ if top in ("builtins", "__main__") else f"{top}.{kind.__qualname__}"


def plain(value: Any, name: str) -> Any:
    """A value as plain JSON data: numbers of numpy and torch become numbers, arrays and tuples lists.

    Infinities and NaN stay floats. Raises `MlopsError` for what has no such form, or is too large.
    """
    return _plain(value, name, [0])


def _plain(value: Any, name: str, count: list[int]) -> Any:
    count[0] += 1
    if count[0] > _PLAIN_LIMIT:
        raise MlopsError(
            f"{name!r} is too large for a condition or a loop.", hint="Hand over its length or a part of it."
        )
    if value is None or isinstance(value, (bool, int, float, str)):
        return _exact(value)
    if isinstance(value, Mapping):
        return {_key(key, name): _plain(item, name, count) for key, item in value.items()}
    if isinstance(value, (list, tuple, range, frozenset, set)):
        return [_plain(item, name, count) for item in value]
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    for convert in ("tolist", "to_list"):  # arrays, tensors, series, scalars of all of them
        if hasattr(value, convert) and not isinstance(value, type):
            return _plain(getattr(value, convert)(), name, count)
    if type(value).__module__.startswith("datetime") or type(value).__name__ in ("PosixPath", "WindowsPath"):
        return str(value)
    raise MlopsError(
        f"{name!r} is used in a condition or a loop, but a {type_name(value)} has no plain form.",
        hint="Use numbers, strings, booleans, or lists and dicts of them.",
    )


def _exact(value: Any) -> Any:
    """Subclasses (numpy.float64, enums, user's) become the plain type."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value) if kind is not str else str.__str__(value)
    return value


def _key(key: Any, name: str) -> str:
    if isinstance(key, (str, int, float, bool)) or key is None:
        return str(key)
    raise MlopsError(f"{name!r} has keys of type {type_name(key)}: a condition or a loop needs strings.")


def _shape(value: Any) -> Optional[tuple[int, ...]]:
    if isinstance(value, type):
        return None
    if isinstance(value, (str, bytes, list, tuple, dict, set, frozenset)) and type(value) in _BUILTIN:
        return (len(value),)
    try:
        return tuple(int(size) for size in getattr(value, "shape", None) or ()) if hasattr(value, "shape") else None
    except (TypeError, ValueError):
        return None


def _bytes(value: Any) -> Optional[int]:
    if isinstance(value, type):
        return None
    try:
        if type(value).__name__ == "DataFrame" and hasattr(value, "memory_usage"):
            return _bytes_of_table(value)
        size = getattr(value, "nbytes", None)
        return int(size) if isinstance(size, numbers.Integral) else None
    except Exception:
        return None


def _bytes_of_table(table: Any) -> int:
    blocks = getattr(getattr(table, "_mgr", None), "blocks", None)
    if blocks is None:
        return int(table.memory_usage(deep=False).sum())
    # The same sum, some fifty times as fast.
    return int(table.index.memory_usage() + sum(block.values.nbytes for block in blocks))


def _text(value: Any) -> str:
    kind = type(value)
    if kind in _BUILTIN:
        return _short.repr(value)
    if kind.__name__ == "DataFrame" and hasattr(value, "columns"):
        return ", ".join(str(name) for name in list(value.columns)[:12])[:120]
    if isinstance(value, float) and not math.isnan(value):
        return repr(float(value))
    dtype = getattr(value, "dtype", None)
    if dtype is not None and not isinstance(value, type):
        return str(dtype)[:80]
    return str(getattr(value, "__qualname__", ""))[:80]


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80
