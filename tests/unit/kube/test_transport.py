"""What is special to the transport over HTTP; what every transport does is in the conformance suite."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from jupyter_mlops.kube import connecting
from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.transport import HttpTransport
from tests.unit.kube.api_double import END, ApiDouble, Fixed, begun, chunk, whole


@pytest.fixture
def transport():
    opened = []

    def start(*accesses, **options):
        opened.append(HttpTransport(Fixed(*accesses), **options))
        return opened[-1]

    yield start
    for item in opened:
        item.close()


def picky(asked):
    good = asked.headers.get("authorization") == "Bearer new"
    yield whole(200, b"in") if good else whole(401, b"out")


def test_a_login_is_asked_again_when_it_is_not_taken(serve, transport):
    double = serve(picky)
    asking = transport(Access(double.url, "Bearer old"), Access(double.url, "Bearer new"))
    assert asking.send(Request("POST", "/")).body == b"in"
    assert b"".join(asking.stream(Request("GET", "/"))) == b"in"
    assert asking._login.renewed == 1


def test_a_login_without_anything_newer_is_asked_once(serve, transport):
    double = serve(picky)
    asking = transport(Access(double.url, "Bearer old"))
    assert asking.send(Request("GET", "/")).status == 401
    assert len(double.asked) == 1


def test_a_login_that_fails_says_so_itself(serve, transport):
    asking = transport(Access(serve(picky).url))

    def fail(_):
        raise Unreachable("the plugin failed")

    asking._login.renew = fail
    with pytest.raises(Unreachable, match="plugin"):
        asking.send(Request("GET", "/"))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
def test_a_kept_connection_that_dies_under_a_request_is_replaced_unless_it_could_be_done_twice(
    serve, transport, method
):
    def script(asked):
        if asked.connection == 1 and len(double.asked) == 2:
            yield "cut"
            return
        yield whole(200, b"x")

    double = serve(script)
    asking = transport(Access(double.url))
    asking.send(Request("GET", "/"))
    if method == "POST":
        with pytest.raises(Unreachable) as caught:
            asking.send(Request(method, "/"))
        assert caught.value.sent
    else:
        assert asking.send(Request(method, "/")).body == b"x"


def test_nothing_is_created_over_a_connection_that_is_known_to_be_closed(serve, transport):
    double = serve(lambda _: iter([whole(200, b"x")]))
    asking = transport(Access(double.url))
    for _ in range(3):
        assert asking.send(Request("POST", "/")).status == 200
        double.restart()
    assert [asked.connection for asked in double.asked] == [1, 2, 3]


def test_a_fresh_connection_that_dies_is_not_tried_again(serve, transport):
    double = serve(lambda _: iter(["cut"]))
    with pytest.raises(Unreachable):
        transport(Access(double.url)).send(Request("GET", "/"))
    assert len(double.asked) == 1


def test_a_server_that_takes_connections_and_says_nothing_is_given_up(transport):
    """As behind a firewall that answers for others: TLS never comes to an end."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        asking = transport(Access(f"https://127.0.0.1:{mute.getsockname()[1]}"), connect_s=0.3)
        started = time.monotonic()
        with pytest.raises(Unreachable, match="silent") as caught:
            asking.send(Request("GET", "/"))
        assert time.monotonic() - started < 5
        assert not caught.value.sent


@pytest.fixture
def deaf():
    """An address that nobody answers: a full backlog drops what comes, as for a host that is gone."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for item in waiting:
            item.setblocking(False)
            item.connect_ex(full.getsockname())
        yield full.getsockname()
        for item in waiting:
            item.close()


def test_an_address_that_nobody_answers_is_given_up(transport, deaf):
    with pytest.raises(Unreachable, match="silent"):
        transport(Access(f"http://127.0.0.1:{deaf[1]}"), connect_s=0.3).send(Request("GET", "/"))


def test_a_name_that_does_not_exist_is_told(transport):
    with pytest.raises(Unreachable, match="cannot be resolved"):
        transport(Access("https://no-such-cluster.invalid")).send(Request("GET", "/"))


def test_a_name_that_nobody_resolves_in_time_is_given_up(transport, monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(connecting.socket, "getaddrinfo", lambda *_, **__: answered.wait(20) and [])
    with pytest.raises(Unreachable, match="cannot be resolved"):
        transport(Access("https://slow.test"), connect_s=0.2).send(Request("GET", "/"))
    answered.set()


def test_the_next_address_is_tried_when_one_is_deaf(serve, transport, monkeypatch, deaf):
    double = serve(lambda _: iter([whole(200, b"x")]))
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    places = [(*kind, deaf), (*kind, ("127.0.0.1", double.port))]
    monkeypatch.setattr(connecting.socket, "getaddrinfo", lambda *_, **__: places)
    assert transport(Access("http://two.test"), connect_s=1.0).send(Request("GET", "/")).body == b"x"


def test_a_plain_server_behind_https_is_told(serve, transport):
    double = serve(lambda _: iter([whole(400, b"")]))
    with pytest.raises(Unreachable):
        transport(Access(double.url.replace("http:", "https:"))).send(Request("GET", "/"))


def test_an_answer_without_end_is_cut_off(serve, transport, monkeypatch):
    monkeypatch.setattr("jupyter_mlops.kube.transport.MOST_BYTES", 100_000)
    monkeypatch.setattr("jupyter_mlops.kube.transport._chunks.__defaults__", (100_000,))
    double: ApiDouble = serve(lambda _: iter([begun(), *[chunk(b"x" * 60_000)] * 3, END]))
    with pytest.raises(Unreachable, match="longer"):
        transport(Access(double.url)).send(Request("GET", "/"))


@pytest.mark.parametrize("header", ["a\r\nX-Injected: 1", "é\u4e2d"])
def test_a_token_cannot_bring_headers_of_its_own(serve, transport, header):
    double = serve(lambda _: iter([whole(200, b"x")]))
    with pytest.raises(Unreachable):
        transport(Access(double.url, f"Bearer {header}")).send(Request("GET", "/"))
    assert double.asked == []


def test_a_redirect_is_not_followed_so_that_the_token_stays_here(serve, transport):
    double = serve(lambda _: iter([whole(302, b"", Location="http://127.0.0.1:1/")]))
    assert transport(Access(double.url, "Bearer x")).send(Request("GET", "/")).status == 302
