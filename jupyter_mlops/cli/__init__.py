"""The command `jupyter mlops`: parsing, help, rendering, exit codes around the verbs; magics share its grammar."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's); the exit code is 0 done, 1 the work failed, 2 wrong usage."""
    from jupyter_mlops.cli.command import run_command

    return run_command(argv)
