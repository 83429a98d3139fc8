"""What runs in pods: `task SPEC` a step, `drive ORDER` the engine, `courier ORDER` what looks at the volume."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say. Exit code 0: it succeeded, 1: the work failed, 2: wrong usage."""
    verb, *rest = arguments or ("",)
    if verb == "task" and len(rest) == 1:
        from jupyter_mlops.runtime.task import run_task

        return run_task(rest[0])
    if verb == "drive" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.drive import drive

        return drive(rest[0])
    if verb == "courier" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.delivery import deliver

        return deliver(rest[0])
    sys.stderr.write("usage: code.zip task SPEC | drive ORDER | courier ORDER\n")
    return 2
