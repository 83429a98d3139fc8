"""What runs in pods: `task SPEC` a step, `drive ORDER` the engine, `tick ORDER` the start of a run that is due,
`courier ORDER` what looks at the volume; `step` and `arrive` a step, and its files, of an engine that is elsewhere;
`argo PART ORDER` a part of a Workflow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

USAGE = (
    "task SPEC | drive ORDER | tick ORDER | courier ORDER | step DIGEST FOLDER"
    " | arrive PARCEL DIGEST PLACE KEPT [RUN STORAGE] | argo PART ORDER ..."
)


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say. Exit code 0: it succeeded, 1: the work failed, 2: wrong usage."""
    verb, *rest = arguments or ("",)
    if verb == "task" and len(rest) == 1:
        return _task(rest[0])
    if verb == "drive" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.drive import drive

        return drive(rest[0])
    if verb == "tick" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.tick import tick

        return tick(rest[0])
    if verb == "step" and len(rest) == 2:
        from jupyter_mlops.targets.kubernetes.told_step import step

        return step(*rest)
    if verb == "arrive" and len(rest) in (4, 6):
        from jupyter_mlops.targets.kubernetes.told_step import arrive_here

        return arrive_here(*rest)
    if verb == "courier" and len(rest) == 1:
        from jupyter_mlops.targets.kubernetes.delivery import deliver

        return deliver(rest[0])
    if verb == "argo" and len(rest) >= 2:
        from jupyter_mlops.targets.argo.pod_main import main as part_of_workflow

        return part_of_workflow(rest)
    sys.stderr.write(f"usage: code.zip {USAGE}\n")
    return 2


def _task(spec: str) -> int:
    from jupyter_mlops.targets.kubernetes.run_step import run_step

    return run_step(spec) if begins_now(os.path.dirname(spec)) else 1


def begins_now(directory: str | os.PathLike[str]) -> bool:
    """Whether an attempt begins for the first time: a second pod would write into the files of the first."""
    try:
        os.close(os.open(os.path.join(directory, "begun.lock"), os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        sys.stderr.write("This attempt has begun in another pod, so it is not run here.\n")
        return False
    return True
