"""What differs between two runs: params, metrics, source, environment, and how their tasks ended."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_mlops.store.run_record import RunRecord, TaskRecord

Pair = tuple[Any, Any]  # None where one run has no such thing


@dataclass(frozen=True)
class StepDiff:
    """A step whose source differs, as a unified diff. Setup cells come under the name `(setup)`."""

    step: str
    change: Literal["added", "removed", "changed"]
    diff: str


@dataclass(frozen=True)
class TaskDiff:
    """A task that ended otherwise, or made something else. `outputs` are names whose content differs.

    None where one run has no such task. Seconds always differ: they are there to be seen, and make no difference.
    """

    state: tuple[str | None, str | None]
    seconds: tuple[float | None, float | None]
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunDiff:
    """Only what differs. Each mapping is name -> (value in the first run, value in the second); `tasks` by task."""

    first: str
    second: str
    params: Mapping[str, Pair]
    metrics: Mapping[str, Pair]
    environment: Mapping[str, Pair]
    source: tuple[StepDiff, ...]
    tasks: Mapping[str, TaskDiff] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.params or self.metrics or self.environment or self.source or self.tasks)


def diff_runs(first: RunRecord, second: RunRecord) -> RunDiff:
    """Compare two runs."""
    return RunDiff(
        first.run,
        second.run,
        _differing(first.params, second.params),
        _differing(first.metrics, second.metrics),
        _differing(dict(_flat(first.environment)), dict(_flat(second.environment))),
        tuple(_source_diffs(first.plan, second.plan)),
        dict(_task_diffs(first.tasks, second.tasks)),
    )


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Pair]:
    names = dict.fromkeys([*first, *second])
    pairs = {name: (first.get(name), second.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if _text(pair[0]) != _text(pair[1])}


def _text(value: Any) -> str:
    """Values as JSON: 1 and true differ, NaN equals itself."""
    return json.dumps(value, sort_keys=True, default=str)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`{"libraries": {"numpy": "2.0"}}` as `libraries.numpy`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _source_diffs(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[StepDiff]:
    before, after = _sources(first), _sources(second)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) == after.get(name):
            continue
        lines = difflib.unified_diff(
            before.get(name, "").splitlines(), after.get(name, "").splitlines(), "first", "second", lineterm=""
        )
        change: Literal["added", "removed", "changed"] = (
            "added" if name not in before else "removed" if name not in after else "changed"
        )
        yield StepDiff(name, change, "\n".join(lines))


def _task_diffs(first: Mapping[str, TaskRecord], second: Mapping[str, TaskRecord]) -> Iterator[tuple[str, TaskDiff]]:
    for name in dict.fromkeys([*first, *second]):
        one, other = first.get(name), second.get(name)
        outputs = tuple(_differing(_digests(one), _digests(other))) if one and other else ()
        if outputs or _end(one) != _end(other):
            state = (one.state if one else None, other.state if other else None)
            seconds = (one.seconds if one else None, other.seconds if other else None)
            yield name, TaskDiff(state, seconds, outputs)


def _end(task: TaskRecord | None) -> str | None:
    """How a task ended; one whose result was reused has succeeded."""
    if task is None:
        return None
    return "succeeded" if task.state == "cached" else task.state


def _digests(task: TaskRecord) -> dict[str, Any]:
    """The content of what the task handed on, by name."""
    outputs = (task.result or {}).get("outputs") or {}
    return {name: value.get("digest") for name, value in outputs.items()}


def _sources(plan: Mapping[str, Any]) -> dict[str, str]:
    """The source of each step, cells apart by an empty line; a whole notebook is named by its path."""
    setup = sorted((plan.get("setup") or {}).values(), key=lambda cell: cell.get("index", 0))
    found = {"(setup)": _joined(setup)} if setup else {}
    for step in plan.get("steps", ()):
        component = step.get("component") or {}
        found[str(step["name"])] = _joined(component.get("cells", ())) or str(component.get("notebook", ""))
    return found


def _joined(cells: Any) -> str:
    return "\n\n".join(str(cell.get("source", "")) for cell in cells)
