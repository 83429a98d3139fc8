"""One task from its spec to its result: the order of work of `TaskSpec`, in this process, in its own namespace."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

from jupyter_mlops.runtime import cell_run, facts, parameters, sigterm, tracking, values
from jupyter_mlops.runtime.cell_run import CellFailed, CellRun
from jupyter_mlops.runtime.cells import without_ansi
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.digests import path_sha256
from jupyter_mlops.runtime.errors import CannotHandOver, MlopsError, cannot_write
from jupyter_mlops.runtime.executed import ExecutedNotebook
from jupyter_mlops.runtime.outputs import shortened
from jupyter_mlops.runtime.shell import open_cells
from jupyter_mlops.runtime.spec import CellSource, ErrorInfo, TaskResult, TaskSpec
from jupyter_mlops.runtime.streams import Log
from jupyter_mlops.runtime.use import Sampler

RESULT, LOG, EVENTS, EXECUTED, OUTPUTS, FINAL, ARTIFACTS = (
    *("result.json", "log", "events.jsonl", "executed.ipynb"),
    *("outputs.bundle", "final.bundle", "artifacts"),
)

# Characters of an error in the result (events and screens have it): its message, and one frame of its traceback.
_MESSAGE_CAP, _FRAME_CAP = 2000, 16_000


def run_task(spec_path: str) -> int:
    """Do the work of the spec and write `result.json` beside it; 0 if it succeeded, 1 if it failed.

    Changes the process (working directory, environment, `__main__`, random state): call it once in a process of its
    own. SIGTERM interrupts the running cell as Ctrl-C does. What goes wrong is in the result, never raised.
    """
    started = time.perf_counter()
    with open(spec_path, encoding="utf-8") as file:
        spec = TaskSpec.from_json(file.read())
    os.makedirs(spec.directory, exist_ok=True)
    log = Log(os.path.join(spec.directory, LOG))
    sampler = Sampler(spec.directory).start()
    with sigterm.interrupting(), log.redirected():
        result = _Task(spec, log).run(started)
    log.close()
    result = replace(result, facts={**result.facts, "use": sampler.stop()})
    _write_result(os.path.join(spec.directory, RESULT), result)
    return 0 if result.fate == "succeeded" else 1


class _Task:
    def __init__(self, spec: TaskSpec, log: Log) -> None:
        self.spec = spec
        self.log = log
        self.executed = ExecutedNotebook(os.path.join(spec.directory, EXECUTED), spec.notebook_metadata)
        self.answer: dict[str, Any] = {}

    def run(self, started: float) -> TaskResult:
        """Never raises: a failure is a result."""
        error: Optional[ErrorInfo] = None
        try:
            self._work()
        except BaseException as problem:
            error = _error_info(problem, self.spec)
            _tell(problem, error)
        try:
            self.executed.save()
        except MlopsError as problem:
            error = error or _error_info(problem, self.spec)
            _tell(problem, error)
        return TaskResult(
            fate="failed" if error else "succeeded",
            seconds=time.perf_counter() - started,
            error=error,
            facts={**facts.facts(), **self.answer.pop("facts", {})},
            **({} if error else self.answer),
        )

    def _work(self) -> None:
        spec = self.spec
        _enter(spec)
        cells = open_cells(self.executed.update_display)
        namespace = cells.main.__dict__
        own = [cell.index for cell in spec.cells]
        definitions = Definitions(
            namespace, spec.definitions, by_value=spec.by_value, own_cells=own, transform=cells.transform
        )
        run = CellRun(spec, cells, self.log, self.executed, os.path.join(spec.directory, EVENTS))
        namespace.update(parameters.bound(spec.params, spec.paths))
        if spec.params:
            self.executed.add_parameters(spec.params, spec.paths)
        setup = [self.executed.add(cell, "setup") for cell in spec.setup]
        main = [self.executed.add(cell) for cell in spec.cells]
        with run.saving():
            if spec.container:
                self._component(run, list(zip(spec.cells, main)))
                cells.close()
                return
            for cell, position in zip(spec.setup, setup):
                definitions.make_wanted(before=cell.index)
                run.run(cell, position)
                definitions.ran_setup(cell)
            definitions.make_wanted()
            values.bind_inputs(spec.inputs, cells, definitions)
            namespace.update(parameters.bound(spec.bind, spec.paths))
            cell_run.run_blocks(run, list(zip(spec.cells, main)), definitions)
        self._leave(cells, definitions)
        cells.close()

    def _component(self, run: CellRun, cells: Sequence[tuple[CellSource, int]]) -> None:
        """A component of Kubeflow Pipelines: a function's source and its call are cells, a command is none."""
        from jupyter_mlops.runtime.kfp.task import Component, run_component

        def run_cells(component: Component) -> None:
            namespace = run.cells.main.__dict__
            component.enter(namespace)
            (source, first), (call, second) = cells
            run.run(source, first)
            component.bind(namespace)
            run.run(call, second)
            component.take(namespace)

        self.answer["exports"] = run_component(self.spec, run_cells)

    def _leave(self, cells: Any, definitions: Definitions) -> None:
        spec, namespace = self.spec, cells.main.__dict__
        self.answer["exports"] = values.exports(spec.exports, namespace)
        if spec.outputs:
            path = os.path.join(spec.directory, OUTPUTS)
            bundle, outputs = values.write_outputs(path, spec.outputs, definitions, spec.task)
            self.answer.update(bundle=bundle, outputs=outputs)
        if spec.final:
            final = values.write_final(os.path.join(spec.directory, FINAL), definitions, spec.task)
            self.answer["facts"] = {"final": final}
        self.answer["files"] = _file_digests(spec.files_out)


def _enter(spec: TaskSpec) -> None:
    """The folder, the import path and the environment that the notebook's code sees."""
    if spec.cwd:
        try:
            os.chdir(spec.cwd)
        except OSError as error:
            raise MlopsError(f"the working directory {spec.cwd} cannot be entered: {error.strerror}.") from error
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, "")
    os.environ.update(tracking.environment(spec.run, spec.task, spec.directory, {**spec.params, **spec.bind}))


def _error_info(problem: BaseException, spec: TaskSpec) -> ErrorInfo:
    if isinstance(problem, CellFailed):
        error = problem.error
        message = shortened(error.message, _MESSAGE_CAP)
        frames = tuple(shortened(frame, _FRAME_CAP) for frame in without_ansi(error.traceback))
        return ErrorInfo(error.name, message, error.hint, problem.cell.index, error.line, frames)
    if isinstance(problem, MlopsError):
        cell = (
            _last_writer(spec.cells, getattr(problem, "variable", "")) if isinstance(problem, CannotHandOver) else None
        )
        where = f" It was last set in cell {cell}." if cell is not None else ""
        return ErrorInfo(type(problem).__name__, problem.message + where, problem.hint, cell)
    if isinstance(problem, KeyboardInterrupt):
        return ErrorInfo("KeyboardInterrupt", str(problem) or "interrupted")
    import traceback

    lines = traceback.format_exception(type(problem), problem, problem.__traceback__)
    return ErrorInfo(type(problem).__name__, str(problem), traceback=tuple(line.rstrip("\n") for line in lines))


def _last_writer(cells: Sequence[CellSource], name: str) -> Optional[int]:
    """The last cell that assigns a name, for a message; by the look of it."""
    import re

    pattern = re.compile(
        rf"(^|[\s(,;]){re.escape(name)}\s*(,[^=]*)?(=[^=]|:=)|\b(as|import|def|class)\s+{re.escape(name)}\b"
    )
    found = [cell.index for cell in cells if name and pattern.search(cell.source)]
    return found[-1] if found else None


def _tell(problem: BaseException, error: ErrorInfo) -> None:
    """Into the log: the error of a cell with its traceback, ours as a sentence."""
    if isinstance(problem, CellFailed):
        text = "\n".join(without_ansi(problem.error.traceback)) or f"{error.kind}: {error.message}"
    elif not isinstance(problem, MlopsError):
        text = "\n".join(error.traceback) or f"{error.kind}: {error.message}"
    else:
        text = f"{error.message} {error.hint}".rstrip()
    with contextlib.suppress(OSError):  # the log has no room; the result may have
        sys.stderr.write(text + "\n")


def _file_digests(paths: Sequence[str]) -> dict[str, str]:
    return {path: path_sha256(path) for path in paths if os.path.exists(path)}


def _write_result(path: str, result: TaskResult) -> None:
    partial = path + ".part"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(result.to_json())
        os.replace(partial, path)
    except OSError as error:
        raise cannot_write(path, error) from error
