"""Cells of a task, one after the other: their outputs, events, time limits, and the saving of the executed notebook."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Optional

from jupyter_mlops.runtime import expressions, tracking
from jupyter_mlops.runtime.cells import CellError, CellTimeout
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.describe import plain
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.executed import ExecutedNotebook
from jupyter_mlops.runtime.outputs import DEFAULT_CAP, CellOutputs
from jupyter_mlops.runtime.parameters import with_paths
from jupyter_mlops.runtime.shell import Cells
from jupyter_mlops.runtime.spec import Block, CellSource, TaskSpec
from jupyter_mlops.runtime.streams import Log

OUTPUT_CAP = "JUPYTER_MLOPS_OUTPUT_CAP"  # characters of text a cell may have in the executed notebook
_FIRST_SAVE_S = 2.0
_SAVE_EVERY_S = 5.0


class CellFailed(Exception):
    """A cell raised."""

    def __init__(self, cell: CellSource, error: CellError) -> None:
        super().__init__(error.message)
        self.cell = cell
        self.error = error


class CellRun:
    """Runs cells in order. `run` raises `CellFailed`; what the cell printed is in the executed notebook by then."""

    def __init__(self, spec: TaskSpec, cells: Cells, log: Log, executed: ExecutedNotebook, events: str) -> None:
        self.spec = spec
        self.cells = cells
        self._log = log
        self._executed = executed
        self._events = events
        self._cap = int(os.environ.get(OUTPUT_CAP) or DEFAULT_CAP)

    def run(self, cell: CellSource, position: int) -> None:
        """Run one cell whose place in the executed notebook is `position`."""
        outputs = CellOutputs(self._cap)
        self._executed.started(position, outputs)
        self._event("cell.started", cell, log=self._log.size())
        started = time.perf_counter()
        self._log.sink = outputs.stream
        try:
            with _time_limit(self.spec.cell_timeout):
                error = self.cells.run(cell, outputs)
        finally:
            self._log.settle()
            self._log.sink = _nobody
        seconds = time.perf_counter() - started
        fate = "succeeded" if error is None else "failed"
        self._executed.finished(position, seconds, fate)
        self._event("cell.finished", cell, seconds=round(seconds, 6), fate=fate)
        if error is not None:
            raise CellFailed(cell, error)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Save the executed notebook now and then, while a long cell runs, too: it may be killed any time."""
        over = threading.Event()
        thread = threading.Thread(target=self._save_until, args=(over,), name="mlops-save", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()  # two who save at once take each other's half-written file away

    def _save_until(self, over: threading.Event) -> None:
        wait = _FIRST_SAVE_S
        while not over.wait(wait):
            wait = _SAVE_EVERY_S
            try:
                self._executed.save()
            except MlopsError as error:
                sys.stderr.write(f"{error}\n")
            except RuntimeError:  # the cell is changing its outputs right now
                wait = 0.1

    def _event(self, kind: str, cell: CellSource, **more: Any) -> None:
        event = {"type": kind, "at": time.time(), "task": self.spec.task, "cell": cell.index, **more}
        tracking.append_event(self._events, event)


def run_blocks(run: CellRun, cells: Sequence[tuple[CellSource, int]], definitions: Definitions) -> None:
    """Run (cell, position) pairs in order; those in a block under its condition or loop."""
    block_of = {number: block for block in run.spec.blocks for number in block.cells}
    done: set[int] = set()
    for number, _ in enumerate(cells):
        if number in done:
            continue
        block = block_of.get(number)
        members = sorted(block.cells) if block else [number]
        done.update(members)
        _run_block(run, block, [cells[member] for member in members], definitions)


def _run_block(
    run: CellRun, block: Optional[Block], cells: Sequence[tuple[CellSource, int]], definitions: Definitions
) -> None:
    namespace = run.cells.main.__dict__
    if block is not None and block.when and not _evaluate(run, block.when):
        return
    if block is None or not block.variable:
        _run_cells(run, cells, definitions)
        return
    collected: dict[str, list[Any]] = {name: [] for name in block.collect}
    before = {name: value for name, value in namespace.items() if name == block.variable}
    for item in _evaluate(run, block.items):
        namespace[block.variable] = with_paths(item) if block.is_path else item
        _run_cells(run, cells, definitions)
        for name, found in collected.items():
            found.append(namespace.get(name))
    namespace.pop(block.variable, None)  # in a pipeline only the items know it
    namespace.update({**before, **collected})


def _run_cells(run: CellRun, cells: Sequence[tuple[CellSource, int]], definitions: Definitions) -> None:
    for cell, position in cells:
        run.run(cell, position)
        definitions.ran(cell)


def _evaluate(run: CellRun, expression: str) -> Any:
    """A condition or loop over the plain forms of the namespace, as the engine would see them."""
    namespace = run.cells.main.__dict__
    known = {"metrics": tracking.last_metrics(os.environ.get(tracking.EVENTS, "")), "params": dict(run.spec.params)}
    for name in expressions.names(expression):
        if name in namespace and name not in expressions.OBJECTS:
            known[name] = plain(namespace[name], name)
    return expressions.evaluate(expression, known)


@contextmanager
def _time_limit(seconds: Optional[float]) -> Iterator[None]:
    """Interrupt the cell after `seconds`."""
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        raise CellTimeout(f"the cell ran longer than {seconds:g} seconds.", hint="Raise its timeout, or do less in it.")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


def _nobody(name: str, text: str) -> None:
    """Text between cells goes to the log only."""
