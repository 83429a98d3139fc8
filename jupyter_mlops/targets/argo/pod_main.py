"""What the pods of a Workflow do: `argo arrive ORDER` (once, where files travel), `argo step ORDER STEP ITEM`,
`argo items ORDER STEP`, `argo close|end ORDER`.

Exit code 0 lets Argo go on, 1 tells it that the task has failed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from jupyter_mlops.engine.ready import Refuse, decide
from jupyter_mlops.engine.state import State, Task, item_name
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.argo.attempt import run_task, tell_argo
from jupyter_mlops.targets.argo.closing import close_books, end_run, give_up, was_stopped
from jupyter_mlops.targets.argo.order import LAST_TRY, TOLD, Order, read_order
from jupyter_mlops.targets.argo.record import Record
from jupyter_mlops.targets.kubernetes.parcel import arrive, arrived, joined
from jupyter_mlops.targets.kubernetes.places import PARCEL, STORE
from jupyter_mlops.targets.kubernetes.unpacking import make_folders
from jupyter_mlops.targets.kubernetes.workplace import clear, take_over


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say."""
    verb, path, *rest = arguments
    try:
        order = read_order(path)
        return work(Project(Path(STORE)).ensure(), order, verb, rest)
    except MlopsError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def work(project: Project, order: Order, verb: str, rest: Sequence[str]) -> int:
    """The part of a run that one pod does."""
    record = Record(project, order)
    try:
        with record.output.following():
            if verb == "step":
                return _step(record, rest[0], rest[1] if len(rest) > 1 else "")
            if verb == "arrive":
                return _arrive(record)
            if verb == "items":
                return _items(record, rest[0])
            close_books(record, os.environ, exits=False)
            if verb == "close" and not was_stopped(os.environ):
                return 0
            close_books(record, os.environ, exits=True)
            return end_run(record)
    finally:
        record.close()


def _arrive(record: Record) -> int:
    """Put what the run takes along, and what the last run of the pipeline left, into the run's working folder."""
    place, order = record.place, record.order
    try:
        if order.parcel and arrived(place) is None:
            shutil.rmtree(place, ignore_errors=True)  # an exit step may have worked there: nothing else has
            place.parent.mkdir(parents=True, exist_ok=True)
            arrive(joined(Path(PARCEL), order.parcel), place, record.kept, forget=False)
        make_folders(order.plan, place / "files", order.inside)
        if not order.final:  # `verify` begins with what the notebook brings
            take_over(place)
        clear(place)
    except (MlopsError, OSError) as error:
        tell_argo(str(error))
        sys.stderr.write(f"What the run takes along could not be put on the volume: {error}\n")
        return 1
    return 0


def _step(record: Record, step: str, item: str) -> int:
    """Run a step, unless it is over already or what came before says that it is skipped."""
    try:
        state, task = _ready(record, step, item)
        worked = run_task(record, state, task) if task is not None else not _has_failed(record, step, item)
        record.write_consequences()
    finally:
        _tell_conditions(record, step)
    return 0 if worked else 1


def _ready(record: Record, step: str, item: str) -> tuple[State, Task | None]:
    """The state, and the task if it is to run now."""
    record.write_consequences(only=(step,))
    state = record.look()
    task = state.tasks.get(item_name(step, int(item)) if item else step)
    if task is not None and task.state == "running":
        give_up(record, state, task, os.environ.get(LAST_TRY, ""), final=False)
        state = record.look()
        task = state.tasks[task.name]
    return state, (task if task is not None and task.name in _runnable(state) else None)


def _runnable(state: State) -> frozenset[str]:
    """Tasks that the engine would start, or start again."""
    delayed = {task.name for task in state.tasks.values() if task.delayed and task.state == "pending"}
    return frozenset(state.queue) | delayed


def _has_failed(record: Record, step: str, item: str) -> bool:
    task = record.look().tasks.get(item_name(step, int(item)) if item else step)
    return task is not None and task.state in ("failed", "canceled")


def _items(record: Record, step: str) -> int:
    """Tell Argo which items the loop of a step has: none where the step is skipped."""
    record.write_consequences(only=(step,))
    state = record.look()
    count = len(state.items.get(step, ()))
    left = [index for index in range(count) if state.tasks[item_name(step, index)].state not in ("succeeded", "cached")]
    Path(f"{TOLD}.items").write_text(json.dumps([str(index) for index in left]), encoding="utf-8")
    return int(state.tasks[step].state == "failed" and not count)


def _tell_conditions(record: Record, step: str) -> None:
    """Evaluate the conditions that only this step's values decide; where that cannot be done the other pod does it."""
    told = record.order.tells.get(step, {})
    if not told:
        return
    state = record.look()
    for name, other in told.items():
        verdict = decide(state, state.plan.by_name[other]) if state.tasks[step].done else None
        goes = not (isinstance(verdict, Refuse) and verdict.cause == "condition")
        Path(f"{TOLD}.{name}").write_text("true" if goes else "false", encoding="utf-8")
