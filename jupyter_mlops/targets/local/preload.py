"""Importing libraries ahead of the tasks that use them, and telling which leave a process unfit to fork.

Only what is installed (site-packages, standard library) is imported, never modules of the user, which may change
between two tasks. Python >= 3.9, standard library.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import sys
import sysconfig
import threading
from collections.abc import Iterable

# Threads that look after their own forks: jemalloc stops and restarts its background thread around one.
FORK_SAFE_THREADS = frozenset({"jemalloc_bg_thd"})


class UnfitToFork(Exception):
    """An import started threads, opened a GPU or printed: a process that has done so must not be forked from."""


def import_installed(name: str) -> str:
    """Import a module if it is installed; the answer is why not, empty when it was imported.

    Raises:
        UnfitToFork: it was imported, and this process must not be forked any more.
    """
    if name in sys.modules:
        return ""
    reason = _why_not_installed(name.partition(".")[0])
    if reason:
        return reason
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            importlib.import_module(name)
            if name in _FIRST_USE:
                _FIRST_USE[name]()
    except BaseException as error:  # noqa: BLE001 - libraries raise anything; the task will show it in its cell
        reason = f"its import fails: {type(error).__name__}: {error}"
    if printed.getvalue():
        raise UnfitToFork("it prints when it is imported")
    _check_fit()
    return reason


def _use_pandas() -> None:
    """A first table makes pandas import some 20 ms of further modules, which each task would do again."""
    pandas = importlib.import_module("pandas")
    table = pandas.DataFrame({"number": [1.0], "text": ["a"]})
    table.memory_usage()
    repr(table)


# What libraries do when they are first used rather than when they are imported.
_FIRST_USE = {"pandas": _use_pandas}


def _check_fit() -> None:
    if _threads() > 1:
        raise UnfitToFork("its import starts threads")
    if _gpu_is_open():
        raise UnfitToFork("its import opens the GPU")


def _why_not_installed(top: str) -> str:
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return "it is not installed"
    places = list(spec.submodule_search_locations or ())
    if spec.origin and os.path.isabs(spec.origin):
        places.append(spec.origin)
    elif not places:
        return ""  # built into the interpreter
    roots = tuple(_installed_roots())
    if any(os.path.realpath(place).startswith(roots) for place in places):
        return ""
    return "it is not in site-packages"


def _installed_roots() -> Iterable[str]:
    kinds = {sysconfig.get_paths().get(kind, "") for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    # Debian and user installations keep their own; .pth files of editable installs are outside on purpose.
    named = {
        entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages", "lib-dynload")
    }
    return {os.path.realpath(root) + os.sep for root in kinds | named if root}


def _threads() -> int:
    if threading.active_count() > 1:
        return threading.active_count()
    count = _native_threads()
    if count > 1 and hasattr(os, "fork"):
        # OpenBLAS ends its threads before a fork and starts them when next used: after a trial fork they are gone.
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        count = _native_threads()
    return count


def _native_threads() -> int:
    try:
        threads = os.listdir("/proc/self/task")
    except OSError:
        return 1
    return 1 + sum(thread != str(os.getpid()) and _thread_name(thread) not in FORK_SAFE_THREADS for thread in threads)


def _thread_name(thread: str) -> str:
    try:
        with open(f"/proc/self/task/{thread}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def _gpu_is_open() -> bool:
    # Asking CUDA would initialise it; the driver's device files are open if and only if somebody did.
    try:
        descriptors = os.listdir("/proc/self/fd")
    except OSError:
        return False
    return any(_target_of(descriptor).startswith("/dev/nvidia") for descriptor in descriptors)


def _target_of(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""
