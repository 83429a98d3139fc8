"""Steps that cannot begin yet, or never: what is said, and when it is given up."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_mlops.kube.resource import JOBS, QUOTAS
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import show
from tests.cluster.test_runs import notebook, store
from tests.cluster.watched import (
    Watching,
    folder,
    until,
    watching,
)

__all__ = ["folder", "store", "watching"]


def test_a_step_that_finds_no_node_says_so_while_it_waits_and_can_be_canceled(folder: Path, watching: Watching) -> None:
    stop, seen = threading.Event(), []

    def look() -> None:
        seen.extend(task["waiting"] for task in show(watching.run, folder=folder)["tasks"])
        stop.set()

    watching.at_wait_for("unschedulable", look)
    answer = run(notebook(folder, "%%step big --cpu 640\nx = 1"), target="kubernetes", on_event=watching, stop=stop)
    watching.done()
    assert answer["state"] == "canceled"
    assert "too little cpu free (it asks for 640)" in seen[0]
    assert answer["tasks"][0]["waiting"] == ""


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--image nowhere.example/none:1", "nowhere.example/none:1"),
        ("--secret nothing:key:KEY", "There is no Secret nothing in the namespace."),
    ],
)
def test_a_step_that_lacks_something_fails_with_its_name(
    folder: Path, watching: Watching, option: str, said: str
) -> None:
    answer = run(notebook(folder, f"%%step lacks {option}\nx = 1"), target="kubernetes", on_event=watching)
    assert answer["state"] == "failed"
    assert said in answer["tasks"][0]["reason"]
    assert [event for event in watching.waits() if said in event.reason]
    left = f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={answer['run']}"
    until(lambda: not watching.kube.list(JOBS, labels=left).items, "the end of its Job")


def test_a_quota_without_room_for_a_pod_is_waited_for(folder: Path, watching: Watching, cluster) -> None:
    cluster.kube.create(QUOTAS, {"metadata": {"name": "one"}, "spec": {"hard": {"pods": "1"}}})
    try:
        watching.at_wait_for("quota", lambda: cluster.kube.delete(QUOTAS, "one"))
        answer = run(notebook(folder, "%%step s --no-cache\nx = 1"), target="kubernetes", on_event=watching)
    finally:
        cluster.kube.delete(QUOTAS, "one")
    watching.done()
    assert answer["state"] == "succeeded"
    assert "The namespace's quota one has no room: of pods it asks for 1, 1 of 1 are in use." in [
        event.reason for event in watching.waits()
    ]


def test_a_quota_without_room_for_a_job_is_waited_for(folder: Path, watching: Watching, cluster) -> None:
    used = len(cluster.kube.list(JOBS).items)
    hard = {"count/jobs.batch": str(used + 1)}
    cluster.kube.create(QUOTAS, {"metadata": {"name": "jobs"}, "spec": {"hard": hard}})
    try:
        watching.at_wait_for("quota", lambda: cluster.kube.delete(QUOTAS, "jobs"))
        answer = run(notebook(folder, "%%step s --no-cache\nx = 1"), target="kubernetes", on_event=watching)
    finally:
        cluster.kube.delete(QUOTAS, "jobs")
    watching.done()
    assert answer["state"] == "succeeded"
