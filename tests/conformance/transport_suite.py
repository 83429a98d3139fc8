"""What every `Transport` must do. An implementation is the fixture `open_transport`: from a server's URL, a transport.

The servers are doubles with real sockets that answer as each test says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.request import Request
from tests.unit.kube.api_double import CUT, END, HALF_OPEN, ApiDouble, Asked, begun, chunk, whole

PATIENCE_S = 30


class TransportSuite:
    @pytest.fixture
    def tls(self) -> Any:
        return None

    @pytest.fixture
    def serve(self, tls) -> Iterator[Callable[..., ApiDouble]]:
        doubles = []

        def start(script) -> ApiDouble:
            doubles.append(ApiDouble(script, tls))
            return doubles[-1]

        yield start
        for double in doubles:
            double.close()

    @pytest.fixture
    def connect(self, open_transport) -> Iterator[Callable[..., Any]]:
        opened = []

        def start(double: ApiDouble) -> Any:
            opened.append(open_transport(double.url))
            return opened[-1]

        yield start
        for transport in opened:
            transport.close()

    def test_a_request_arrives_as_it_is(self, serve, connect):
        double = serve(lambda _: iter([whole(200, {"a": 1})]))
        answer = connect(double).send(Request("PATCH", "/x/%2F", {"q": "a b&c=ü"}, {"ä": [1]}, "application/y"))
        (asked,) = double.asked
        assert (answer.status, answer.body) == (200, b'{"a": 1}')
        assert (asked.method, asked.path, asked.query, asked.json) == ("PATCH", "/x/%2F", {"q": "a b&c=ü"}, {"ä": [1]})
        assert asked.headers["content-type"] == "application/y"

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422])
    def test_a_refusal_is_an_answer(self, serve, connect, status):
        transport = connect(serve(lambda _: iter([whole(status, {"kind": "Status"})])))
        assert transport.send(Request("GET", "/")).status == status
        stream = transport.stream(Request("GET", "/", stream=True))
        assert (stream.status, b"".join(stream)) == (status, b'{"kind": "Status"}')

    def test_an_answer_in_chunks_is_put_together(self, serve, connect):
        double = serve(lambda _: iter([begun(), chunk(b"a" * 70_000), chunk(b"b"), END]))
        assert connect(double).send(Request("GET", "/")).body == b"a" * 70_000 + b"b"

    def test_an_empty_answer_is_an_answer(self, serve, connect):
        transport = connect(serve(lambda _: iter([whole(200, b" ")])))
        assert [transport.send(Request("GET", "/")).body for _ in range(3)] == [b" "] * 3

    def test_connections_are_used_again(self, serve, connect):
        double = serve(lambda _: iter([whole(200, {})]))
        transport = connect(double)
        for _ in range(5):
            transport.send(Request("GET", "/"))
        assert {asked.connection for asked in double.asked} == {double.asked[0].connection}

    def test_a_server_that_closed_the_connection_meanwhile_is_asked_on_a_new_one(self, serve, connect):
        double = serve(lambda _: iter([whole(200, {})]))
        transport = connect(double)
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert transport.send(Request(method, "/")).status == 200
            double.restart()
        assert [asked.method for asked in double.asked] == ["GET", "PUT", "PATCH", "DELETE"]

    def test_a_cut_in_an_answer_is_unreachable(self, serve, connect):
        double = serve(lambda _: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", CUT]))
        with pytest.raises(Unreachable) as caught:
            connect(double).send(Request("POST", "/"))
        assert caught.value.sent
        assert double.url in str(caught.value)

    def test_an_answer_that_is_no_http_is_unreachable(self, serve, connect):
        with pytest.raises(Unreachable):
            connect(serve(lambda _: iter([b"SSH-2.0-nonsense\r\n", CUT]))).send(Request("POST", "/"))

    def test_silence_is_unreachable_when_it_lasts_too_long(self, serve, connect):
        with pytest.raises(Unreachable, match="silent"):
            connect(serve(lambda _: iter([HALF_OPEN]))).send(Request("POST", "/", timeout=0.1))

    def test_nobody_there_is_unreachable_and_surely_not_sent(self, serve, connect):
        double = serve(lambda _: iter([]))
        transport = connect(double)
        double.close()
        with pytest.raises(Unreachable) as caught:
            transport.send(Request("POST", "/"))
        assert not caught.value.sent

    def test_a_stream_gives_what_came_at_once(self, serve, connect):
        more = threading.Event()
        double = serve(lambda _: iter([begun(), chunk(b"one\n"), more, chunk(b"two\n"), END]))
        stream = connect(double).stream(Request("GET", "/", stream=True))
        assert next(stream) == b"one\n"
        more.set()
        assert list(stream) == [b"two\n"]
        stream.close()

    def test_a_stream_of_known_length_ends(self, serve, connect):
        double = serve(lambda _: iter([whole(200, b"12345")]))
        assert b"".join(connect(double).stream(Request("GET", "/", stream=True))) == b"12345"

    @pytest.mark.parametrize(
        "last",
        [b"", b"5\r\nab", b"5", b"5\r\nabcde", b"5\r\nabcde\r\n"],
        ids=["between chunks", "in a chunk", "in a length", "before its end", "after a chunk"],
    )
    def test_a_stream_that_breaks_raises(self, serve, connect, last):
        double = serve(lambda _: iter([begun(), chunk(b"first\n"), last, CUT]))
        with pytest.raises(Unreachable):
            for _ in connect(double).stream(Request("GET", "/", stream=True)):
                pass

    def test_a_silent_stream_raises_when_it_lasts_too_long(self, serve, connect):
        double = serve(lambda _: iter([begun(), chunk(b"first\n"), HALF_OPEN]))
        stream = connect(double).stream(Request("GET", "/", stream=True, timeout=0.2))
        assert next(stream) == b"first\n"
        with pytest.raises(Unreachable, match="silent"):
            next(stream)

    @pytest.mark.parametrize("begins", [True, False], ids=["in its middle", "before it began"])
    def test_closing_a_stream_from_another_thread_ends_the_read_at_once(self, serve, connect, begins):
        reached = threading.Event()

        def script(_: Asked):
            if begins:
                yield begun() + chunk(b"first\n")
            reached.set()
            yield HALF_OPEN

        stream = connect(serve(script)).stream(Request("GET", "/", stream=True, timeout=None))
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.extend(stream))
        reader.start()
        assert reached.wait(PATIENCE_S)
        stream.close()
        reader.join(PATIENCE_S)
        assert not reader.is_alive()
        assert got in ([], [b"first\n"])

    def test_a_closed_stream_is_over(self, serve, connect):
        stream = connect(serve(lambda _: iter([begun(), chunk(b"x"), HALF_OPEN]))).stream(Request("GET", "/"))
        stream.close()
        stream.close()
        assert list(stream) == []

    def test_closing_the_transport_ends_who_waits(self, serve, connect):
        reached = threading.Event()

        def script(_: Asked):
            reached.set()
            yield HALF_OPEN

        transport = connect(serve(script))
        failures: list[BaseException] = []

        def ask() -> None:
            try:
                transport.send(Request("POST", "/", timeout=None))
            except BaseException as failure:
                failures.append(failure)

        asking = threading.Thread(target=ask)
        asking.start()
        assert reached.wait(PATIENCE_S)
        transport.close()
        asking.join(PATIENCE_S)
        assert [type(failure) for failure in failures] == [Unreachable]
        with pytest.raises(Unreachable):
            transport.send(Request("GET", "/"))

    def test_many_threads_ask_at_once(self, serve, connect):
        double = serve(lambda asked: iter([whole(200, {"path": asked.path})]))
        transport, wrong = connect(double), []

        def ask(number: int) -> None:
            for turn in range(5):
                answer = transport.send(Request("GET", f"/{number}/{turn}"))
                if answer.body != b'{"path": "/%d/%d"}' % (number, turn):
                    wrong.append(answer)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert (len(double.asked), wrong) == (30, [])
