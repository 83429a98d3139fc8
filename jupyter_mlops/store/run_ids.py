"""Names of runs: UUIDv7, so that sorting by name is sorting by time, also within one millisecond of one process."""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
from pathlib import Path

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.store.project import Project

# In the folder of a run that a step of another one began: the other one is `last`.
CHILD_NAME = "child"
_RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_run_id() -> str:
    """A new id, greater than every id that this process made before.

    The 12 bits after the version are the fraction of the millisecond, as RFC 9562 (method 3) allows.
    """
    ticks = _clock.tick()
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | int.from_bytes(os.urandom(8), "big") >> 2))


def is_run_id(text: str) -> bool:
    """Whether `text` is a full id: only then may it become part of a path."""
    return _RUN_ID.fullmatch(text) is not None


def run_ids(project: Project) -> list[str]:
    """All runs of the store, oldest first."""
    return sorted(entry for entry in _names(project.runs) if is_run_id(entry))


def resolve(project: Project, text: str) -> str:
    """The run that `text` means: a full id, the beginning or the end of one, or `last`.

    Raises:
        NotFound: no run fits.
        Usage: several do.
    """
    wanted = text.strip().lower()
    runs = run_ids(project)
    if not runs:
        raise NotFound(f"There are no runs in {project.home}.", hint="`jupyter mlops run NOTEBOOK` makes one.")
    if wanted in ("last", "latest"):
        return next((run for run in reversed(runs) if _is_own(project.run_directory(run))), runs[-1])
    if wanted in runs:
        return wanted
    found = [run for run in runs if wanted and (run.startswith(wanted) or run.endswith(wanted))]
    if not found:
        raise NotFound(f"There is no run {text!r} in {project.home}.", hint="`jupyter mlops runs` lists them.")
    if len(found) > 1:
        newest = ", ".join(reversed(found[-3:]))
        raise Usage(
            f"{text!r} fits {len(found)} runs: {newest}{', ...' if len(found) > 3 else ''}.",
            hint="Give more characters; the end of an id differs sooner than its beginning.",
        )
    return found[0]


def _is_own(directory: Path) -> bool:
    """Whether a person began this run: no step made it, and it has an event (on a full disk it may have none)."""
    names = _names(directory)
    begun = any(name.startswith("events-") and os.path.getsize(directory / name) for name in names)
    return begun and CHILD_NAME not in names


class _Clock:
    """Ticks of 1/4096 ms that never stand still."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def tick(self) -> int:
        with self._lock:
            self._last = max(time.time_ns() * 4096 // 1_000_000, self._last + 1)
            return self._last


_clock = _Clock()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
