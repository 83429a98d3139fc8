"""The graph for a browser: plain data with every step, and what changes while a run goes on."""

from __future__ import annotations

import json

from jupyter_mlops.widgets.graph_data import changes_of, graph_data, headline
from jupyter_mlops.widgets.run_picture import picture_of


def test_it_is_plain_data_with_every_step_and_edge(graph, run_events) -> None:
    data = json.loads(json.dumps(graph_data(graph, picture_of(run_events).tasks)))
    assert data["name"] == "iris"
    assert [node["name"] for node in data["nodes"]] == ["load", "train", "report", "notify"]
    assert data["edges"][0] == {"from": "load", "to": "train", "names": ["df"]}
    train = data["nodes"][1]
    assert train["loop"] == "depth in [2, 4]"
    assert (train["inputs"], train["outputs"]) == (["df"], ["acc"])
    assert data["nodes"][2]["when"] == "acc > 0.9"
    assert data["nodes"][3]["exit"] is True


def test_without_a_run_a_step_says_what_it_is(graph) -> None:
    changes = changes_of(graph, {})
    assert changes["load"] == {"state": "", "subtitle": "2 cells", "details": ""}
    assert changes["train"]["subtitle"] == "for depth in [2, 4]"
    assert changes["notify"]["subtitle"] == "1 cell, at the end"


def test_a_loop_is_told_by_the_number_of_its_tasks_in_each_state(graph, run_events) -> None:
    train = changes_of(graph, picture_of(run_events).tasks)["train"]
    assert train["state"] == "failed"
    assert train["items"] == {"succeeded": 1, "failed": 1}
    assert train["subtitle"] == ""


def test_a_failed_task_tells_why(graph, run_events) -> None:
    details = changes_of(graph, picture_of(run_events).tasks)["train"]["details"].splitlines()
    assert details == ["1 cell", "acc = 0.875", "ValueError: bad depth"]


def test_a_task_tells_its_time_and_its_metrics(graph, run_events) -> None:
    changes = changes_of(graph, picture_of(run_events).tasks)
    assert changes["load"]["state"] == "succeeded"
    assert changes["load"]["subtitle"].startswith("succeeded")
    assert changes["load"]["details"].splitlines()[0] == "2 cells"


def test_what_does_not_change_is_the_same_all_through_a_run(graph, run_events) -> None:
    volatile = {"state", "subtitle", "details", "items"}
    pictures = [picture_of(run_events[:count]).tasks for count in range(1, len(run_events))]
    shapes = [
        [
            {key: value for key, value in node.items() if key not in volatile}
            for node in graph_data(graph, tasks)["nodes"]
        ]
        for tasks in pictures
    ]
    assert all(shape == shapes[0] for shape in shapes)


def test_the_headline_says_what_became_of_the_run(run_events) -> None:
    assert headline(picture_of(run_events)) == {"state": "failed", "text": "iris · failed · train failed"}
