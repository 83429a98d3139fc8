"""Where a task's inputs come from, as plain data in the plan, and their values once the run has them.

{"const": VALUE}                    known before the run (text may have KFP's placeholders of the run)
{"name": NAME}                      a parameter of the pipeline, or what another step made
{"row": [PLACE, ...]}               the item of the loop, or what another step of the loop made for it
{"any": [SOURCE, ...]}              the first that was made: of the branches of a condition
{"field": SOURCE, "path": [...]}    a part of it
{"rows": SOURCE, "by": [SOURCE]}    a list over all items of loops in loops, as lists of lists
{"final": SOURCE, "task": NAME}     how a part of the run ended, as KFP describes it
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_mlops.runtime.errors import MlopsError

# What a step hands on that did not run for an item of a loop, as its condition did not hold.
SKIPPED = {"$skipped": True}
ARTIFACT = "$artifact"


class NotMade(Exception):
    """No step that ran has made the value: who needs it does not run either."""


def is_skipped(value: Any) -> bool:
    """Whether the value says that it was not made."""
    return isinstance(value, Mapping) and value.get("$skipped") is True


def is_artifact(value: Any) -> bool:
    """Whether the value stands for an artifact."""
    return isinstance(value, Mapping) and value.get(ARTIFACT) is True


class Values:
    """The values that a task was given: `named` by name, `row` that of its loop (None outside of one)."""

    def __init__(self, named: Mapping[str, Any], row: Any = None) -> None:
        self._named = named
        self._row = row

    def of(self, source: Mapping[str, Any]) -> Any:
        """The value of a source. Raises `NotMade`."""
        value = self._raw(source)
        if is_skipped(value):
            raise NotMade
        return value

    def _raw(self, source: Mapping[str, Any]) -> Any:
        if "const" in source:
            return source["const"]
        if "name" in source:
            if source["name"] not in self._named:
                raise NotMade
            return self._named[source["name"]]
        if "row" in source:
            return _part(self._row, source["row"])
        if "any" in source:
            return self._first(source["any"])
        if "field" in source:
            return _part(_parsed(self.of(source["field"])), source["path"])
        if "rows" in source:
            return _nested(_made(self.of(source["rows"])), [len(self.of(one)) for one in source["by"]])
        if "final" in source:
            return {**self.of(source["final"]), "pipelineTaskName": source["task"]}
        raise MlopsError(f"the source {sorted(source)} of an input is not known.", hint="Read the file again.")

    def _first(self, sources: Sequence[Mapping[str, Any]]) -> Any:
        for source in sources:
            with contextlib.suppress(NotMade):
                return self.of(source)
        raise NotMade


def _part(value: Any, path: Sequence[Any]) -> Any:
    try:
        for key in path:
            value = value[key]
    except (LookupError, TypeError):
        raise MlopsError(f"there is no {path!r} in {str(value)[:200]!r}.") from None
    return value


def _parsed(value: Any) -> Any:
    """What KFP's `parseJson` takes is text; values that are data already stay."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _made(value: Any) -> list[Any]:
    return [item for item in value if not is_skipped(item)]


def _nested(items: list[Any], lengths: Sequence[int]) -> list[Any]:
    for length in reversed(lengths):
        items = [items[start : start + length] for start in range(0, len(items), length)] if length else []
    return items


def converted(value: Any, kind: str, name: str) -> Any:
    """A value as its type in the file wants it: numbers of JSON become whole ones, and so on.

    Raises `MlopsError` if it is of another type.
    """
    try:
        return _CONVERTERS.get(kind, lambda found: found)(value)
    except (TypeError, ValueError):
        raise MlopsError(f"the parameter {name!r} is of type {kind} and cannot be {str(value)[:200]!r}.") from None


def _integer(value: Any) -> int:
    if isinstance(value, bool) or float(value) % 1:
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    return float(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, (bool, int, float)):
        return bool(value)
    raise TypeError(value)


def _listed(value: Any) -> Any:
    found = _parsed(value)
    if not isinstance(found, (list, tuple)):
        raise TypeError(value)
    return [item for item in found if not is_skipped(item)]


def _struct(value: Any) -> Any:
    found = _parsed(value)
    if not isinstance(found, Mapping):
        raise TypeError(value)
    return dict(found)


_CONVERTERS = {
    "NUMBER_INTEGER": _integer,
    "NUMBER_DOUBLE": _number,
    "STRING": _text,
    "BOOLEAN": _flag,
    "LIST": _listed,
    "STRUCT": _struct,
}
