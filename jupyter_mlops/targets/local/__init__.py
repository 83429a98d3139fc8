"""This machine: attempts are processes forked from a warm one, or spawned where fork is unsafe.

Loaded inside task processes too, of any Python >= 3.9: so nothing is imported before it is asked for.
"""

from __future__ import annotations

__all__ = ["LocalTarget"]


def __getattr__(name: str) -> object:
    if name != "LocalTarget":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jupyter_mlops.targets.local.target import LocalTarget

    return LocalTarget
