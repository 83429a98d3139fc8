"""Parameters as code: what the code evaluates to is what was given."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from jupyter_mlops.runtime.parameters import assignments, bound


@pytest.mark.parametrize(
    "value",
    [
        *(0, -1, 1.5, 1e300, True, None, "", "it's", 'a"b', "a\n\\'''\"\"\"", "é\u2028\x00", "{x} %s"),
        *([], [1, [2, None]], {}, {"a": {"b": "c'"}}, "'); import os; ('"),
    ],
)
def test_assignments_bind_the_value(value: object) -> None:
    namespace: dict[str, object] = {}
    exec(assignments({"p": value}, ()), namespace)
    assert namespace["p"] == value


def test_numbers_without_a_literal_are_written_as_calls() -> None:
    assert assignments({"p": [math.inf, -math.inf]}, ()) == "p = [float('inf'), float('-inf')]"
    assert assignments({"p": {"a": math.nan}}, ()) == "p = {'a': float('nan')}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a/b", Path("a/b")),
        ("it's", Path("it's")),
        (["a", None, 1], [Path("a"), None, 1]),
        ({"a": ["b"]}, {"a": [Path("b")]}),
        (None, None),
    ],
)
def test_text_of_a_path_is_bound_as_one(value: object, expected: object) -> None:
    given = {"p": value, "q": value}
    assert bound(given, ("p",)) == {"p": expected, "q": value}
    namespace: dict[str, object] = {}
    exec(assignments(given, ("p",)), namespace)
    assert (namespace["p"], namespace["q"]) == (expected, value)
