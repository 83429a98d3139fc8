"""Which tasks of a plan would come from the cache, found out before a run: nothing is run, written or put in place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from jupyter_mlops.engine.beginning import look_up
from jupyter_mlops.engine.lineage import logged_again
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run_journal import RunJournal
from jupyter_mlops.engine.state import Begin, Hit, State, Stimulus, new_state
from jupyter_mlops.engine.transitions import advance
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.store.events import RunStarted

MOST_LOOKS = 2000
"""A loop may have any number of items."""


@dataclass(frozen=True)
class Foreseen:
    """A task that would be `cached`, and under which key."""

    task: str
    step: Step
    key: str


def foresee(plan: Plan, journal: RunJournal, most: int = MOST_LOOKS) -> list[Foreseen]:
    """The tasks in running order, as far as that can be known: what needs a step that has to run is not looked for.

    At most `most` tasks are looked up. Of files that earlier steps write, those that are there now count.
    """
    found: list[Foreseen] = []
    state = new_state(plan, 1 << 30)
    todo: deque[Stimulus] = deque([RunStarted(0.0, {})])
    looks = 0
    while todo:
        state, instructions = advance(state, todo.popleft())
        for order in instructions:
            if isinstance(order, Begin) and looks < most:
                looks += 1
                todo.extend(_look(state, order.task, journal, found))
    return found


def _look(state: State, name: str, journal: RunJournal, found: list[Foreseen]) -> list[Stimulus]:
    """What the machine would hear of a task that is cached; nothing of one that has to run."""
    task = state.tasks[name]
    try:
        looked = look_up(state, task, journal)
    except MlopsError:
        return []
    if looked.hit is None:
        return []
    found.append(Foreseen(name, state.step(name), looked.key))
    return [*logged_again(looked.hit.logged, name, 0.0), Hit(0.0, name, looked.hit.result, looked.hit.source)]
