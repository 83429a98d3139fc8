"""Where a task ran and what it used there: pods, what the cluster said of them, processor time and memory over time.

Read from what was kept with the run: pods and their events are gone from the cluster long before the run is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.quantities import parse
from jupyter_mlops.runtime.use import USE
from jupyter_mlops.store.following import log_path, task_of
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_record import RunRecord, TaskRecord
from jupyter_mlops.store.runs import Runs
from jupyter_mlops.targets.kubernetes.sightings import SIGHTINGS

_READ = 4 << 20
POINTS = 600


def task_pods(run: str, task: str, *, attempt: int | None = None, folder: str | Path = ".") -> dict[str, Any]:
    """The pods of an attempt (by default the latest) as they were seen last, newest first, and their events.

    `waiting` is why it has not begun, as far as that is known.

    Raises:
        NotFound: there is no such run or task.
    """
    record, found, place = _attempt(run, task, attempt, folder)
    pods: dict[str, dict[str, Any]] = {}
    events: dict[str, dict[str, Any]] = {}
    for line in _lines(place / SIGHTINGS if place else None):
        if line.get("kind") == "pod":
            before = pods.pop(str(line.get("pod")), {})
            pods[str(line.get("pod"))] = {**_pod(line), "first": before.get("first", _number(line, "at"))}
        elif line.get("kind") == "event":
            events[str(line.get("id"))] = _event(line)
    return {
        "task": task,
        "attempt": attempt or found.attempt,
        "target": record.target,
        "waiting": found.waiting,
        "pods": list(reversed(pods.values())),
        "events": sorted(events.values(), key=lambda event: event["last"] or 0, reverse=True),
    }


def task_use(run: str, task: str, *, attempt: int | None = None, folder: str | Path = ".") -> dict[str, Any]:
    """Processor time and memory of an attempt over time: `points` of `at` (seconds since the epoch), `cpu` (cores,
    since the point before) and `memory` (bytes), at most `POINTS` of them, peaks kept; and what it asked for.

    Raises:
        NotFound: there is no such run or task.
    """
    record, found, place = _attempt(run, task, attempt, folder)
    lines = list(_lines(place / USE if place else None))
    samples = [line for line in lines if line.get("kind") == "use"]
    begun = next((item.started for item in found.attempts if item.attempt == (attempt or found.attempt)), None)
    points = list(_points(samples, begun))
    limits = next((line for line in lines if line.get("kind") == "limits"), {})
    seen = next((line for line in _lines(place / SIGHTINGS if place else None) if line.get("kind") == "pod"), {})
    asked = _asked(record, found.step)
    peaks = [_number(line, key) or 0 for line in samples for key in ("memory", "peak")]
    return {
        "task": task,
        "attempt": attempt or found.attempt,
        "points": _thinned(points),
        "cpu_seconds": _number(samples[-1], "cpu") if samples else None,
        "peak_cpu": max((point["cpu"] for point in points), default=None),
        "peak_memory": max(peaks, default=None),
        "request": _amounts(seen.get("requests")) if seen else {"cpu": asked["cpu"], "memory": None},
        "limit": {
            name: _number(limits, name)
            or _amounts(seen.get("limits"))[name]
            or (asked[name] if name == "memory" else None)
            for name in ("cpu", "memory")
        },
    }


def peak_of(task: TaskRecord, record: RunRecord) -> dict[str, Any]:
    """The most memory that the task had, and what it might have (bytes); None where that is not known."""
    facts = (task.result or {}).get("facts")
    use = facts.get("use") if isinstance(facts, Mapping) and task.state != "cached" else None
    known = use if isinstance(use, Mapping) else {}
    limit = _number(known, "memory_limit") or _asked(record, task.step)["memory"]
    return {"peak_memory": _number(known, "peak_memory"), "memory_limit": limit}


def _attempt(run: str, task: str, attempt: int | None, folder: str | Path) -> tuple[RunRecord, TaskRecord, Path | None]:
    with Runs(Project.find(folder)) as runs:
        directory = runs.directory(run)
        record = runs.get(run)
    found = task_of(record, task)
    log = log_path(directory, found, attempt)
    return record, found, log.parent if log else None


def _lines(path: Path | None) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a file, of a very long one those at its end; what is no object is left out."""
    if path is None:
        return
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _READ))
            data = file.read(_READ)
    except OSError:
        return
    for line in data.splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _pod(line: Mapping[str, Any]) -> dict[str, Any]:
    texts = ("pod", "node", "phase", "state", "reason", "message", "image")
    amounts = {name: _texts(line.get(name)) for name in ("requests", "limits")}
    return {
        **{name: str(line.get(name) or "") for name in texts},
        **amounts,
        "restarts": int(_number(line, "restarts") or 0),
        "exit_code": _number(line, "exit_code"),
        "at": _number(line, "at"),
    }


def _event(line: Mapping[str, Any]) -> dict[str, Any]:
    texts = ("object", "name", "type", "reason", "message")
    times = {name: _number(line, name) for name in ("first", "last")}
    return {**{name: str(line.get(name) or "") for name in texts}, **times, "count": int(_number(line, "count") or 1)}


def _points(samples: Iterable[Mapping[str, Any]], begun: float | None) -> Iterator[dict[str, Any]]:
    """What was used between a sample and the one before."""
    first = {"at": begun, "cpu": 0.0}
    for before, line in pairwise([first, *samples]):
        at, cpu, memory = (_number(line, name) for name in ("at", "cpu", "memory"))
        then, used = _number(before, "at"), _number(before, "cpu")
        if at is None or cpu is None or memory is None:
            continue
        known = then is not None and used is not None and at > then
        cores = max(0.0, cpu - used) / (at - then) if known else 0.0  # type: ignore[operator]
        yield {"at": at, "cpu": round(cores, 3), "memory": int(memory)}


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No more than `POINTS`: of neighbours the highest of both."""
    width = -(-len(points) // POINTS) or 1
    groups = (points[start : start + width] for start in range(0, len(points), width))
    return [
        {"at": group[-1]["at"], **{name: max(point[name] for point in group) for name in ("cpu", "memory")}}
        for group in groups
    ]


def _asked(record: RunRecord, step: str) -> dict[str, float | None]:
    """What the step's options ask for: cores and bytes."""
    plan = record.plan.get("steps")
    steps: Iterable[Mapping[str, Any]] = plan if isinstance(plan, list | tuple) else ()
    found = next((item for item in steps if item.get("name") == step), {})
    options = found.get("options")
    return _amounts(options if isinstance(options, Mapping) else {})


def _amounts(given: Any) -> dict[str, float | None]:
    known = given if isinstance(given, Mapping) else {}
    return {name: _amount(known.get(name)) for name in ("cpu", "memory")}


def _amount(text: Any) -> float | None:
    try:
        return None if text is None else float(parse(text))
    except Usage:
        return None


def _texts(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}


def _number(line: Mapping[str, Any], key: str) -> float | None:
    found = line.get(key)
    return found if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found) else None
