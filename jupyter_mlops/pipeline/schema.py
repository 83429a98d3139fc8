"""The JSON schema of a pipeline, derived from the dataclasses; `schema.json` beside it is what it gives."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union

from jupyter_mlops.pipeline.model import Component, Pipeline
from jupyter_mlops.pipeline.plain import FORMAT, to_plain
from jupyter_mlops.runtime.spec import CellSource, Definition

_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}


def pipeline_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what `Pipeline.to_data` gives."""
    defs: dict[str, Any] = {}
    root = _object(Pipeline, defs)
    _object(CellSource, defs)
    _object(Definition, defs)
    root["properties"] |= {
        "format": {"const": FORMAT},
        "definitions": _table("Definition", "What components refer to in `definitions`, by key."),
        "setup": _table("CellSource", "What components refer to in `setup`, by key."),
        "selection": {"type": "object", "description": "In a run's first event: what of the pipeline was to run."},
    }
    keys = {"type": "array", "items": {"type": "string"}}
    about = {"definitions": keys, "setup": keys, "wanted": keys}
    defs[Component.__name__]["properties"] |= about
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A pipeline of jupyter-mlops",
        **root,
        "$defs": {name: defs[name] for name in sorted(defs) if name != Pipeline.__name__},
    }


def _table(name: str, description: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{name}"}, "description": description}


def _object(cls: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of a dataclass; those that it refers to are added to `defs`, as it is itself."""
    if cls.__name__ in defs:
        return typing.cast(dict[str, Any], defs[cls.__name__])
    found: dict[str, Any] = {"type": "object", "description": (cls.__doc__ or "").strip().split("\n")[0]}
    defs[cls.__name__] = found
    hints = typing.get_type_hints(cls)
    properties, required = {}, []
    for item in fields(cls):
        properties[item.name] = _type(hints[item.name], defs)
        if item.default is not MISSING:
            properties[item.name] = {**properties[item.name], "default": to_plain(item.default)}
        elif item.default_factory is MISSING:
            required.append(item.name)
    found |= {"properties": properties, "required": required}
    return found


def _type(annotation: Any, defs: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any:
        return {}
    if is_dataclass(annotation):
        _object(annotation, defs)
        return {"$ref": f"#/$defs/{annotation.__name__}"}  # type: ignore[union-attr]
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_type(item, defs) if item is not type(None) else {"type": "null"} for item in arguments]}
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return {"type": "array", "items": _type(arguments[0], defs)}
    if origin is tuple:
        items = [_type(item, defs) for item in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is not None:
        return {"type": "object", "additionalProperties": _type(arguments[1], defs)}
    return {"type": _SIMPLE[annotation]}
