"""Running a notebook in two ways: as the pipeline that it is, and from top to bottom in one process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions, start_run
from jupyter_mlops.engine.state import Task
from jupyter_mlops.engine.target import Attempt, Outcome, Report, Target
from jupyter_mlops.errors import MlopsError, WorkFailed
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.pipeline.from_notebook import cell_source
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.errors import sentence
from jupyter_mlops.runtime.parameters import assignments
from jupyter_mlops.runtime.spec import Block, BundleRef, CellSource, ErrorInfo, TaskResult, TaskSpec
from jupyter_mlops.runtime.task import FINAL
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_record import TaskRecord
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import RunTarget

LINEAR = "notebook"
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Part:
    """What one task left: its executed notebook, its last values (None if it did not come so far), how it failed."""

    step: str
    notebook: Path
    values: BundleRef | None
    error: ErrorInfo | None = None
    reason: str = ""


def as_pipeline(
    plan: Plan, store: Project, target: Target | RunTarget, stop: threading.Event, *, attached: bool = False
) -> list[Part]:
    """Run the plan; a part a task, in running order, the items of a loop in the order of the items."""
    if isinstance(target, RunTarget):
        return _driven_elsewhere(plan, store, target, RunOptions(stop=stop, final=True, attached=attached))
    finished = start_run(plan, store, target, RunOptions(stop=stop, final=True))
    return [
        _part(task, finished.directory / attempt_folder(task.name, task.attempt))
        for task in finished.state.tasks.values()
        if task.attempt and task.name not in finished.state.items
    ]


def _driven_elsewhere(plan: Plan, store: Project, target: RunTarget, options: RunOptions) -> list[Part]:
    options = replace(options, run=new_run_id())
    try:
        directory = target.drive(plan, store, options)
    except WorkFailed:  # what is left of it there nobody would ask for any more
        with contextlib.suppress(MlopsError):
            target.forget(options.run)
        raise
    try:
        return [_brought_home(task, directory) for task in load_run(directory).tasks.values() if task.attempt]
    finally:
        with contextlib.suppress(MlopsError):  # the answer counts more; `store gc --target` finds what is left
            target.forget(directory.name)


def _brought_home(task: TaskRecord, run: Path) -> Part:
    """The part of a task that ran elsewhere: its files came home, with the same names."""
    directory = run / attempt_folder(task.task, task.attempt)
    result = TaskResult.from_data(task.result) if task.result else None
    values, reason = _values(result), "" if task.state == "succeeded" else task.reason or task.state
    here = replace(values, path=str(directory / FINAL)) if values else None
    return Part(task.step, directory / "executed.ipynb", here, result.error if result else None, reason)


def from_top_to_bottom(plan: Plan, flow: Dataflow, directory: Path, target: Target, stop: threading.Event) -> Part:
    """Run all cells in document order in one process, conditions and loops around the cells of their steps.

    Once `stop` is set the process is ended; what it left until then is the answer.
    """
    attempt = Attempt(linear_spec(plan, flow, directory), directory)
    reports: SimpleQueue[Outcome] = SimpleQueue()

    def hear(report: Report) -> None:
        if report.outcome:
            reports.put(report.outcome)

    target.start(attempt, hear)
    outcome = _outcome(reports, lambda: target.stop(attempt.id, "user"), stop)
    error = outcome.result.error if outcome.result else None
    reason = outcome.reason or (sentence(error.kind, error.message) if error else "it did not finish")
    notebook = directory / "executed.ipynb"
    return Part(LINEAR, notebook, _values(outcome.result), error, "" if outcome.state == "succeeded" else reason)


def linear_spec(plan: Plan, flow: Dataflow, directory: Path) -> TaskSpec:
    """The task that runs every cell of the notebook, in its order, as one kernel would."""
    cells = tuple(_linear_cells(plan, flow))
    position = {cell.index: number for number, cell in enumerate(cells)}
    return TaskSpec(
        run=LINEAR,
        step=LINEAR,
        task=LINEAR,
        attempt=1,
        directory=str(directory),
        cwd=plan.pipeline.cwd,
        kernel=plan.pipeline.kernel,
        cells=cells,
        blocks=tuple(_blocks(plan.pipeline.steps, position)),
        final=True,
    )


def reader_spec(plan: Plan, flow: Dataflow) -> TaskSpec:
    """What a process needs that loads any value of the run: all setup cells and definitions, no cells."""
    definitions = {item.id: item for step in flow.steps for item in step.definitions}
    return TaskSpec(
        run=LINEAR,
        step=LINEAR,
        task=LINEAR,
        attempt=1,
        directory="",
        cwd=plan.pipeline.cwd,
        params=plan.params,
        paths=plan.pipeline.paths,
        setup=tuple(cell_source(cell) for cell in flow.setup),
        definitions=tuple(definitions.values()),
    )


def _outcome(reports: SimpleQueue[Outcome], end: Callable[[], None], stop: threading.Event) -> Outcome:
    """The outcome, whenever it comes; `end` is called once when `stop` is set before that."""
    asked = False
    while True:
        try:
            return reports.get(timeout=_LOOK_EVERY_S)
        except Empty:
            if stop.is_set() and not asked:
                asked = True
                end()


def _linear_cells(plan: Plan, flow: Dataflow) -> Iterator[CellSource]:
    """Every cell that is not skipped; parameters are set below the cell that gives their defaults."""
    roles = flow.annotations.roles
    last = max((index for index, role in roles.items() if role == "parameters"), default=None)
    for cell in flow.document.code_cells:
        if roles.get(cell.index) != "skip":
            yield cell_source(cell)
        if cell.index == last:
            given = assignments(plan.params, plan.pipeline.paths)
            yield CellSource(index=-1, id="parameters", source=given, count=cell.count)


def _blocks(steps: Sequence[Step], position: Mapping[int, int]) -> Iterator[Block]:
    for step in steps:
        options = step.options
        if options.when is None and options.for_each is None:
            continue
        cells = tuple(position[cell.index] for cell in step.component.cells)
        loop = options.for_each
        variable, items = (loop.variable, loop.items) if loop else ("", "")
        collect = tuple(dict.fromkeys((*step.outputs, *step.final))) if loop else ()
        yield Block(cells, options.when or "", variable, items, collect, is_path=variable in step.paths)


def _part(task: Task, directory: Path) -> Part:
    error = task.result.error if task.result else None
    reason = "" if task.state == "succeeded" else task.reason or task.state
    return Part(task.step, directory / "executed.ipynb", _values(task.result), error, reason)


def _values(result: TaskResult | None) -> BundleRef | None:
    final = result.facts.get("final") if result else None
    return BundleRef(final["path"], final["seal"]) if final else None
