"""How the engine `mlops` executes: cells run in a process forked from a warm one, without a kernel and its sockets.

`papermill --engine mlops in.ipynb out.ipynb`, or `papermill.execute_notebook(..., engine_name="mlops")`. Notebooks of
other languages or other environments go through their own kernels, by papermill's own engine.

Take the class from `papermill_engine`: this module can be imported only after papermill.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, from_dict
from papermill.engines import Engine, NBClientEngine, NotebookExecutionManager
from papermill.log import logger

from jupyter_mlops.errors import NotFound, Unavailable
from jupyter_mlops.runtime.outputs import DEFAULT_CAP
from jupyter_mlops.runtime.rich_output import COUNT_CAP
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.targets.local.imports import imported
from jupyter_mlops.targets.local.kernels import find_kernel
from jupyter_mlops.targets.local.session import CellResult, CellTookTooLong, Hooks, Session, SessionDied
from jupyter_mlops.targets.local.session_processes import KeptProcesses, Processes

SAVE_EVERY_S = 2.0
SKIP_TAG = "skip-execution"


class TimedSaves(NotebookExecutionManager):  # type: ignore[misc]
    """Saves the notebook on a timer and at the end, not at the start and end of each cell, which is quadratic work.

    `told(kind, index, tags, metadata of papermill)` hears of code cells as they start and end.
    """

    told: Callable[..., None] | None = None
    _in_cell_callback = False

    def save(self, **options: Any) -> None:
        """Write the notebook, unless a cell only starts or ends and that was done a moment ago."""
        since = (self.now() - self.last_save_time).total_seconds()
        if not self._in_cell_callback or since >= SAVE_EVERY_S:
            super().save(**options)

    def save_if_due(self) -> None:
        """Write the notebook if that is some time ago: while a cell runs long."""
        if (self.now() - self.last_save_time).total_seconds() >= SAVE_EVERY_S:
            self.save()

    def cell_start(self, cell: Any, cell_index: int | None = None, **options: Any) -> None:
        """Note that a cell starts."""
        self._without_saving(super().cell_start, cell, cell_index, **options)
        self._tell("cell.started", cell, cell_index)

    def cell_complete(self, cell: Any, cell_index: int | None = None, **options: Any) -> None:
        """Note that a cell is over."""
        self._without_saving(super().cell_complete, cell, cell_index, **options)
        self._tell("cell.finished", cell, cell_index)

    def _without_saving(self, note: Callable[..., None], *arguments: Any, **options: Any) -> None:
        self._in_cell_callback = True
        try:
            note(*arguments, **options)
        finally:
            self._in_cell_callback = False

    def _tell(self, kind: str, cell: Any, index: int | None) -> None:
        if self.told is not None and cell.cell_type == "code":
            self.told(kind, index, cell.metadata.get("tags", []), cell.metadata.papermill)


class MlopsEngine(Engine):  # type: ignore[misc]
    """Registered under the entry point group `papermill.engine`."""

    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, **options: Any) -> NotebookNode:
        """As papermill's, with saves on a timer. `told` hears of cells that start and end."""
        keys = ("output_path", "progress_bar", "log_output", "autosave_cell_every")
        given = {key: options.pop(key) for key in keys if key in options}
        manager = TimedSaves(nb, **given)
        manager.told = options.pop("told", None)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=given.get("log_output", False), **options)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Run the cells in a process of ours if the kernel is Python of this environment, else through the kernel."""
        processes = options.pop("processes", None)
        leaving = options.pop("leaving", None)
        why_not = _why_not(kernel_name)
        if why_not:
            logger.info("The engine mlops leaves this notebook to its kernel: %s.", why_not)
            NBClientEngine.execute_managed_notebook(nb_man, kernel_name, **options)
            return
        _Execution(nb_man, options).run(processes or _kept(), leaving)


class _Execution:
    """One notebook through one session."""

    def __init__(self, manager: Any, options: dict[str, Any]) -> None:
        self.manager = manager
        self.nb = manager.nb
        self.options = options
        self.count = 0

    def run(self, processes: Processes, leaving: Callable[[Session], None] | None) -> None:
        """All cells, until one fails that may not."""
        modules = dict.fromkeys(
            module for cell in self.nb.cells if cell.cell_type == "code" for module in imported(cell.source)
        )
        start_timeout = float(self.options.get("start_timeout") or 60)
        try:
            with Session(processes, start_timeout=start_timeout).importing(list(modules)) as session:
                if self._run_cells(session) and leaving is not None:
                    leaving(session)
        except Unavailable as error:
            raise RuntimeError(str(error)) from error
        self.nb.metadata["language_info"] = _language_info()

    def _run_cells(self, session: Session) -> bool:
        for index, cell in enumerate(self.nb.cells):
            try:
                self.manager.cell_start(cell, index)
                self._run_cell(session, cell, index)
            except CellExecutionError as error:
                self.manager.cell_exception(cell, cell_index=index, exception=error)
                return False
            except (CellTimeoutError, DeadKernelError):
                self.manager.cell_exception(cell, cell_index=index)
                raise
            finally:
                self.manager.cell_complete(cell, cell_index=index)
        return True

    def _run_cell(self, session: Session, cell: NotebookNode, index: int) -> None:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or SKIP_TAG in tags:
            return
        self.count += 1
        cell.execution_count = self.count
        hooks = Hooks(
            stream=lambda name, text: self._heard(cell, name, text),
            changed=lambda other, outputs: self._show(self.nb.cells[other], outputs),
            idle=self.manager.save_if_due,
        )
        source = CellSource(index, str(cell.get("id", index)), cell.source, self.count)
        timeout = self.options.get("execution_timeout") or self.options.get("timeout") or None
        try:
            result = session.run(source, hooks, timeout=timeout)
        except CellTookTooLong as error:
            raise CellTimeoutError.error_from_timeout_and_cell(str(error), int(timeout or 0), cell) from error
        except SessionDied as error:
            raise DeadKernelError(str(error)) from error
        self._show(cell, result.outputs)
        self._log_results(result)
        if result.error and not self._may_fail(tags, result):
            raise CellExecutionError("\n".join(result.error[2]), result.error[0], result.error[1])

    def _may_fail(self, tags: list[str], result: CellResult) -> bool:
        if self.options.get("force_raise_errors"):
            return False
        named = result.error is not None and result.error[0] in self.options.get("allow_error_names", ())
        return bool(self.options.get("allow_errors")) or named or "raises-exception" in tags

    def _show(self, cell: NotebookNode, outputs: list[dict[str, Any]]) -> None:
        cell.outputs = [from_dict(output) for output in outputs]

    def _heard(self, cell: NotebookNode, name: str, text: str) -> None:
        """Text of a cell that still runs: kept for a save in the middle; `_show` puts the whole in its place."""
        last = cell.outputs[-1] if cell.outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            if len(last["text"]) < DEFAULT_CAP:
                last["text"] += text
        elif len(cell.outputs) < COUNT_CAP:
            cell.outputs.append(from_dict({"output_type": "stream", "name": name, "text": text}))
        self._log(name, text)
        self.manager.save_if_due()

    def _log(self, name: str, text: str) -> None:
        if self.options.get("log_output"):
            (logger.info if name == "stdout" else logger.warning)(text)
        file = self.options.get(f"{name}_file")
        if file:
            file.write(text)
            file.flush()

    def _log_results(self, result: CellResult) -> None:
        if not self.options.get("log_output"):
            return
        for output in result.outputs:
            if "text/plain" in output.get("data", {}):
                logger.info("".join(output["data"]["text/plain"]))


_KEPT: list[KeptProcesses] = []  # the registry of this process's warm ones: one entry, or none yet


def _kept() -> KeptProcesses:
    if not _KEPT or not _KEPT[-1].usable:
        _KEPT[:] = [KeptProcesses()]
    return _KEPT[-1]


def _why_not(kernel_name: str) -> str:
    if sys.platform == "win32":
        return "sessions need Unix sockets"
    try:
        kernel = find_kernel(kernel_name, exact=True)
    except NotFound:
        return f"the kernel {kernel_name!r} is not installed"
    if not kernel.python:
        return f"its language is {kernel.language}"
    return "" if kernel.is_ours else f"its kernel belongs to {kernel.python}"


def _language_info() -> dict[str, Any]:
    """What a kernel of this interpreter says of its language."""
    version = ".".join(map(str, sys.version_info[:3]))
    return {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": version,
    }
