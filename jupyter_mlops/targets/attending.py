"""Following a run that a service in the cluster drives: in a thread, beside one that looks and tells."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError


def attend(thread: Callable[[], None], look: Callable[[], None], every: float) -> None:
    """Run `thread` beside this one, which looks now and then and once at the end. A failure there is one here."""
    faults: list[Exception] = []

    def run() -> None:
        try:
            thread()
        except (MlopsError, OSError, ValueError) as fault:
            faults.append(fault)

    worker = threading.Thread(target=run, name="mlops-follow", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(every)
        look()
    look()
    if faults:
        raise faults[0]


def has_begun(pod: Mapping[str, Any]) -> bool:
    """Whether the container `main` of a pod of Argo's has begun: whether there is a log."""
    status = _mapping(pod.get("status"))
    if status.get("phase") in ("Succeeded", "Failed"):
        return True
    entries = status.get("containerStatuses")
    for entry in entries if isinstance(entries, list) else ():
        if _mapping(entry).get("name") == "main":
            state = _mapping(_mapping(entry).get("state"))
            return "running" in state or "terminated" in state
    return False


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
