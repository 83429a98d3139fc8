"""The schemas of our metadata, and the part of JSON Schema that checks them.

`jsonschema` would take longer to import than a whole cached run may take.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

_FOLDER = Path(__file__).parent
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


@dataclass(frozen=True)
class Violation:
    """One place where data do not fit: the key at the top, what is wrong, and the way out."""

    key: str
    message: str
    hint: str = ""
    unknown: bool = False


@cache
def load(name: Literal["cell_metadata", "notebook_metadata"]) -> Mapping[str, Any]:
    """One of the schemas of this folder, parsed."""
    data: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return data


def violations(data: Any, schema: Mapping[str, Any], key: str = "") -> Iterator[Violation]:
    """Where `data` do not fit the schema. Knows type, enum, min/maxLength, properties, additionalProperties, items."""
    if not _has_type(data, schema.get("type")):
        yield Violation(key, f"{_label(key)} must be {_types(schema)}, not {_short(data)}.")
    elif "enum" in schema and data not in schema["enum"]:
        yield Violation(
            key,
            f"{_label(key)} cannot be {_short(data)}.",
            did_you_mean(str(data), schema["enum"]) or f"It is one of {', '.join(schema['enum'])}.",
        )
    elif isinstance(data, str):
        yield from _text(data, schema, key)
    elif isinstance(data, dict):
        yield from _object(data, schema, key)
    elif isinstance(data, list) and "items" in schema:
        for item in data:
            yield from violations(item, schema["items"], key)


def did_you_mean(name: str, known: Any) -> str:
    """A hint that names the known word nearest to `name`; empty when none is near."""
    near = nearest(name, known)
    return f"Did you mean {near!r}?" if near else ""


def nearest(name: str, known: Any, *, cutoff: float = 0.6) -> str:
    """The known word nearest to `name`; empty when none is as like it as `cutoff` (1: the same)."""
    words = [str(word) for word in known]
    near = difflib.get_close_matches(name, words, n=1, cutoff=cutoff)
    if not near:
        folded = {word.casefold().replace("-", "_"): word for word in words}
        near = difflib.get_close_matches(name.casefold().replace("-", "_"), folded, n=1, cutoff=cutoff)
        near = [folded[word] for word in near]
    return near[0] if near else ""


def _object(data: dict[str, Any], schema: Mapping[str, Any], key: str) -> Iterator[Violation]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, value in data.items():
        inner = name if not key else f"{key}.{name}"
        if name in properties:
            yield from violations(value, properties[name], inner)
        elif others is False:
            hint = did_you_mean(name, properties) or f"There are: {', '.join(properties)}."
            yield Violation(inner, f"There is no key {inner!r}.", hint, unknown=True)
        elif isinstance(others, dict):
            yield from violations(value, others, inner)


def _text(data: str, schema: Mapping[str, Any], key: str) -> Iterator[Violation]:
    if len(data.strip()) < schema.get("minLength", 0):
        yield Violation(key, f"{_label(key)} is empty.")
    elif len(data) > schema.get("maxLength", len(data)):
        yield Violation(key, f"{_label(key)} is longer than {schema['maxLength']} characters.")


def _has_type(data: Any, names: Any) -> bool:
    if names is None:
        return True
    for name in [names] if isinstance(names, str) else names:
        # In Python True is an int, in JSON it is not a number.
        if isinstance(data, _TYPES[name]) and (name == "boolean" or not isinstance(data, bool)):
            return True
    return False


def _types(schema: Mapping[str, Any]) -> str:
    names = schema["type"]
    return " or ".join([names] if isinstance(names, str) else names)


def _label(key: str) -> str:
    return repr(key) if key else "the metadata"


def _short(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
