"""What a task process says about itself: versions, memory, time."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_NOT_LIBRARIES = frozenset(["jupyter_mlops", "__main__", "cython_runtime"])


def facts() -> dict[str, Any]:
    """Plain data: `python`, `platform`, `libraries` (versions of what is imported), `peak_rss` (B), `cpu_seconds`."""
    return {
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "pid": os.getpid(),
        "libraries": libraries(),
        "cpu_seconds": round(time.process_time(), 4),
        **({} if resource is None else {"peak_rss": _peak_rss()}),
    }


def libraries() -> dict[str, str]:
    """Versions of imported top-level packages that state one. Remembered until another module is imported."""
    count, found = _libraries
    if count == len(sys.modules):
        return dict(found)
    found.clear()
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in _NOT_LIBRARIES or name in _STANDARD:
            continue
        version = vars(module).get("__version__") if module is not None and hasattr(module, "__dict__") else None
        if isinstance(version, str):
            found[name] = version
    _libraries[0] = len(sys.modules)
    return dict(found)


def _peak_rss() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


# How many modules there were, and the answer.
_libraries: list[Any] = [0, {}]
_STANDARD = frozenset(getattr(sys, "stdlib_module_names", ()))
