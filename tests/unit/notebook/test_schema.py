"""The schemas, and that our small validator agrees with the real one."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from jupyter_mlops.notebook import schema
from jupyter_mlops.notebook.step_options import OPTION_NAMES

CELL = schema.load("cell_metadata")
NOTEBOOK = schema.load("notebook_metadata")

DATA: list[tuple[Any, Any]] = [
    (CELL, {}),
    (CELL, {"role": "step", "step": "a", "after": ["b"], "cpu": 2, "env": {"A": "1"}}),
    (CELL, {"role": "other"}),
    (CELL, {"step": ""}),
    (CELL, {"step": "x" * 201}),
    (CELL, {"cpu": True}),
    (CELL, {"gpu": 1.5}),
    (CELL, {"cache": 1}),
    (CELL, {"cache": None}),
    (CELL, {"after": "a"}),
    (CELL, {"after": [1]}),
    (CELL, {"env": {"A": []}}),
    (CELL, {"unknown": 1}),
    (CELL, []),
    (NOTEBOOK, {"pipeline": {"name": "a", "defaults": {"anything": 1}}}),
    (NOTEBOOK, {"pipeline": {"nam": "a"}}),
    (NOTEBOOK, {"pipeline": []}),
]


@pytest.mark.parametrize("known", [CELL, NOTEBOOK])
def test_the_schemas_are_sound(known: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(known)


@pytest.mark.parametrize(("known", "data"), DATA)
def test_the_small_validator_agrees_with_jsonschema(known: Any, data: Any) -> None:
    expected = jsonschema.Draft202012Validator(known).is_valid(data)
    assert (list(schema.violations(data, known)) == []) is expected


def test_every_option_is_in_the_schema() -> None:
    assert set(OPTION_NAMES) == set(CELL["properties"]) - {"role", "step", "title", "after", "notebook", "isolated"}


def test_violations_name_the_key_and_the_way_out() -> None:
    found = list(schema.violations({"role": "stp", "memroy": "1Gi", "zzz": 1, "step": 3, "title": ["x" * 90]}, CELL))
    assert [(item.key, item.hint) for item in found[:2]] == [
        ("role", "Did you mean 'step'?"),
        ("memroy", "Did you mean 'memory'?"),
    ]
    assert found[2].hint.startswith("There are: role, step")
    assert found[2].unknown
    assert found[3].message == "'step' must be string, not 3."
    assert found[4].message.endswith("...."), "long values are cut"


def test_no_near_word_gives_no_hint() -> None:
    assert schema.did_you_mean("qqq", ["step"]) == ""
    assert schema.did_you_mean("Train-Model", ["train_model"]) == "Did you mean 'train_model'?"
