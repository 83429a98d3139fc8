"""A wish to stop that reaches those who wait for bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Stop"]


class Stop(threading.Event):
    """An event that also ends reads: what is registered with `ends` is called once, from the thread that sets it."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.RLock()  # a signal handler may set it in a thread that is inside
        self._actions: list[Callable[[], None]] = []

    def set(self) -> None:
        """Ask everybody to stop, also those who wait for the network."""
        super().set()
        with self._guard:
            actions, self._actions = self._actions, []
        for action in actions:
            action()

    @contextmanager
    def ends(self, action: Callable[[], None]) -> Iterator[None]:
        """While inside, setting this calls `action`; when it is set already, at once."""
        with self._guard:
            self._actions.append(action)
        try:
            if self.is_set():
                action()
            yield
        finally:
            with self._guard:
                if action in self._actions:
                    self._actions.remove(action)
