from __future__ import annotations

import io
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.store.mlflow_api.body import Body, body_of
from jupyter_mlops.store.mlflow_api.request import Problem

NEXT = b"GET /next HTTP/1.1\r\n"


def announced(**headers: str) -> Message:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message


def in_chunks(parts: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


def read_by(body: Body, size: int) -> bytes:
    found = b""
    while part := body.read(size):
        assert len(part) <= size
        found += part
    return found


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(1, 40))
def test_chunks_are_put_together_and_what_follows_is_left(parts: list[bytes], size: int) -> None:
    stream = io.BytesIO(in_chunks(parts) + NEXT)

    found = read_by(body_of(announced(Transfer_Encoding="chunked"), stream), size)

    assert found == b"".join(parts)
    assert stream.read() == NEXT


@given(st.binary(max_size=60), st.integers(1, 40))
def test_a_body_of_known_length_is_read_to_its_end(data: bytes, size: int) -> None:
    stream = io.BytesIO(data + NEXT)

    body = body_of(announced(Content_Length=str(len(data))), stream)

    assert read_by(body, size) == data
    assert body.over
    assert stream.read() == NEXT


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(0, 50))
def test_what_nobody_read_is_drained_to_the_same_place(parts: list[bytes], some: int) -> None:
    stream = io.BytesIO(in_chunks(parts) + NEXT)
    body = body_of(announced(Transfer_Encoding="chunked"), stream)
    body.read(some)

    assert body.over or body.drain(10_000)
    assert stream.read() == NEXT


@given(st.binary(max_size=80))
def test_any_bytes_as_chunks_are_read_or_refused(data: bytes) -> None:
    body = body_of(announced(Transfer_Encoding="chunked"), io.BytesIO(data))
    try:
        body.read()
    except Problem:
        return
    assert body.over


def test_draining_ends_at_its_limit() -> None:
    stream = io.BytesIO(b"x" * 1_000_000)

    assert not body_of(announced(Content_Length="1000000"), stream).drain(100_000)
    assert stream.tell() < 200_000


def test_no_announcement_is_an_empty_body() -> None:
    stream = io.BytesIO(NEXT)

    assert body_of(announced(), stream).read() == b""
    assert stream.read() == NEXT


def test_who_hangs_up_is_told_of_as_a_request_that_ended_too_soon() -> None:
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(Problem, match="too soon"):
        body_of(announced(Content_Length="5"), Gone()).read()
