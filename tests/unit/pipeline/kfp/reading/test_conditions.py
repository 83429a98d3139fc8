"""KFP's conditions mean the same in this software's expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp.reading.conditions import translated
from jupyter_mlops.runtime.expressions import evaluate

X, Y = "inputs.parameter_values['x']", "inputs.parameter_values['y']"


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        (f"{X} == 'a'", {"x": "a"}, True),
        (f"{X} == 'a && b'", {"x": "a && b"}, True),
        (f"{X} == 'it\\'s'", {"x": "it's"}, True),
        (f"int({X}) > 5 && {Y} == true", {"x": 6, "y": True}, True),
        (f"!({X} == 'a') && !({X} == 'b')", {"x": "b"}, False),
        (f"!({X} == 'a') || {Y} != 1.5", {"x": "a", "y": 2.0}, True),
        (f"double({X}) >= 0.5", {"x": 0.5}, True),
        (f"{X} == -1", {"x": -1}, True),
        (f"{X}['k'] == 1", {"x": {"k": 1}}, True),
    ],
)
def test_a_condition_of_kfp_holds_as_it_does_there(condition: str, values: dict, holds: bool) -> None:
    assert evaluate(translated(condition, str), values) is holds


def test_it_reads_as_a_person_would_write_it() -> None:
    assert translated(f"!({X} == 'a') && int({Y}) > 2", str) == "not (x == 'a') and int(y) > 2"


@pytest.mark.parametrize("condition", [f"{X}.size() > 1", "open('x')", f"{X} ==", f"{X} = 1", "lambda: 1", "a ? b : c"])
def test_what_is_not_known_is_refused(condition: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        translated(condition, str)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_refused(condition: str) -> None:
    try:
        text = translated(condition, lambda name: "x")
    except Refused:
        return
    assert isinstance(text, str)


@given(st.text(max_size=20).filter(lambda text: "\\" not in text and text.isprintable()))
def test_text_in_quotes_stays_as_it_is(text: str) -> None:
    if '"' not in text:
        assert evaluate(translated(f'{X} == "{text}"', str), {"x": text}) is True
