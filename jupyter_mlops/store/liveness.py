"""Who drives a run: which process, does it still live, and a lock so that two never drive one run."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Conflict
from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.events_file import event_files

LOCK_NAME = "engine.lock"
# An engine on a machine whose processes cannot be seen from here counts as dead when it holds no lock and was silent
# for this long.
SILENCE_S = 600.0

_held: set[str] = set()  # POSIX locks say nothing between threads of one process, so this process keeps its own list
_held_guard = threading.Lock()
_store_guard = threading.Lock()


def engine_identity() -> dict[str, Any]:
    """This process, so that another one can tell whether it still lives: a pid alone is soon used again."""
    return {
        "pid": os.getpid(),
        "started": process_start(os.getpid()),
        "host": socket.gethostname(),
        "boot": _boot_id(),
        "namespace": _pid_namespace(),
    }


def engine_lives(identity: Mapping[str, Any]) -> bool | None:
    """Whether that process still runs; None if it cannot be told from here (another machine or container)."""
    if not identity.get("pid"):
        return None
    if identity.get("host") != socket.gethostname() or identity.get("namespace", "") != _pid_namespace():
        return None
    if identity.get("boot", "") != _boot_id():
        return False
    return process_start(int(identity["pid"])) == identity.get("started")


def run_is_driven(directory: Path, identity: Mapping[str, Any] | None) -> bool:
    """Whether an engine drives the run now: by the lock, by its process, or at least by recent signs of life.

    Of a run that is driven elsewhere only that place can say so: it is live until its death was heard of.
    """
    from jupyter_mlops.store.remote import lives_elsewhere  # it takes locks as this module does

    if lock_is_held(directory):
        return True
    if (elsewhere := lives_elsewhere(directory)) is not None:
        return elsewhere
    lives = engine_lives(identity) if identity else None
    if lives is not None:
        return lives
    return time.time() - _last_sign(directory) < SILENCE_S


@contextlib.contextmanager
def driving(directory: Path) -> Iterator[None]:
    """Hold the run while driving it. The lock goes with the process, however it ends.

    Raises:
        Conflict: another engine drives it now.
        StoreUnwritable: the folder cannot be written.
    """
    path = str(directory / LOCK_NAME)
    with _held_guard:
        if path in _held:
            raise _driven(directory, "this process")
        _held.add(path)
    try:
        with store_lock(directory.parent.parent, shared=True):  # waits while a collector looks for what no run uses
            descriptor = _acquire(directory)
        try:
            yield
        finally:
            os.close(descriptor)
    finally:
        with _held_guard:
            _held.discard(path)


@contextlib.contextmanager
def store_lock(home: Path, *, shared: bool = False) -> Iterator[None]:
    """Wait for the store: shared by those who begin to use artifacts, alone for who removes them. Not reentrant."""
    with _store_guard:
        with unwritable_explained(home):
            descriptor = os.open(home / "store.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try_lock(descriptor, wait=True, shared=shared)
            yield
        finally:
            os.close(descriptor)


def lock_is_held(directory: Path) -> bool:
    """Whether some process, this one included, drives the run."""
    path = directory / LOCK_NAME
    with _held_guard:  # closing any descriptor of the file would give up the lock of this process
        if str(path) in _held:
            return True
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            return False
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)


def try_lock(descriptor: int, *, wait: bool = False, shared: bool = False) -> bool:
    """Take a lock on the whole file; false if another process has it. Freed by closing the file or by dying.

    `fcntl`, not `flock`: a task that was forked from the engine must not keep the run when the engine dies.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.lockf(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks: nothing can be told, and nothing must be blocked
    return True


def process_start(pid: int) -> str:
    """When a process started, in the system's own words; empty if there is no such process (a zombie is none)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            after_name = file.read().rpartition(b")")[2].split()
        return "" if after_name[0] in (b"Z", b"X") else after_name[19].decode()
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return ""
    found = _answer("ps", "-o", "stat=,lstart=", "-p", str(pid))
    state, _, started = found.partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _acquire(directory: Path) -> int:
    with unwritable_explained(directory):
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not try_lock(descriptor):
            raise _driven(directory, _holder(descriptor))
        with unwritable_explained(directory):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(engine_identity()).encode())
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _holder(descriptor: int) -> str:
    try:
        identity = json.loads(os.read(descriptor, 4096))
        return f"process {identity['pid']} on {identity['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _driven(directory: Path, by: str) -> Conflict:
    return Conflict(
        f"The run {directory.name} is driven by {by} now.",
        hint="Wait until it ends, or stop it with `jupyter mlops cancel`.",
    )


def _last_sign(directory: Path) -> float:
    return max((path.stat().st_mtime for path in event_files(directory)), default=0.0)


@functools.cache
def _boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        pass
    return _answer("sysctl", "-n", "kern.boottime")


def _answer(*command: str) -> str:
    import subprocess  # only where there is no /proc

    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
