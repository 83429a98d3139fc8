"""Runs the cells of a notebook in this process: from top to bottom, and step by step through real pickled bundles."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudpickle import cloudpickle

from jupyter_mlops.notebook.annotations import Annotations, StepDeclaration
from jupyter_mlops.notebook.cells import Cell, Document
from jupyter_mlops.notebook.dataflow import Dataflow, StepFlow, link
from jupyter_mlops.notebook.parameters import Parameter
from jupyter_mlops.runtime import hidden_state, pickling
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.namespace import cell_file, fresh_main
from jupyter_mlops.runtime.spec import CellSource

SETUP, PARAMETERS, SKIP = "(setup)", "(parameters)", "(skip)"
_ROLES = {SETUP: "setup", PARAMETERS: "parameters", SKIP: "skip"}


def notebook(
    *cells: tuple[str, str],
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    path: Any = None,
) -> Dataflow:
    """The dataflow of cells given as (step, source); SETUP, PARAMETERS and SKIP are not steps."""
    items = tuple(Cell(index, f"c{index}", "code", source, {}, index + 1) for index, (_, source) in enumerate(cells))
    members: dict[str, list[int]] = {}
    for index, (step, _) in enumerate(cells):
        if step not in _ROLES:
            members.setdefault(step, []).append(index)
    declarations = []
    for name, indices in members.items():
        given = dict((options or {}).get(name, {}))
        after = tuple(given.pop("after", ()))
        declarations.append(StepDeclaration(name, tuple(indices), after=after, options=given))
    annotations = Annotations(
        roles={index: _ROLES.get(step, "step") for index, (step, _) in enumerate(cells)},
        step_of={index: step for index, (step, _) in enumerate(cells) if step not in _ROLES},
        steps=tuple(declarations),
        parameters=tuple(Parameter(name, value, type(value).__name__, 0, 1) for name, value in (params or {}).items()),
        origin="metadata",
    )
    return link(Document(items, path=path), annotations)


@dataclass
class Outcome:
    """What each cell printed, by index, and the text of every value in the end."""

    printed: dict[int, str] = field(default_factory=dict)
    final: dict[str, str] = field(default_factory=dict)


def run_linear(flow: Dataflow, params: Mapping[str, Any]) -> Outcome:
    """Run all cells that run, in order, in one namespace."""
    outcome = Outcome()
    roles = flow.annotations.roles
    with _main() as namespace:
        for cell in flow.document.code_cells:
            if roles[cell.index] == "parameters":
                namespace.update(params)
                _run_rest_of_parameters(cell, namespace, params)
            elif roles[cell.index] != "skip":
                outcome.printed[cell.index] = _run(cell, namespace)
        outcome.final = {name: _text(value) for name, value in namespace.items() if not name.startswith("__")}
    return outcome


def run_pipeline(flow: Dataflow, params: Mapping[str, Any]) -> Outcome:
    """Run each step in a namespace of its own; what they hand over is pickled as in a run."""
    outcome = Outcome()
    bundles: dict[str, tuple[bytes, Sequence[Any]]] = {}
    available: dict[str, set[str]] = {}
    for step in flow.steps:
        with _main() as namespace:
            _run_step(flow, step, namespace, params, bundles, available, outcome)
    return outcome


def _run_step(
    flow: Dataflow,
    step: StepFlow,
    namespace: dict[str, Any],
    params: Mapping[str, Any],
    bundles: dict[str, tuple[bytes, Sequence[Any]]],
    available: dict[str, set[str]],
    outcome: Outcome,
) -> None:
    cells = flow.document.cells
    definitions = Definitions(namespace, step.definitions, by_value=step.by_value, own_cells=step.declaration.cells)
    namespace.update({name: params[name] for name in step.params})
    for index in step.setup:
        definitions.make_wanted(before=index)
        _run(cells[index], namespace)
        definitions.ran_setup(_source(cells[index]))
    definitions.make_wanted()
    loaded: dict[str, Mapping[str, Any]] = {}
    for item in step.inputs:
        source = next((name for name in item.sources if item.name in available.get(name, ())), None)
        assert source is not None or not item.required, f"{step.name} requires {item.name} of {item.sources}"
        if source is not None:
            if source not in loaded:
                loaded[source] = pickling.loads(bundles[source][0], definitions, bundles[source][1])
            _bind(item.name, loaded[source][item.name], namespace)
    for index in step.declaration.cells:
        outcome.printed[index] = _run(cells[index], namespace)
        definitions.ran(_source(cells[index]))
    names = {name: _value(name, namespace) for name in step.outputs}
    values = {name: value for name, value in names.items() if value is not hidden_state.MISSING}
    available[step.name] = set(values)
    stream, pickler = pickling.dumps(values, definitions, origin=step.name)
    bundles[step.name] = (stream, [bytearray(item.view) for item in pickler.buffers])
    for name in step.final:
        if name in namespace:
            outcome.final[name] = _text(namespace[name])


@contextlib.contextmanager
def _main() -> Iterator[dict[str, Any]]:
    before = sys.modules["__main__"]
    # Classes that travel by value are known by id within a process; every step has a process of its own.
    cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.clear()
    cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS.clear()
    try:
        yield fresh_main().__dict__
    finally:
        sys.modules["__main__"] = before


def _run(cell: Cell, namespace: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(cell.source, cell_file(cell.index), "exec"), namespace)  # the very thing under test
    return printed.getvalue()


def _run_rest_of_parameters(cell: Cell, namespace: dict[str, Any], params: Mapping[str, Any]) -> None:
    _run(cell, namespace)
    namespace.update(params)


def _source(cell: Cell) -> CellSource:
    return CellSource(cell.index, cell.id, cell.source, cell.count)


def _bind(name: str, value: Any, namespace: dict[str, Any]) -> None:
    if hidden_state.is_random(name):
        hidden_state.set_random(name, value)
    else:
        namespace[name] = value


def _value(name: str, namespace: Mapping[str, Any]) -> Any:
    return hidden_state.get_random(name) if hidden_state.is_random(name) else namespace.get(name, hidden_state.MISSING)


def _text(value: Any) -> str:
    text = repr(value)
    return type(value).__name__ if " at 0x" in text else text


def with_params(flow: Dataflow) -> dict[str, Any]:
    """The defaults of the parameters."""
    return {item.name: item.default for item in flow.annotations.parameters}
