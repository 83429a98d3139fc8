"""How a run that does not go well ends: retries, timeouts, cancels, and what cannot be written."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.target import Report
from jupyter_mlops.errors import MlopsError, Refused, StoreUnwritable
from jupyter_mlops.pipeline.model import Retries
from jupyter_mlops.store.events import CancelRequested, TaskStarted
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.project import Project
from tests.unit.engine.fake_target import Instant
from tests.unit.engine.play import plan, step
from tests.unit.engine.runs import chain, ends, run, states


def test_a_failed_attempt_is_tried_again_in_a_folder_of_its_own(project: Project) -> None:
    target = Instant({"a": ["die", "fail"]})
    first = step("a", retries=2)
    first = replace(first, options=replace(first.options, retries=Retries(2, delay=0.0)))
    finished = run(plan(first), project, target)
    assert states(finished) == {"a": "succeeded"}
    assert [attempt.directory.name for attempt in target.attempts] == ["1", "2", "3"]
    assert [(event.state, event.final) for event in ends(project, finished)] == [
        ("failed", False),
        ("failed", False),
        ("succeeded", True),
    ]


def test_a_task_past_its_timeout_is_stopped(project: Project) -> None:
    target = Instant({"a": "wait"})
    finished = run(plan(step("a", timeout=0.01)), project, target)
    assert target.stopped == [("a#1", "timeout")]
    assert states(finished) == {"a": "canceled"} or states(finished) == {"a": "failed"}


def test_the_time_of_a_step_counts_from_when_it_began_where_steps_wait(project: Project) -> None:
    class Waits(Instant):
        attempts_wait = True

        def stop(self, attempt, reason) -> None:
            super().stop(attempt, reason)
            threading.Thread(target=self.finish, args=("a#1",)).start()

    target = Waits({"a": "wait", "b": "wait"})

    def begin(attempt) -> None:
        if attempt.spec.task == "b":
            threading.Timer(0.3, lambda: target.waiting["b#1"](Report("b#1", began=True))).start()

    target.on_start = begin
    finished = run(plan(step("a", timeout=0.01), step("b", timeout=0.01)), project, target, parallel=2)
    assert target.stopped == [("b#1", "timeout")], "a has not begun: its time does not count"
    assert states(finished)["a"] == "succeeded"


def test_setting_stop_cancels_the_run(project: Project) -> None:
    stop = threading.Event()
    target = Instant({"a": "wait"})
    target.on_start = lambda attempt: stop.set()
    finished = run(plan(step("a"), step("b", after=["a"])), project, target, stop=stop)
    assert (target.stopped, finished.state.outcome) == ([("a#1", "user")], "canceled")
    assert states(finished) == {"a": "canceled", "b": "canceled"}


def test_a_request_of_another_process_cancels_the_run(project: Project) -> None:
    target = Instant({"a": "wait"})

    def ask(attempt) -> None:
        EventWriter(attempt.directory.parents[2]).append(CancelRequested(time.time(), by="somebody"))

    target.on_start = ask
    assert run(plan(step("a")), project, target).state.outcome == "canceled"


def test_an_interrupt_in_the_loop_ends_the_run_at_once(project: Project) -> None:
    class Interrupted(Instant):
        def start(self, attempt, report) -> None:
            super().start(attempt, report)
            raise KeyboardInterrupt

    target = Interrupted({"a": "wait"})
    finished = run(plan(step("a"), step("bye", exit=True)), project, target)
    assert target.stopped == [("a#1", "shutdown")]
    assert states(finished) == {"a": "canceled", "bye": "canceled"}


def test_options_that_the_target_cannot_honour_are_refused_before_anything_is_written(project: Project) -> None:
    with pytest.raises(Refused, match="'a': it has no GPU"):
        run(plan(step("a", gpu=1)), project)
    assert list(project.runs.iterdir()) == []


def test_an_attempt_that_the_target_does_not_take_has_failed(project: Project) -> None:
    finished = run(plan(step("a")), project, Instant({"a": MlopsError("no process could be made")}))
    assert finished.state.tasks["a"].reason == "could not be started: no process could be made"


def test_a_store_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable):
        run(plan(step("a")), Project(tmp_path / "file"))


def test_a_full_disk_stops_what_runs(project: Project) -> None:
    target = Instant({"a": "wait", "b": "wait"})

    def full(event: Any) -> None:
        if isinstance(event, TaskStarted) and event.task == "b":
            raise StoreUnwritable("The disk is full.")

    with pytest.raises(StoreUnwritable):
        run(plan(step("a"), step("b")), project, target, listeners=(full,), parallel=2)
    assert target.waiting == {}


def test_a_result_that_cannot_be_kept_fails_its_task(project: Project) -> None:
    target = Instant()
    made = target.result
    target.result = lambda attempt, fate="succeed": drop_bundle(made(attempt, fate))  # type: ignore[method-assign]

    def drop_bundle(result):
        Path(result.bundle.path).unlink()
        return result

    finished = run(chain("a"), project, target)
    assert states(finished) == {"s0": "failed"}
    assert finished.state.tasks["s0"].reason.startswith("its results could not be kept")
