"""A run as plain data: the one shape that `run`, `show` and `retry` answer with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.store.following import place_of
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_record import RunRecord, TaskRecord

MERGED = "executed.ipynb"


def summary(record: RunRecord, project: Project) -> dict[str, Any]:
    """`{"run", "state", "notebook", "tasks": [{"step", "state", "attempt", "notebook", "log", "seconds", "cached",
    "reason", ...}], ...}`; paths are absolute, None where there is no such file.
    """
    directory = project.run_directory(record.run)
    groups = {str(step.get("name")): str(step.get("group", "")) for step in record.plan.get("steps", ())}
    return {
        "run": record.run,
        "pipeline": record.pipeline,
        "experiment": record.experiment,
        "state": record.state,
        "reason": record.reason,
        "started": record.started,
        "seconds": record.seconds,
        "target": record.target,
        "notebook": _existing(directory / MERGED),
        "source": record.notebook,
        "params": dict(record.params),
        "metrics": dict(record.metrics),
        "tasks": [_task(task, directory, groups.get(task.step, "")) for task in record.tasks.values()],
    }


def _task(task: TaskRecord, directory: Path, group: str) -> dict[str, Any]:
    place = place_of(directory, task)
    error = (task.result or {}).get("error")
    return {
        "task": task.task,
        "step": task.step,
        "group": group,
        "state": task.state,
        "attempt": task.attempt,
        "seconds": task.seconds,
        "cached": task.state == "cached",
        "cached_from": task.cached_from,
        "reason": task.reason,
        "why": list(task.why),
        "notes": list(task.notes),
        "error": error,
        "outputs": dict((task.result or {}).get("outputs") or {}),
        "notebook": (_existing(place / MERGED) if place else None) or _kept(task, directory),
        "log": _existing(place / "log") if place else None,
    }


def _kept(task: TaskRecord, directory: Path) -> str | None:
    """The executed notebook of a task whose result was reused from a run that is gone."""
    return _existing(directory / attempt_folder(task.task, 0) / MERGED) if task.state == "cached" else None


def _existing(path: Path) -> str | None:
    return str(path) if path.is_file() else None
