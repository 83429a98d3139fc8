"""The end of a run that Argo drives: what became of tasks that could not say it themselves, and the run's own end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.killed_notebook import show_killed
from jupyter_mlops.engine.merged_notebook import write_merged
from jupyter_mlops.engine.state import State, Task, tasks_of
from jupyter_mlops.pipeline.argo.graph import ARRIVAL
from jupyter_mlops.runtime.plain_files import read_plain
from jupyter_mlops.runtime.spec import TaskSpec
from jupyter_mlops.store.events import TaskFinished
from jupyter_mlops.targets.argo.attempt import ENDED_FROM_OUTSIDE
from jupyter_mlops.targets.argo.order import FAILURES, STATUS
from jupyter_mlops.targets.argo.record import Record
from jupyter_mlops.targets.kubernetes.workplace import close

CANCELED = "the run was canceled"
_STOPPED = ("shutdown with strategy", "Stopped with strategy", ENDED_FROM_OUTSIDE)
_NOT_STARTED = "Argo Workflows did not start it"


def close_books(record: Record, env: Mapping[str, str], *, exits: bool) -> None:
    """Write down how every task ended that is not over in the record: its pod was killed, or there was none.

    `exits`: also those of exit steps.
    """
    failures = _failures(env.get(FAILURES, ""))
    stopped = was_stopped(env)
    while True:
        state = record.look()
        left = [task for task in tasks_of(state) if _is_left(state, task, exits=exits, waiting=stopped)]
        for task in left:
            message = _message(record, failures, task)
            if stopped and (not message or _is_stop(message)):
                _finish(record, task, "canceled", CANCELED)
            elif task.state == "running":
                give_up(record, state, task, message, final=True)
            else:
                _finish(record, task, "failed", _words(state, task, message) if message else _not_started(failures))
        if not left:
            break
    record.write_consequences(sure=True)


def was_stopped(env: Mapping[str, str]) -> bool:
    """Whether somebody stopped the Workflow: of what runs on exit, Argo starts only the first task then."""
    failures = _failures(env.get(FAILURES, ""))
    return (env.get(STATUS) == "Failed" and not failures) or any(map(_is_stop, failures.values()))


def end_run(record: Record) -> int:
    """Write the merged notebook and the end of the run; 0 if it succeeded, for Argo to say the same."""
    state = record.look()
    notebook = _merged(record, state)
    if notebook is not None:
        record.output.show(notebook)
    record.write_consequences(sure=True, end=True)
    record.output.tell_all()
    outcome = record.look().outcome
    close(record.place, outcome)
    return int(outcome != "succeeded")


def give_up(record: Record, state: State, task: Task, message: str, *, final: bool) -> None:
    """End an attempt whose pod was killed before it could: `message` is what Argo says of that."""
    reason = _words(state, task, message)
    directory = record.directory / attempt_folder(task.name, task.attempt)
    record.output.show(directory)
    try:
        spec = TaskSpec.from_json(read_plain(directory / "spec.json").decode())
        show_killed(spec, directory, reason)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it died before it had begun to work
    at = record.clock()
    record.append(TaskFinished(at, task.name, task.step, task.attempt, "failed", reason=reason, final=final))


def _finish(record: Record, task: Task, state: str, reason: str) -> None:
    attempt = task.attempt if task.state == "running" else 0
    record.append(TaskFinished(record.clock(), task.name, task.step, attempt, state, reason=reason))  # type: ignore[arg-type]


def _is_left(state: State, task: Task, *, exits: bool, waiting: bool) -> bool:
    """Whether the task began and has not ended, or should have begun; with `waiting` also if it only waits."""
    if task.settled or task.name in state.items or (state.plan.by_name[task.step].options.exit and not exits):
        return False
    return waiting or task.state == "running" or task.delayed or task.name in state.queue


def _merged(record: Record, state: State) -> Path | None:
    try:
        return write_merged(state, record.journal)
    except OSError:  # a full volume: the run itself is safe
        return None


def _failures(text: str) -> dict[str, str]:
    """What Argo says of tasks that failed, by the name that it shows. It writes JSON, as text within JSON."""
    try:
        said = json.loads(text or "[]")
        said = json.loads(said) if isinstance(said, str) else said
    except ValueError:
        return {}
    entries = [item for item in said if isinstance(item, dict)] if isinstance(said, list) else []
    return {str(item.get("displayName", "")): str(item.get("message", "")) for item in entries}


def _not_started(failures: Mapping[str, str]) -> str:
    """Why Argo has not started a task of whose pods it says nothing."""
    lost = failures.get(ARRIVAL)
    return _NOT_STARTED if lost is None else f"what the run takes along did not arrive: {lost}"


def _message(record: Record, failures: Mapping[str, str], task: Task) -> str:
    """What Argo says of a task: of its last try, where it was tried more than once."""
    name = re.escape(record.order.names.get(task.step, ""))
    item = "" if task.item is None else rf"\(\d+:{task.item}\)"
    shown = re.compile(rf"{name}{item}(\(\d+\))?")
    tries = {
        int((found[1] or "(-1)")[1:-1]): said for known, said in failures.items() if (found := shown.fullmatch(known))
    }
    return next((tries[number] for number in sorted(tries, reverse=True) if tries[number]), "")


def _is_stop(message: str) -> bool:
    return any(words in message for words in _STOPPED)


def _words(state: State, task: Task, message: str) -> str:
    """What Argo says, for people."""
    options = state.step(task.name).options
    if "OOMKilled" in message:
        limit = f" of {options.memory}" if options.memory else ""
        return f"killed: it used more memory than its limit{limit} (OOMKilled)"
    return f"its pod ended before its time: {message}" if message else "its pod was killed"
