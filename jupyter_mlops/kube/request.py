"""A request to the API server as data, and the one seam that carries it there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

__all__ = ["APPLY", "JSON", "MERGE_PATCH", "Request", "Response", "Stream", "Transport", "as_object", "lines"]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
LONGEST_LINE = 64 << 20


@dataclass(frozen=True)
class Request:
    """One call; `path` is quoted already, `timeout` the longest wait in seconds for the next bytes (None: for ever)."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content_type: str = JSON
    stream: bool = False
    timeout: float | None = 30.0

    @property
    def target(self) -> str:
        """Path and query as they go over the wire."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def data(self) -> bytes | None:
        """The body in bytes; JSON is YAML too."""
        return None if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is the same as doing it once."""
        return self.method != "POST"


@dataclass(frozen=True)
class Response:
    """A whole answer, whatever its status; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream(Protocol):
    """An answer that comes bit by bit. One thread reads; any thread may close.

    Asking for `status` or for the first chunk waits until the answer begins. Iteration ends when the server ended the
    answer, or when it was closed; it raises `Unreachable` when the connection broke or was silent for too long.
    """

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None:
        """End a read at once, and let go of the connection; more than once is fine."""
        ...


class Transport(Protocol):
    """Carries requests. Any number of threads may call it at the same time.

    An answer of whatever HTTP status is an answer. That none came is `Unreachable`, never a library's own error.
    """

    def send(self, request: Request) -> Response:
        """Ask, and wait for the whole answer."""
        ...

    def stream(self, request: Request) -> Stream:
        """Ask; the answer is read from the stream, which its reader closes. Returns at once."""
        ...

    def close(self) -> None:
        """End everything that is under way; nothing can be asked afterwards."""
        ...


def lines(stream: Stream) -> Iterator[bytes]:
    """The lines of a stream with their ends. The last one may have none, if the server ended the answer there.

    What came of a line before the connection broke is dropped: it is no line.
    """
    pending = bytearray()
    for chunk in stream:
        pending += chunk
        if b"\n" not in chunk:
            if len(pending) > LONGEST_LINE:
                raise ValueError(f"a line is longer than {LONGEST_LINE >> 20} MiB")
            continue
        whole, _, rest = bytes(pending).rpartition(b"\n")
        pending = bytearray(rest)
        for line in whole.split(b"\n"):
            yield line + b"\n"
    if pending:
        yield bytes(pending)


def as_object(data: bytes) -> dict[str, Any] | None:
    """A JSON object; None when it is something else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
