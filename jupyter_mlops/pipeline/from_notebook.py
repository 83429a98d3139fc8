"""From a notebook's dataflow to a pipeline: every step with its cells, what it takes, and its options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.notebook import annotations as notebook_annotations
from jupyter_mlops.notebook import dataflow, document
from jupyter_mlops.notebook.annotations import Annotations, StepDeclaration
from jupyter_mlops.notebook.collection import without_collection
from jupyter_mlops.notebook.dataflow import Dataflow, FlowInput, StepFlow
from jupyter_mlops.notebook.document import Cell, Document
from jupyter_mlops.notebook.parameters import is_path
from jupyter_mlops.pipeline.model import Component, Input, Options, Parameter, Pipeline, Step
from jupyter_mlops.pipeline.options import read_options
from jupyter_mlops.runtime.spec import CellSource

PYTHON_LANGUAGES = ("python", "ipython", "")


def from_notebook(path: str | Path, *, by: notebook_annotations.By = "auto") -> Pipeline:
    """Read the notebook at `path` and give its pipeline.

    `by` chooses what makes the steps when several things could: `auto` takes annotations where there are any and
    headings otherwise. Diagnostics are not checked here: see `notebook.diagnostics.check`.

    Raises:
        NotANotebook: the file cannot be read as a notebook.
    """
    source = document.read(path)
    if not runs_python(source):
        return whole_notebook(source)
    return from_dataflow(analyse(source, by=by))


def analyse(source: Document, *, by: notebook_annotations.By = "auto") -> Dataflow:
    """Annotate and link a document, with the notebooks it includes in their place."""
    expanded = document.expand(source)
    with without_collection():
        return dataflow.link(expanded, notebook_annotations.annotate(expanded, by=by))


def from_dataflow(flow: Dataflow) -> Pipeline:
    """Build the pipeline of an analysed notebook."""
    settings = flow.annotations.pipeline
    path = flow.document.path
    return Pipeline(
        name=str(settings.get("name") or (path.stem if path else "notebook")),
        experiment=str(settings.get("experiment") or "default"),
        description=str(settings.get("description") or ""),
        steps=tuple(_step(flow, step) for step in flow.steps),
        parameters=tuple(_parameter(item) for item in flow.annotations.parameters),
        notebook=str(path) if path else "",
        cwd=str(path.parent) if path else "",
        kernel=_kernel(flow.document),
    )


def whole_notebook(source: Document) -> Pipeline:
    """A notebook in another language: one step, run through its own kernel."""
    path = source.path or Path("notebook.ipynb")
    step = Step(
        name="notebook",
        component=Component(kind="notebook", notebook=str(path), kernel=_kernel(source)),
        title=path.stem,
    )
    return Pipeline(name=path.stem, steps=(step,), notebook=str(path), cwd=str(path.parent), kernel=_kernel(source))


def runs_python(source: Document) -> bool:
    """Whether the notebook's kernel speaks Python."""
    spec = source.metadata.get("kernelspec")
    info = source.metadata.get("language_info")
    language = (spec.get("language") if isinstance(spec, dict) else "") or (
        info.get("name") if isinstance(info, dict) else ""
    )
    return str(language or "").lower() in PYTHON_LANGUAGES


def cell_source(cell: Cell) -> CellSource:
    """A code cell as a task is given it."""
    return CellSource(index=cell.index, id=cell.id, source=cell.source, count=cell.count, notebook=cell.notebook)


def _kernel(source: Document) -> str:
    spec = source.metadata.get("kernelspec")
    return str(spec.get("name", "")) if isinstance(spec, dict) else ""


def _step(flow: Dataflow, step: StepFlow) -> Step:
    declaration = step.declaration
    options = read_options(_with_defaults(flow.annotations, declaration))
    return Step(
        name=step.name,
        component=_component(flow, step),
        inputs=tuple(_input(item, exit_step=options.exit) for item in step.inputs),
        outputs=step.outputs,
        params={name: name for name in step.params},
        paths=_paths(flow, step, options),
        after=tuple(dict.fromkeys((*declaration.after, *step.order_after))),
        options=options,
        controls=tuple(_input(item, exit_step=False) for item in step.controls),
        exports=step.exports,
        final=step.final,
        by_value=step.by_value,
        files_in=step.files_in,
        files_out=step.files_out,
        files_gone=step.files_gone,
        modules=step.modules,
        title=declaration.title,
        group=declaration.group,
    )


def _paths(flow: Dataflow, step: StepFlow, options: Options) -> tuple[str, ...]:
    """Names of the step that get a path from a parameter; the loop's variable is one of them if the items are paths."""
    paths = {item.name for item in flow.annotations.parameters if is_path(item)}
    found = [name for name in step.params if name in paths]
    loop = options.for_each
    return (*found, loop.variable) if loop and loop.items in paths else tuple(found)


def _with_defaults(annotations: Annotations, declaration: StepDeclaration) -> dict[str, Any]:
    defaults = annotations.pipeline.get("defaults")
    return {**(defaults if isinstance(defaults, dict) else {}), **declaration.options}


def _component(flow: Dataflow, step: StepFlow) -> Component:
    if step.declaration.notebook:
        return Component(kind="notebook", notebook=step.declaration.notebook)
    cells = flow.document.cells
    return Component(
        kind="cells",
        cells=tuple(_sources(cells[index] for index in step.declaration.cells)),
        setup=tuple(_sources(cells[index] for index in step.setup)),
        definitions=step.definitions,
    )


def _sources(cells: Iterable[Cell]) -> Iterable[CellSource]:
    return (cell_source(cell) for cell in cells if cell.kind == "code")


def _input(item: FlowInput, *, exit_step: bool) -> Input:
    built = Input(item.name, tuple((source, item.name) for source in item.sources), item.required)
    # An exit step runs whatever happened: what a failed step did not make is simply not there.
    return replace(built, required=False) if exit_step else built


def _parameter(item: notebook_annotations.Parameter) -> Parameter:
    return Parameter(item.name, item.type, item.default, item.required, item.help)
