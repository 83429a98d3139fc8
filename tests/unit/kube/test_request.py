from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.kube.request import Request, as_object, lines


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_lines_are_the_same_however_the_bytes_arrive(data, cuts):
    places = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    chunks = [data[a:b] for a, b in itertools.pairwise(places)]
    assert b"".join(lines(iter(chunks))) == data
    assert all(line.count(b"\n") == line.endswith(b"\n") for line in lines(iter(chunks)))
    assert all(line.endswith(b"\n") for line in list(lines(iter(chunks)))[:-1])


def test_a_torn_line_is_dropped_when_the_connection_breaks():
    def chunks():
        yield b"one\ntw"
        raise ConnectionError

    got = []
    with pytest.raises(ConnectionError):
        got.extend(lines(chunks()))
    assert got == [b"one\n"]


def test_an_endless_line_is_refused(monkeypatch):
    monkeypatch.setattr("jupyter_mlops.kube.request.LONGEST_LINE", 1000)
    with pytest.raises(ValueError, match="longer"):
        list(lines(iter([b"x" * 400] * 4)))


@pytest.mark.parametrize("data", [b"", b"[1]", b"null", b"nonsense", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_none(data):
    assert as_object(data) is None


def test_a_query_is_quoted():
    assert Request("GET", "/a", {"labelSelector": "a in (b,c)"}).target == "/a?labelSelector=a+in+%28b%2Cc%29"
