"""Events about what tasks used, made and logged: in the words of the store, from what processes say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.keeping import LOGGED
from jupyter_mlops.engine.ready import Found, find
from jupyter_mlops.engine.run_journal import RunJournal
from jupyter_mlops.engine.state import State, Task
from jupyter_mlops.runtime.plain_files import is_plain, read_plain
from jupyter_mlops.runtime.spec import TaskResult, ValueInfo
from jupyter_mlops.store.events import (
    ArtifactLogged,
    CellFinished,
    Event,
    MetricLogged,
    Note,
    ParamsLogged,
    TagsLogged,
    TaskWaiting,
)
from jupyter_mlops.store.events_file import from_data

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FROM_TASKS = (CellFinished, MetricLogged, ParamsLogged, TagsLogged, ArtifactLogged, Note, TaskWaiting)


def store_event(
    line: Mapping[str, Any], task: str, at: float, journal: RunJournal | None = None, directory: Path | None = None
) -> Event | None:
    """An event of the run from a line of an attempt's event file; None for what the run does not keep.

    A logged file waits in the attempt's folder under its digest: it is taken over into the store.
    """
    data = {"at": at, **line, "task": task}
    if data.get("type") == "artifact" and journal is not None and directory is not None:
        if not _DIGEST.fullmatch(str(data.get("digest"))):
            return None
        path = directory / LOGGED / str(data["digest"])
        if is_plain(path):
            journal.take_over(path, path.name)
    event = from_data(data)
    return event if isinstance(event, _FROM_TASKS) else None


def is_logged(line: Mapping[str, Any]) -> bool:
    """Whether a line belongs to the result: it is logged again when the result is reused. Cells ran only once."""
    return line.get("type") in ("metric", "params", "tags", "artifact")


def logged_again(lines: Iterable[Mapping[str, Any]], task: str, at: float) -> list[Event]:
    """What a result that is used again has logged, as said now."""
    return [event for line in lines if (event := store_event({**line, "at": at}, task, at)) is not None]


def used(state: State, task: Task, at: float) -> list[Event]:
    """The values that a task takes from others."""
    step = state.plan.by_name[task.step]
    found = ((item.name, find(state, item)) for item in step.inputs)
    return [
        _artifact(name, info, task.name, at, role="input")
        for name, place in found
        if isinstance(place, Found)
        for info in _infos(state, place)
    ]


def made(result: TaskResult, task: str, at: float) -> list[Event]:
    """The values that a task handed on."""
    return [_artifact(name, info, task, at) for name, info in result.outputs.items() if name.isidentifier()]


def attempt_lines(directory: Path) -> Iterator[dict[str, Any]]:
    """The lines of an attempt's event file that can be read."""
    try:
        text = read_plain(directory / "events.jsonl").decode("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            yield data


def _infos(state: State, place: Found) -> Iterator[ValueInfo]:
    tasks = state.item_tasks(place.step) if place.step in state.items else (state.tasks[place.step],)
    for task in tasks:
        info = task.result.outputs.get(place.name) if task.result else None
        if info is not None and place.name.isidentifier():
            yield info


def _artifact(name: str, info: ValueInfo, task: str, at: float, *, role: Any = "output") -> Event:
    return ArtifactLogged(at, name, info.digest, info.type, info.bytes or 0, task, role)
