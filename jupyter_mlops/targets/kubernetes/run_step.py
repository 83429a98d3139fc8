"""What a step's process does in a pod. Each step of a run pays for what is imported here."""

from __future__ import annotations

import importlib.util
import os
import sys

from jupyter_mlops.runtime.figures import BACKEND
from jupyter_mlops.runtime.spec import TaskSpec
from jupyter_mlops.runtime.task import run_task


def run_step(spec_path: str) -> int:
    """Do the work of a spec, be it cells or a whole notebook; 0 if it succeeded, 1 if it failed."""
    _prepare()
    with open(spec_path, encoding="utf-8") as file:
        spec = TaskSpec.from_json(file.read())
    if not spec.notebook:
        return run_task(spec_path)
    from jupyter_mlops.targets.kubernetes.notebook_step import run_notebook

    return run_notebook(spec)


def _prepare() -> None:
    """Images need not have this package or IPython: processes that a cell starts find the one, figures show anyway."""
    code = os.path.abspath(sys.path[0]) if os.path.isfile(sys.path[0]) else ""  # the zip
    if code:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), code)))
    if code and importlib.util.find_spec("matplotlib_inline") is None:
        os.environ.setdefault("MPLBACKEND", BACKEND)
