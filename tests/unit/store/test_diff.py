from __future__ import annotations

import math

import pytest

from jupyter_mlops.store.diff import diff_runs
from jupyter_mlops.store.run_record import RunRecord, TaskRecord


def step(name: str, *sources: str, **component: str) -> dict:
    return {"name": name, "component": {"cells": [{"source": source} for source in sources], **component}}


def test_a_run_does_not_differ_from_itself():
    run = RunRecord("r", params={"a": math.nan}, metrics={"acc": math.nan}, plan={"steps": [step("a", "x = 1")]})
    found = diff_runs(run, run)
    assert found.same
    assert (found.first, found.second) == ("r", "r")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"a": 1}, {"a": 2}, {"a": (1, 2)}),
        ({"a": 1}, {}, {"a": (1, None)}),
        ({}, {"a": 1}, {"a": (None, 1)}),
        ({"a": 1}, {"a": True}, {"a": (1, True)}),
        ({"a": "1"}, {"a": 1}, {"a": ("1", 1)}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, {}),
        ({"b": 1, "a": 1}, {"c": 1, "a": 2}, {"b": (1, None), "a": (1, 2), "c": (None, 1)}),
    ],
)
def test_only_params_and_metrics_that_differ_are_told(first, second, expected):
    assert diff_runs(RunRecord("a", params=first), RunRecord("b", params=second)).params == expected
    assert diff_runs(RunRecord("a", metrics=first), RunRecord("b", metrics=second)).metrics == expected


def test_libraries_that_differ_are_told_one_by_one():
    first = RunRecord("a", environment={"python": "3.11", "libraries": {"numpy": "1.26", "pandas": "2.2"}})
    second = RunRecord("b", environment={"python": "3.11", "libraries": {"numpy": "2.0", "torch": "2.4"}})
    assert diff_runs(first, second).environment == {
        "libraries.numpy": ("1.26", "2.0"),
        "libraries.pandas": ("2.2", None),
        "libraries.torch": (None, "2.4"),
    }


def test_source_is_compared_step_by_step():
    first = RunRecord(
        "a", plan={"steps": [step("load", "x = 1"), step("train", "m = 1", "m += 1"), step("old", "o = 1")]}
    )
    second = RunRecord(
        "b", plan={"steps": [step("load", "x = 1"), step("train", "m = 2", "m += 1"), step("new", "n = 1")]}
    )
    found = diff_runs(first, second).source
    assert [(item.step, item.change) for item in found] == [("train", "changed"), ("old", "removed"), ("new", "added")]
    assert found[0].diff.splitlines()[2:] == ["@@ -1,3 +1,3 @@", "-m = 1", "+m = 2", " ", " m += 1"]


def test_setup_cells_and_whole_notebooks_are_compared_too():
    first = RunRecord(
        "a", plan={"setup": {"k": {"index": 0, "source": "import a"}}, "steps": [step("n", notebook="a.ipynb")]}
    )
    second = RunRecord(
        "b", plan={"setup": {"q": {"index": 0, "source": "import b"}}, "steps": [step("n", notebook="b.ipynb")]}
    )
    found = {item.step: item.diff for item in diff_runs(first, second).source}
    assert set(found) == {"(setup)", "n"}
    assert "+import b" in found["(setup)"]
    assert "+b.ipynb" in found["n"]


def ended(state: str, **digests: str) -> TaskRecord:
    outputs = {name: {"type": "int", "digest": digest} for name, digest in digests.items()}
    return TaskRecord("a", "a", state=state, seconds=2.0, result={"outputs": outputs})


@pytest.mark.parametrize(
    ("first", "second", "state", "outputs"),
    [
        (ended("failed"), ended("succeeded"), ("failed", "succeeded"), ()),
        (ended("succeeded", x="1", y="1"), ended("cached", x="1", y="2"), ("succeeded", "cached"), ("y",)),
        (ended("succeeded", x="1"), ended("succeeded"), ("succeeded", "succeeded"), ("x",)),
    ],
)
def test_tasks_that_ended_otherwise_or_made_something_else_are_told(first, second, state, outputs):
    found = diff_runs(RunRecord("a", tasks={"a": first}), RunRecord("b", tasks={"a": second}))
    assert not found.same
    assert (found.tasks["a"].state, found.tasks["a"].seconds) == (state, (2.0, 2.0))
    assert found.tasks["a"].outputs == outputs


def test_a_task_that_only_one_run_has_is_told():
    found = diff_runs(RunRecord("a", tasks={"a": ended("succeeded", x="1")}), RunRecord("b"))
    assert (found.tasks["a"].state, found.tasks["a"].seconds) == (("succeeded", None), (2.0, None))


def test_a_result_that_was_reused_is_the_same_result():
    first, second = ended("succeeded", x="1"), ended("cached", x="1")
    assert diff_runs(RunRecord("a", tasks={"a": first}), RunRecord("b", tasks={"a": second})).same
