from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from jupyter_mlops.store.liveness import driving, engine_identity
from jupyter_mlops.store.mlflow_api import Tracker
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import resolve
from jupyter_mlops.store.run_state import load_run
from tests.unit.store.conftest import Written
from tests.unit.store.mlflow_api.calls import Calls, pairs, taken_in, task_in

Make = Callable[..., Written]


# A script.


def test_a_script_makes_a_run_that_is_one_of_ours(script: Calls, project: Project) -> None:
    made = script.post("runs/create", experiment_id="0", run_name="first", tags=[{"key": "team", "value": "a"}])["run"]
    run = made["info"]["run_id"]
    script.post("runs/log-metric", run_id=run, key="acc", value=0.5, timestamp=1, step=0)
    script.post("runs/log-parameter", run_id=run, key="model", value="rf")
    script.post("runs/set-tag", run_id=run, key="stage", value="dev")
    script.post("runs/update", run_id=run, status="FINISHED", end_time=1)

    record = load_run(project.run_directory(run))

    assert (record.state, record.pipeline, record.experiment) == ("succeeded", "first", "default")
    assert (record.metrics, record.params) == ({"acc": 0.5}, {"model": "rf"})
    assert record.tags == {"team": "a", "stage": "dev", "mlflow.runName": "first"}


@pytest.mark.parametrize(("status", "state"), [("FINISHED", "succeeded"), ("FAILED", "failed"), ("KILLED", "canceled")])
def test_a_run_ends_as_its_client_says(script: Calls, project: Project, status: str, state: str) -> None:
    run = script.post("runs/create")["run"]["info"]["run_id"]
    assert script.run(run)["info"]["status"] == "RUNNING"

    info = script.post("runs/update", run_id=run, status=status)["run_info"]

    assert info["status"] == status
    assert info["end_time"] >= info["start_time"]
    assert load_run(project.run_directory(run)).state == state


def test_all_points_of_a_metric_are_kept_in_order(script: Calls) -> None:
    run = script.post("runs/create")["run"]["info"]["run_id"]
    points = [{"key": "loss", "value": value, "timestamp": 5, "step": step} for step, value in enumerate((3.0, 2.0, 1))]
    script.post("runs/log-batch", run_id=run, metrics=points)
    script.post("runs/log-metric", run_id=run, key="loss", value=0.5, step=9)

    found = script.get("metrics/get-history", run_id=run, metric_key="loss")["metrics"]

    assert [(point["step"], point["value"]) for point in found] == [(0, 3.0), (1, 2.0), (2, 1.0), (9, 0.5)]
    assert pairs(script.run(run)["data"]["metrics"]) == {"loss": 0.5}
    assert script.get("metrics/get-history", run_id=run, metric_key="other")["metrics"] == []


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_come_and_go_as_text(script: Calls, project: Project, value: str) -> None:
    run = script.post("runs/create")["run"]["info"]["run_id"]
    script.post("runs/log-metric", run_id=run, key="odd", value=value)

    stored = load_run(project.run_directory(run)).metrics["odd"]

    assert math.isnan(stored) if value == "NaN" else stored == float(value)
    assert pairs(script.run(run)["data"]["metrics"]) == {"odd": value}


def test_a_batch_is_logged_whole_or_not_at_all(script: Calls) -> None:
    run = script.post("runs/create")["run"]["info"]["run_id"]

    wrong = script.refused(
        "runs/log-batch", run_id=run, params=[{"key": "a", "value": "1"}], metrics=[{"key": "m", "value": "much"}]
    )

    assert wrong == (400, "INVALID_PARAMETER_VALUE")
    assert script.run(run)["data"]["params"] == []


def test_a_run_that_is_over_can_be_continued(script: Calls, project: Project) -> None:
    run = script.post("runs/create")["run"]["info"]["run_id"]
    script.post("runs/update", run_id=run, status="FINISHED")

    assert script.post("runs/update", run_id=run, status="RUNNING")["run_info"]["status"] == "RUNNING"
    script.post("runs/log-metric", run_id=run, key="late", value=1)
    script.post("runs/update", run_id=run, status="FINISHED")

    record = load_run(project.run_directory(run))
    assert (record.state, record.metrics) == ("succeeded", {"late": 1.0})


def test_a_run_that_another_process_drives_is_not_taken_over(script: Calls, make_run: Make) -> None:
    other = make_run().created("interactive").started()
    with driving(other.directory):
        found = script.refused("runs/update", run_id=other.run, status="RUNNING")

    assert found == (409, "RESOURCE_CONFLICT")


def test_a_run_that_is_over_takes_tags_and_search_finds_them(script: Calls, make_run: Make) -> None:
    old = make_run().created("old").started().finished()
    assert script.post("runs/search", experiment_ids=["0"], filter="tags.best = 'yes'")["runs"] == []

    script.post("runs/set-tag", run_id=old.run, key="best", value="yes")

    found = script.post("runs/search", experiment_ids=["0"], filter="tags.best = 'yes'")["runs"]
    assert [run["info"]["run_id"] for run in found] == [old.run]


def test_closing_the_tracker_ends_what_was_left_open(project: Project) -> None:
    tracker = Tracker(project)
    run = Calls(tracker).post("runs/create")["run"]["info"]["run_id"]

    tracker.close()

    record = load_run(project.run_directory(run))
    assert (record.state, record.interrupted) == ("failed", False)
    assert "end_run" in record.reason


def test_the_end_of_a_run_of_an_earlier_server_is_still_taken(script: Calls, make_run: Make, project: Project) -> None:
    dead = make_run().created("mlflow").started({**engine_identity(), "boot": "earlier"}).run
    assert script.run(dead)["info"]["status"] == "FAILED"

    script.post("runs/update", run_id=dead, status="FINISHED")

    assert load_run(project.run_directory(dead)).state == "succeeded"


# A task of a pipeline.


def test_what_a_task_logs_goes_through_its_own_event_file(task: Calls, pipeline: Written) -> None:
    run = pipeline.run
    task.post("runs/log-metric", run_id=run, key="acc", value=0.9, step=2)
    task.post(
        "runs/log-batch",
        run_id=run,
        params=[{"key": "lr", "value": "0.1"}],
        tags=[{"key": "team", "value": "ä"}],
        metrics=[{"key": "f1", "value": 1}],
    )
    assert load_run(pipeline.directory).metrics == {}  # not before the engine has read it

    taken_in(pipeline, task)

    record = load_run(pipeline.directory)
    assert record.metrics == {"acc": 0.9, "f1": 1.0}
    assert {point.task for points in record.series.values() for point in points} == {"train"}
    assert record.series["acc"][0].step == 2
    assert record.logged == {"lr": "0.1"}
    assert record.tags == {"team": "ä"}


def test_a_task_reads_what_it_wrote_before_and_after_the_engine_took_it(task: Calls, pipeline: Written) -> None:
    task.post("runs/log-metric", run_id=pipeline.run, key="acc", value=0.9)
    task.post("runs/log-metric", run_id=pipeline.run, key="acc", value="NaN")
    before = task.get("metrics/get-history", run_id=pipeline.run, metric_key="acc")

    taken_in(pipeline, task)

    assert [point["value"] for point in before["metrics"]] == [0.9, "NaN"]
    assert task.get("metrics/get-history", run_id=pipeline.run, metric_key="acc") == before
    data = task.run(pipeline.run)["data"]
    assert pairs(data["params"]) == {"depth": "3"}


def test_the_end_of_a_pipelines_run_is_not_a_clients_to_say(task: Calls, pipeline: Written) -> None:
    task.post("runs/update", run_id=pipeline.run, status="RUNNING", run_name="mine")
    info = task.post("runs/update", run_id=pipeline.run, status="FAILED")["run_info"]

    assert (info["status"], info["run_name"]) == ("RUNNING", "mine")
    assert load_run(pipeline.directory).state == "running"


def test_two_tasks_of_one_run_log_side_by_side(tracker: Tracker, task: Calls, pipeline: Written) -> None:
    other = task_in(tracker, pipeline, "test")
    task.post("runs/log-metric", run_id=pipeline.run, key="acc", value=1)
    other.post("runs/log-metric", run_id=pipeline.run, key="acc", value=2)

    taken_in(pipeline, task)
    taken_in(pipeline, other)

    points = load_run(pipeline.directory).series["acc"]
    assert sorted((point.task, point.value) for point in points) == [("test", 2.0), ("train", 1.0)]


def test_a_run_that_a_task_makes_is_a_child_and_never_the_last_run(
    task: Calls, pipeline: Written, project: Project
) -> None:
    made = task.post("runs/create", experiment_id="0", run_name="trial")["run"]
    run = made["info"]["run_id"]

    tags = pairs(made["data"]["tags"])

    assert (tags["mlflow.parentRunId"], tags["jupyter_mlops.task"]) == (pipeline.run, "train")
    assert run > pipeline.run
    assert resolve(project, "last") == pipeline.run
    assert resolve(project, run) == run


def test_children_that_a_task_left_open_end_with_it(task: Calls, tracker: Tracker, project: Project) -> None:
    ended, left = (task.post("runs/create")["run"]["info"]["run_id"] for _ in range(2))
    task.post("runs/update", run_id=ended, status="FINISHED")

    tracker.release(task.caller, "failed")

    assert load_run(project.run_directory(ended)).state == "succeeded"
    record = load_run(project.run_directory(left))
    assert (record.state, record.reason) == ("failed", "its step ended before `mlflow.end_run()`")


def test_a_run_is_of_the_experiment_that_its_code_chose(task: Calls, pipeline: Written, script: Calls) -> None:
    """`mlflow.set_experiment("churn")`, then `start_run()`: the client refuses a run of another experiment."""
    chosen = task.get("experiments/get-by-name", experiment_name="churn")["experiment"]["experiment_id"]
    assert task.run(pipeline.run)["info"]["experiment_id"] == chosen

    task.post("runs/update", run_id=pipeline.run, status="RUNNING")
    taken_in(pipeline, task)

    assert script.run(pipeline.run)["info"]["experiment_id"] == chosen
    found = script.post("runs/search", experiment_ids=[chosen])["runs"]
    assert [run["info"]["run_id"] for run in found] == [pipeline.run]
    assert script.post("runs/search", experiment_ids=["0"])["runs"] == []


def test_what_one_task_chooses_is_nothing_to_another(tracker: Tracker, task: Calls, pipeline: Written) -> None:
    task.post("experiments/create", name="churn")

    other = task_in(tracker, pipeline, "test")

    assert other.run(pipeline.run)["info"]["experiment_id"] == "0"


def test_data_sets_become_tags(task: Calls, pipeline: Written) -> None:
    inputs = [{"dataset": {"name": "train", "digest": "ab12", "source": "x"}, "tags": []}]
    task.post("runs/log-inputs", run_id=pipeline.run, datasets=inputs)

    assert pairs(task.run(pipeline.run)["data"]["tags"]) == {"mlflow.dataset.train": "ab12"}
