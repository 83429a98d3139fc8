"""Tables of runs as text and as HTML."""

from __future__ import annotations

import re

import pytest

from jupyter_mlops.widgets.states import number_text, plain, seconds_text
from jupyter_mlops.widgets.tables import RUN_COLUMNS, lines_html, runs_html, runs_text, table_html

RUN = {
    "run": "0192",
    "pipeline": "iris",
    "state": "succeeded",
    "started": "2026-01-01 10:00:00",
    "seconds": 1.25,
    "metrics": {"acc": 0.98765},
    "params": {"depth": 4},
}


def test_a_run_is_one_line_with_its_state_in_words() -> None:
    head, row = runs_text([RUN]).splitlines()
    assert head.split() == list(RUN_COLUMNS)
    for part in ("0192", "iris", "✓ succeeded", "1.2 s", "acc=0.9877", "depth=4"):
        assert part in row


def test_columns_line_up() -> None:
    lines = runs_text([RUN, {**RUN, "pipeline": "a_longer_name"}]).splitlines()
    assert len({line.index("✓") for line in lines[1:]}) == 1


def test_values_never_become_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    html = runs_html([{**RUN, "pipeline": evil, "metrics": {evil: 1.0}, "params": {"p": evil}}])
    assert "<img" not in html
    assert "&lt;img" in html
    assert "<b>" not in lines_html(["<b>"])


def test_numbers_stand_at_the_right() -> None:
    assert '<td class="mlops-number">0.3333</td>' in table_html(["a"], [[1 / 3]])


def test_a_rule_of_the_notebook_does_not_move_the_text() -> None:
    """JupyterLab aligns the cells of every table to the right with a rule of one class and one element."""
    rules = re.search(r"<style>(.*?)</style>", runs_html([{"run": "r"}]), re.DOTALL)[1]
    aligned = [rule.partition("{")[0] for rule in rules.split("}") if "text-align" in rule]
    assert aligned
    assert all(selector.count(".") >= 2 for rule in aligned for selector in rule.split(","))


def test_no_runs_are_said_so() -> None:
    assert runs_text([]) == "No runs."
    assert "No runs." in runs_html([])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0124, "12 ms"),
        (0.9996, "1.0 s"),
        (1.25, "1.2 s"),
        (59.96, "1 min 00 s"),
        (185.2, "3 min 05 s"),
        (7620, "2 h 07 min"),
    ],
)
def test_durations_read_well(seconds, text) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(0.123456, "0.1235"), (3, "3"), ("rf", "rf"), (1e-9, "1e-09")])
def test_numbers_are_short(value, text) -> None:
    assert number_text(value) == text


def test_plain_text_keeps_letters_of_any_script_and_drops_controls() -> None:
    assert plain("été 訓練\x1b[31m\x07\nnext") == "été 訓練[31m next"
