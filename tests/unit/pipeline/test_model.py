from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jupyter_mlops.pipeline.model as model
from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import (
    Component,
    Input,
    Loop,
    Options,
    Parameter,
    Pipeline,
    Retries,
    Secret,
    Step,
    Volume,
)
from jupyter_mlops.pipeline.schema import pipeline_schema
from jupyter_mlops.runtime.spec import CellSource, Definition

SETUP = CellSource(0, "setup", "import math", 1)
F = Definition("f1", ("f",), "def f(): ...\n", needs=("g1",), cell=1, line=2)
G = Definition("g1", ("g",), "def g(): ...\n")


def full() -> Pipeline:
    options = Options(
        cpu=1,
        memory="2Gi",
        gpu=1,
        image="python",
        retries=Retries(2, delay=0.5),
        timeout=3.5,
        cache=False,
        when="n > 1",
        for_each=Loop("k", "[1, 2]"),
        env={"A": "b"},
        secrets=(Secret("s", "k", "E"),),
        volumes=(Volume("c", "/p"),),
        files=("a.csv",),
        labels={"x": "y"},
    )
    first = Step("load", Component("cells", (CellSource(1, "c1", "x = f()", 2),), (SETUP,), (G, F)), outputs=("x",))
    second = Step(
        "train",
        Component("cells", (CellSource(2, "c2", "y = x", 3),), (SETUP,), (G, replace(F, wanted=True))),
        inputs=(Input("x", (("load", "x"),), required=False),),
        params={"n": "n"},
        arguments={"a": [1, {"b": None}]},
        options=options,
        controls=(Input("n", (("load", "n"),)),),
        title="Train été",
    )
    third = Step("report", Component("notebook", notebook="r.ipynb", kernel="ir"), after=("train",))
    return Pipeline("p", (first, second, third), (Parameter("n", "int", 3, help="how many"),), notebook="a.ipynb")


def test_a_pipeline_comes_back_from_its_json() -> None:
    pipeline = full()
    assert Pipeline.from_json(pipeline.to_json()) == pipeline


def test_the_json_is_the_same_every_time_and_leaves_defaults_out() -> None:
    assert full().to_json() == full().to_json()
    data = json.loads(full().to_json())
    assert data["steps"][0] == {
        "name": "load",
        "component": {
            "kind": "cells",
            "cells": [{"index": 1, "id": "c1", "source": "x = f()", "count": 2}],
            "setup": ["setup"],
            "definitions": ["g1", "f1"],
            "wanted": [],
        },
        "outputs": ["x"],
    }


def test_what_steps_share_is_written_once() -> None:
    data = full().to_data()
    assert set(data["definitions"]) == {"f1", "g1"}
    assert set(data["setup"]) == {"setup"}
    assert data["steps"][1]["component"]["wanted"] == ["f1"]


def test_definitions_that_share_an_id_but_differ_are_kept_apart() -> None:
    other = replace(F, line=9)
    step = Step("a", Component("cells", definitions=(F, other)))
    assert Pipeline.from_data(Pipeline("p", (step,)).to_data()).steps == (step,)


@pytest.mark.parametrize("value", [0, False, 0.0, "", [], {}, None, True, 1, 1.0])
def test_values_keep_their_type(value: Any) -> None:
    step = Step("a", Component("cells"), arguments={"v": value})
    back = Pipeline.from_json(Pipeline("p", (step,), (Parameter("v", "Any", value),)).to_json())
    assert repr(back.steps[0].arguments["v"]) == repr(value)
    assert repr(back.parameters[0].default) == repr(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON, st.text(min_size=1))
def test_any_plain_value_and_name_survives(value: Any, name: str) -> None:
    pipeline = Pipeline(name, (Step(name, Component("cells"), arguments={"v": value}),))
    assert Pipeline.from_json(pipeline.to_json()) == pipeline


def test_keys_of_a_newer_writer_are_ignored() -> None:
    data = full().to_data()
    data["new"] = 1
    data["steps"][0]["new"] = 1
    data["steps"][0]["component"]["new"] = 1
    assert Pipeline.from_data(data) == full()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "no steps"),
        ("{}", "no steps"),
        ('{"steps": [], "name": 3}', "3 is not str"),
        ('{"steps": []}', "name"),
        ('{"name": "p", "steps": [{"name": "a"}]}', "component"),
        ('{"name": "p", "steps": [{"name": "a", "component": {"kind": "magic"}}]}', "'magic' is not"),
        ('{"name": "p", "steps": [{"name": "a", "component": {"kind": "cells", "setup": ["gone"]}}]}', "gone"),
        ('{"name": "p", "steps": 3}', "cannot be read|not a pipeline"),
        ('{"format": 99, "name": "p", "steps": []}', "format 99"),
    ],
)
def test_what_is_no_pipeline_is_refused(text: str, says: str) -> None:
    with pytest.raises(Usage, match=says):
        Pipeline.from_json(text)


def test_the_schema_in_the_package_is_that_of_the_classes() -> None:
    kept = json.loads((Path(model.__file__).parent / "schema.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(pipeline_schema())), "write `pipeline_schema()` to schema.json"


def test_pipelines_fit_the_schema_and_other_things_do_not() -> None:
    validator = jsonschema.Draft202012Validator(pipeline_schema())
    validator.check_schema(pipeline_schema())
    validator.validate(json.loads(full().to_json()))
    wrong = json.loads(full().to_json())
    wrong["steps"][0]["outputs"] = "x"
    assert not validator.is_valid(wrong)
    assert not validator.is_valid({"name": "p"})


def test_needs_are_sources_then_order_each_once() -> None:
    inputs = (Input("x", (("b", "x"), ("a", "x"))), Input("y", (("a", "y"),)))
    step = Step("c", Component("cells"), inputs, controls=(Input("z", (("d", "z"),)),), after=("e", "a"))
    assert step.needs == ("b", "a", "d", "e")
