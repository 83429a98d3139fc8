from __future__ import annotations

import pytest

from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.pipeline.model import Parameter, Pipeline
from tests.unit.engine.play import step

DIAMOND = (
    step("a", gives="x"),
    step("b", "x<a", gives="y"),
    step("c", "x<a"),
    step("d", "y<b"),
    step("bye", exit=True),
)


def test_steps_come_in_an_order_that_respects_them() -> None:
    plan = make_plan(Pipeline("p", tuple(reversed(DIAMOND))))
    names = [found.name for found in plan.steps]
    assert names.index("a") < names.index("b") < names.index("d")


@pytest.mark.parametrize(
    ("selection", "selected", "fresh"),
    [
        (Selection(), "a b c d bye", ""),
        (Selection(no_cache=True), "a b c d bye", ""),
        (Selection(from_step="b"), "a b d bye", "b d"),
        (Selection(only="b"), "a b bye", "b"),
        (Selection(only="a"), "a bye", "a"),
    ],
)
def test_a_selection_takes_what_it_names_and_what_that_needs(selection: Selection, selected: str, fresh: str) -> None:
    plan = make_plan(Pipeline("p", DIAMOND), selection=selection)
    assert plan.selected == set(selected.split())
    assert plan.fresh == set(fresh.split())


def test_what_a_selection_names_does_not_use_the_cache() -> None:
    plan = make_plan(Pipeline("p", DIAMOND), selection=Selection(from_step="b"))
    assert {found.name: plan.uses_cache(found) for found in DIAMOND} == {
        "a": True,
        "b": False,
        "c": True,
        "d": False,
        "bye": False,
    }
    without = make_plan(Pipeline("p", DIAMOND), selection=Selection(no_cache=True))
    assert not any(without.uses_cache(found) for found in DIAMOND)


@pytest.mark.parametrize(
    ("selection", "error", "text"),
    [
        (Selection(only="zz"), NotFound, "no step 'zz'"),
        (Selection(from_step="zz"), NotFound, "Steps: a, b, c, d, bye"),
        (Selection(only="a", from_step="b"), Usage, "not both"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(selection: Selection, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        make_plan(Pipeline("p", DIAMOND), selection=selection)


def test_a_pipeline_that_cannot_run_is_refused() -> None:
    with pytest.raises(Usage, match="no such step"):
        make_plan(Pipeline("p", (step("a", after=["zz"]),)))


PARAMETERS = (Parameter("n", "int", 3), Parameter("lr", "float", 0.1), Parameter("path", "str", required=True))


def test_parameters_take_given_values_or_their_defaults() -> None:
    values = make_plan(Pipeline("p", DIAMOND, PARAMETERS), {"lr": 1, "path": "a.csv"}).params
    assert values == {"n": 3, "lr": 1.0, "path": "a.csv"}
    assert isinstance(values["lr"], float)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"path": "a", "zz": 1}, "no parameter 'zz'"),
        ({}, "'path' has no default.*-p path=VALUE"),
        ({"path": 3}, "'path' takes str, not 3"),
        ({"path": "a", "n": 1.5}, "'n' takes int, not 1.5"),
        ({"path": "a", "n": True}, "'n' takes int, not True"),
        ({"path": "a", "n": "many"}, "'n' takes int, not 'many'"),
        ({"path": "a", "n": object()}, "'n' takes int, not <object"),
    ],
)
def test_wrong_parameters_are_refused_by_name(given: dict, text: str) -> None:
    with pytest.raises(Usage, match=text):
        make_plan(Pipeline("p", DIAMOND, PARAMETERS), given)


def test_a_plan_comes_back_from_its_data() -> None:
    plan = make_plan(Pipeline("p", DIAMOND, (Parameter("n", "int", 3),)), {"n": 4}, Selection(only="b"))
    assert Plan.from_data(plan.to_data(), plan.params) == plan
