"""SIGTERM interrupts the running cell, as Ctrl-C does in a notebook; for processes that a cell forks it is the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupting() -> Iterator[None]:
    """The first SIGTERM interrupts what the main thread does; later ones must not cut off the saving.

    Call it once in a process: what it does for forked processes stays.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Forks().watch()
    before = signal.signal(signal.SIGTERM, _interrupt), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0] or signal.SIG_DFL)
        signal.signal(signal.SIGINT, before[1] or signal.SIG_DFL)


def _interrupt(*_: Any) -> None:
    signal.signal(signal.SIGTERM, _ignore)
    raise KeyboardInterrupt("stopped by SIGTERM")


def _ignore(*_: Any) -> None:
    """Not `SIG_IGN`: what the process starts would inherit that."""


class _Forks:
    """Gives forked processes the system's way with SIGTERM, from their first moment on.

    The signal waits while the fork is under way: Python forgets in the child what came before its own preparations,
    so `multiprocessing.Pool.terminate` would wait for ever for a worker that it has just started.
    """

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def watch(self) -> None:
        os.register_at_fork(before=self._hold, after_in_parent=self._release, after_in_child=self._begin)

    def _hold(self) -> None:
        self._of_thread.mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def _release(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._of_thread.mask)

    def _begin(self) -> None:
        if signal.getsignal(signal.SIGTERM) in (_interrupt, _ignore):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._release()
