from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Usage
from jupyter_mlops.store.mlflow_api.filters import _translated, our_filter, our_order
from jupyter_mlops.store.search_parser import Both, Comparison, Filter, Not, parse, parse_order

CASES = [
    ("metrics.acc > 0.9", "metrics.acc > 0.9"),
    ("metric.`val acc` >= 1e-3", "metrics.`val acc` >= 1e-3"),
    ("parameters.lr = '0.1' AND tag.team = 'a'", "params.lr = '0.1' AND tags.team = 'a'"),
    ("attributes.status = 'FINISHED'", "state = 'succeeded'"),
    ("status IN ('RUNNING', 'scheduled')", "state IN ('running', 'pending')"),
    ('run.status = "KILLED"', "state = 'canceled'"),
    ("start_time >= 1500 and metrics.start_time > 1500", "started >= 1.5 and metrics.start_time > 1500"),
    ("end_time < 2000 or params.x = '2000'", "finished < 2.0 or params.x = '2000'"),
    ("created > '2026-01-31'", "started > '2026-01-31'"),
    ("params.`status` = 'FINISHED'", "params.`status` = 'FINISHED'"),
    ("tags.note ILIKE '%status = FINISHED%'", "tags.note like '%status = FINISHED%'"),
    ("tags.note = 'it''s a run_id'", "tags.note = 'it''s a run_id'"),
    ("run_id = 'x'", "run = 'x'"),
    ("attribute.`run_name` LIKE 'a%'", "tags.\"mlflow.runName\" LIKE 'a%'"),
    ("tags.mlflow.source.name = 'x'", "tags.mlflow.source.name = 'x'"),
]


@pytest.mark.parametrize(("theirs", "ours"), CASES)
def test_a_filter_in_our_words(theirs: str, ours: str) -> None:
    assert _translated(theirs) == ours
    assert parse(ours) is not None


def test_the_experiments_stand_around_the_filter() -> None:
    asked = our_filter("metrics.a > 1 or metrics.b > 1", ["one", "o'two"])
    tree = parse(asked)

    assert isinstance(tree, Both)
    assert (tree.word, len(tree.parts)) == ("and", 2)
    places, filter = tree.parts
    assert isinstance(filter, Both)
    assert filter.word == "or"
    assert {"one", "o'two"} == {item.values[0] for item in comparisons(places) if item.values[0] is not None}


@pytest.mark.parametrize(
    "text", ["a) or (b", "metrics.a > 1) or (metrics.a <= 1", "(", "metrics.a", "'", "metrics.a > 1 --"]
)
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        our_filter(text, ["one"])


WORDS = ("metrics.a", "params.`b c`", "tags.d", "status", "start_time", "run_id", "=", "!=", ">", "LIKE", "ILIKE", "IN")
MORE = ("and", "or", "not", "(", ")", ",", "'x'", '"FINISHED"', "1.5", "-2", "1e400", "null", "`", "'", ".", "\\", "é")


@given(st.lists(st.sampled_from(WORDS + MORE), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_filter_is_either_read_or_refused(text: str) -> None:
    try:
        found = our_filter(text, ["one"])
    except Usage:
        return
    tree = parse(found)
    if not text.strip():
        return
    # Whatever was asked, the experiment is asked for beside it.
    assert isinstance(tree, Both)
    assert tree.word == "and"
    assert any(item.values == ("one",) for item in comparisons(tree.parts[0]))


@given(st.floats(min_value=1, max_value=1e15, allow_nan=False))
def test_milliseconds_become_seconds(value: float) -> None:
    tree = parse(_translated(f"attributes.start_time > {value!r}"))

    assert isinstance(tree, Comparison)
    assert tree.values[0] == pytest.approx(value / 1000)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ([], [("started", True)]),
        ([""], [("started", True)]),
        (["metrics.acc DESC", "attributes.end_time"], [("acc", True), ("finished", False)]),
        (["params.`a b` ASC", "run_name"], [("a b", False), ("mlflow.runName", False)]),
    ],
)
def test_an_order_in_our_words(theirs: list[str], ours: list[tuple[str, bool]]) -> None:
    assert [(key.name, descending) for key, descending in parse_order(our_order(theirs))] == ours


def comparisons(tree: Filter | None) -> list[Comparison]:
    if isinstance(tree, Both):
        return [item for part in tree.parts for item in comparisons(part)]
    if isinstance(tree, Not):
        return comparisons(tree.part)
    return [tree] if tree else []
