"""Runs from plan to store, with a target that needs no processes."""

from __future__ import annotations

import json
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.clock import ForwardClock
from jupyter_mlops.engine.driver import Work, drive
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.plan import Plan, Selection
from jupyter_mlops.engine.run import Finished, RunOptions, resume_run, start_run
from jupyter_mlops.engine.state import new_state
from jupyter_mlops.errors import Conflict, MlopsError, NotFound, Refused, StoreUnwritable
from jupyter_mlops.pipeline.model import Loop, Retries
from jupyter_mlops.store.events import (
    ArtifactLogged,
    CancelRequested,
    MetricLogged,
    RunCreated,
    RunFinished,
    TaskFinished,
    TaskStarted,
)
from jupyter_mlops.store.events_file import EventWriter, event_files, read_run
from jupyter_mlops.store.liveness import driving
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from tests.unit.engine.fake_target import Instant, digest_of
from tests.unit.engine.play import plan, step


def chain(*sources: str, **options: Any) -> Plan:
    steps = [
        step(
            f"s{index}", *([f"x{index - 1}<s{index - 1}"] if index else []), gives=f"x{index}", source=source, **options
        )
        for index, source in enumerate(sources)
    ]
    return plan(*steps)


def within(drawn: Plan, folder: Path) -> Plan:
    return replace(drawn, pipeline=replace(drawn.pipeline, cwd=str(folder)))


def run(drawn: Plan, project: Project, target: Instant | None = None, **options: Any) -> Finished:
    return start_run(within(drawn, project.root), project, target or Instant(), RunOptions(**options))


def states(finished: Finished) -> dict[str, str]:
    return {name: task.state for name, task in finished.state.tasks.items()}


def events(project: Project, finished: Finished) -> tuple[Any, ...]:
    return read_run(project.run_directory(finished.run)).events


def test_a_run_is_written_down_from_beginning_to_end(project: Project) -> None:
    heard: list[Any] = []
    finished = run(chain("a", "b"), project, listeners=(heard.append,), experiment="tests")
    written = events(project, finished)
    assert list(written) == heard
    assert isinstance(written[0], RunCreated)
    assert (written[0].experiment, written[0].target, written[0].pipeline) == ("tests", "instant", "p")
    assert written[0].environment["packages"]
    assert isinstance(written[-1], RunFinished)
    assert Plan.from_data(written[0].plan, written[0].params).pipeline == finished.state.plan.pipeline


def test_bundles_are_taken_over_and_handed_to_the_next_step(project: Project) -> None:
    target = Instant()
    run(chain("a", "b"), project, target)
    first, second = target.attempts
    [values] = second.spec.inputs
    assert values.names == {"x0": "x0"}
    [ref] = values.bundles
    assert ref is not None
    assert Path(ref.path).read_text().startswith("s0 a")
    assert not (first.directory / "outputs.bundle").exists()


def test_the_values_of_a_loop_are_collected_in_order(project: Project) -> None:
    target = Instant()
    steps = (step("a", over="k in [5, 6]", gives="m"), step("b", "m<a"))
    run(plan(*steps), project, target)
    assert [dict(attempt.spec.bind) for attempt in target.attempts] == [{"k": 5}, {"k": 6}, {}]
    [values] = target.attempts[-1].spec.inputs
    assert values.collect
    assert [Path(ref.path).read_text().split()[0] for ref in values.bundles if ref] == ["a[0]", "a[1]"]


def test_a_loop_over_values_binds_them_as_they_are(project: Project) -> None:
    values = ("x" * 20_000, {"n": [1]}, float("inf"), None)
    looped = step("a")
    target = Instant()
    run(plan(replace(looped, options=replace(looped.options, for_each=Loop("k", values=values)))), project, target)
    assert [attempt.spec.bind["k"] for attempt in target.attempts] == list(values)


def test_an_unchanged_run_starts_nothing(project: Project) -> None:
    run(chain("a", "b", "c"), project)
    target = Instant()
    finished = run(chain("a # only a comment", "b", "c"), project, target)
    assert target.ran == []
    assert set(states(finished).values()) == {"cached"}
    assert [event.cached_from.endswith(f"/s{index}") for index, event in enumerate(ends(project, finished))] == [
        True
    ] * 3


def ends(project: Project, finished: Finished) -> list[TaskFinished]:
    return [event for event in events(project, finished) if isinstance(event, TaskFinished)]


def test_a_change_reruns_what_depends_on_it_and_says_why(project: Project) -> None:
    run(chain("a", "b", "c"), project)
    target = Instant()
    finished = run(chain("a", "b + 1", "c"), project, target)
    assert target.ran == ["s1", "s2"]
    why = {event.task: event.why for event in ends(project, finished)}
    assert why == {"s0": (), "s1": ("source",), "s2": ("inputs",)}


def test_the_same_output_cuts_off_what_comes_after(project: Project) -> None:
    class Constant(Instant):
        def result(self, attempt, fate="succeed"):
            made = super().result(attempt, fate)
            return replace(made, outputs={name: replace(info, digest="same") for name, info in made.outputs.items()})

    run(chain("a", "b", "c"), project, Constant())
    target = Constant()
    run(chain("a", "b + 1", "c"), project, target)
    assert target.ran == ["s1"]


def test_a_parameter_reruns_only_what_reads_it(project: Project) -> None:
    def with_n(n: int) -> Plan:
        return plan(step("a", gives="x"), step("b", params={"n": "n"}), params={"n": n})

    run(with_n(1), project)
    target = Instant()
    run(with_n(2), project, target)
    assert target.ran == ["b"]
    assert target.attempts[0].spec.params == {"n": 2}


def test_an_output_that_is_asked_for_now_and_was_not_kept_reruns_its_step(project: Project) -> None:
    run(plan(step("a", gives="x")), project)
    target = Instant()
    finished = run(plan(step("a", gives="x y"), step("b", "y<a")), project, target)
    assert target.ran == ["a", "b"]
    assert next(event.why for event in ends(project, finished) if event.task == "a") == ("outputs",)


@pytest.mark.parametrize(
    ("selection", "ran"),
    [
        (Selection(no_cache=True), ["s0", "s1", "s2"]),
        (Selection(from_step="s1"), ["s1", "s2"]),
        (Selection(only="s1"), ["s1"]),
    ],
)
def test_a_selection_runs_again_what_it_names(project: Project, selection: Selection, ran: list[str]) -> None:
    run(chain("a", "b", "c"), project)
    target = Instant()
    run(replace(chain("a", "b", "c"), selection=selection), project, target)
    assert target.ran == ran


def test_a_step_without_cache_runs_every_time_and_so_does_an_exit_step(project: Project) -> None:
    drawn = plan(step("a", cache=False), step("b"), step("bye", exit=True))
    run(drawn, project)
    target = Instant()
    run(drawn, project, target)
    assert target.ran == ["a", "bye"]


def test_a_result_whose_values_are_gone_is_made_again(project: Project) -> None:
    run(chain("a"), project)
    for digest in list(project.artifacts.digests()):
        project.artifacts.delete(digest)
    target = Instant()
    run(chain("a"), project, target)
    assert target.ran == ["s0"]


def test_files_of_a_cached_step_are_put_back(project: Project) -> None:
    drawn = plan(replace(step("a"), files_out=("out/model.txt",)))
    target = Instant()
    target.files = {"a": {"out/model.txt": "weights"}}
    run(drawn, project, target)
    made = project.root / "out" / "model.txt"
    made.unlink()
    again = Instant()
    run(drawn, project, again)
    assert (again.ran, made.read_text()) == ([], "weights")
    made.write_text("spoilt")
    run(drawn, project, Instant())
    assert made.read_text() == "weights"


def test_a_file_that_a_step_reads_counts(project: Project) -> None:
    drawn = plan(replace(step("a"), files_in=("data.csv",)))
    data = project.root / "data.csv"
    data.write_text("1")
    run(drawn, project)
    data.write_text("2")
    target = Instant()
    finished = run(drawn, project, target)
    assert target.ran == ["a"]
    assert ends(project, finished)[0].why == ("files",)


def test_what_a_task_logs_is_in_the_run_and_again_when_its_result_is_reused(project: Project) -> None:
    target = Instant()
    target.lines = {
        "a": [{"type": "metric", "at": 1.0, "name": "acc", "value": 0.9}, {"type": "cell.started"}, {"odd": 1}]
    }
    drawn = plan(step("a"), step("b", when="metrics.acc > 0.8"))
    first = run(drawn, project, target)
    second = run(drawn, project, Instant())
    for finished in (first, second):
        metrics = [event for event in events(project, finished) if isinstance(event, MetricLogged)]
        assert [(event.name, event.value, event.task) for event in metrics] == [("acc", 0.9, "a")]
    assert states(first) == {"a": "succeeded", "b": "succeeded"}
    assert states(second) == {"a": "cached", "b": "cached"}


def test_a_logged_file_is_taken_into_the_store(project: Project) -> None:
    digest = digest_of("plot")
    target = Instant()
    target.lines = {"a": [{"type": "artifact", "name": "p", "digest": digest, "kind": "figure", "bytes": 4}]}
    target.on_start = lambda attempt: stage(attempt.directory / "artifacts", digest, "plot")
    finished = run(plan(step("a")), project, target)
    [logged] = [event for event in events(project, finished) if isinstance(event, ArtifactLogged)]
    assert (logged.name, logged.digest, logged.type, logged.task) == ("p", digest, "figure", "a")
    assert project.artifacts.path(digest).read_text() == "plot"


def stage(folder: Path, name: str, text: str) -> None:
    folder.mkdir()
    (folder / name).write_text(text)


@pytest.mark.parametrize("digest", ["", "../../../../etc/passwd", "x" * 64, None])
def test_a_logged_file_with_an_odd_digest_is_left_out(project: Project, digest: Any) -> None:
    target = Instant()
    target.lines = {"a": [{"type": "artifact", "name": "p", "digest": digest, "kind": "figure", "bytes": 4}]}
    finished = run(plan(step("a")), project, target)
    assert finished.state.outcome == "succeeded"
    assert not [event for event in events(project, finished) if isinstance(event, ArtifactLogged)]


def test_lineage_says_who_made_and_who_used_a_value(project: Project) -> None:
    for _ in ("first", "from the cache"):
        finished = run(chain("a", "b"), project)
        logged = [event for event in events(project, finished) if isinstance(event, ArtifactLogged)]
        made = {(event.name, event.task): event.digest for event in logged if event.role == "output"}
        used = {(event.name, event.task): event.digest for event in logged if event.role == "input"}
        assert used == {("x0", "s1"): made["x0", "s0"]}


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


def test_a_whole_notebook_gets_plain_values_as_parameters(project: Project) -> None:
    from jupyter_mlops.pipeline.model import Component

    report = step("report", "acc<a", params={"n": "n"})
    report = replace(report, component=Component("notebook", notebook="sub/report.ipynb"), arguments={"title": "T"})
    target = Instant(exports={"acc": 0.5})
    run(plan(step("a", exports="acc"), report, params={"n": 3}), project, target)
    spec = target.attempts[-1].spec
    assert spec.params == {"title": "T", "n": 3, "acc": 0.5}
    assert (spec.notebook, spec.cwd) == (str(project.root / "sub/report.ipynb"), str(project.root / "sub"))
    assert spec.inputs == ()


@pytest.mark.parametrize(("own", "used"), [("", ""), ("ir", "ir")])
def test_a_whole_notebook_does_not_run_in_the_kernel_of_the_notebook_that_includes_it(
    project: Project, own: str, used: str
) -> None:
    from jupyter_mlops.pipeline.model import Component

    whole = replace(step("r"), component=Component("notebook", notebook="r.ipynb", kernel=own))
    made = plan(step("a"), whole)
    target = Instant()
    run(replace(made, pipeline=replace(made.pipeline, kernel="python3")), project, target)
    assert {attempt.spec.step: attempt.spec.kernel for attempt in target.attempts} == {"a": "python3", "r": used}


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


def test_the_engine_itself_takes_little_time(project: Project) -> None:
    """The promise is 3 ms a task and 50 ms for twenty cached ones; this allows for a busy machine."""
    drawn = chain(*(f"value {index}" for index in range(20)))
    began = time.process_time()
    run(drawn, project)
    middle = time.process_time()
    run(drawn, project)
    assert (middle - began) / 20 < 0.006
    assert time.process_time() - middle < 0.1


class Counting(StoreJournal):
    """Counts how often something is written down."""

    pieces = 0

    def append(self, *events: Any) -> None:
        self.pieces += 1
        super().append(*events)


def test_what_is_heard_at_once_is_written_down_at_once(project: Project) -> None:
    drawn = within(plan(*(step(f"s{index}") for index in range(8))), project.root)
    journal = Counting(project, new_run_id(), "p")
    state = drive(new_state(drawn, 8), Work(Instant(), journal), {})
    journal.close()
    assert state.outcome == "succeeded"
    assert journal.pieces == 2, "the beginning of all, and the end of all"


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
