from __future__ import annotations

import pytest

from jupyter_mlops.errors import NewerStore, NotFound
from jupyter_mlops.store import events as e
from jupyter_mlops.store.events_file import Unknown
from jupyter_mlops.store.liveness import engine_identity
from jupyter_mlops.store.run_state import INTERRUPTED, RunFold, fold, load_run, read_record

PLAN = {"steps": [{"name": "load"}, {"name": "train"}, {"name": "report"}]}
DEAD = {**engine_identity(), "started": "1"}


def states(record):
    return {name: task.state for name, task in record.tasks.items()}


def test_a_run_goes_through_its_states(make_run):
    written = make_run().created(plan=PLAN, params={"a": 1}, experiment="x", user="me", notebook="n.ipynb")
    assert read_record(written.directory).state == "pending"
    assert read_record(written.started().directory).state == "running"
    written.task("load").finished("succeeded")
    record = read_record(written.directory)
    assert (record.state, record.experiment, record.user, record.notebook) == ("succeeded", "x", "me", "n.ipynb")
    assert record.started is not None
    assert record.finished is not None
    assert record.seconds == record.finished - record.started
    assert record.params == {"a": 1}


def test_steps_that_have_not_begun_are_pending_in_the_plans_order(make_run):
    written = make_run().created(plan=PLAN).started().task("train")
    assert states(read_record(written.directory)) == {"load": "pending", "train": "succeeded", "report": "pending"}


def test_a_task_tells_its_latest_attempt_and_how_many_began(make_run):
    written = make_run().created(plan=PLAN).started()
    written.task("load", "failed", attempt=1, reason="boom", final=False)
    task = read_record(written.directory).tasks["load"]
    assert (task.state, task.reason, len(task.attempts)) == ("pending", "boom", 1)
    written.task("load", attempt=2, result={"fate": "succeeded"}, why=("params",))
    task = read_record(written.directory).tasks["load"]
    assert (task.state, task.attempt, task.reason) == ("succeeded", 2, "")
    assert (task.result, task.why, task.directory) == ({"fate": "succeeded"}, ("params",), "tasks/load/2")


def test_a_task_remembers_when_each_attempt_began_and_how_it_ended(make_run):
    written = make_run().created(plan=PLAN).started()
    written.task("load", "failed", attempt=1, reason="boom", final=False).task("load", attempt=2)
    first, second = read_record(written.directory).tasks["load"].attempts
    assert (first.attempt, first.state, first.reason) == (1, "failed", "boom")
    assert (second.attempt, second.state, second.reason) == (2, "succeeded", "")
    assert first.started < first.finished < second.started < second.finished


def test_an_attempt_that_went_down_with_its_engine_failed_at_no_known_time(make_run):
    written = make_run().created(plan=PLAN).started()
    written.write(e.TaskStarted(written.now(), "load", "load", 1, "tasks/load/1")).started()
    [attempt] = read_record(written.directory).tasks["load"].attempts
    assert (attempt.state, attempt.finished, attempt.reason) == ("failed", None, INTERRUPTED)
    written.write(e.TaskFinished(written.now(), "load", "load", 2, "cached"))
    assert read_record(written.directory).tasks["load"].attempts == (attempt,)


def test_a_cached_task_never_began_and_says_where_it_is_from(make_run):
    written = make_run().created(plan=PLAN)
    written.write(e.TaskFinished(1.0, "load", "load", 0, "cached", cached_from="r/load"))
    task = read_record(written.directory).tasks["load"]
    assert (task.state, task.attempts, task.cached_from) == ("cached", (), "r/load")


@pytest.mark.parametrize("items", [(), (1,), ("a", "b", "c")])
def test_items_of_a_loop_take_the_place_of_their_step(items):
    record = fold([e.RunCreated(0, "r", "p", "x", {}, "local", "", PLAN, {}), e.TaskExpanded(1, "train", items)])
    between = [f"train[{index}]" for index in range(len(items))] or ["train"]
    assert list(record.tasks) == ["load", *between, "report"]
    assert [record.tasks[name].item for name in between] == [*items] or items == ()
    assert all(record.tasks[name].step == "train" for name in between)


def test_a_loop_that_is_expanded_again_by_a_retry_keeps_what_its_items_did(make_run):
    written = make_run().created(plan=PLAN).started()
    written.write(e.TaskExpanded(1.0, "train", (1, 2))).task("train[0]")
    written.write(e.TaskExpanded(2.0, "train", (1, 2)))
    assert states(read_record(written.directory)) == {
        "load": "pending", "train[0]": "succeeded", "train[1]": "pending", "report": "pending",
    }  # fmt: skip


def test_the_last_value_of_a_metric_counts_and_its_series_is_kept(make_run):
    written = make_run().created().metrics(acc=0.1, loss=3).metrics(acc=0.7)
    record = read_record(written.directory)
    assert record.metrics == {"acc": 0.7, "loss": 3.0}
    assert [point.value for point in record.series["acc"]] == [0.1, 0.7]


def test_logged_params_join_those_of_the_start(make_run):
    record = read_record(make_run().created(params={"a": 1, "b": 2}).params(b=3, c=4).directory)
    assert record.params == {"a": 1, "b": 3, "c": 4}
    assert record.logged == {"b": 3, "c": 4}


def test_tags_and_artifacts_are_kept(make_run):
    written = make_run().created().tags(note="old", owner="me").tags(note="new").artifact("ab" * 32, task="load")
    record = read_record(written.directory)
    assert record.tags == {"note": "new", "owner": "me"}
    assert [(item.digest, item.task, item.role) for item in record.artifacts] == [("ab" * 32, "load", "output")]


def test_what_is_unknown_or_misshapen_is_counted_and_harms_nothing():
    record = fold(
        [
            e.RunCreated(0, "r", "p", "x", {}, "local", "", PLAN, {}),
            Unknown(1, "gpu.melted", {}),
            e.MetricLogged(2, "acc", "high"),  # type: ignore[arg-type]
            e.ParamsLogged(3, None),  # type: ignore[arg-type]
            e.CellFinished(4, "load", 0, 0.1, "succeeded"),
            e.CancelRequested(5),
        ]
    )
    assert record.unknown == 3
    assert record.cancel_requested
    assert record.metrics == {}


def test_a_run_of_a_newer_format_is_refused(make_run):
    written = make_run().created(format=2)
    with pytest.raises(NewerStore, match="Upgrade"):
        read_record(written.directory)


def test_a_run_without_events_is_not_found(project):
    with pytest.raises(NotFound, match="no run"):
        load_run(project.run_directory("nothing"))


def test_a_run_whose_engine_died_reads_as_failed_with_the_way_out(make_run):
    written = make_run().created(plan=PLAN).started(DEAD).task("load")
    written.write(e.TaskStarted(written.now(), "train", "train", 1, "tasks/train/1"))
    record = load_run(written.directory)
    assert (record.state, record.interrupted, record.reason) == ("failed", True, INTERRUPTED)
    assert "retry" in record.reason
    assert states(record) == {"load": "succeeded", "train": "failed", "report": "pending"}


def test_a_run_whose_engine_lives_is_running(make_run):
    record = load_run(make_run().created().started().directory)
    assert (record.state, record.interrupted) == ("running", False)


def test_a_run_that_is_over_needs_no_engine(make_run):
    record = load_run(make_run().created().started(DEAD).finished("canceled", "by you").directory)
    assert (record.state, record.interrupted, record.reason) == ("canceled", False, "by you")


def test_a_retry_opens_the_run_again_and_frees_the_tasks_of_the_dead_engine(make_run):
    written = make_run().created(plan=PLAN).started(DEAD)
    written.write(e.TaskStarted(written.now(), "load", "load", 1, "tasks/load/1"))
    written.finished("failed", "gone").write(e.CancelRequested(written.now()))
    first = read_record(written.directory).started
    record = load_run(written.started().directory)
    assert (record.state, record.reason, record.finished, record.started) == ("running", "", None, first)
    assert not record.cancel_requested
    assert record.tasks["load"].state == "pending"


def test_a_fold_can_be_asked_at_any_time():
    state = RunFold("r")
    assert state.record().state == "pending"
    state.apply(e.MetricLogged(1.0, "acc", 0.5))
    before = state.record()
    state.apply(e.MetricLogged(2.0, "acc", 0.6))
    assert before.metrics == {"acc": 0.5}
    assert state.record().metrics == {"acc": 0.6}
