"""How long to wait before the next try, and for how long to hear nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Backoff", "Pace"]


@dataclass(frozen=True)
class Pace:
    """All in seconds.

    `watch`: how long the server keeps a watch open. `slack`: how much longer until silence counts as a lost
    connection. `first`, `most`: the waits after a failure, twice as long each time. `brief`: a watch that lasted less
    and brought nothing counts as a failure.
    """

    watch: float = 300.0
    slack: float = 30.0
    first: float = 0.5
    most: float = 30.0
    brief: float = 1.0
    random: Callable[[], float] = random.random

    def jittered(self, seconds: float) -> float:
        """Between three quarters of it and all of it, so that many clients do not come at one moment."""
        return seconds * (0.75 + 0.25 * self.random())


class Backoff:
    """The waits of one loop."""

    def __init__(self, pace: Pace) -> None:
        self._pace, self._next = pace, pace.first

    def next(self, at_least: float = 0.0) -> float:
        """Seconds to wait now; `at_least` is what the server asked for."""
        now = self._next
        self._next = min(self._next * 2, self._pace.most)
        return max(self._pace.jittered(now), at_least)

    def reset(self) -> None:
        """It went well: the next wait is the first again."""
        self._next = self._pace.first
