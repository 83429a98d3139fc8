"""Options of a step from plain data (cell metadata, a magic's line, a function's keywords) to `Options`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Loop, Options, Retries, Secret, Volume
from jupyter_mlops.runtime.expressions import parse_loop


def read_options(data: Mapping[str, Any]) -> Options:
    """Build `Options`; short forms are read too: `retries: 2`, `secrets: ["name:key:ENV"]`, `for_each: "x in [1, 2]"`.

    Raises:
        Usage: an option that does not exist, or a value that makes no sense for it.
    """
    known = {item.name for item in fields(Options)}
    for name in data:
        if name not in known:
            raise Usage(f"A step has no option {name!r}.", hint=f"There are: {', '.join(sorted(known))}.")
    values = dict(data)
    for name, read in _READERS.items():
        if values.get(name) is not None:
            values[name] = _read(name, read, values[name])
    return Options(**{name: value for name, value in values.items() if value is not None})


def _read(name: str, read: Any, value: Any) -> Any:
    try:
        return read(value)
    except (TypeError, ValueError, AttributeError) as error:
        raise Usage(f"The option {name!r} cannot be {value!r}: {error}.") from error


def _retries(value: Any) -> Retries:
    if isinstance(value, Retries):
        return value
    return Retries(**value) if isinstance(value, Mapping) else Retries(limit=int(value))


def _loop(value: Any) -> Loop:
    if isinstance(value, Loop):
        return value
    if isinstance(value, Mapping):
        return _written_loop(**value)
    variable, items = parse_loop(value)
    return Loop(variable, items)


def _written_loop(*, variable: str, items: str) -> Loop:
    return Loop(variable, items)


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, Mapping):
        return Secret(**value)
    parts = str(value).split(":")
    if len(parts) != 3:
        raise ValueError("a secret is NAME:KEY:ENV")
    return Secret(*parts)


def _volume(value: Any) -> Volume:
    if isinstance(value, Volume):
        return value
    if isinstance(value, Mapping):
        return Volume(**value)
    claim, colon, path = str(value).partition(":")
    if not colon or not path.startswith("/"):
        raise ValueError("a volume is CLAIM:/PATH")
    return Volume(claim, path)


_READERS = {
    "retries": _retries,
    "for_each": _loop,
    "secrets": lambda value: tuple(_secret(item) for item in value),
    "volumes": lambda value: tuple(_volume(item) for item in value),
    "files": lambda value: tuple(str(item) for item in value),
    "env": lambda value: {str(key): str(item) for key, item in value.items()},
    "labels": lambda value: {str(key): str(item) for key, item in value.items()},
    "annotations": lambda value: {str(key): str(item) for key, item in value.items()},
    "timeout": float,
    "cpu": float,
    "gpu": int,
}
