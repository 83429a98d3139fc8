"""`python -m jupyter_mlops.runtime SPEC`: run one task. Exit code 0: succeeded, 1: failed, 2: wrong usage.

`kfp ...` runs a step of a Kubeflow pipeline, see `runtime.kfp_step`.
"""

from __future__ import annotations

import sys

from jupyter_mlops.runtime.task import run_task


def main(arguments: list[str]) -> int:
    """Run the task of the spec file that is the only argument."""
    if arguments[:1] == ["kfp"]:
        from jupyter_mlops.runtime import kfp_step

        return kfp_step.main(arguments[1:])
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m jupyter_mlops.runtime SPEC\n")
        return 2
    return run_task(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
