"""A pipeline as plain JSON data and back. Fields at their default are left out.

What many steps share is written once: definitions in `definitions`, setup cells in `setup`, both tables of the
pipeline to which components refer by key. So the data stays linear in the size of the notebook.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, Union

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Component, Pipeline
from jupyter_mlops.runtime.spec import CellSource, Definition

FORMAT = 1
_UNIONS = (Union, getattr(types, "UnionType", Union))
"""`Optional[X]` and, since Python 3.10, `X | None`."""


def pipeline_to_data(pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline as JSON data, with its format number first."""
    tables = _Tables()
    data: dict[str, Any] = {"format": FORMAT, **to_plain(replace(pipeline, steps=()))}
    steps = []
    for step in pipeline.steps:
        component = step.component
        plain = to_plain(replace(step, component=Component(kind=component.kind)))
        plain["component"] = _component_to_data(component, tables)
        steps.append(plain)
    data["steps"] = steps
    return data | {
        name: table for name, table in (("definitions", tables.definitions), ("setup", tables.setup)) if table
    }


def pipeline_from_data(data: Mapping[str, Any]) -> Pipeline:
    """Build the pipeline that `pipeline_to_data` described.

    Raises:
        Usage: the data is not a pipeline, or one that newer software wrote.
    """
    if not isinstance(data, Mapping) or "steps" not in data:
        raise Usage("This is not a pipeline: it has no steps.", hint="`jupyter mlops compile NB -o FILE` writes one.")
    if data.get("format", FORMAT) != FORMAT:
        raise Usage(
            f"The pipeline has format {data['format']}; this version reads {FORMAT}.", hint="Upgrade jupyter-mlops."
        )
    try:
        definitions = {key: from_plain(Definition, item) for key, item in data.get("definitions", {}).items()}
        setup = {key: from_plain(CellSource, item) for key, item in data.get("setup", {}).items()}
        steps = [
            {**step, "component": _component_from_data(step["component"], definitions, setup)} for step in data["steps"]
        ]
        return typing.cast(Pipeline, from_plain(Pipeline, {**data, "steps": steps}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Usage(f"This is not a pipeline that can be read: {error!r}.", hint="Compile it again.") from error


def pipeline_from_json(text: str | bytes) -> Pipeline:
    """Read JSON text.

    Raises:
        Usage: not JSON, or not a pipeline.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Usage(f"This is not JSON: {error}.", hint="`jupyter mlops compile NB -o FILE` writes a plan.") from error
    return pipeline_from_data(data)


class _Tables:
    """What components share, by key."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self.setup: dict[str, dict[str, Any]] = {}
        self._seen: dict[object, str] = {}

    def key(self, table: dict[str, dict[str, Any]], value: Definition | CellSource, name: str) -> str:
        known = self._seen.get(value)
        if known is None:
            known = self._seen[value] = name if name not in table else f"{name}~{len(table)}"
            table[known] = to_plain(value)
        return known


def _component_to_data(component: Component, tables: _Tables) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(replace(component, definitions=(), setup=()))
    if component.setup:
        plain["setup"] = [tables.key(tables.setup, cell, cell.id or str(cell.index)) for cell in component.setup]
    if component.definitions:
        keys = [tables.key(tables.definitions, replace(item, wanted=False), item.id) for item in component.definitions]
        plain["definitions"] = keys
        plain["wanted"] = [key for key, item in zip(keys, component.definitions) if item.wanted]
    return plain


def _component_from_data(
    data: Mapping[str, Any], definitions: Mapping[str, Definition], setup: Mapping[str, CellSource]
) -> Component:
    component: Component = from_plain(Component, {**data, "definitions": (), "setup": ()})
    wanted = set(data.get("wanted", ()))
    return replace(
        component,
        setup=tuple(setup[key] for key in data.get("setup", ())),
        definitions=tuple(
            replace(definitions[key], wanted=True) if key in wanted else definitions[key]
            for key in data.get("definitions", ())
        ),
    )


def to_plain(value: Any) -> Any:
    """A frozen dataclass (and what is in it) as dicts and lists, without the fields that are at their default."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if is_dataclass(value):
        plain = {}
        for name, default in _defaults(type(value)):  # type: ignore[arg-type]
            item = getattr(value, name)
            if item != default or type(item) is not type(default):
                plain[name] = to_plain(item)
        return plain
    raise TypeError(f"{type(value).__name__} is not plain data")


def from_plain(cls: Any, data: Any) -> Any:
    """Build the dataclass `cls` from what `to_plain` gave; keys that it does not have are ignored.

    Raises:
        ValueError: a value that the field's type does not allow, or a missing one.
    """
    return _reader(cls)(data)


@cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(cls))


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


@cache
def _reader(annotation: Any) -> Callable[[Any], Any]:
    """A function that builds a value of the annotated type."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if is_dataclass(annotation):
        return _dataclass_reader(annotation)
    if origin is Literal:
        return _checked(annotation, lambda value: value in arguments)
    if origin is not None and origin in _UNIONS:
        inner = _reader(next(item for item in arguments if item is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _tuple_reader(arguments)
    if annotation is Any:
        return lambda value: value
    if origin is not None:  # Mapping[str, X]
        item = _reader(arguments[1])
        return lambda value: {key: item(part) for key, part in value.items()}
    if annotation is float:
        return _checked(annotation, lambda value: isinstance(value, (int, float)))
    return _checked(annotation, lambda value: isinstance(value, annotation))


def _checked(annotation: Any, holds: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not holds(value):
            raise ValueError(f"{value!r} is not {getattr(annotation, '__name__', annotation)}")
        return value

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _reader(arguments[0])
        return lambda value: tuple([item(part) for part in value])
    items = [_reader(argument) for argument in arguments]
    return lambda value: tuple(item(part) for item, part in zip(items, value))


def _dataclass_reader(cls: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(cls)
    readers = {field.name: _reader(hints[field.name]) for field in fields(cls)}

    def read(data: Any) -> Any:
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            raise ValueError(f"{data!r} is not a {cls.__name__}")
        return cls(**{name: readers[name](value) for name, value in data.items() if name in readers})

    return read
