"""What conditions and loops read: the kinds of exported values, and where the items of a loop come from."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.notebook.parameter_types import Type, read_type
from jupyter_mlops.pipeline.kfp.conditions import HINT, hints, kind_from, parsed, variable_of
from jupyter_mlops.pipeline.kfp.kinds import (
    JSON,
    LIST,
    Kind,
    encoded,
    kind_of_items,
    kind_of_parameter,
    may_be_none,
    refuse_inexact,
)
from jupyter_mlops.pipeline.model import Input, Parameter, Pipeline, Step
from jupyter_mlops.runtime.expressions import evaluate, names

# A list whose items are JSON as text: an item may be anything, and the IR wants one type for all.
ITEMS = Kind("LIST", "items")


@dataclass(frozen=True)
class Source:
    """What a name in an expression is: a parameter of the pipeline, or a value that a step exports."""

    kind: Kind
    parameter: str = ""
    item: Input | None = None


@dataclass(frozen=True)
class Items:
    """The items of a loop: `raw` as JSON text, or those of `source`. `kind` is that of one item."""

    kind: Kind
    raw: str = ""
    source: Source | None = None


class Controls:
    """Answers for one pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._parameters: Mapping[str, Parameter] = {item.name: item for item in pipeline.parameters}
        self._steps = pipeline.by_name
        uses: dict[tuple[str, str], set[str]] = {}
        for step in pipeline.steps:
            self._collect(step, uses)
        self.exports = {place: _export_kind(found, place) for place, found in uses.items()}

    def kinds_of(self, step: Step) -> dict[str, Kind]:
        """The kind of each name that the step exports; those that nobody reads are left out."""
        return {name: self.exports[step.name, name] for name in step.exports if (step.name, name) in self.exports}

    def source(self, step: Step, name: str) -> Source:
        """What a name in the step's expressions is.

        Raises:
            Refused: its value can be None or comes from a loop.
        """
        item = next((item for item in step.controls if item.name == name), None)
        if item is not None:
            maker = self._steps[item.sources[0][0]]
            if maker.options.for_each:
                raise Refused(
                    f"The condition or loop of {step.name!r} reads {name!r}, the list that {maker.name!r} makes.",
                    hint="Put it together in a step of its own, and read what that step sets.",
                )
            return Source(self.exports[item.sources[0]], item=item)
        parameter = self._parameters[name.removeprefix("params.")]
        if may_be_none(parameter):
            raise Refused(
                f"The condition or loop of {step.name!r} reads the parameter {parameter.name!r}, which can be None;"
                " KFP has no None.",
                hint="Give it another default.",
            )
        return Source(kind_of_parameter(parameter), parameter=parameter.name)

    def items(self, step: Step) -> Items:
        """Where the items of the step's loop come from.

        Raises:
            Refused: an expression that is neither literal nor one name.
        """
        loop = step.options.for_each
        assert loop is not None
        where = f"an item of the loop of {step.name!r}"
        values = loop.values
        if values is None and not names(loop.items):
            values = tuple(evaluate(loop.items, {}))
        if values is not None:
            kind = kind_of_items(values)
            return Items(kind, json.dumps([encoded(value, kind, where) for value in values]))
        name = variable_of(parsed(loop.items))
        if not name or name.startswith("metrics."):
            raise Refused(
                f"`{loop.text}` of {step.name!r}: KFP takes a list as it is, and cannot compute one.",
                hint="Compute the list in a step and name it: `for x in items`.",
            )
        source = self.source(step, name)
        if source.parameter:
            return Items(self._item_of_parameter(source, step), source=source)
        return Items(JSON, source=source)

    def _item_of_parameter(self, source: Source, step: Step) -> Kind:
        parameter = self._parameters[source.parameter]
        refuse_inexact(parameter.default, f"the parameter {parameter.name!r}")
        if source.kind is not LIST:
            raise Refused(
                f"The loop of {step.name!r} goes over the parameter {parameter.name!r}, which is no list.",
                hint=f"Declare it as a list: `{parameter.name}: list[int] = ...`.",
            )
        declared = read_type(parameter.type)
        inner = declared.args[0] if declared.name == "list" and declared.args else Type("Any")
        return kind_of_parameter(Parameter(parameter.name, str(inner), required=True))

    def _collect(self, step: Step, uses: dict[tuple[str, str], set[str]]) -> None:
        by_name = {item.name: item for item in step.controls}
        hinted: dict[str, set[str]] = {}
        if step.options.when:
            hinted = hints(step.options.when, lambda name: self._known(name, by_name))
        loop = step.options.for_each
        if loop and loop.values is None and isinstance(parsed(loop.items), ast.Name):
            hinted.setdefault(loop.items.strip(), set()).add("items")
        for name, item in by_name.items():
            for source in item.sources:
                uses.setdefault(source, set()).update(hinted.get(name, ()))

    def _known(self, name: str, controls: Mapping[str, Any]) -> Kind | None:
        if name in controls:
            return None
        parameter = self._parameters.get(name.removeprefix("params."))
        return kind_of_parameter(parameter) if parameter else None


def _export_kind(found: set[str], place: tuple[str, str]) -> Kind:
    where = f"{place[1]!r} of {place[0]!r}"
    if "items" not in found:
        return kind_from(found, where)
    if found - {"items", "sized"}:
        raise Refused(f"{where} is a loop's list and is compared elsewhere, which KFP cannot both do.", hint=HINT)
    return ITEMS
