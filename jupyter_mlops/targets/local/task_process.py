"""What a new process does before and after the work of an attempt: the difference between it and a fresh kernel.

Called in a process just forked from the zygote, or in a spawned worker. Python >= 3.9, standard library.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlops.targets.local.launch import Launch

EXIT_HANDLERS_S = 10.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def prepare() -> None:
    """What a new process can do before its launch is known."""
    adopt_orphans()
    _reseed()
    _prefer_for_the_oom_killer()


def work(launch: Launch) -> int:
    """Do what the launch asks for, in the state a fresh interpreter would be in; the answer is the exit code.

    Call `prepare` before.
    """
    try:
        _enter(launch)
        return int(_find(launch.call)(launch.argument) or 0)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - the process ends here; its log is where the reason can be read
        traceback.print_exc()
        return 1


def leave(code: int, farewell: Callable[[int], None] | None = None) -> None:
    """End this process with `code`: exit handlers run, but cannot hold it for ever. Does not return.

    `farewell` is called at the very end: what follows is only the system giving the memory back.
    """
    timer = threading.Timer(EXIT_HANDLERS_S, os._exit, (code,))
    timer.daemon = True
    timer.start()
    try:
        atexit._run_exitfuncs()
    except BaseException:  # noqa: BLE001 - a library's exit handler changes nothing about the work that is done
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    if farewell is not None:
        farewell(code & 0xFF)
    os._exit(code & 0xFF)


def die_with_parent(number: int, parent: int) -> bool:
    """Have the system send us `number` when `parent` ends; False if it has ended already. Linux; elsewhere no-op."""
    _prctl(_PR_SET_PDEATHSIG, number)
    return os.getppid() == parent


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, so that none is lost from sight. Linux."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _enter(launch: Launch) -> None:
    _redirect(launch.log)
    _replace_environment(launch.env)
    os.chdir(launch.cwd)
    if "" not in sys.path:
        sys.path.insert(0, "")  # as in a kernel: modules beside the notebook can be imported
    faulthandler.enable()
    gc.enable()


def _find(name: str) -> Callable[[Any], Any]:
    module, _, function = name.partition(":")
    found: Callable[[Any], Any] = getattr(importlib.import_module(module), function)
    return found


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666) if log else nothing
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in {nothing, output} - {0, 1, 2}:
        os.close(descriptor)
    # Their buffers and modes were made for the zygote's own, closed, output.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _replace_environment(env: Mapping[str, str]) -> None:
    zone = os.environ.get("TZ")
    for name in set(os.environ).difference(env):
        del os.environ[name]
    for name, value in env.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    if env.get("TZ") != zone and hasattr(time, "tzset"):
        time.tzset()


def _reseed() -> None:
    # `random` does it itself after a fork. numpy's global generator would give every task the same numbers.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _prefer_for_the_oom_killer() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # a task goes before the engine and the desktop
    except OSError:
        return


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def reset_signals() -> None:
    """Give signals the meaning they have in a fresh interpreter."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP", "SIGCHLD"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)
