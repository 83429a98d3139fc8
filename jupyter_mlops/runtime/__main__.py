"""`python -m jupyter_mlops.runtime SPEC`: run one task; exit code 0 if it succeeded, 1 if it failed, 2 for wrong usage."""

from __future__ import annotations

import sys

from jupyter_mlops.runtime.task import run_task


def main(arguments: list[str]) -> int:
    """Run the task of the spec file that is the only argument."""
    if len(arguments) != 1:
        print("usage: python -m jupyter_mlops.runtime SPEC", file=sys.stderr)
        return 2
    return run_task(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
