"""A run that is driven elsewhere, as its folder here tells of it: where it is, and what was heard of its driver last.

`remote.json` in the run's folder has what a process needs that knows nothing else: the target, how it was set up when
the run began, and which driver of the run is at work. While its state is `live`, the run is, whatever was or was not
heard of it; only what the place itself says ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from jupyter_mlops.errors import Usage
from jupyter_mlops.store.atomic_write import unwritable_explained, write_atomically
from jupyter_mlops.store.liveness import try_lock

NAME = "remote.json"
LOCK = "following.lock"
HOME_WRITER = "home"
_FORMAT = 1
# Seconds.
_AGAIN_S = 60.0

State = Literal["live", "ended"]

_held: set[str] = set()  # as in `liveness`: POSIX locks say nothing between threads of one process
_guard = threading.Lock()


@dataclass(frozen=True)
class RemoteRun:
    """Where a run is driven. `settings` are those its target is opened with again, as JSON data; `driver` counts them.

    `complete`: all that the place has of the run, but for large values, is here. `missing`: why the rest could not be
    brought, when that was `tried` last (seconds since the epoch).
    """

    target: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    driver: int = 1
    state: State = "live"
    complete: bool = False
    missing: str = ""
    tried: float = 0.0

    @property
    def failed_lately(self) -> bool:
        """Whether what is missing could not be brought a moment ago, so that who only looks need not wait for it."""
        return bool(self.missing) and 0.0 <= time.time() - self.tried < _AGAIN_S

    @property
    def live(self) -> bool:
        """Whether a driver is at work, as far as is known."""
        return self.state == "live"


def read_remote(directory: Path) -> RemoteRun | None:
    """Where the run is driven; None for one that is driven here.

    Raises:
        Usage: the file is damaged.
    """
    try:
        said = json.loads((directory / NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise _damaged(directory) from error
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        raise _damaged(directory)
    target, settings, driver, state = (said.get(name) for name in ("target", "settings", "driver", "state"))
    if not isinstance(target, str) or not isinstance(settings, dict) or not isinstance(driver, int):
        raise _damaged(directory)
    found = RemoteRun(target, settings, driver, "ended" if state == "ended" else "live", said.get("complete") is True)
    missing, tried = said.get("missing"), said.get("tried")
    if not isinstance(missing, str) or not isinstance(tried, (int, float)):
        return found
    return replace(found, missing=missing, tried=tried)


def write_remote(directory: Path, remote: RemoteRun) -> None:
    """Write it down, in one piece."""
    with unwritable_explained(directory):
        data = {"format": _FORMAT, **vars(remote), "settings": dict(remote.settings)}
        write_atomically(directory / NAME, json.dumps(data, indent=1).encode() + b"\n")


def change_remote(directory: Path, **changes: Any) -> None:
    """Write down what has changed, if it has; nothing if the run is driven here, or its folder is gone."""
    before = read_remote(directory)
    if before is not None and replace(before, **changes) != before:
        write_remote(directory, replace(before, **changes))


def is_remote(directory: Path) -> bool:
    """Whether the run is driven elsewhere."""
    return (directory / NAME).is_file()


def lives_elsewhere(directory: Path) -> bool | None:
    """Whether a driver elsewhere is at work; None for a run that is driven here."""
    try:
        found = read_remote(directory)
    except Usage:
        return False
    return None if found is None else found.live


def belongs_home(name: str) -> bool:
    """Whether a file of the run's folder (by its relative name) is written here, and never comes from elsewhere."""
    return name in (NAME, LOCK) or name.startswith(f"events-{HOME_WRITER}")


def bringing_home(directory: Path) -> contextlib.AbstractContextManager[bool]:
    """Be the one who brings the run home; false if somebody else does so now. Ends with the process, at the latest."""
    return only_one(directory / LOCK)


@contextlib.contextmanager
def only_one(lock: Path) -> Iterator[bool]:
    """Be the only one, of all threads and processes, who holds the file; false if somebody else does so now."""
    path = str(lock)
    descriptor = -1
    with _guard:
        mine = path not in _held
        if mine:
            with unwritable_explained(lock.parent):
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            mine = try_lock(descriptor)
            if mine:
                _held.add(path)
            else:
                os.close(descriptor)
    try:
        yield mine
    finally:
        if mine:
            with _guard:
                os.close(descriptor)
                _held.discard(path)


def _damaged(directory: Path) -> Usage:
    return Usage(
        f"{directory / NAME}, which says where the run is driven, cannot be read.",
        hint="Delete the run here with `jupyter mlops delete RUN --here`.",
    )
