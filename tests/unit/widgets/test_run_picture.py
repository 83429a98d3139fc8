"""A run's picture is folded from its events."""

from __future__ import annotations

from jupyter_mlops.store import events as ev
from jupyter_mlops.widgets.run_picture import RunPicture, advance, picture_of, step_states


def test_a_new_run_has_every_step_of_the_plan_pending(run_events) -> None:
    picture = picture_of(run_events[:1])
    assert [(task.name, task.state, task.cells) for task in picture.tasks.values()] == [
        ("load", "pending", 2),
        ("train", "pending", 1),
        ("report", "pending", 1),
        ("notify", "pending", 1),
    ]


def test_finished_cells_are_counted_and_a_new_attempt_starts_over(run_events) -> None:
    picture = picture_of(run_events[:4])
    assert (picture.tasks["load"].state, picture.tasks["load"].cells_done) == ("running", 1)
    again = advance(picture, ev.TaskStarted(9.0, "load", "load", 2, "d"))
    assert (again.tasks["load"].attempt, again.tasks["load"].cells_done) == (2, 0)


def test_items_of_a_loop_stand_where_their_step_stood(run_events) -> None:
    assert list(picture_of(run_events).tasks) == ["load", "train[0]", "train[1]", "report", "notify"]


def test_expanding_twice_keeps_what_the_items_did(run_events) -> None:
    picture = picture_of(run_events)
    assert advance(picture, ev.TaskExpanded(9.0, "train", (2, 4))).tasks == picture.tasks


def test_a_loop_over_nothing_stays_one_step(run_events) -> None:
    picture = advance(picture_of(run_events[:3]), ev.TaskExpanded(2.0, "train", ()))
    assert "train" in picture.tasks


def test_a_failure_that_is_tried_again_is_pending(run_events) -> None:
    assert picture_of(run_events[:11]).tasks["train[1]"].state == "pending"


def test_the_end_has_states_reasons_and_metrics(run_events) -> None:
    picture = picture_of(run_events)
    assert (picture.state, picture.reason, picture.finished) == ("failed", "train failed", 4.3)
    assert picture.metrics == {"acc": 0.875}
    assert picture.tasks["train[0]"].metrics == {"acc": 0.875}
    assert picture.tasks["train[1]"].reason == "ValueError: bad depth"


def test_a_step_of_many_items_shows_the_state_that_matters_most(run_events) -> None:
    states = step_states(picture_of(run_events).tasks)
    assert states == {"load": "succeeded", "train": "failed", "report": "skipped", "notify": "succeeded"}
    assert step_states(picture_of(run_events[:10]).tasks)["train"] == "running"


def test_events_without_a_picture_change_nothing() -> None:
    picture = RunPicture()
    assert advance(picture, ev.CancelRequested(1.0)) is picture
    assert advance(picture, ev.ParamsLogged(1.0, {"a": 1}, task="x")) is picture


def test_a_retry_of_a_run_is_running_again(run_events) -> None:
    picture = advance(picture_of(run_events), ev.RunStarted(9.0, {}))
    assert (picture.state, picture.finished, picture.started) == ("running", None, 0.0)
