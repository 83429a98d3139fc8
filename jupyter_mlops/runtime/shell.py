"""Which way cells run here: IPython where the environment has it, plain Python otherwise."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Optional, Protocol

from jupyter_mlops.runtime.cells import CellError
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.spec import CellSource

INLINE_BACKEND = "module://matplotlib_inline.backend_inline"
Updates = Callable[[Mapping[str, Any], Mapping[str, Any], str], None]


class Cells(Protocol):
    """Runs cells in one namespace: the dict of `main`, which is registered as `__main__`."""

    main: ModuleType

    def run(self, cell: CellSource, outputs: CellOutputs) -> Optional[CellError]:
        """Run a cell; its output goes to `outputs`. Answers the error that ended it, if one did."""
        ...

    def transform(self, source: str) -> str:
        """The source as Python."""
        ...

    def set_result(self, name: str, value: Any) -> None:
        """Bind `_`, `__`, `___` or `_N`."""
        ...

    def close(self) -> None:
        """Free what is not the namespace's."""
        ...


def open_cells(updates: Updates) -> Cells:
    """A fresh namespace and what runs cells in it. `updates` is told when a display changes what was shown before."""
    _choose_backend()
    if _has("IPython"):
        shell: Cells = importlib.import_module("jupyter_mlops.runtime.ipython_shell").IPythonCells(updates)
        return shell
    return importlib.import_module("jupyter_mlops.runtime.plain_shell").PlainCells(updates)  # type: ignore[no-any-return]


def prepare() -> None:
    """Do ahead of a task what all tasks need: imports, the shell. Starts no thread, opens no file: fork after it."""
    _choose_backend()
    for name in ("concurrent.futures.thread", "asyncio", "bdb"):
        importlib.import_module(name)
    for name in ("task", "bundle", "hidden_state", "compare"):
        importlib.import_module(f"jupyter_mlops.runtime.{name}")
    if _has("cloudpickle"):
        importlib.import_module("cloudpickle")
    if _has("IPython"):
        importlib.import_module("jupyter_mlops.runtime.ipython_shell").prepare()


def _choose_backend() -> None:
    """Figures show inline unless the environment says otherwise; matplotlib may be imported already (by a zygote)."""
    if "MPLBACKEND" not in os.environ:
        if not _has("matplotlib_inline"):
            return
        os.environ["MPLBACKEND"] = INLINE_BACKEND
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None and os.environ["MPLBACKEND"] == INLINE_BACKEND:
        matplotlib.rcParams["backend"] = INLINE_BACKEND


def _has(module: str) -> bool:
    return module in sys.modules or importlib.util.find_spec(module) is not None
