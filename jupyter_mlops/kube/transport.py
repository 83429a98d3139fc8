"""Requests over HTTPS with the standard library: the transport of laptops and pods alike."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping

from jupyter_mlops.kube.access import Access, Login
from jupyter_mlops.kube.connecting import FAULTS, Line, open_line, tls_context, unreachable
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.request import Request, Response, Stream

__all__ = ["CONNECT_S", "HttpTransport"]

CONNECT_S = 8.0
"""The longest that connecting may take, name, proxy and TLS included, so that a person has an answer within 10 s."""
IDLE_LINES = 8
CHUNK = 1 << 16
MOST_BYTES = 1 << 30


class HttpTransport:
    """A `Transport` that keeps connections for the next request, and asks its `Login` again when it is not let in.

    A connection that was kept and turns out to be closed is replaced once, unless the request could then be done twice.
    """

    def __init__(self, login: Login, *, connect_s: float = CONNECT_S) -> None:
        self._login, self._connect_s = login, connect_s
        self._guard = threading.Lock()
        self._idle: list[Line] = []
        self._busy: set[Line] = set()
        self._closed = False
        self._context_of: dict[tuple[object, ...], tuple[list[object], ssl.SSLContext | None]] = {}

    def send(self, request: Request) -> Response:
        """Ask, and wait for the whole answer."""
        line, answer = self._exchange(request, lambda _: None)
        try:
            body = b"".join(_chunks(answer))
        except FAULTS as fault:
            self._drop(line)
            raise unreachable(line.access, fault, sent=True) from fault
        self._keep(line, answer)
        return Response(answer.status, _headers(answer), body)

    def stream(self, request: Request) -> Stream:
        """Ask when the stream is first read."""
        return _HttpStream(request, self._exchange, self._drop)

    def close(self) -> None:
        """Close every connection; those who wait on one get `Unreachable`."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
            for line in self._busy:
                line.abort()
        for line in idle:
            line.close()

    def _exchange(self, request: Request, taken: Callable[[Line], None]) -> tuple[Line, http.client.HTTPResponse]:
        access = self._login.current()
        line, answer = self._ask(request, access, taken)
        if answer.status != http.client.UNAUTHORIZED:
            return line, answer
        try:
            newer = self._login.renew(access)
        except BaseException:
            self._drop(line)
            raise
        if newer == access:
            return line, answer
        self._drop(line)
        return self._ask(request, newer, taken)

    def _ask(
        self, request: Request, access: Access, taken: Callable[[Line], None]
    ) -> tuple[Line, http.client.HTTPResponse]:
        for line in self._lines(access):
            was_used = line.used
            try:
                taken(line)
                return line, line.ask(request)
            except Unreachable as fault:
                self._drop(line)
                stale = isinstance(fault.__cause__, (ConnectionError, http.client.RemoteDisconnected, ssl.SSLEOFError))
                if not (was_used and stale and request.repeatable):
                    raise
            except BaseException:
                self._drop(line)
                raise
        raise AssertionError("a fresh line either answers or raises")

    def _lines(self, access: Access) -> Iterator[Line]:
        """An idle connection, if there is one, then a fresh one."""
        self._refuse_when_closed()
        kept = self._kept(access)
        if kept is not None:
            yield kept
        line = open_line(access, self._context(access), self._connect_s)
        with self._guard:
            self._busy.add(line)
        try:
            self._refuse_when_closed()
        except Unreachable:
            self._drop(line)
            raise
        yield line

    def _refuse_when_closed(self) -> None:
        with self._guard:
            if self._closed:
                raise Unreachable("The connection to the cluster was closed here.")

    def _kept(self, access: Access) -> Line | None:
        with self._guard:
            while self._idle:
                line = self._idle.pop()
                if line.access == access and line.alive:
                    self._busy.add(line)
                    return line
                line.close()
        return None

    def _keep(self, line: Line, answer: http.client.HTTPResponse) -> None:
        with self._guard:
            fit = not (self._closed or answer.will_close or len(self._idle) >= IDLE_LINES)
            if fit:
                self._busy.discard(line)
                self._idle.append(line)
        if not fit:
            self._drop(line)

    def _drop(self, line: Line) -> None:
        with self._guard:
            self._busy.discard(line)
        line.close()

    def _context(self, access: Access) -> ssl.SSLContext | None:
        """Made once for the same files: reading the system's authorities takes 20 ms.

        Files that are gone are as they were: those of a kubeconfig's data are temporary, and somebody may tidy up.
        """
        files = (access.ca_file, access.cert_file, access.key_file)
        key, stamps = (access.server, access.verify, *files), [_stamp(path) for path in files if path]
        with self._guard:
            known = self._context_of.get(key)
            if known is not None and (None in stamps or known[0] == stamps):
                return known[1]
            made = tls_context(access)
            self._context_of = {key: (stamps, made)}
            return made


class _HttpStream:
    """The answer to one request, asked for when it is first looked at."""

    def __init__(
        self,
        request: Request,
        exchange: Callable[[Request, Callable[[Line], None]], tuple[Line, http.client.HTTPResponse]],
        drop: Callable[[Line], None],
    ) -> None:
        self._request, self._exchange, self._drop = request, exchange, drop
        self._guard, self._reading = threading.Lock(), threading.RLock()
        self._line: Line | None = None
        self._answer: http.client.HTTPResponse | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._closed = False

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._begun().status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        return _headers(self._begun())

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._reading:
            try:
                if self._closed:
                    raise StopIteration
                self._begun()
                return next(self._chunks)
            except StopIteration:
                self.close()
                raise
            except Exception as fault:
                was_closed = self._closed
                self.close()
                if was_closed:
                    raise StopIteration from None
                if self._line is not None and isinstance(fault, FAULTS):
                    raise unreachable(self._line.access, fault, sent=True) from fault
                raise

    def close(self) -> None:
        """End the read that another thread waits in; that thread then lets go of the connection."""
        with self._guard:
            self._closed = True
            if self._line is not None:
                self._line.abort()
        if self._reading.acquire(blocking=False):
            try:
                if self._line is not None:
                    self._drop(self._line)
            finally:
                self._reading.release()

    def _begun(self) -> http.client.HTTPResponse:
        with self._reading:
            if self._answer is None:
                if self._closed:
                    raise Unreachable("The stream was closed before the cluster answered.")
                _, self._answer = self._exchange(self._request, self._take)
                self._chunks = _chunks(self._answer, most=None)
            return self._answer

    def _take(self, line: Line) -> None:
        with self._guard:
            self._line = line
            if self._closed:
                raise Unreachable("The stream was closed before the cluster answered.")


def _chunks(answer: http.client.HTTPResponse, most: int | None = MOST_BYTES) -> Iterator[bytes]:
    """What came, as it comes; an answer that ends before its time raises."""
    total = 0
    while True:
        # Before Python 3.12 `read1` does not count, and would wait for more than there is.
        chunk = answer.read1(CHUNK) if answer.length is None else answer.read(min(CHUNK, answer.length))
        if not chunk:
            break
        total += len(chunk)
        if most is not None and total > most:
            raise ValueError(f"the answer is longer than {most >> 20} MiB")
        yield chunk
    missing = answer.length
    answer.close()
    if missing:
        raise http.client.IncompleteRead(b"", missing)


def _headers(answer: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.getheaders()}


def _stamp(path: str) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
