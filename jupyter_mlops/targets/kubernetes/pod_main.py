"""What runs in pods: `task SPEC` a step, `drive ORDER` the engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say. Exit code 0: it succeeded, 1: the work failed, 2: wrong usage."""
    verb, *rest = arguments or ("",)
    if verb == "task" and len(rest) == 1:
        return _task(rest[0])
    if verb == "drive" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.drive import drive

        return drive(rest[0])
    sys.stderr.write("usage: code.zip task SPEC | drive ORDER\n")
    return 2


def _task(spec: str) -> int:
    """Run a task once: a second pod of the same attempt would write into the files of the first."""
    from jupyter_mlops.runtime.task import run_task

    try:
        os.close(os.open(os.path.join(os.path.dirname(spec), "begun.lock"), os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        sys.stderr.write("This attempt has begun in another pod, so it is not run here.\n")
        return 1
    return run_task(spec)
