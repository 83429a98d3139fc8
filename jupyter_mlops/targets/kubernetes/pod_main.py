"""What runs in pods: `task SPEC` a step, `drive ORDER` the engine, `tick ORDER` the start of a run that is due."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say. Exit code 0: it succeeded, 1: the work failed, 2: wrong usage."""
    verb, *rest = arguments or ("",)
    if verb == "task" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.notebook_step import run_step

        return run_step(rest[0])
    if verb == "drive" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.drive import drive

        return drive(rest[0])
    if verb == "tick" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.tick import tick

        return tick(rest[0])
    sys.stderr.write("usage: code.zip task SPEC | drive ORDER | tick ORDER\n")
    return 2
