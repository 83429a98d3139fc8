"""Things to say at a later time, on a clock that the caller reads."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count

from jupyter_mlops.engine.state import DelayOver, TimeIsUp

# A wait is cut into pieces of this length, so that a request to stop is seen soon.
TICK_S = 0.1


class Timers:
    """Retries and timeouts that wait for their time. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, DelayOver | TimeIsUp]] = []
        self._order = count()

    def add(self, due: float, stimulus: DelayOver | TimeIsUp) -> None:
        """Have `stimulus` come out at `due`."""
        heapq.heappush(self._heap, (due, next(self._order), stimulus))

    def due(self, now: float) -> Iterator[DelayOver | TimeIsUp]:
        """Take out what has come due, oldest first."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    def wait(self, now: float) -> float:
        """Seconds until the next one, at most a tick."""
        return max(0.0, min(TICK_S, self._heap[0][0] - now)) if self._heap else TICK_S
