"""The body of an HTTP request: as long as its header says or in chunks, and never longer than is allowed."""

from __future__ import annotations

import re
from email.message import Message
from typing import BinaryIO

from jupyter_mlops.store.mlflow_api.request import Problem

MAX_BODY = 16 << 30  # bytes: files may be models
MAX_TRAILERS = 100
_BLOCK = 1 << 16
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


class Body:
    """Reads what belongs to one request, and not a byte of the next."""

    def __init__(self, stream: BinaryIO, *, size: int, chunked: bool = False) -> None:
        self._stream = stream
        self._left = size  # of the current chunk
        self._chunked = chunked
        self._total = 0
        self.over = size == 0 and not chunked

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all where it is negative; empty at the end.

        Raises:
            Problem: it ended too soon, or is too large.
        """
        parts = []
        while size and not self.over:
            if self._total + self._left > MAX_BODY:
                raise _too_large()
            part = self._some(_BLOCK if size < 0 else size)
            parts.append(part)
            size -= len(part) if size > 0 else 0
        return b"".join(parts)

    def drain(self, limit: int) -> bool:
        """Read what nobody wanted, up to `limit` bytes; whether that was all."""
        try:
            while limit > 0 and not self.over:
                limit -= len(self._some(min(limit, _BLOCK)))
        except (Problem, OSError):
            return False
        return self.over

    def _some(self, size: int) -> bytes:
        """Some bytes of the current chunk, or the beginning of the next one."""
        if not self._left:
            self._next_chunk()
            return b""
        wanted = min(self._left, size)
        try:
            data = self._stream.read(wanted)
        except OSError:  # it hung up, or says nothing any more
            data = b""
        self._left -= len(data)
        self._total += len(data)
        if len(data) < wanted:
            raise _wrong("The request ended too soon.")
        if not self._chunked:
            self.over = not self._left
        elif not self._left:
            self._stream.readline(3)  # the end of the chunk's line
        return data

    def _next_chunk(self) -> None:
        match = _CHUNK.fullmatch(self._stream.readline(1000))
        if match is None:
            raise _wrong("A chunk of the request cannot be read.")
        self._left = int(match[1], 16)
        if self._left:
            return
        for _ in range(MAX_TRAILERS):
            if not self._stream.readline(1000).strip():
                self.over = True
                return
        raise _wrong("The request does not end.")


def body_of(headers: Message, stream: BinaryIO) -> Body:
    """The body that the headers announce.

    Raises:
        Problem: they contradict themselves, or cannot be read.
    """
    coding, lengths = headers.get_all("Transfer-Encoding") or [], headers.get_all("Content-Length") or []
    if coding:
        if lengths or [word.strip().lower() for word in coding] != ["chunked"]:
            raise _wrong("Transfer-Encoding may be `chunked`, without a Content-Length.")
        return Body(stream, size=0, chunked=True)
    if not lengths:
        return Body(stream, size=0)
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,15}", lengths[0].strip()):
        raise _wrong("Content-Length is no number of bytes.")
    return Body(stream, size=int(lengths[0]))


def _wrong(message: str) -> Problem:
    return Problem("INVALID_PARAMETER_VALUE", message)


def _too_large() -> Problem:
    return Problem("INVALID_PARAMETER_VALUE", f"More than {MAX_BODY >> 30} GiB in one request.", status=413)
