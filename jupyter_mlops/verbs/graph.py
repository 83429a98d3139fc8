"""`graph`: the DAG of a notebook, a pipeline file or a run, with what flows on each edge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_mlops.pipeline.model import Pipeline, Step
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import resolve
from jupyter_mlops.store.run_record import TaskRecord
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs.pipelines import load_pipeline

_BY_ATTENTION = ("failed", "running", "canceled", "pending", "skipped", "succeeded", "cached")


def graph(source: str | Path) -> dict[str, Any]:
    """The graph of a notebook, pipeline file or run as plain data: `{"steps": [...], "edges": [...]}`.

    The steps of a run have their `state` beside the rest.
    """
    if not Path(source).suffix and not Path(source).exists():
        return graph_of_run(str(source))
    return describe(load_pipeline(source).pipeline)


def graph_of_run(run: str, *, folder: str | Path = ".") -> dict[str, Any]:
    """The graph of a run; each step has its `state`, and that of a loop counts its `items` by state."""
    project = Project.find(folder)
    record = load_run(project.run_directory(resolve(project, run)))
    graph = describe(Pipeline.from_data(record.plan))
    tasks: dict[str, list[TaskRecord]] = {}
    for task in record.tasks.values():
        tasks.setdefault(task.step, []).append(task)
    steps = [{**step, **_progress(tasks.get(step["name"], []))} for step in graph["steps"]]
    return {**graph, "run": record.run, "steps": steps}


def _progress(tasks: list[TaskRecord]) -> dict[str, Any]:
    """How far a step is; `items` counts those of a loop."""
    items = Counter(task.state for task in tasks if task.task != task.step)
    return {"state": _of_loop([task.state for task in tasks]), "items": dict(items)}


def _of_loop(states: Sequence[str]) -> str:
    """The state of a step from those of its tasks: what needs attention first."""
    return next((state for state in _BY_ATTENTION if state in states), "pending")


def describe(pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline as `{"name", "steps": [{"name", "kind", "cells", "after", "inputs", "outputs"}], "edges": [...]}`."""
    edges = _edges(pipeline)
    after: dict[str, list[str]] = {step.name: [] for step in pipeline.steps}
    for source, target in edges:
        after[target].append(source)
    return {
        "name": pipeline.name,
        "steps": [_step(step, after[step.name]) for step in pipeline.steps],
        "edges": [{"from": source, "to": target, "names": names} for (source, target), names in edges.items()],
    }


def _edges(pipeline: Pipeline) -> dict[tuple[str, str], list[str]]:
    """Names that flow, by (from, to), in document order; an edge without names only orders."""
    edges: dict[tuple[str, str], list[str]] = {}
    for step in pipeline.steps:
        for item in (*step.inputs, *step.controls):
            for source, _ in item.sources:
                names = edges.setdefault((source, step.name), [])
                if item.name not in names:
                    names.append(item.name)
        for source in step.after:
            edges.setdefault((source, step.name), [])
    order = {step.name: position for position, step in enumerate(pipeline.steps)}
    return dict(sorted(edges.items(), key=lambda edge: (order[edge[0][0]], order[edge[0][1]])))


def _step(step: Step, after: list[str]) -> dict[str, Any]:
    options = step.options
    return {
        "name": step.name,
        "title": step.title,
        "kind": step.component.kind,
        "cells": [cell.index for cell in step.component.cells],
        "cell_ids": [cell.id for cell in step.component.cells if not cell.notebook],
        "after": after,
        "inputs": [item.name for item in step.inputs],
        "outputs": list(step.outputs),
        "params": sorted(step.params),
        "group": step.group,
        "when": options.when,
        "for_each": options.for_each.text if options.for_each else None,
        "exit": options.exit,
    }
