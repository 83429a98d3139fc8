from __future__ import annotations

import time

import pytest

from jupyter_mlops.engine.facts import ImpossibleTransition, apply, replay
from jupyter_mlops.engine.plan import Selection
from jupyter_mlops.engine.retries import MOST_MOVES
from jupyter_mlops.engine.state import AttemptEnded, DelayOver, EndNow, TimeIsUp
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.engine.transitions import advance
from jupyter_mlops.store.events import Note, RunFinished, TaskExpanded, TaskFinished, TaskStarted
from tests.unit.engine.play import Play, failed, plan, step


def test_a_chain_runs_in_order_and_succeeds() -> None:
    play = Play(plan(step("a", gives="x"), step("b", "x<a", gives="y"), step("c", "y<b"))).run()
    assert play.order() == ["a", "b", "c"]
    assert play.state.outcome == "succeeded"
    assert isinstance(play.events[-1], RunFinished)


def test_branches_run_at_once_up_to_the_slots() -> None:
    steps = (step("a", gives="x"), *(step(name, "x<a") for name in "bcd"))
    play = Play(plan(*steps), parallel=2).start()
    play.end("a")
    assert [task for task, _ in play.running] == ["b", "c"]
    play.end("c")
    assert [task for task, _ in play.running] == ["b", "d"]


def test_a_step_runs_only_after_all_it_needs() -> None:
    play = Play(plan(step("a", gives="x"), step("b", gives="y"), step("c", "x<a", after=["b"])), parallel=3).start()
    play.end("a")
    assert [task for task, _ in play.running] == ["b"]
    play.end("b")
    assert [task for task, _ in play.running] == ["c"]


def test_those_that_need_a_failed_step_are_skipped_and_the_others_finish() -> None:
    steps = (step("a", gives="x"), step("b", "x<a", gives="y"), step("c", "y<b"), step("d"))
    play = Play(plan(*steps), outcomes={"a": failed()}).run()
    assert play.states() == {"a": "failed", "b": "skipped", "c": "skipped", "d": "succeeded"}
    assert play.reason("b") == "needs `x` from `a`, which failed"
    assert play.reason("c") == "needs `y` from `b`, which was skipped"
    assert (play.state.outcome, play.state.reason) == ("failed", "`a` failed: ValueError: bad")


def test_what_comes_after_a_failed_step_without_taking_values_is_skipped_too() -> None:
    play = Play(plan(step("a"), step("b", after=["a"])), outcomes={"a": failed("out of memory")}).run()
    assert play.reason("b") == "comes after `a`, which failed"
    assert play.reason("a") == "out of memory"


def test_a_false_condition_skips_its_step_and_what_needs_it_says_so() -> None:
    steps = (
        step("train", gives="acc", exports="acc"),
        step("deploy", when="acc > 0.9", reads="acc<train", gives="url"),
        step("visit", "url<deploy"),
        step("later", after=["deploy"]),
    )
    play = Play(plan(*steps), outcomes={"train": {"acc": 0.5}}).run()
    assert play.states() == {"train": "succeeded", "deploy": "skipped", "visit": "skipped", "later": "succeeded"}
    assert play.reason("deploy") == "`acc > 0.9` is false"
    assert play.reason("visit") == "needs `url` from `deploy`, which was skipped"
    assert play.state.outcome == "succeeded"


def test_a_true_condition_lets_its_step_run() -> None:
    steps = (step("train", exports="acc"), step("deploy", when="acc > 0.9", reads="acc<train"))
    assert Play(plan(*steps), outcomes={"train": {"acc": 0.95}}).run().states()["deploy"] == "succeeded"


@pytest.mark.parametrize(
    ("flag", "b", "c"),
    [(True, "succeeded", "succeeded"), (False, "skipped", "succeeded")],
)
def test_an_input_falls_back_to_an_earlier_source_when_the_nearer_is_skipped(flag: bool, b: str, c: str) -> None:
    steps = (step("a", gives="x"), step("b", "x?<a", gives="x", when="flag"), step("c", "x<b,a"))
    play = Play(plan(*steps, params={"flag": flag})).run()
    assert play.states() == {"a": "succeeded", "b": b, "c": c}


def test_an_input_does_not_fall_back_when_the_nearer_source_failed() -> None:
    steps = (step("a", gives="x"), step("b", gives="x", when="True"), step("c", "x<b,a"))
    play = Play(plan(*steps), outcomes={"b": failed()}).run()
    assert play.reason("c") == "needs `x` from `b`, which failed"


def test_a_step_does_not_wait_for_a_fall_back_that_it_does_not_need() -> None:
    steps = (step("a", gives="x"), step("b", gives="x", when="True"), step("c", "x<b,a"))
    play = Play(plan(*steps), parallel=3).start()
    play.end("b")
    assert ("c", 1) in play.running


def test_an_optional_input_that_nobody_made_does_not_block() -> None:
    play = Play(plan(step("a", gives="x", when="False"), step("b", "x?<a"))).run()
    assert play.states() == {"a": "skipped", "b": "succeeded"}


def test_an_optional_input_from_a_failed_step_blocks_so_that_a_retry_can_pass_it_on() -> None:
    steps = (step("a", gives="x"), step("b", "x?<a", gives="x"), step("c", "x<b"))
    first = Play(plan(*steps), outcomes={"a": failed()}).run()
    assert first.states() == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert first.reason("b") == "needs `x` from `a`, which failed"
    assert first.again().run().order()[-3:] == ["a", "b", "c"]


def test_a_condition_reads_parameters_and_metrics_of_earlier_steps() -> None:
    steps = (step("a"), step("b", when="metrics.acc > limit and params.limit < 1"), step("c"))
    play = Play(plan(*steps, params={"limit": 0.5}), parallel=2).start()
    assert [task for task, _ in play.running] == ["a", "c"]
    play.metric("c", "acc", 0.0)
    play.metric("a", "acc", 0.1)
    play.metric("a", "acc", 0.9)
    play.end("a")
    assert ("b", 1) in play.running


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("metrics.acc > 1", "its condition or loop cannot be evaluated"),
        ("acc / 0 > 1", "its condition or loop cannot be evaluated"),
    ],
)
def test_a_condition_that_cannot_be_evaluated_fails_its_step(when: str, reason: str) -> None:
    steps = (step("a", exports="acc"), step("b", when=when, reads="acc<a"))
    play = Play(plan(*steps)).run()
    assert play.states()["b"] == "failed"
    assert play.reason("b").startswith(reason)


def test_a_condition_on_a_value_that_is_not_plain_says_so() -> None:
    from dataclasses import replace

    steps = (step("a", gives="df", exports="df"), step("b", when="df", reads="df<a"))
    outcome = Play(plan(*steps)).scripted("a", 1)
    assert outcome.result is not None
    play = Play(plan(*steps), outcomes={"a": replace(outcome, result=replace(outcome.result, exports={}))}).run()
    assert "`df` of `a` is not plain data" in play.reason("b")


def test_a_loop_becomes_a_task_an_item() -> None:
    steps = (step("a", exports="n"), step("b", over="k in range(n)", reads="n<a", gives="m"), step("c", "m<b"))
    play = Play(plan(*steps), parallel=2, outcomes={"a": {"n": 3}}).run()
    assert play.states() == {
        "a": "succeeded",
        "b": "succeeded",
        "c": "succeeded",
        **{f"b[{index}]": "succeeded" for index in range(3)},
    }
    [expanded] = [event for event in play.events if isinstance(event, TaskExpanded)]
    assert (expanded.step, expanded.items) == ("b", (0, 1, 2))
    assert "b" not in play.order(), "the end of a loop follows from its items and has no event of its own"


def test_a_loop_over_nothing_succeeds() -> None:
    play = Play(plan(step("a", over="k in []", gives="m"), step("b", "m<a"))).run()
    assert play.states() == {"a": "succeeded", "b": "succeeded"}
    assert play.order() == ["a", "b"]


def test_the_other_items_finish_when_one_fails() -> None:
    steps = (step("a", over="k in [1, 2, 3]", gives="m"), step("b", "m<a"))
    play = Play(plan(*steps), outcomes={"a[1]": failed()}).run()
    assert [play.states()[f"a[{index}]"] for index in range(3)] == ["succeeded", "failed", "succeeded"]
    assert play.reason("a") == "1 of 3 items failed: `a[1]`"
    assert play.states()["b"] == "skipped"


@pytest.mark.parametrize("items", ["3", "'text'", "None"])
def test_a_loop_over_what_is_no_list_fails(items: str) -> None:
    play = Play(plan(step("a", over=f"k in {items}"))).run()
    assert play.states() == {"a": "failed"}
    assert "a loop goes over a list" in play.reason("a")


def test_a_false_condition_skips_the_whole_loop() -> None:
    play = Play(plan(step("a", over="k in [1]", when="False"))).run()
    assert play.states() == {"a": "skipped"}


def test_exit_steps_run_last_whatever_happened() -> None:
    steps = (step("a", gives="x"), step("bye", "x<a", exit=True), step("b", "x<a"), step("c"))
    play = Play(plan(*steps), outcomes={"a": failed()}).run()
    assert play.order()[-1] == "bye"
    assert play.states()["bye"] == "succeeded"
    assert play.state.outcome == "failed"


def test_exit_steps_wait_for_those_that_they_need() -> None:
    steps = (step("two", "x<one", exit=True), step("one", gives="x", exit=True), step("a"))
    assert Play(plan(*steps), parallel=3).run().order() == ["a", "one", "two"]


def test_an_exit_step_with_a_condition_on_a_failed_step_is_skipped() -> None:
    steps = (step("a", exports="acc"), step("bye", when="acc > 1", reads="acc<a", exit=True))
    play = Play(plan(*steps), outcomes={"a": failed()}).run()
    assert play.reason("bye") == "needs `acc` from `a`, which failed"


def test_a_failing_exit_step_fails_the_run() -> None:
    play = Play(plan(step("a"), step("bye", exit=True)), outcomes={"bye": failed()}).run()
    assert play.state.outcome == "failed"


def test_a_failed_attempt_is_tried_again_after_growing_delays() -> None:
    play = Play(plan(step("a", retries=2)), outcomes={"a": [failed(), failed()]}).start()
    play.end("a")
    assert play.delays == [("a", 1.0)]
    assert play.states() == {"a": "pending"}
    play.say(DelayOver(play.tick(), "a"))
    play.end("a")
    assert play.delays[1:] == [("a", 2.0)]
    play.say(DelayOver(play.tick(), "a"))
    play.end("a")
    ends = [(event.attempt, event.state, event.final) for event in play.events if isinstance(event, TaskFinished)]
    assert ends == [(1, "failed", False), (2, "failed", False), (3, "succeeded", True)]
    assert play.state.outcome == "succeeded"


def test_a_slot_is_free_while_a_retry_waits() -> None:
    play = Play(plan(step("a", retries=1), step("b")), outcomes={"a": [failed()]}).start()
    play.end("a")
    assert play.running == [("b", 1)]


def test_time_that_is_up_stops_the_attempt_and_the_end_says_why() -> None:
    play = Play(plan(step("a", timeout=1.5))).start()
    assert play.timeouts == {"a": 1.5}
    play.say(TimeIsUp(play.tick(), "a", 1))
    assert play.stopped == [("a", "timeout")]
    play.end("a", Outcome("failed", reason="stopped", stopped="timeout"))
    assert (play.states()["a"], play.reason("a")) == ("failed", "took longer than its timeout of 1.5 s")


def test_a_timer_of_an_earlier_attempt_stops_nothing() -> None:
    play = Play(plan(step("a", timeout=1, retries=1)), outcomes={"a": [failed()]}).start()
    play.end("a")
    play.say(TimeIsUp(play.tick(), "a", 1))
    play.say(DelayOver(play.tick(), "a"))
    play.say(TimeIsUp(play.tick(), "a", 1))
    assert play.stopped == []


def test_canceling_stops_what_runs_cancels_what_waits_and_runs_exit_steps() -> None:
    play = Play(plan(step("a"), step("b", after=["a"]), step("c"), step("bye", exit=True)), parallel=1).start()
    play.cancel()
    assert play.stopped == [("a", "user")]
    assert play.states() == {"a": "running", "b": "canceled", "c": "canceled", "bye": "pending"}
    play.end("a", Outcome("canceled", stopped="user"))
    assert play.running == [("bye", 1)]
    play.end("bye")
    assert (play.state.outcome, play.states()["a"]) == ("canceled", "canceled")


def test_an_attempt_that_was_faster_than_the_stop_has_succeeded() -> None:
    play = Play(plan(step("a"))).start()
    play.cancel()
    play.end("a")
    assert (play.states(), play.state.outcome) == ({"a": "succeeded"}, "succeeded")


def test_a_canceled_run_tries_nothing_again() -> None:
    play = Play(plan(step("a", retries=3))).start()
    play.cancel()
    play.end("a", failed())
    assert (play.delays, play.states()["a"]) == ([], "failed")


def test_a_retry_that_waits_is_canceled() -> None:
    play = Play(plan(step("a", retries=3)), outcomes={"a": [failed()]}).start()
    play.end("a")
    play.cancel()
    assert play.state.outcome == "canceled"
    play.say(DelayOver(play.tick(), "a"))
    assert play.running == []


def test_canceling_a_loop_cancels_the_items_that_wait() -> None:
    play = Play(plan(step("a", over="k in [1, 2, 3]"))).start()
    play.cancel()
    play.end("a[0]", Outcome("canceled", stopped="user"))
    assert set(play.states().values()) == {"canceled"}


def test_ending_now_does_not_even_run_exit_steps() -> None:
    play = Play(plan(step("a"), step("bye", exit=True))).start()
    play.say(EndNow(play.tick()))
    assert play.stopped == [("a", "shutdown")]
    play.end("a", Outcome("canceled", stopped="shutdown"))
    assert play.states() == {"a": "canceled", "bye": "canceled"}


def test_a_task_that_is_in_the_cache_takes_no_attempt() -> None:
    play = Play(plan(step("a", gives="x"), step("b", "x<a")), cached=frozenset({"a"})).run()
    assert play.states() == {"a": "cached", "b": "succeeded"}
    [hit] = [event for event in play.events if isinstance(event, TaskFinished) and event.state == "cached"]
    assert (hit.attempt, hit.cached_from) == (0, "old/a")


def test_a_task_that_cannot_begin_has_failed() -> None:
    play = Play(plan(step("a"), step("b", after=["a"])), outcomes={"a": "cannot begin"}).run()
    assert (play.states(), play.reason("a")) == ({"a": "failed", "b": "skipped"}, "no way")


@pytest.mark.parametrize(
    ("selection", "states"),
    [
        (Selection(from_step="b"), {"a": "succeeded", "b": "succeeded", "c": "succeeded", "d": "skipped"}),
        (Selection(only="b"), {"a": "succeeded", "b": "succeeded", "c": "skipped", "d": "skipped"}),
        (Selection(only="d"), {"a": "skipped", "b": "skipped", "c": "skipped", "d": "succeeded"}),
    ],
)
def test_steps_that_are_not_selected_are_skipped(selection: Selection, states: dict[str, str]) -> None:
    steps = (step("a", gives="x"), step("b", "x<a", gives="y"), step("c", "y<b"), step("d"))
    play = Play(plan(*steps, selection=selection)).run()
    assert play.states() == states
    assert {play.reason(name) for name, state in states.items() if state == "skipped"} == {"not selected"}


def test_an_impossible_transition_tells_the_story() -> None:
    play = Play(plan(step("a"))).run()
    with pytest.raises(ImpossibleTransition, match="pending -> running -> succeeded"):
        apply(play.state, TaskStarted(9.0, "a", "a", 2, "d"))


@pytest.mark.parametrize("attempt", [0, 1])
def test_attempt_numbers_only_grow(attempt: int) -> None:
    play = Play(plan(step("a", retries=1)), outcomes={"a": [failed()]}).start()
    play.end("a")
    with pytest.raises(ImpossibleTransition, match="after attempt 1"):
        apply(play.state, TaskStarted(9.0, "a", "a", attempt, "d"))


def test_the_end_of_another_attempt_is_refused() -> None:
    play = Play(plan(step("a"))).start()
    with pytest.raises(ImpossibleTransition, match="Attempt 7"):
        advance(play.state, AttemptEnded(1.0, "a", 7, failed()))


def test_events_alone_give_the_same_state() -> None:
    steps = (step("a", gives="x", retries=1), step("b", over="k in [1, 2]", gives="y"), step("c", "x<a", "y<b"))
    play = Play(plan(*steps), parallel=2, outcomes={"a": [failed()], "b[0]": failed()}).run()
    again = replay(play.plan, play.events, 2)
    assert {name: task.state for name, task in again.tasks.items()} == play.states()
    assert (again.outcome, again.reason) == (play.state.outcome, play.state.reason)


def test_a_second_engine_runs_only_what_did_not_succeed() -> None:
    steps = (step("a", gives="x"), step("b", "x<a", gives="y"), step("c", "y<b"), step("bye", exit=True))
    first = Play(plan(*steps), outcomes={"b": failed()}).run()
    second = first.again().run()
    started = [(event.task, event.attempt) for event in second.events if isinstance(event, TaskStarted)]
    assert started == [("a", 1), ("b", 1), ("bye", 1), ("b", 2), ("c", 1), ("bye", 2)]
    assert second.state.outcome == "succeeded"


def test_a_second_engine_goes_on_with_the_items_of_a_loop() -> None:
    first = Play(plan(step("a", over="k in [1, 2, 3]")), outcomes={"a[1]": failed()}).run()
    second = first.again().run()
    started = [event.task for event in second.events[len(first.events) :] if isinstance(event, TaskStarted)]
    assert started == ["a[1]"]
    assert second.state.outcome == "succeeded"


def test_a_second_engine_of_a_run_with_nothing_left_runs_no_exit_step_again() -> None:
    first = Play(plan(step("a"), step("no", when="False"), step("bye", exit=True))).run()
    first.events.pop()  # the engine died before it could write that the run is over
    second = first.again().run()
    assert [type(event).__name__ for event in second.events[len(first.events) :]] == ["RunStarted", "RunFinished"]
    assert second.state.outcome == "succeeded"


def test_a_second_engine_counts_its_own_retries() -> None:
    first = Play(plan(step("a", retries=1)), outcomes={"a": [failed(), failed()]}).run()
    second = first.again(outcomes={"a": [None, None, failed()]}).run()
    assert second.state.outcome == "succeeded"
    assert second.state.tasks["a"].attempt == 4


def test_a_canceled_run_can_go_on() -> None:
    first = Play(plan(step("a"), step("b", after=["a"]))).start()
    first.cancel()
    first.end("a", Outcome("canceled", stopped="user"))
    assert first.again().run().state.outcome == "succeeded"


def test_a_loop_over_thousands_takes_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        play = Play(plan(step("a", gives="x", over=f"k in range({count})"), step("b", "x<a")))
        began = time.process_time()
        play.run()
        assert play.state.outcome == "succeeded"
        return time.process_time() - began

    short = min(seconds(250) for _ in range(3))
    assert seconds(2000) < 8 * short * 3, "eight times as many items"


def taken_away(reason: str = "Its node was drained.") -> Outcome:
    return Outcome("failed", reason=reason, taken_away=True)


def test_an_attempt_that_was_taken_away_begins_again_and_uses_up_no_retry() -> None:
    script = [taken_away(), failed(), taken_away()]
    play = Play(plan(step("a", retries=1)), outcomes={"a": script}).run()
    assert play.states() == {"a": "succeeded"}
    assert play.state.tasks["a"].attempt == 4
    assert [event.text for event in play.events if isinstance(event, Note)] == [
        "Attempt 1 was started again: Its node was drained.",
        "Attempt 3 was started again: Its node was drained.",
    ]


def test_what_is_always_taken_away_fails_in_the_end() -> None:
    play = Play(plan(step("a")), outcomes={"a": taken_away()}).run()
    assert play.states() == {"a": "failed"}
    assert play.state.tasks["a"].attempt == MOST_MOVES + 1


def test_what_is_taken_away_from_a_canceled_run_stays_away() -> None:
    play = Play(plan(step("a", retries=5))).start()
    play.cancel()
    play.end("a", taken_away())
    assert play.state.over
    assert play.state.tasks["a"].attempt == 1
