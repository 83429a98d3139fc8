from __future__ import annotations

import ast
from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Parameter
from jupyter_mlops.pipeline.values import check_value, fits, is_plain


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("int", [1, -3], [1.5, "1", True, None]),
        ("float", [1.5, 1], ["1", True, None]),
        ("str", ["", "a"], [1, None]),
        ("bool", [True], [1, "true"]),
        ("None", [None], [0]),
        ("list", [[], [1, "a"]], [{}, "ab"]),
        ("dict", [{}, {"a": 1}], [[]]),
        ("list[int]", [[], [1, 2]], [[1, "a"], 3]),
        ("dict[str, float]", [{"a": 1.5}], [{"a": "b"}]),
        ("int | None", [1, None], ["a"]),
        ("Optional[int]", [1, None], ["a"]),
        ("typing.Optional[typing.List[int]]", [[1], None], [["a"]]),
        ("Union[int, str]", [1, "a"], [1.5]),
        ("Literal['a', 'b', 3]", ["a", 3], ["c", True, 3.0]),
        ("Path", ["a/b.csv"], [3]),
        ("pathlib.Path", ["a"], [3]),
        ("Any", [1, None, "a"], []),
        ("np.ndarray", [1, "a"], []),
        ("'int'", [1, "anything"], []),
        ("not a type", [1], []),
        ("", [1], []),
        ("Annotated[int, 'how many']", [1], ["a"]),
    ],
)
def test_values_fit_the_types_that_people_write(type: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert check_value(value, Parameter("p", type, required=True)) == value
    for value in bad:
        with pytest.raises(Usage, match="'p' must be"):
            check_value(value, Parameter("p", type, required=True))


def test_a_whole_number_becomes_a_float_where_that_is_asked_for() -> None:
    assert type(check_value(1, Parameter("p", "float"))) is float
    assert type(check_value(1, Parameter("p", "float | int"))) is int


def test_only_plain_data_is_a_parameter() -> None:
    assert is_plain([{"a": [None, True, 1, 1.5, "x", float("nan")]}])
    for value in (object(), {1: 2}, {"a": {1, 2}}, [b"x"], 1j):
        assert not is_plain(value)
        with pytest.raises(Usage, match="cannot be"):
            check_value(value, Parameter("p", "Any"))


def test_unknown_generics_fit_everything() -> None:
    assert fits(3, ast.parse("Foo[int]", mode="eval").body)
