"""Ctrl-C while a run goes on: the first one asks it to stop, the second one ends this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stopping(stop: threading.Event, announce: Callable[[], None]) -> Iterator[None]:
    """The first signal sets `stop` and calls `announce` (in another thread); the next raises KeyboardInterrupt.

    Signals that are ignored (`nohup`, a background job) stay ignored. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    # A handler may run while the main thread holds the lock inside `stop`: the watcher thread takes it instead.
    watcher = threading.Thread(target=_watch, args=(reader, stop, announce), name="mlops-signals", daemon=True)
    watcher.start()
    handler = _handler(writer)
    previous = {number: signal.signal(number, handler) for number in _SIGNALS if _is_heeded(number)}
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _handler(writer: int) -> Callable[[int, FrameType | None], None]:
    seen: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            raise KeyboardInterrupt
        os.write(writer, b"!")

    return on_signal


def _is_heeded(number: int) -> bool:
    return signal.getsignal(number) not in (signal.SIG_IGN, None)


def _watch(reader: int, stop: threading.Event, announce: Callable[[], None]) -> None:
    while os.read(reader, 1):
        stop.set()
        announce()
