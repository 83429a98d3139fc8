from __future__ import annotations

from typing import Any

import pytest

import jupyter_mlops as mlops
from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.api import subpipeline
from jupyter_mlops.pipeline.model import (
    Component,
    Input,
    Loop,
    Options,
    Parameter,
    Pipeline,
    Step,
    validate,
)
from jupyter_mlops.runtime.spec import CellSource
from tests.unit.pipeline.interpret import interpret


def cells(source: str) -> Component:
    return Component("cells", (CellSource(0, "c", source, 1),))


INNER = Pipeline(
    "inner",
    (
        Step("first", cells("xs = list(range(n))"), outputs=("xs",), exports=("xs",), params={"n": "n"}, final=("k",)),
        Step(
            "each",
            cells("y = k * scale"),
            outputs=("y",),
            params={"scale": "scale"},
            controls=(Input("xs", (("first", "xs"),)),),
            options=Options(for_each=Loop("k", "xs"), when="params.n > 1 and len(xs) >= n - limit"),
            group="loop",
        ),
        Step("report", Component("notebook", notebook="r.ipynb"), after=("each",)),
    ),
    (Parameter("n", "int", 3), Parameter("scale", "float", 1.0), Parameter("limit", "int", 0)),
    notebook="/somewhere/inner.ipynb",
)


@mlops.step
def number(value: int = 2) -> int:
    return value


def built(**given: Any) -> Pipeline:
    @mlops.pipeline
    def outer(m: int = 4):
        made = number(5)
        subpipeline(INNER, **{name: {"m": m, "made": made}.get(value, value) for name, value in given.items()})

    pipeline = outer()
    assert validate(pipeline) == []
    return pipeline


def results(pipeline: Pipeline, **params: Any) -> Any:
    steps = tuple(step for step in pipeline.steps if step.component.kind == "cells")
    return interpret(Pipeline("p", steps, pipeline.parameters), **params).get("inner.each", {}).get("y")


@pytest.mark.parametrize(
    ("given", "when", "y"),
    [
        ({}, "3 > 1 and len(xs) >= 3 - 0", [0.0, 1.0, 2.0]),
        ({"n": 2, "scale": 10}, "2 > 1 and len(xs) >= 2 - 0", [0, 10]),
        ({"n": "m"}, "m > 1 and len(xs) >= m - 0", [0.0, 1.0, 2.0, 3.0]),
        ({"scale": "made"}, "3 > 1 and len(xs) >= 3 - 0", [0, 5, 10]),
        ({"limit": "made"}, "3 > 1 and len(xs) >= 3 - limit", [0.0, 1.0, 2.0]),
        ({"n": 1}, "1 > 1 and len(xs) >= 1 - 0", None),
    ],
)
def test_parameters_are_replaced_in_cells_and_expressions(given: dict[str, Any], when: str, y: Any) -> None:
    pipeline = built(**given)
    assert pipeline.by_name["inner.each"].options.when == when
    assert results(pipeline, m=4) == y


def test_names_groups_and_cells_tell_where_steps_come_from() -> None:
    pipeline = built()
    assert [step.name for step in pipeline.steps] == ["number", "inner.first", "inner.each", "inner.report"]
    assert [step.group for step in pipeline.steps] == ["", "inner", "inner.loop", "inner"]
    assert pipeline.steps[1].component.cells[0].notebook == "/somewhere/inner.ipynb"
    assert pipeline.steps[2].controls[0].sources == (("inner.first", "xs"),)
    assert pipeline.steps[3].after == ("inner.each",)


def test_two_groups_of_one_pipeline_have_two_names() -> None:
    @mlops.pipeline
    def outer():
        subpipeline(INNER)
        subpipeline(INNER)

    assert {step.group.partition(".")[0] for step in outer().steps} == {"inner", "inner-2"}


def test_a_last_value_is_handed_on_when_it_is_asked_for() -> None:
    @mlops.pipeline
    def outer():
        group = subpipeline(INNER)
        number(group["k"])
        with pytest.raises(Usage, match="makes 'zz'"):
            group["zz"]

    assert outer().by_name["inner.first"].outputs == ("xs", "k")


def test_a_group_cannot_be_in_a_loop_and_needs_its_parameters() -> None:
    @mlops.pipeline
    def looped():
        with mlops.for_each([1]):
            subpipeline(INNER)

    needing = Pipeline("needing", INNER.steps[:1], (Parameter("n", "int", required=True),))

    @mlops.pipeline
    def lacking():
        subpipeline(needing)

    with pytest.raises(Usage, match="cannot be inside a loop"):
        looped()
    with pytest.raises(Usage, match="In 'needing': The parameter 'n' has no default"):
        lacking()
