"""Options of a step as people write them, checked and brought to the units of `pipeline.model.Options`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhd]?)")
_MEMORY = re.compile(r"\d+(\.\d+)?([KMGTPE]i|[kKMGTPE])?")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

OPTION_NAMES = (
    *("cpu", "memory", "gpu", "image", "retries", "timeout", "cache", "when", "for_each", "exit"),
    *("env", "secrets", "volumes", "files", "labels", "annotations"),
)


def clean_options(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The sound options, cleaned, and for each of the others why it is not.

    `timeout` becomes seconds, `cpu` cores, `gpu` a count; the rest keeps its form.
    """
    options: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in data.items():
        if name in OPTION_NAMES and value is not None:
            try:
                options[name] = _CLEANERS[name](value) if name in _CLEANERS else value
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
                problems[name] = (error.message if isinstance(error, MlopsError) else str(error)).rstrip(".")
    return options, problems


def seconds(value: Any) -> float:
    """Seconds of `90`, `"90"`, `"10m"`, `"1h30m"`.

    Raises:
        ValueError: it is no duration, or not above zero.
    """
    if isinstance(value, str):
        text = value.strip()
        parts = _DURATION.findall(text)
        if not text or "".join(_DURATION.sub("", text).split()) or not parts:
            raise ValueError(f"{value!r} is no duration; write seconds, or for example '10m' or '1h30m'")
        value = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return _positive(float(value), "a duration")


def cores(value: Any) -> float:
    """CPU cores of `2`, `"0.5"`, `"500m"`.

    Raises:
        ValueError: it is no number of cores.
    """
    try:
        if isinstance(value, str) and value.strip().endswith("m"):
            return _positive(float(value.strip()[:-1]) / 1000, "a number of cores")
        return _positive(float(value), "a number of cores")
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{value!r} is no number of cores; write for example 2, 0.5 or '500m'") from None


def constant_value(expression: str) -> Any:
    """The value of an expression that reads no name; `...` for one that reads some, or is none."""
    from jupyter_mlops.runtime.expressions import evaluate, names

    try:
        return ... if names(expression) else evaluate(expression, {})
    except MlopsError:
        return ...


def names_read(expression: str) -> set[str]:
    """The names that the expression of a condition or a loop reads; none for one that is not sound."""
    from jupyter_mlops.runtime.expressions import OBJECTS, names

    try:
        return names(expression) - set(OBJECTS)
    except MlopsError:
        return set()


def loop_parts(value: Any) -> tuple[str, str]:
    """(variable, items) of a `for_each` option in either form.

    Raises:
        MlopsError: it is no loop.
    """
    from jupyter_mlops.runtime.expressions import parse_loop

    return (value["variable"], value["items"]) if isinstance(value, Mapping) else parse_loop(value)


def _memory(value: Any) -> str:
    text = str(value).strip()
    if isinstance(value, bool) or not _MEMORY.fullmatch(text) or not float(re.sub(r"[^\d.]", "", text)):
        raise ValueError(f"{value!r} is no amount of memory; write for example '4Gi' or '512Mi'")
    return text


def _count(value: Any) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        number = -1
    if number < 0 or isinstance(value, bool):
        raise ValueError(f"{value!r} is no count; write a whole number from 0")
    return number


def _retries(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return _count(value)
    for name, item in value.items():
        if name not in ("limit", "delay", "backoff", "max_delay"):
            raise ValueError(f"there is no {name!r}; there are limit, delay, backoff, max_delay")
        if isinstance(item, bool) or not isinstance(item, int | float) or item < 0:
            raise ValueError(f"{name} cannot be {item!r}")
    return dict(value)


def _env(value: Any) -> dict[str, str]:
    for name in value:
        if not _ENV_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of an environment variable")
    return {name: str(item) for name, item in value.items()}


def _secrets(value: Any) -> list[Any]:
    return [_parts(item, ("name", "key", "env"), "NAME:KEY:ENV") for item in value]


def _volumes(value: Any) -> list[Any]:
    volumes = [_parts(item, ("claim", "path"), "CLAIM:/PATH") for item in value]
    for item in volumes:
        path = item["path"] if isinstance(item, dict) else item.partition(":")[2]
        if not path.startswith("/"):
            raise ValueError(f"{item!r} must be mounted at an absolute path: CLAIM:/PATH")
    return volumes


def _parts(item: Any, names: tuple[str, ...], form: str) -> Any:
    values = [item.get(name) for name in names] if isinstance(item, Mapping) else str(item).split(":", len(names) - 1)
    if len(values) != len(names) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"{item!r} is not {form}")
    if isinstance(item, Mapping) and set(item) - set(names):
        raise ValueError(f"{item!r} has keys beyond {', '.join(names)}")
    return dict(item) if isinstance(item, Mapping) else item


def _for_each(value: Any) -> Any:
    from jupyter_mlops.runtime.expressions import parse_loop

    if isinstance(value, Mapping) and set(value) != {"variable", "items"}:
        raise ValueError("a loop has a variable and items")
    parse_loop(f"{value['variable']} in {value['items']}" if isinstance(value, Mapping) else value)
    return dict(value) if isinstance(value, Mapping) else value


def _when(value: Any) -> str:
    from jupyter_mlops.runtime.expressions import names

    names(value)
    return str(value)


def _files(value: Any) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else list(value)


def _positive(number: float, what: str) -> float:
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"{number:g} is not {what} above zero")
    return number


_CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "cpu": cores,
    "memory": _memory,
    "gpu": _count,
    "retries": _retries,
    "timeout": seconds,
    "when": _when,
    "for_each": _for_each,
    "env": _env,
    "secrets": _secrets,
    "volumes": _volumes,
    "files": _files,
}
