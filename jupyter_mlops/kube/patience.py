"""A transport that tries again: servers restart, and say when they have too much to do."""

from __future__ import annotations

import time
from collections.abc import Callable

from jupyter_mlops.kube.failures import Unreachable, status_of
from jupyter_mlops.kube.pace import Backoff, Pace
from jupyter_mlops.kube.request import Request, Response, Stream, Transport
from jupyter_mlops.kube.stop import Stop

__all__ = ["Patient"]

BUSY = {429}
DOWN = {500, 502, 503, 504}


class Patient:
    """Passes every call on; what may go well in a moment is tried again for up to `seconds`.

    A request that could be done twice with another effect is tried again only when it was surely not done: nobody was
    reached, or the server said that it has too much to do. Streams pass as they are: who reads them goes on by himself.
    """

    def __init__(
        self,
        transport: Transport,
        seconds: float,
        *,
        stop: Stop | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport, self._seconds, self._clock = transport, seconds, clock
        self._stop, self._pace = stop or Stop(), pace or Pace(most=5.0)

    def send(self, request: Request) -> Response:
        """Ask, again if need be; the last answer or failure counts."""
        until, backoff = self._clock() + self._seconds, Backoff(self._pace)
        while True:
            answer, failure, asked_for = self._once(request)
            wait = backoff.next(asked_for)
            if (answer is not None and asked_for < 0) or self._clock() + wait > until or self._stop.wait(wait):
                break
        if failure is not None:
            raise failure
        assert answer is not None
        return answer

    def stream(self, request: Request) -> Stream:
        """As the transport within."""
        return self._transport.stream(request)

    def close(self) -> None:
        """Close the transport within."""
        self._stop.set()
        self._transport.close()

    def _once(self, request: Request) -> tuple[Response | None, Unreachable | None, float]:
        """The answer or the failure, and the seconds the server wants to be left alone; -1 when it is final."""
        try:
            answer = self._transport.send(request)
        except Unreachable as failure:
            if failure.sent and not request.repeatable:
                raise
            return None, failure, 0.0
        if answer.status in BUSY or (answer.status in DOWN and request.repeatable):
            return answer, None, status_of(answer).retry_after
        return answer, None, -1.0
