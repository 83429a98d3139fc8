from __future__ import annotations

from jupyter_mlops.engine.state import DelayOver
from jupyter_mlops.engine.timers import TICK_S, Timers


def test_what_is_due_comes_out_oldest_first_and_once() -> None:
    timers = Timers()
    for due, name in ((3.0, "late"), (1.0, "first"), (1.0, "second"), (9.0, "never")):
        timers.add(due, DelayOver(0.0, name))
    assert [stimulus.task for stimulus in timers.due(3.0)] == ["first", "second", "late"]
    assert list(timers.due(3.0)) == []


def test_a_wait_ends_at_the_next_timer_or_after_a_tick() -> None:
    timers = Timers()
    assert timers.wait(0.0) == TICK_S
    timers.add(100.0, DelayOver(0.0, "a"))
    assert timers.wait(0.0) == TICK_S
    assert timers.wait(100.0 - TICK_S / 2) < TICK_S
    assert timers.wait(200.0) == 0.0
