"""What runs in pods: `task SPEC` a step, `drive ORDER` the engine, `argo ...` a part of a Workflow."""

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
    if verb == "argo" and len(rest) >= 2:
        from jupyter_mlops.targets.argo.pod_main import main as part_of_workflow

        return part_of_workflow(rest)
    sys.stderr.write("usage: code.zip task SPEC | drive ORDER | argo PART ORDER ...\n")
    return 2
