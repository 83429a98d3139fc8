"""Runs a pipeline in this process: enough to see that its cells, inputs and options mean what they should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.pipeline.model import Input, Pipeline, Step
from jupyter_mlops.runtime.expressions import evaluate


def interpret(pipeline: Pipeline, **given: Any) -> dict[str, Any]:
    """The outputs of every step that ran, by step and name; of a loop, lists."""
    params = {item.name: item.default for item in pipeline.parameters} | given
    done: dict[str, dict[str, Any]] = {}
    for step in pipeline.ordered():
        inputs = _values(step.inputs, done)
        known = {**params, "params": params, "metrics": {}, **(_values(step.controls, done) or {})}
        if inputs is None or (step.options.when and not evaluate(step.options.when, known)):
            continue
        bound = {**step.arguments, **{name: params[item] for name, item in step.params.items()}, **inputs}
        loop = step.options.for_each
        if loop is None:
            done[step.name] = _run(step, bound)
        else:
            items = evaluate(loop.items, known) if loop.values is None else loop.values
            runs = [_run(step, {**bound, loop.variable: item}) for item in items]
            done[step.name] = {name: [run[name] for run in runs] for name in step.outputs}
    return done


def _values(inputs: tuple[Input, ...], done: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    found = {}
    for item in inputs:
        source = next(((step, name) for step, name in item.sources if step in done), None)
        if source is None:
            return None
        found[item.name] = done[source[0]][source[1]]
    return found


def _run(step: Step, bound: Mapping[str, Any]) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in step.component.setup:
        exec(compile(cell.source, cell.id, "exec"), namespace)
    for definition in step.component.definitions:
        exec(compile(definition.source, definition.id, "exec"), namespace)
    namespace.update(bound)
    for cell in step.component.cells:
        exec(compile(cell.source, cell.id, "exec"), namespace)
    return {name: namespace[name] for name in step.outputs}
