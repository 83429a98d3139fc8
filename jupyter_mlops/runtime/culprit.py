"""Which part of which value cannot be pickled: `model.callbacks[0].lock`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from jupyter_mlops.runtime import handles, pickling
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.describe import type_name
from jupyter_mlops.runtime.functions import is_empty

_DEEPEST = 30
_WIDEST = 10_000


@dataclass(frozen=True)
class Culprit:
    """A variable, the path to what cannot be pickled in it, and why."""

    name: str
    variable_type: str
    path: str
    reason: str


def find_culprit(values: Mapping[str, Any], definitions: Definitions, error: Exception) -> Culprit:
    """Pickle the parts one by one, deeper and deeper. Slow; only called when the whole has failed with `error`."""
    for name, value in values.items():
        found = _failure(value, definitions)
        if found is None:
            continue
        path, seen = name, {id(value)}
        culprit = value
        for _ in range(_DEEPEST):
            step = None if handles.handle_of(type(culprit)) else _deeper(culprit, definitions, seen)
            if step is None:
                break
            suffix, culprit, found = step
            path += suffix
            seen.add(id(culprit))
        return Culprit(name, type_name(value), path, _reason(culprit, found))
    return Culprit(next(iter(values), "?"), "values", next(iter(values), "?"), _sentence(error))


def _deeper(value: Any, definitions: Definitions, seen: set[int]) -> Any:
    for suffix, child in itertools.islice(_children(value), _WIDEST):
        if id(child) in seen:
            continue
        failure = _failure(child, definitions)
        if failure is not None:
            return suffix, child, failure
    return None


def _failure(value: Any, definitions: Definitions) -> Any:
    try:
        pickling.dumps(value, definitions)
    except Exception as error:
        return error
    return None


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    """(how to write the step from the value, part) for everything that pickle may go through."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r:.40}]", item) for key, item in list(value.items()))
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from (("{...}", item) for item in value)
    if isinstance(value, FunctionType):
        yield from _of_function(value)
    if isinstance(value, type):
        yield from ((f".{name}", item) for name, item in list(vars(value).items()))
        return
    for name, item in list(getattr(value, "__dict__", {}).items()):
        yield f".{name}", item
    yield from _hidden_attributes(value)
    if type(value).__name__ == "ndarray" and value.dtype.hasobject and value.size < _WIDEST:
        yield from ((f".flat[{index}]", item) for index, item in enumerate(value.flat))


def _hidden_attributes(value: Any) -> Iterator[tuple[str, Any]]:
    for name in ("__self__", "__wrapped__", "func", "args", "keywords"):
        if name not in getattr(value, "__dict__", {}) and hasattr(type(value), name):
            yield f".{name}", getattr(value, name, None)
    for kind in type(value).__mro__:
        for name in _slots(kind):
            if hasattr(value, name):
                yield f".{name}", getattr(value, name)


def _slots(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _of_function(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        if not is_empty(cell):
            yield f".<closure {name}>", cell.cell_contents
    for index, default in enumerate(function.__defaults__ or ()):
        yield f".__defaults__[{index}]", default
    for name, default in (function.__kwdefaults__ or {}).items():
        yield f".__kwdefaults__[{name!r}]", default


_WHAT = {
    "lock": "a lock belongs to this process",
    "RLock": "a lock belongs to this process",
    "_thread.lock": "a lock belongs to this process",
    "generator": "a generator holds a running function",
    "coroutine": "a coroutine holds a running function",
    "async_generator": "a generator holds a running function",
    "Connection": "a database connection belongs to this process",
}


def _reason(value: Any, error: Exception) -> str:
    return _WHAT.get(type(value).__name__) or _sentence(error)


def _sentence(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text.splitlines()[0][:300]
