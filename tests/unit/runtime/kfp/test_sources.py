"""Where inputs come from."""

from __future__ import annotations

import pytest

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp.sources import SKIPPED, NotMade, Values, converted

VALUES = Values({"n": 3, "all": [1, 2, 3, 4], "text": '{"a": [5]}', "rows": [7, 8]}, [[1, {"b": 2}], SKIPPED])


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ({"const": None}, None),
        ({"name": "n"}, 3),
        ({"row": [0, 0]}, 1),
        ({"field": {"row": [0, 1]}, "path": ["b"]}, 2),
        ({"field": {"name": "text"}, "path": ["a", 0]}, 5),
        ({"any": [{"row": [1]}, {"name": "gone"}, {"name": "n"}]}, 3),
        ({"rows": {"name": "all"}, "by": [{"name": "rows"}]}, [[1, 2], [3, 4]]),
        ({"rows": {"name": "all"}, "by": [{"const": []}]}, []),
    ],
)
def test_a_source_has_its_value(source: dict, value: object) -> None:
    assert VALUES.of(source) == value


@pytest.mark.parametrize("source", [{"row": [1]}, {"name": "gone"}, {"any": [{"row": [1]}]}])
def test_what_no_step_made_is_not_there(source: dict) -> None:
    with pytest.raises(NotMade):
        VALUES.of(source)


def test_a_part_that_is_not_there_and_a_source_that_is_not_known_are_said() -> None:
    with pytest.raises(MlopsError, match="there is no"):
        VALUES.of({"field": {"name": "n"}, "path": ["x"]})
    with pytest.raises(MlopsError, match="not known"):
        VALUES.of({"magic": 1})


@pytest.mark.parametrize(
    ("value", "kind", "made"),
    [
        (3.0, "NUMBER_INTEGER", 3),
        ("4", "NUMBER_INTEGER", 4),
        (3, "NUMBER_DOUBLE", 3.0),
        ({"a": 1}, "STRING", '{"a": 1}'),
        ("true", "BOOLEAN", True),
        (0.0, "BOOLEAN", False),
        ("[1]", "LIST", [1]),
        ([1, SKIPPED], "LIST", [1]),
        ('{"a": 1}', "STRUCT", {"a": 1}),
    ],
)
def test_values_become_what_their_type_says(value: object, kind: str, made: object) -> None:
    found = converted(value, kind, "x")
    assert (found, type(found)) == (made, type(made))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.5, "NUMBER_INTEGER"),
        (True, "NUMBER_INTEGER"),
        ("x", "NUMBER_DOUBLE"),
        (5, "LIST"),
        ("[1]", "STRUCT"),
        ("x", "BOOLEAN"),
    ],
)
def test_a_value_of_another_type_is_refused(value: object, kind: str) -> None:
    with pytest.raises(MlopsError, match=f"of type {kind}"):
        converted(value, kind, "x")
