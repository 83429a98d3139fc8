"""The record that the pods of a Workflow write together: one begins it, whatever becomes of that one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.events import RunCreated, RunStarted
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo import record as module
from jupyter_mlops.targets.argo.order import Order
from jupyter_mlops.targets.argo.record import Record

STEPS = (Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),))),)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(module, "_BEGINS_WITHIN_S", 0.5)
    return Project(tmp_path).ensure()


@pytest.fixture
def order() -> Order:
    return Order(make_plan(Pipeline("work", STEPS)), new_run_id(), began=5.0)


@pytest.fixture
def opened(project: Project, order: Order) -> Iterator[list[Record]]:
    records: list[Record] = []
    yield records
    for record in records:
        record.close()


def beginnings(project: Project, order: Order) -> list[str]:
    events = read_run(project.run_directory(order.run)).events
    return sorted(event.engine["workflow"] for event in events if isinstance(event, RunStarted))


def test_of_the_pods_of_a_workflow_one_begins(project: Project, order: Order, opened: list[Record]) -> None:
    opened += [Record(project, order, name) for name in ("w-1", "w-1", "w-2", "w-2")]
    assert beginnings(project, order) == ["w-1", "w-2"]


def test_one_that_dies_before_it_has_begun_leaves_it_to_the_next(
    project: Project, order: Order, opened: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: Record) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Record, "_begin", die)
        with pytest.raises(MemoryError):
            Record(project, order, "w-1")
    assert beginnings(project, order) == []
    opened.append(Record(project, order, "w-1"))
    assert beginnings(project, order) == ["w-1"]
    assert load_run(project.run_directory(order.run)).state == "running"


def test_one_that_is_slow_is_waited_for(
    project: Project, order: Order, opened: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BEGINS_WITHIN_S", 30.0)
    begin, claimed, go = Record._begin, threading.Event(), threading.Event()

    def begin_late(record: Record) -> None:
        claimed.set()
        go.wait(20)
        begin(record)

    monkeypatch.setattr(Record, "_begin", begin_late)
    slow = threading.Thread(target=lambda: opened.append(Record(project, order, "w-1")), daemon=True)
    slow.start()
    assert claimed.wait(20)
    second = threading.Thread(target=lambda: opened.append(Record(project, order, "w-1")), daemon=True)
    second.start()
    go.set()
    slow.join(20)
    second.join(20)
    assert (len(opened), beginnings(project, order)) == (2, ["w-1"])


def test_to_begin_twice_does_no_harm(
    project: Project, order: Order, opened: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Record, "_was_begun", lambda _: False)
    opened += [Record(project, order, "w-1") for _ in range(2)]
    events = read_run(project.run_directory(order.run)).events
    assert len([event for event in events if isinstance(event, RunCreated)]) == 2
    state = opened[0].look()
    assert (state.phase, set(state.tasks)) == ("running", {"a"})
    assert load_run(project.run_directory(order.run)).state == "running"
