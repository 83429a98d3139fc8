"""Conditions and loops: what they compute, and all that they must not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.expressions import ExpressionError, evaluate, names, parse_loop

VALUES = {"acc": 0.95, "n": 3, "xs": [3, 1, 2], "d": {"a": {"b": 1}}, "s": "rf", "flag": False, "metrics": {"f1": 0.8}}

GOOD: list[tuple[str, Any]] = [
    ("acc > 0.9", True),
    ("0.9 < acc < 1", True),
    ("1 < acc < nothing", False),
    ("acc > 0.9 and not flag or nothing", True),
    ("flag and nothing", False),
    ("s in ['rf', 'svm'] and n not in xs", False),
    ("metrics.f1 >= .8", True),
    ("d['a']['b'] + n ** 2 // 2 - -1 % 3", 3),
    ("xs[-1]", 2),
    ("xs[1:]", [1, 2]),
    ("'big' if n > 5 else 'small'", "small"),
    ("[n, (1, 2), {'k': 1}, {1}]", [3, (1, 2), {"k": 1}, {1}]),
    ("len(xs) + min(xs) + max(1, 2) + sum(xs) + abs(-1)", 13),
    ("sorted(xs, reverse=True)", [3, 2, 1]),
    ("range(n)", [0, 1, 2]),
    ("[round(0.126, 2), int('4'), float('1.5'), bool(0), str(5)]", [0.13, 4, 1.5, False, "5"]),
    ("any([0, 1]) and all([])", True),
    ("enumerate(xs)", [[0, 3], [1, 1], [2, 2]]),
    ("zip(xs, 'abc')", [[3, "a"], [1, "b"], [2, "c"]]),
    ("None is None and 1 is not None", True),
    ("  n  ", 3),
    ("0b11 & 2 | 4 ^ 1", 7),
    ("'a' * 3", "aaa"),
    ("~1", -2),
]


@pytest.mark.parametrize(("expression", "value"), GOOD)
def test_what_expressions_mean(expression: str, value: Any) -> None:
    assert evaluate(expression, VALUES) == value


BAD: list[tuple[str, str]] = [
    ("", "cannot be read"),
    ("acc >", "cannot be read"),
    ("x = 1", "cannot be read"),
    ("acc > 0.9; 1", "cannot be read"),
    ("lambda: 1", "lambda cannot be used"),
    ("[x for x in xs]", "comprehensions cannot be used"),
    ("f'{n}'", "f-strings cannot be used"),
    ("(y := 1)", "assignments cannot be used"),
    ("[*xs]", "* cannot be used"),
    ("{**d}", "** cannot be used"),
    ("s.upper()", "s.upper cannot be called"),
    ("xs.__class__", "attributes can be read of metrics and params only"),
    ("metrics.f1.real", "attributes can be read of"),
    ("__import__('os')", "cannot be called"),
    ("open('/etc/passwd')", "cannot be called"),
    ("len(xs)(1)", "cannot be called"),
    ("eval('1')", "cannot be called"),
    ("b'x'", "cannot be used"),
    ("1j", "cannot be used"),
    ("missing > 1", "'missing' has no value here"),
    ("metrics.auc > 1", "there is no metrics.auc yet"),
    ("d['z']", "there is no key 'z'"),
    ("xs[9]", "IndexError"),
    ("1 / 0", "ZeroDivisionError"),
    ("n < s", "TypeError"),
    ("int('x')", "ValueError"),
    ("2 ** 10 ** 9", "the number is too large"),
    ("1 << 10 ** 9", "the number is too large"),
    ("9 ** 999 ** 2", "the number is too large"),
    ("range(10 ** 9)", "the range has 1000000000 items"),
    ("'a' * 10 ** 9", "too large"),
    ("10 ** 9 * [1]", "too large"),
    ("'%1000000000d' % 1", "cannot be formatted"),
    ("[[0] * 90000] * 90000", "nothing"),
    ("(" * 500 + ")" * 500, "cannot be read"),
    ("1" + "+1" * 6000, "at most"),
]


@pytest.mark.parametrize(("expression", "says"), BAD)
def test_what_expressions_must_not(expression: str, says: str) -> None:
    if says == "nothing":
        assert len(evaluate(expression, VALUES)) == 90000
        return
    started = time.perf_counter()
    with pytest.raises(ExpressionError, match=_literally(says)) as caught:
        evaluate(expression, VALUES)
    assert isinstance(caught.value, MlopsError)
    assert time.perf_counter() - started < 1


def _literally(text: str) -> str:
    import re

    return re.escape(text)


def test_an_error_has_its_position() -> None:
    with pytest.raises(ExpressionError, match=r"column 9") as caught:
        evaluate("n < 1 + missing", {"n": 1})
    assert caught.value.position == 9


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("acc > 0.9 and len(xs) > metrics.f1", {"acc", "xs", "metrics"}),
        ("range(n)", {"n"}),
        ("len > 1", {"len"}),
        ("d[k]['x']", {"d", "k"}),
        ("1", set()),
    ],
)
def test_names_are_what_is_read(expression: str, expected: set[str]) -> None:
    assert names(expression) == expected


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("depth in [2, 4]", ("depth", "[2, 4]")),
        ("  x  in range( n )  ", ("x", "range( n )")),
        ("index in xs", ("index", "xs")),
        ("é in {'a': 1}", ("é", "{'a': 1}")),
        ("x in [y, 'a in b']", ("x", "[y, 'a in b']")),
    ],
)
def test_a_loop_is_a_variable_and_items(text: str, loop: tuple[str, str]) -> None:
    assert parse_loop(text) == loop


@pytest.mark.parametrize(
    "text", ["", "depth", "depth in", "a, b in xs", "x in y in z", "x not in y", "1 in x", "x in f()"]
)
def test_what_is_not_a_loop(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_loop(text)


@given(
    st.recursive(
        st.integers(-99, 99).map(str),
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        max_leaves=8,
    )
)
def test_arithmetic_is_pythons(expression: str) -> None:
    assert evaluate(expression, {}) == eval(expression)
