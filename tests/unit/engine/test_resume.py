"""Runs that are taken up again: failed, canceled, killed at any moment, damaged."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from jupyter_mlops.engine.clock import ForwardClock
from jupyter_mlops.engine.run import Finished, resume_run
from jupyter_mlops.errors import Conflict, NotFound
from jupyter_mlops.store.events import CancelRequested, MetricLogged, TaskFinished, TaskStarted
from jupyter_mlops.store.events_file import EventWriter, event_files
from jupyter_mlops.store.liveness import driving
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from tests.unit.engine.fake_target import Instant
from tests.unit.engine.play import plan, step
from tests.unit.engine.runs import chain, ends, events, run, states


def test_a_failed_run_goes_on_where_it_failed(project: Project) -> None:
    first = run(chain("a", "b", "c"), project, Instant({"s1": "fail"}))
    target = Instant()
    second = resume_run(first.run, project, target)
    assert target.ran == ["s1", "s2"]
    assert [attempt.spec.attempt for attempt in target.attempts] == [2, 1]
    assert second.state.outcome == "succeeded"


def test_a_run_that_succeeded_stays_as_it_is(project: Project) -> None:
    first = run(chain("a"), project)
    before = events(project, first)
    target = Instant()
    second = resume_run(first.run, project, target)
    assert (second.state.outcome, target.ran) == ("succeeded", [])
    assert events(project, first) == before


def test_a_run_that_is_not_there_is_not_found(project: Project) -> None:
    with pytest.raises(NotFound):
        resume_run("01a1fcb2-d8d5-7d15-8fb9-84094338d30d", project, Instant())


def test_a_run_is_driven_by_one_engine(project: Project) -> None:
    first = run(chain("a"), project, Instant({"s0": "fail"}))
    with driving(first.directory), pytest.raises(Conflict):
        resume_run(first.run, project, Instant())


def test_a_canceled_run_is_not_canceled_again_by_the_old_request(project: Project) -> None:
    target = Instant({"s0": "wait"})
    target.on_start = lambda attempt: EventWriter(attempt.directory.parents[2]).append(CancelRequested(time.time()))
    first = run(chain("a", "b"), project, target)
    assert first.state.outcome == "canceled"
    assert resume_run(first.run, project, Instant()).state.outcome == "succeeded"


def cut(project: Project, finished: Finished, kept: int) -> None:
    """Forget all but the first events and all of the cache, as if the engine had been killed there."""
    shutil.rmtree(project.cache)
    [path] = finished.directory.glob("events-*.jsonl")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))


@pytest.mark.parametrize("kept", range(3, 16))
def test_a_run_killed_at_any_moment_ends_well_and_does_no_finished_work_twice(project: Project, kept: int) -> None:
    first = run(chain("a", "b", "c"), project, Instant())
    done = sum(isinstance(event, TaskFinished) for event in events(project, first)[:kept])
    began = sum(isinstance(event, TaskStarted) for event in events(project, first)[:kept])
    cut(project, first, kept)
    target = Instant()
    second = resume_run(first.run, project, target)
    assert second.state.outcome == "succeeded"
    # An attempt that had begun has its result in its folder and is adopted, although its end was not written down.
    assert target.ran == [f"s{index}" for index in range(max(done, began), 3)]
    further = run(chain("a", "b", "c"), project, Instant())
    assert set(states(further).values()) == {"cached"}, "what was made before the engine died is in the cache, too"


def test_an_attempt_without_a_result_is_given_up_and_made_again(project: Project) -> None:
    first = run(chain("a"), project, Instant())
    kept = 1 + next(i for i, event in enumerate(events(project, first)) if isinstance(event, TaskStarted))
    cut(project, first, kept)
    (first.directory / "tasks" / "s0" / "1" / "result.json").unlink()
    target = Instant()
    second = resume_run(first.run, project, target)
    assert [attempt.spec.attempt for attempt in target.attempts] == [2]
    assert second.state.outcome == "succeeded"
    assert "the engine died while this attempt ran" in {event.reason for event in ends(project, second)}


def test_metrics_of_an_adopted_attempt_are_in_the_run_once(project: Project) -> None:
    lines = [{"type": "metric", "at": float(at), "name": "m", "value": at, "task": "a"} for at in range(3)]
    target = Instant()
    target.lines = {"a": lines}
    target.on_start = lambda attempt: (
        (attempt.directory / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"torn')
        and None
    )
    first = run(plan(step("a")), project, target)
    metrics = [i for i, event in enumerate(events(project, first)) if isinstance(event, MetricLogged)]
    ordered = [line for path in first.directory.glob("events-*.jsonl") for line in path.read_text().splitlines(True)]
    second_metric = [i for i, line in enumerate(ordered) if '"metric"' in line][1]
    cut(project, first, second_metric + 1)
    assert len(metrics) == 3
    second = resume_run(first.run, project, Instant())
    values = sorted(event.value for event in events(project, second) if isinstance(event, MetricLogged))
    assert values == [0, 1, 2]


def test_a_success_whose_values_are_gone_is_done_again_on_resuming(project: Project) -> None:
    first = run(chain("a", "b"), project, Instant({"s1": "fail"}))
    for digest in list(project.artifacts.digests()):
        project.artifacts.delete(digest)
    target = Instant()
    assert resume_run(first.run, project, target).state.outcome == "succeeded"
    assert target.ran == ["s0", "s1"]


def test_an_engine_whose_clock_is_behind_that_of_the_one_before_still_has_the_last_word(project: Project) -> None:
    first = run(chain("a", "b"), project, Instant({"s1": "fail"}))
    (path,) = event_files(first.directory)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**line, "at": line["at"] + 3600}) + "\n" for line in lines))
    assert resume_run(first.run, project, Instant()).state.outcome == "succeeded"
    record = load_run(first.directory)
    assert record.state == "succeeded"
    assert {name: task.state for name, task in record.tasks.items()} == {"s0": "succeeded", "s1": "succeeded"}
    again = resume_run(first.run, project, Instant({"s0": "fail", "s1": "fail"}))
    assert states(again) == {"s0": "succeeded", "s1": "succeeded"}


def test_times_of_events_never_go_back(project: Project) -> None:
    times = iter([50.0, 40.0, 30.0, 60.0, 10.0])
    clock = ForwardClock(45.0, lambda: next(times))
    assert [clock() for _ in range(5)] == [50.0, 50.0, 50.0, 60.0, 60.0]
    assert ForwardClock(1.7e9, lambda: 1.0)() > 1.7e9


@pytest.mark.parametrize("damaged", range(1, 13))
def test_a_run_with_a_damaged_line_can_be_taken_up(project: Project, damaged: int) -> None:
    first = run(chain("a", "b", "c"), project, Instant({"s2": "fail"}))
    (path,) = event_files(first.directory)
    lines = path.read_text().splitlines()
    lines[damaged] = lines[damaged][: len(lines[damaged]) // 2]
    path.write_text("\n".join(lines) + "\n")
    before = {attempt: attempt.stat().st_mtime_ns for attempt in first.directory.glob("tasks/*/*")}
    again = resume_run(first.run, project, Instant())
    assert states(again) == {"s0": "succeeded", "s1": "succeeded", "s2": "succeeded"}
    assert load_run(first.directory).state == "succeeded"
    assert {attempt: attempt.stat().st_mtime_ns for attempt in before} == before, "no attempt is begun twice"
