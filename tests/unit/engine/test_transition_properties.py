"""Random pipelines with random fates: what holds for every run."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.engine.facts import replay
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.state import DelayOver, EndNow
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.store.events import RunFinished, TaskFinished, TaskStarted
from tests.unit.engine.play import Play, failed, plan, step, succeeded


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to nine steps: values from earlier ones (with fall-backs), order, conditions, loops, retries, exit steps."""
    steps = []
    count = draw(st.integers(1, 9))
    exits = {index for index in range(count) if draw(st.integers(0, 6)) == 0}
    for index in range(count):
        earlier = [other for other in range(index) if other not in exits or index in exits]
        takes = []
        for other in draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else ():
            lower = [name for name in earlier if name < other]
            fall_back = f",s{draw(st.sampled_from(lower))}" if lower and draw(st.booleans()) else ""
            takes.append(f"x{'?' if draw(st.booleans()) else ''}<s{other}{fall_back}")
        after = [f"s{other}" for other in draw(st.lists(st.sampled_from(earlier), max_size=1))] if earlier else []
        steps.append(
            step(
                f"s{index}",
                *takes,
                gives="x",
                when=draw(st.sampled_from(["", "", "True", "False"])),
                over=draw(st.sampled_from(["", "", "", "k in []", "k in [1, 2]"])),
                after=after,
                retries=draw(st.integers(0, 1)),
                exit=index in exits,
            )
        )
    return plan(*steps)


class Checked(Play):
    """Asserts, as each attempt starts, that what it needs is over and that it does not run twice."""

    def begin(self, task: str, attempt: int) -> None:
        here = self.state.step(task)
        exits = {other.name for other in self.plan.steps if other.options.exit}
        for item in here.inputs:
            assert self.state.tasks[item.sources[0][0]].settled or item.sources[0][0] not in self.plan.by_name
        assert all(self.state.tasks[name].settled for name in here.after)
        assert not self.state.tasks[task].done
        assert len(self.state.active) <= self.state.parallel
        if here.options.exit:
            assert all(found.settled for found in self.state.tasks.values() if found.step not in exits)
        super().begin(task, attempt)


def play_randomly(play: Play, data: st.DataObject) -> None:
    """End attempts in any order, in any way; cancel at some moment, perhaps."""
    play.start()
    while not play.state.over:
        choices = [*(("end", task) for task, _ in play.running), *(("delay", task) for task, _ in play.delays)]
        kind, task = data.draw(st.sampled_from(choices))
        if data.draw(st.integers(0, 25)) == 0:
            play.cancel()
        elif data.draw(st.integers(0, 60)) == 0:
            play.say(EndNow(play.tick()))
        if play.state.over:
            break
        if kind == "delay":
            play.delays.remove(next(entry for entry in play.delays if entry[0] == task))
            play.say(DelayOver(play.tick(), task))
        elif any(name == task for name, _ in play.running):
            takes_from = play.sources(task)
            if takes_from and data.draw(st.integers(0, 4)) == 0:
                play.lose(task, *data.draw(st.lists(st.sampled_from(takes_from), min_size=1, unique=True)))
            else:
                play.end(task, _fate(play, task, data))


def _fate(play: Play, task: str, data: st.DataObject) -> Outcome:
    if task in {name for name, _ in play.stopped}:
        return Outcome("canceled", stopped="user")
    return data.draw(st.sampled_from([succeeded(play.state.step(task), task), failed(), failed("killed")]))


@given(plans(), st.integers(1, 3), st.data())
def test_every_run_ends_with_every_task_over_and_nothing_run_out_of_order(
    drawn: Plan, parallel: int, data: st.DataObject
) -> None:
    play = Checked(drawn, parallel)
    play_randomly(play, data)

    assert all(task.settled for task in play.state.tasks.values())
    assert sum(isinstance(event, RunFinished) for event in play.events) == 1
    assert isinstance(play.events[-1], RunFinished)
    ends = Counter(event.task for event in play.events if isinstance(event, TaskFinished) and event.final)
    lost = {name: task.lost for name, task in play.state.tasks.items()}
    assert all(times == 1 + lost[name] for name, times in ends.items() if name not in play.state.items)
    for name, starts in Counter(event.task for event in play.events if isinstance(event, TaskStarted)).items():
        assert starts <= (1 + play.state.step(name).options.retries.limit) * (1 + lost[name]) + (
            play.state.tasks[name].spared
        )
    assert set(lost.values()) <= {0, 1}
    states = {task.state for task in play.state.tasks.values()}
    assert (play.state.outcome == "succeeded") == (not states & {"failed", "canceled"})


@given(plans(), st.integers(1, 3), st.data())
def test_replaying_the_events_of_any_moment_gives_the_state_of_that_moment(
    drawn: Plan, parallel: int, data: st.DataObject
) -> None:
    play = Play(drawn, parallel)
    play_randomly(play, data)
    again = replay(drawn, play.events, parallel)
    assert {name: (task.state, task.attempt) for name, task in again.tasks.items()} == {
        name: (task.state, task.attempt) for name, task in play.state.tasks.items()
    }


@given(plans(), st.integers(1, 3), st.data())
def test_a_run_that_is_taken_up_at_any_moment_ends_and_repeats_no_success(
    drawn: Plan, parallel: int, data: st.DataObject
) -> None:
    first = Play(drawn, parallel)
    play_randomly(first, data)
    first.events = first.events[: data.draw(st.integers(1, len(first.events)))]
    done = {name for name, task in replay(drawn, first.events, parallel).tasks.items() if task.done}
    second = first.again()
    _give_up_running(second)
    second.run()
    assert second.state.over
    exits = {other.name for other in drawn.steps if other.options.exit}
    fresh = {event.task for event in second.events[len(first.events) :] if isinstance(event, TaskStarted)}
    assert not {task for task in fresh & done if second.state.tasks[task].step not in exits}


def _give_up_running(play: Play) -> None:
    """As `engine.resume` does for attempts whose engine died."""
    from jupyter_mlops.engine.facts import apply

    for task in list(play.state.tasks.values()):
        if task.state == "running" and task.attempt:
            event = TaskFinished(play.tick(), task.name, task.step, task.attempt, "canceled", final=False)
            play.events.append(event)
            play.state = apply(play.state, event)
