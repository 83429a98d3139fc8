"""One executed notebook of a whole run: the original cells in their order, with what each of them showed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.keeping import EXECUTED, EXECUTED_FACT
from jupyter_mlops.engine.run_journal import RunJournal
from jupyter_mlops.engine.state import State, Task
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.notebook import document
from jupyter_mlops.notebook.document import Document
from jupyter_mlops.pipeline.model import Pipeline, Step
from jupyter_mlops.runtime.parameters import assignments
from jupyter_mlops.runtime.plain_files import read_plain

# Cells and outputs are JSON data of the notebook format.
CellData = dict[str, Any]

_PARAMETER_TAGS = {"parameters", "pipeline-parameters"}


def write_merged(state: State, journal: RunJournal) -> Path:
    """Write `executed.ipynb` into the run's folder, by rename."""
    path = journal.directory / EXECUTED
    beside = path.with_suffix(".part")
    text = json.dumps(merged_notebook(state, journal), ensure_ascii=False, indent=1)
    # What UTF-8 cannot say (half of a pair of surrogates) is escaped, as JSON allows.
    beside.write_bytes((text + "\n").encode("utf-8", "backslashreplace"))
    beside.replace(path)
    return path


def merged_notebook(state: State, journal: RunJournal) -> dict[str, Any]:
    """The notebook as JSON data (format 4.5). Cells of steps that did not run have no outputs."""
    ran = [(step, _executions(state, journal, step)) for step in state.plan.pipeline.steps]
    source = _document(state)
    cells = _step_by_step(ran) if source is None else _in_document(source, ran)
    return {
        "cells": list(_with_unique_ids(_with_parameters(state, cells))),
        "metadata": _metadata(state, source, ran),
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class _Execution:
    """The executed notebook of one task. `label` names the item of a loop."""

    def __init__(self, task: Task, notebook: Mapping[str, Any], label: str) -> None:
        self.task = task
        self.label = label
        self.metadata: Mapping[str, Any] = notebook.get("metadata", {})
        self.cells: list[CellData] = list(notebook.get("cells", ()))

    def by_index(self, step: Step) -> Iterator[tuple[int, str, CellData]]:
        """(index in the notebook as it is now, role, cell) of each cell that comes from there.

        A reused result was executed when the notebook may have had other cells above: the order within the step counts.
        """
        own = [cell for cell in self.cells if _role(cell) == "step"]
        yield from ((place.index, "step", cell) for place, cell in zip(step.component.cells, own))
        setup = {cell.source: cell.index for cell in step.component.setup}
        for cell in self.cells:
            source = "".join(cell.get("source", ()))
            if _role(cell) == "setup" and source in setup:
                yield setup[source], "setup", cell

    def outputs(self, cell: CellData) -> list[Any]:
        """What the cell showed; in a loop, below a line that names the item."""
        outputs = list(cell.get("outputs", ()))
        line = {"name": "stdout", "output_type": "stream", "text": [f"[{self.label}]\n"]}
        return [line, *outputs] if self.label and outputs else outputs


_Ran = list[tuple[Step, list[_Execution]]]


def _executions(state: State, journal: RunJournal, step: Step) -> list[_Execution]:
    if step.name not in state.items:
        return [
            _Execution(task, found, "") for task in (state.tasks[step.name],) if (found := _executed(journal, task))
        ]
    variable = step.options.for_each.variable if step.options.for_each else "item"
    tasks = zip(state.item_tasks(step.name), state.items[step.name])
    return [
        _Execution(task, found, f"{variable} = {item!r}") for task, item in tasks if (found := _executed(journal, task))
    ]


def _executed(journal: RunJournal, task: Task) -> Mapping[str, Any] | None:
    """The notebook of the latest attempt; None if there is none that can be read."""
    digest = task.result.facts.get(EXECUTED_FACT) if task.result else None
    kept = journal.artifact(digest) if digest else None
    path = kept or journal.directory / attempt_folder(task.name, task.attempt) / EXECUTED
    try:
        found = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and task.state != "skipped" else None


def _document(state: State) -> Document | None:
    """The notebook that the pipeline came from, if it is there and still has the cells that ran."""
    pipeline = state.plan.pipeline
    if not pipeline.notebook:
        return None
    try:
        source = document.expand(document.read(_place_of(pipeline)))
    except MlopsError:
        return None
    sources = {cell.index: cell.source for cell in source.cells}
    cells = [cell for step in pipeline.steps for cell in step.component.cells]
    same = all(sources.get(cell.index) == cell.source for cell in cells)
    return source if same and cells else None


def _place_of(pipeline: Pipeline) -> Path:
    """Where the notebook is: a run that is driven elsewhere has it in its working folder."""
    path = Path(pipeline.notebook)
    beside = Path(pipeline.cwd) / path.name
    return beside if pipeline.cwd and not path.is_file() and beside.is_file() else path


def _in_document(source: Document, ran: _Ran) -> list[CellData]:
    shown = _shown(ran)
    raw = source.raw.get("cells", ())
    cells = []
    for cell in source.cells:
        data: CellData = {"cell_type": cell.kind, "id": cell.id, "metadata": dict(cell.metadata)}
        if cell.kind == "code":
            count, outputs = shown.get(cell.index, (None, []))
            data |= {"execution_count": count, "outputs": outputs}
        elif not cell.notebook and cell.index < len(raw) and "attachments" in raw[cell.index]:
            data["attachments"] = raw[cell.index]["attachments"]
        cells.append(data | {"source": cell.source.splitlines(keepends=True)})
    return cells


def _shown(ran: _Ran) -> dict[int, tuple[int | None, list[Any]]]:
    """By index of the cell: its number and outputs. Setup cells run in many steps and show those of the first."""
    shown: dict[int, tuple[int | None, list[Any]]] = {}
    of_setup = set[int]()
    for step, executions in ran:
        own = set[int]()
        for execution in executions:
            for index, role, cell in execution.by_index(step):
                if (role == "setup" and index in of_setup) or (index in own and not execution.label):
                    continue
                (of_setup if role == "setup" else own).add(index)
                _, before = shown.get(index, (None, []))
                shown[index] = (cell.get("execution_count"), [*before, *execution.outputs(cell)])
    return shown


def _step_by_step(ran: _Ran) -> list[CellData]:
    """For pipelines built in code: each step under its name, with the cells it ran."""
    cells: list[CellData] = []
    for step, executions in ran:
        cells.append(
            {"cell_type": "markdown", "id": "step", "metadata": {}, "source": [f"## {step.title or step.name}"]}
        )
        if not executions:
            cells += [_not_run(source.id, source.source) for source in step.component.cells]
        for execution in executions:
            own = (cell for cell in execution.cells if _role(cell) not in ("setup", "parameters"))
            cells += [_labelled(execution, cell) for cell in own]
    return cells


def _labelled(execution: _Execution, cell: CellData) -> CellData:
    return {**cell, "outputs": execution.outputs(cell)} if cell.get("cell_type") == "code" else cell


def _not_run(id: str, source: str) -> CellData:
    lines = source.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "id": id, "metadata": {}, "outputs": [], "source": lines}


def _with_parameters(state: State, cells: list[CellData]) -> list[CellData]:
    """Behind the cell of parameters, as papermill does it, one with the values that differ from what it says."""
    parameters = {item.name: item for item in state.plan.pipeline.parameters}
    given = {
        name: value
        for name, value in state.plan.params.items()
        if parameters[name].required or parameters[name].default != value
    }
    if not given:
        return cells
    injected = _not_run("injected-parameters", assignments(given, state.plan.pipeline.paths))
    injected["metadata"] = {"tags": ["injected-parameters"]}
    place = next((index + 1 for index, cell in enumerate(cells) if _is_parameters(cell)), 0)
    return [*cells[:place], injected, *cells[place:]]


def _is_parameters(cell: CellData) -> bool:
    tags = cell["metadata"].get("tags")
    return _role(cell) == "parameters" or bool(_PARAMETER_TAGS & set(tags if isinstance(tags, list) else ()))


def _role(cell: CellData) -> str:
    about = cell.get("metadata", {}).get("jupyter_mlops")
    return str(about.get("role", "")) if isinstance(about, dict) else ""


def _metadata(state: State, source: Document | None, ran: _Ran) -> dict[str, Any]:
    own = source.metadata if source else next((item.metadata for _, found in ran for item in found), {})
    run = {"state": state.outcome, "tasks": {task.name: task.state for task in state.tasks.values()}}
    ours = own.get("jupyter_mlops")
    return {**own, "jupyter_mlops": {**(ours if isinstance(ours, dict) else {}), "run": run}}


def _with_unique_ids(cells: Iterable[CellData]) -> Iterator[CellData]:
    taken = set[str]()
    last: dict[str, int] = {}
    for cell in cells:
        found = wanted = str(cell.get("id") or "cell")[:56]
        while found in taken:
            last[wanted] = last.get(wanted, 1) + 1
            found = f"{wanted}-{last[wanted]}"
        taken.add(found)
        yield {**cell, "id": found}
