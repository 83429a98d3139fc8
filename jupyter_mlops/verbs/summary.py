"""A run as plain data: the one shape that `run`, `show` and `retry` answer with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.errors import Usage
from jupyter_mlops.store.following import place_of
from jupyter_mlops.store.links import links
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote
from jupyter_mlops.store.run_record import RunRecord, TaskRecord
from jupyter_mlops.verbs.task_place import peak_of

MERGED = "executed.ipynb"


def summary(record: RunRecord, project: Project) -> dict[str, Any]:
    """`{"run", "state", "notebook", "tasks": [{"step", "state", "attempt", "notebook", "log", "seconds", "cached",
    "reason", ...}], ...}`; paths are absolute, None where there is no such file. Where not all came home of a run that
    was driven elsewhere, `incomplete` says why.
    """
    directory = project.run_directory(record.run)
    groups = {str(step.get("name")): str(step.get("group", "")) for step in record.plan.get("steps", ())}
    cells = {int(cell.get("index", -1)): cell for cell in _cells(record.plan)}
    used = _inputs(record)
    return {
        "run": record.run,
        "pipeline": record.pipeline,
        "experiment": record.experiment,
        "state": record.state,
        "reason": record.reason,
        "created": record.created,
        "started": record.started,
        "finished": record.finished,
        "seconds": record.seconds,
        "interrupted": record.interrupted,
        "target": record.target,
        "user": record.user,
        "notebook": _existing(directory / MERGED),
        "source": record.notebook,
        "params": dict(record.params),
        "metrics": dict(record.metrics),
        "tags": dict(record.tags),
        "environment": dict(record.environment),
        "tasks": [
            {
                **_task(task, directory, groups.get(task.step, "")),
                **peak_of(task, record),
                "error": _error(task, cells),
                "inputs": used[name],
            }
            for name, task in record.tasks.items()
        ],
        **_incomplete(directory),
    }


def _incomplete(directory: Path) -> dict[str, str]:
    with contextlib.suppress(Usage):
        remote = read_remote(directory)
        return {"incomplete": remote.missing} if remote is not None and remote.missing else {}
    return {}


def _task(task: TaskRecord, directory: Path, group: str) -> dict[str, Any]:
    place = place_of(directory, task)
    return {
        "task": task.task,
        "step": task.step,
        "group": group,
        "state": task.state,
        "attempt": task.attempt,
        "attempts": [asdict(attempt) for attempt in task.attempts],
        "item": task.item,
        "started": task.started,
        "finished": task.finished,
        "seconds": task.seconds,
        "cached": task.state == "cached",
        "cached_from": task.cached_from,
        "reason": task.reason,
        "why": list(task.why),
        "key": dict(task.key),
        "notes": list(task.notes),
        "waiting": task.waiting,
        "outputs": dict((task.result or {}).get("outputs") or {}),
        "notebook": (_existing(place / MERGED) if place else None) or _kept(task, directory),
        "log": _existing(place / "log") if place else None,
    }


def _error(task: TaskRecord, cells: Mapping[int, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Why the task failed, with its cell by id, and the included notebook that the cell is in."""
    error = (task.result or {}).get("error")
    if not error:
        return None
    cell = cells.get(error.get("cell"), {})
    return {**error, "cell_id": cell.get("id"), "notebook": cell.get("notebook", "")}


def _cells(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every cell that the plan has, of setup and of steps."""
    yield from (plan.get("setup") or {}).values()
    for step in plan.get("steps", ()):
        yield from (step.get("component") or {}).get("cells", ())


def _inputs(record: RunRecord) -> dict[str, list[dict[str, Any]]]:
    """What each task took, and from which task."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in record.tasks}
    for link in links(record):
        if link.role == "input" and link.source and link.task in found:
            made = {"name": link.name, "task": link.source, "type": link.type}
            found[link.task].append({**made, "bytes": link.bytes, "digest": link.digest})
    return found


def _kept(task: TaskRecord, directory: Path) -> str | None:
    """The executed notebook of a task whose result was reused from a run that is gone."""
    return _existing(directory / attempt_folder(task.task, 0) / MERGED) if task.state == "cached" else None


def _existing(path: Path) -> str | None:
    return str(path) if path.is_file() else None
