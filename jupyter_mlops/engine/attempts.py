"""What one attempt is told: where each value comes from, as files for the process and as digests for the cache key."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.cache_key import Taken
from jupyter_mlops.engine.component_values import final_statuses, in_store
from jupyter_mlops.engine.ready import Found, exported, find
from jupyter_mlops.engine.run_journal import RunJournal
from jupyter_mlops.engine.state import State, Task
from jupyter_mlops.errors import NotFound
from jupyter_mlops.notebook.kernel_specs import OURS
from jupyter_mlops.pipeline.model import Input, Step
from jupyter_mlops.runtime.spec import BundleRef, InputValues, TaskSpec

_UNSAFE = re.compile(r"[^\w.\-\[\]]+")
MAX_FOLDER_NAME = 80


@dataclass(frozen=True)
class Material:
    """What a task takes from its run: digests and values for the key, and how the process gets the values."""

    taken: Taken
    inputs: tuple[InputValues, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    bind: Mapping[str, Any] = field(default_factory=dict)


class ValuesLost(NotFound):
    """What tasks handed on is not in the store any more. `tasks` are their names."""

    def __init__(self, tasks: tuple[str, ...]) -> None:
        names = ", ".join(map(repr, tasks))
        super().__init__(f"The values of {names} are not in the store any more.", hint="Run it again with --no-cache.")
        self.tasks = tasks


def gather(state: State, task: Task, journal: RunJournal) -> Material:
    """Find everything that a task takes.

    Raises:
        ValuesLost: bundles that the run recorded are not in the store any more.
        MlopsError: a whole-notebook step needs a value that is not plain data.
    """
    step = state.plan.by_name[task.step]
    found = {item.name: place for item in step.inputs if isinstance(place := find(state, item), Found)}
    params = {name: state.plan.params[parameter] for name, parameter in step.params.items()}
    bind = _loop_item(state, step, task)
    digests = {name: digest for name, place in found.items() if (digest := _digest(state, place)) is not None}
    taken = Taken(digests, params, bind, _repeat(state, task), _other_kernel(state, step))
    if step.component.kind == "container":
        plain = {name: exported(state, place) for name, place in found.items()}
        given = {**step.arguments, **params, **plain, **final_statuses(state, step)}
        lost: dict[str, None] = {}
        material = Material(taken, params=in_store(given, journal, lost), bind=in_store(bind, journal, lost))
        if lost:
            raise ValuesLost(tuple(name for name in _makers(state, found, step) if name) or tuple(lost))
        return material
    if step.component.kind == "notebook":
        # papermill takes parameters only: values come as plain data, by what the steps before exported.
        plain = {name: exported(state, place) for name, place in found.items()}
        return Material(taken, params={**step.arguments, **params, **plain, **bind})
    return Material(taken, _input_values(state, step.inputs, found, journal), {**step.arguments, **params}, bind)


def task_spec(state: State, task: Task, material: Material, where: TaskPlace, *, final: bool = False) -> TaskSpec:
    """The spec of an attempt."""
    step, pipeline = state.plan.by_name[task.step], state.plan.pipeline
    component = step.component
    cwd = working_directory(state, step.name)
    notebook = cwd / component.notebook if component.notebook else None
    kernel = component.kernel or ("" if notebook else pipeline.kernel)  # another notebook names its own
    return TaskSpec(
        run=where.run,
        step=step.name,
        task=task.name,
        attempt=where.attempt,
        directory=str(where.directory),
        cwd=str(notebook.parent if notebook else cwd),
        cells=component.cells,
        setup=component.setup,
        definitions=component.definitions,
        params=material.params,
        paths=step.paths,
        bind=material.bind,
        inputs=material.inputs,
        outputs=step.outputs,
        by_value=step.by_value,
        exports=step.exports,
        final=final,
        files_out=step.files_out,
        notebook=str(notebook or ""),
        kernel=kernel,
        notebook_metadata=_metadata(kernel),
        container=json.loads(component.container) if component.container else {},
    )


@dataclass(frozen=True)
class TaskPlace:
    """Which attempt of which run, and its folder."""

    run: str
    attempt: int
    directory: Path


def working_directory(state: State, step: str) -> Path:
    """Where the step runs."""
    folder = state.plan.by_name[step].component.folder
    return Path(os.path.normpath(Path(state.plan.pipeline.cwd or os.getcwd()).absolute() / folder))


def attempt_folder(task: str, attempt: int) -> str:
    """The attempt's folder below the run's: `tasks/<task, made safe>/<attempt>`. Different tasks never share one."""
    safe = _UNSAFE.sub("-", task).strip(".")[:MAX_FOLDER_NAME]
    if safe != task:
        safe = f"{safe}-{sha256(task.encode()).hexdigest()[:8]}"
    return f"tasks/{safe}/{attempt}"


def _other_kernel(state: State, step: Step) -> str:
    """The kernel that cells run in, if it is none of this environment. In a cluster the image counts, not its name."""
    kernel = state.plan.pipeline.kernel
    return kernel if step.component.kind == "cells" and kernel not in OURS else ""


def _loop_item(state: State, step: Step, task: Task) -> dict[str, Any]:
    if task.item is None or step.options.for_each is None:
        return {}
    return {step.options.for_each.variable: state.items[step.name][task.item]}


def _repeat(state: State, task: Task) -> int:
    """How many items before this one in its loop are equal to it."""
    if task.item is None:
        return 0
    items = state.items[task.step]
    return items[: task.item].count(items[task.item])


def _digest(state: State, place: Found) -> Any:
    """The content digest of a value, a list of them for a loop; None where the step ran and did not make it."""
    if place.step in state.items:
        return [_digest_of(task, place.name) for task in state.item_tasks(place.step)]
    return _digest_of(state.tasks[place.step], place.name)


def _digest_of(task: Task, name: str) -> str | None:
    if task.result is None:
        return None
    info = task.result.outputs.get(name)
    if info is not None:
        return info.digest
    return f"json:{task.result.exports[name]!r}" if name in task.result.exports else None


def _input_values(
    state: State, inputs: tuple[Input, ...], found: Mapping[str, Found], journal: RunJournal
) -> tuple[InputValues, ...]:
    """One entry a bundle (or row of bundles, for a loop), so that values that belong together are loaded together."""
    grouped: dict[tuple[tuple[BundleRef | None, ...], bool], dict[str, str]] = {}
    lost: dict[str, None] = {}
    for item in inputs:
        place = found.get(item.name)
        if place is None:
            continue
        collect = place.step in state.items
        tasks = state.item_tasks(place.step) if collect else (state.tasks[place.step],)
        bundles = tuple(_bundle(task, place.name, journal, lost) for task in tasks)
        if collect or bundles[0] is not None:
            grouped.setdefault((bundles, collect), {})[item.name] = place.name
    if lost:
        raise ValuesLost(tuple(lost))
    return tuple(InputValues(names, bundles, collect) for (bundles, collect), names in grouped.items())


def _bundle(task: Task, name: str, journal: RunJournal, lost: dict[str, None]) -> BundleRef | None:
    result = task.result
    if result is None or result.bundle is None or name not in result.outputs:
        return None
    path = journal.value(result.bundle.path)
    if path is None:
        lost[task.name] = None
        return None
    return BundleRef(str(path), result.bundle.seal)


def _makers(state: State, found: Mapping[str, Found], step: Step) -> tuple[str, ...]:
    """The tasks that made what a step takes: also what comes as an item of its loop."""
    steps = dict.fromkeys([*(place.step for place in found.values()), *step.needs])
    return tuple(
        task.name
        for name in steps
        for task in (state.item_tasks(name) if name in state.items else (state.tasks[name],))
        if task.done and task.result is not None and _has_artifact(task.result.exports)
    )


def _has_artifact(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "digest" in value or any(_has_artifact(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_has_artifact(item) for item in value)


def _metadata(kernel: str) -> dict[str, Any]:
    return {"kernelspec": {"name": kernel, "display_name": kernel}} if kernel else {}
