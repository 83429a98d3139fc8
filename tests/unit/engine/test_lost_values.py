"""What a task made was damaged in the store: it is made again, once, and then those that need it run."""

from __future__ import annotations

from jupyter_mlops.engine.state import CannotBegin
from jupyter_mlops.store.events import Note, TaskFinished
from tests.unit.engine.play import Play, failed, plan, step

CHAIN = (step("a", gives="x"), step("b", "x<a", gives="y"), step("c", "y<b"))


def notes(play: Play) -> list[tuple[str, str]]:
    return [(event.task, event.text) for event in play.events if isinstance(event, Note)]


def test_the_producer_runs_again_then_the_reader() -> None:
    play = Play(plan(*CHAIN)).start()
    play.end("a")
    play.lose("b", "a")
    assert play.running == [("a", 2)]
    assert play.states() == {"a": "running", "b": "pending", "c": "pending"}
    play.go_on()
    assert play.order() == ["a", "a", "b", "c"]
    assert play.state.outcome == "succeeded"
    assert notes(play) == [("a", "the values of `a` in the store are damaged: it runs again.")]


def test_a_cached_producer_is_run_and_not_looked_up() -> None:
    play = Play(plan(*CHAIN), cached=frozenset("a")).start()
    assert play.states()["a"] == "cached"
    play.lose("b", "a")
    assert play.running == [("a", 1)]
    assert play.go_on().states() == dict.fromkeys("abc", "succeeded")


def test_a_producer_is_made_again_once() -> None:
    play = Play(plan(*CHAIN)).start()
    play.end("a")
    play.lose("b", "a")
    play.end("a")
    play.lose("b", "a")
    assert play.states() == {"a": "succeeded", "b": "failed", "c": "skipped"}
    assert play.state.outcome == "failed"


def test_what_the_producer_takes_may_be_damaged_too() -> None:
    play = Play(plan(*CHAIN)).start()
    play.end("a")
    play.end("b")
    play.lose("c", "b")
    play.lose("b", "a")
    assert play.running == [("a", 2)]
    play.go_on()
    assert play.order() == ["a", "b", "a", "b", "c"]
    assert play.state.outcome == "succeeded"


def test_a_producer_that_fails_now_takes_its_readers_with_it() -> None:
    play = Play(plan(*CHAIN)).start()
    play.end("a")
    play.lose("b", "a")
    play.end("a", failed())
    assert play.states() == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert play.reason("b") == "needs `x` from `a`, which failed"


def test_two_readers_wait_for_one_making() -> None:
    steps = (step("a", gives="x"), *(step(name, "x<a") for name in "bcd"))
    play = Play(plan(*steps), parallel=2).start()
    play.end("a")
    assert [task for task, _ in play.running] == ["b", "c"]
    play.lose("b", "a")
    assert [task for task, _ in play.running] == ["c", "a"], "d waited for a slot, and must wait for a now"
    play.lose("c", "a")
    play.go_on()
    assert play.order().count("a") == 2
    assert play.state.outcome == "succeeded"
    assert len(notes(play)) == 1


def test_a_reader_that_began_before_the_value_was_made_again_gets_another_try() -> None:
    play = Play(plan(step("a", gives="x"), step("b", "x<a"), step("c", "x<a")), parallel=3).start()
    play.end("a")
    play.lose("b", "a")
    play.end("a")
    play.lose("c", "a")
    assert play.go_on().states() == dict.fromkeys("abc", "succeeded")
    assert play.order().count("a") == 2


def test_a_loss_uses_up_no_retry() -> None:
    steps = (step("a", gives="x"), step("b", "x<a", retries=1))
    play = Play(plan(*steps)).start()
    play.end("a")
    play.lose("b", "a")
    play.end("a")
    play.end("b", failed())
    assert play.delays, "its one retry is still there"


def test_an_item_of_a_loop_is_made_again_alone() -> None:
    steps = (step("a", gives="x", over="k in [1, 2]"), step("b", "x<a"))
    play = Play(plan(*steps), parallel=2).start()
    play.end("a[0]")
    play.end("a[1]")
    play.lose("b", "a[1]")
    assert play.running == [("a[1]", 2)]
    assert play.states()["a"] == "running"
    assert play.go_on().states() == {"a": "succeeded", "b": "succeeded", "a[0]": "succeeded", "a[1]": "succeeded"}
    assert play.order().count("a[0]") == 1


def test_items_that_read_a_damaged_value_are_held_until_it_is_there() -> None:
    steps = (step("a", gives="x"), step("b", "x<a", over="k in [1, 2, 3]"))
    play = Play(plan(*steps)).start()
    play.end("a")
    play.lose("b[0]", "a")
    assert [task for task, _ in play.running] == ["a"]
    assert play.state.held == {"b[0]", "b[1]", "b[2]"}
    play.go_on()
    assert play.state.outcome == "succeeded"
    assert not play.state.held


def test_held_items_fail_if_the_value_cannot_be_made() -> None:
    steps = (step("a", gives="x"), step("b", "x<a", over="k in [1, 2]"), step("c", after=["b"]))
    play = Play(plan(*steps)).start()
    play.end("a")
    play.lose("b[0]", "a")
    play.end("a", failed())
    assert play.states() == {"a": "failed", "b": "failed", "b[0]": "failed", "b[1]": "failed", "c": "skipped"}
    assert play.reason("b[1]") == "needs `x` from `a`, which failed"
    assert play.state.outcome == "failed"


def test_a_run_that_is_canceled_makes_nothing_again() -> None:
    play = Play(plan(*CHAIN)).start()
    play.end("a")
    play.cancel()
    play.lose("b", "a")
    assert play.states()["a"] == "succeeded"
    assert play.state.outcome == "canceled"


def test_held_items_are_canceled_with_the_run() -> None:
    play = Play(plan(step("a", gives="x"), step("b", "x<a", over="k in [1, 2]"))).start()
    play.end("a")
    play.lose("b[0]", "a")
    play.cancel()
    play.go_on()
    assert play.states()["b[1]"] == "canceled"
    assert not play.state.held


def test_values_that_are_gone_are_made_again_before_their_reader_begins() -> None:
    play = Play(plan(*CHAIN)).start()
    begin = play.begin

    def once_lost(task: str, attempt: int) -> None:
        if task == "b" and not play.state.tasks["a"].lost:
            play.say(CannotBegin(play.tick(), "b", "gone", ("a",)))
        else:
            begin(task, attempt)

    play.begin = once_lost
    play.go_on()
    assert play.order() == ["a", "a", "b", "c"]
    assert play.state.outcome == "succeeded"
    assert next(event for event in play.events if isinstance(event, TaskFinished) and event.task == "b").final


def test_a_replay_knows_of_the_loss() -> None:
    play = Play(plan(*CHAIN)).start()
    play.end("a")
    play.lose("b", "a")
    again = play.again().run()
    assert again.order()[-3:] == ["a", "b", "c"]
    assert again.state.outcome == "succeeded"
