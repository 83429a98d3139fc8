"""The time of events: they are read in its order, so it must not go back when the system's does."""

from __future__ import annotations

import time
from collections.abc import Callable

# More than the step between two floats of this size: what another engine wrote last is strictly before.
_TICK_S = 1e-6


class ForwardClock:
    """Seconds since the epoch that never go back, and begin behind `after`, the last event that others wrote."""

    def __init__(self, after: float = 0.0, clock: Callable[[], float] = time.time) -> None:
        self._last = after + _TICK_S
        self._clock = clock

    def __call__(self) -> float:
        """The time now, or the last one that was told if the clock was set back."""
        self._last = max(self._last, self._clock())
        return self._last
