"""The contract: `openapi.json`, which says what each route takes and gives. Requests are checked against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage

API = "/jupyter-mlops/api"
_SIMPLE = {"integer": int, "number": float}
_VERBS = ("get", "post", "put", "patch", "delete")
_BOOL = {"true": True, "false": False}


class Contract:
    """Operations by path (as in the file) and verb."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @classmethod
    def load(cls) -> Contract:
        """Read the file beside this module."""
        return cls(json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8")))

    def verbs(self, path: str) -> list[str]:
        """What a path takes: `["GET", "POST"]`; none if it is not in the contract."""
        return [verb.upper() for verb in self.document["paths"].get(path, ()) if verb in _VERBS]

    def body(self, path: str, verb: str, data: Any) -> dict[str, Any]:
        """The body of a request, as the contract has it, with defaults.

        Raises:
            Usage: it is not; the message says where.
        """
        schema = self.document["paths"][path][verb]["requestBody"]["content"]["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        error = next(self._validators[name].iter_errors(data), None)
        if error is not None:
            where = "/".join(str(part) for part in error.absolute_path)
            raise Usage(f"{where or 'The body'}: {error.message[:300]}", hint=f"See {name} in openapi.json.")
        properties = self.document["components"]["schemas"][name]["properties"]
        return {key: item["default"] for key, item in properties.items() if "default" in item} | dict(data)

    def query(self, path: str, verb: str, given: dict[str, list[str]]) -> dict[str, Any]:
        """The parameters of a request's query, read by their types, with defaults.

        Raises:
            Usage: one that is not known, or not of its type.
        """
        known = {item["name"]: item["schema"] for item in self._parameters(path, verb) if item["in"] == "query"}
        values = {name: schema.get("default") for name, schema in known.items()}
        for name, texts in given.items():
            if name == "token":
                continue
            if name not in known:
                raise Usage(f"There is no parameter {name!r}.", hint=f"There are: {', '.join(known) or 'none'}.")
            values[name] = _read(name, known[name], texts[-1])
        return values

    def _parameters(self, path: str, verb: str) -> list[dict[str, Any]]:
        item = self.document["paths"][path]
        return [*item.get("parameters", ()), *item[verb].get("parameters", ())]

    @cached_property
    def _validators(self) -> dict[str, Any]:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend

        validator = extend(Draft202012Validator, {"items": partial(_items, Draft202012Validator.VALIDATORS["items"])})
        schemas = self.document["components"]["schemas"]
        return {
            name: validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})
            for name in schemas
        }


def _items(check: Any, validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """As jsonschema checks them, but for a long list of objects (a notebook's cells) that may be anything."""
    if items != {"type": "object"} or not isinstance(instance, list) or not all(type(one) is dict for one in instance):
        yield from check(validator, items, instance, schema)


def _read(name: str, schema: dict[str, Any], text: str) -> Any:
    kind = schema["type"]
    if kind == "boolean":
        if text not in _BOOL:
            raise Usage(f"{name!r} is true or false.")
        return _BOOL[text]
    if kind in _SIMPLE:
        try:
            value = _SIMPLE[kind](text)
        except ValueError as error:
            raise Usage(f"{name!r} is a number.") from error
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        if not low <= value <= high:
            raise Usage(f"{name!r} is between {low} and {high}.")
        return value
    if len(text) > schema.get("maxLength", len(text)) or "\0" in text:
        raise Usage(f"{name!r} is too long, or no text.")
    if text not in schema.get("enum", [text]):
        raise Usage(f"{name!r} is one of {', '.join(schema['enum'])}.")
    return text
