"""A transport without a network: a function answers, and everything that was asked is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.request import Request, Response

Answer = Callable[[Request], "tuple[int, object]"]


class FakeTransport:
    """`answer` gives status and body: an object, bytes, or for a stream a list of chunks and of errors to raise."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[Request] = []
        self.closed = False

    def send(self, request: Request) -> Response:
        self._note(request)
        status, body = self._answer(request)
        return Response(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())

    def stream(self, request: Request) -> FakeStream:
        return FakeStream(self, request)

    def close(self) -> None:
        self.closed = True

    def begin(self, request: Request) -> tuple[int, Iterator[Any]]:
        self._note(request)
        status, body = self._answer(request)
        if not isinstance(body, list):
            body = [body if isinstance(body, bytes) else json.dumps(body).encode()]
        return status, iter(body)

    def _note(self, request: Request) -> None:
        if self.closed:
            raise Unreachable("closed")
        self.asked.append(request)


class FakeStream:
    def __init__(self, transport: FakeTransport, request: Request) -> None:
        self._transport, self._request = transport, request
        self._begun: tuple[int, Iterator[Any]] | None = None
        self._closed = threading.Event()
        self.headers: Mapping[str, str] = {}

    @property
    def status(self) -> int:
        return self._start()[0]

    def __iter__(self) -> FakeStream:
        return self

    def __next__(self) -> bytes:
        if self._closed.is_set():
            raise StopIteration
        found = next(self._start()[1])
        if isinstance(found, Exception):
            self.close()
            raise found
        if isinstance(found, threading.Event):
            found.set()
            assert self._closed.wait(30)
            raise StopIteration
        return found if isinstance(found, bytes) else json.dumps(found).encode() + b"\n"

    def close(self) -> None:
        self._closed.set()

    def _start(self) -> tuple[int, Iterator[Any]]:
        if self._begun is None:
            if self._closed.is_set():
                raise Unreachable("closed")
            self._begun = self._transport.begin(self._request)
        return self._begun
