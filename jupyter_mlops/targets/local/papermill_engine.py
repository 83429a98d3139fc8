"""The papermill engine `mlops`, by the name under which papermill finds it.

papermill loads engines while it is imported. So this module imports nothing, and makes the class when it is asked for:
it can be imported before papermill, after it, and by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["MlopsEngine"]

if TYPE_CHECKING:
    from jupyter_mlops.targets.local.papermill_execution import MlopsEngine


def __getattr__(name: str) -> object:
    if name != "MlopsEngine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import papermill.engines  # noqa: F401 - it asks for the class itself: that must not be in the middle of making it

    from jupyter_mlops.targets.local.papermill_execution import MlopsEngine

    return MlopsEngine
