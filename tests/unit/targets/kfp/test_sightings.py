"""What the backend shows of a run, as attempts of our tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.targets.kfp.sightings import Names, moment, place_of_pod, seen
from tests.kfp_server import at, node

NAMES = Names({"load": "load", "train": "Train it", "report": "report"}, frozenset({"train"}))


def states(*nodes: dict[str, Any], state: str = "RUNNING") -> dict[tuple[str, int], tuple[str, bool]]:
    found = seen({"state": state, "run_details": {"task_details": list(nodes)}}, NAMES)
    return {(item.task, item.attempt): (item.state, item.last) for item in found.attempts}


def test_a_task_is_what_its_executor_is_and_its_pod_is_the_executors() -> None:
    nodes = [node("load", "SUCCEEDED", 1, 2, began=1, ended=9), node("executor", "SUCCEEDED", 2, began=3, ended=9)]
    [item] = seen({"run_details": {"task_details": nodes}}, NAMES).attempts
    assert (item.task, item.attempt, item.state, item.began, item.ended) == (
        *("load", 1, "succeeded"),
        *(moment(at(3)), moment(at(9))),
    )
    assert item.pod == nodes[1]["pod_name"]


@pytest.mark.parametrize(
    ("task", "executor", "wanted"),
    [
        ("RUNNING", "PENDING", {("load", 1): ("running", True)}),
        ("RUNNING", "RUNNING", {("load", 1): ("running", True)}),
        ("RUNNING", "FAILED", {("load", 1): ("failed", False)}),  # another try may follow
        ("FAILED", "FAILED", {("load", 1): ("failed", True)}),
        ("SUCCEEDED", "SKIPPED", {("load", 0): ("cached", True)}),
        ("SKIPPED", "SKIPPED", {("load", 0): ("skipped", True)}),
        ("CANCELED", "CANCELED", {("load", 1): ("canceled", True)}),
    ],
)
def test_states(task: str, executor: str, wanted: Any) -> None:
    assert states(node("load", task, 1, 2), node("executor", executor, 2)) == wanted


def test_tries_are_attempts_and_only_the_last_one_is_final() -> None:
    nodes = [
        node("load", "SUCCEEDED", 1, 2),
        node("executor", "SUCCEEDED", 2, 3, 4),
        node("executor(0)", "FAILED", 3, error="Error (exit code 1)"),
        node("executor(1)", "SUCCEEDED", 4),
    ]
    assert states(*nodes) == {("load", 1): ("failed", False), ("load", 2): ("succeeded", True)}


def rounds() -> list[dict[str, Any]]:
    """Two rounds of a loop, the second of which began first; what comes after is a child of both."""
    return [
        node("for-loop-1", "RUNNING", 1, 2),
        node("iteration-iterations", "RUNNING", 2, 10, 20),
        node("iteration-iterations(0:0)", "SUCCEEDED", 10, 11),
        node("iteration-item-driver", "SUCCEEDED", 11, 12),
        node("iteration-item", "SUCCEEDED", 12, 13),
        node("train-driver", "SUCCEEDED", 13, 14),
        node("train", "SUCCEEDED", 14, 15, began=9),
        node("executor", "SUCCEEDED", 15, 30, began=9),
        node("iteration-iterations(1:1)", "RUNNING", 20, 21),
        node("iteration-item", "RUNNING", 21, 22),
        node("train", "RUNNING", 22, 23, began=4),
        node("executor", "RUNNING", 23, 30, began=5),
        node("report-driver", "SUCCEEDED", 30, 31),
        node("report", "RUNNING", 31),
    ]


def test_rounds_of_a_loop_are_numbered_as_the_backend_numbers_them() -> None:
    assert states(*rounds()) == {
        ("Train it[0]", 1): ("succeeded", True),
        ("Train it[1]", 1): ("running", True),
        ("report", 1): ("running", True),
    }


def test_where_nodes_have_no_ids_rounds_are_counted_as_they_began() -> None:
    bare = [{k: v for k, v in item.items() if k not in ("pod_name", "child_tasks", "task_id")} for item in rounds()]
    assert states(*bare)["Train it[0]", 1] == ("running", True)
    assert states(*bare)["Train it[1]", 1] == ("succeeded", True)


def test_newer_servers_name_the_parent_the_round_and_the_pods() -> None:
    task = {"task_id": "t1", "name": "train", "state": "RUNNING", "type_attributes": {"iteration_index": "3"}}
    pods = [{"name": "driver-1", "type": "DRIVER"}, {"name": "train-1", "type": "EXECUTOR"}]
    [item] = seen({"run_details": {"task_details": [{**task, "pods": pods}]}}, NAMES).attempts
    assert (item.task, item.pod, item.state) == ("Train it[3]", "train-1", "running")


def test_a_task_that_could_not_be_prepared_has_failed_and_says_why() -> None:
    nodes = [node("load-driver", "FAILED", 1, error="could not resolve inputs"), node("load", "SKIPPED", 2)]
    found = seen({"run_details": {"task_details": nodes}}, Names({"load": "load"})).attempts
    assert [(item.state, item.reason) for item in found if item.state != "skipped"] == [
        ("failed", "could not resolve inputs")
    ]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("wf.root.load.executor", ("load", -1, 1)),
        ("wf.root.load.executor(2)", ("load", -1, 3)),
        ("wf.root.for-loop-1.iteration-iterations(4:4).iteration-item.train.executor", ("Train it", 4, 1)),
        ("wf.root.load-driver", None),
        ("wf.root.other.executor", None),
        (7, None),
    ],
)
def test_the_place_of_a_pod(path: Any, place: Any) -> None:
    pod = {"metadata": {"annotations": {"workflows.argoproj.io/node-name": path}}}
    assert place_of_pod(pod, NAMES) == place


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("2026-03-01T10:00:00.123456789Z", 1772359200.123456),
        ("2026-03-01T10:00:00", 0.0),
        ("soon", 0.0),
        (None, 0.0),
    ],
)
def test_times(said: Any, seconds: float) -> None:
    assert moment(said) == pytest.approx(seconds)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["executor", "train", "RUNNING"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["state", "run_details", "task_details", "display_name", "child_tasks", "pod_name", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(st.sampled_from(["state", "run_details", "error", "finished_at"]), JSON), st.lists(JSON, max_size=4)
)
def test_whatever_is_answered_is_read_without_an_error(run: Any, tasks: Any) -> None:
    for said in (run, {**run, "run_details": {"task_details": tasks}}):
        assert isinstance(json.dumps([item.task for item in seen(said, NAMES).attempts]), str)
