from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from jupyter_mlops.store.mlflow_api import Caller, Tracker
from jupyter_mlops.store.mlflow_api import body as body_module
from jupyter_mlops.store.mlflow_api.server import MlflowServer
from jupyter_mlops.store.run_state import load_run
from tests.unit.store.conftest import Written
from tests.unit.store.mlflow_api.calls import Calls, task_in

CREATE, GET = "/api/2.0/mlflow/runs/create", "/api/2.0/mlflow/runs/get"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    before = set(threading.enumerate())
    made = MlflowServer()
    yield made
    made.close()
    assert set(threading.enumerate()) <= before


@pytest.fixture
def token(server: MlflowServer, tracker: Tracker) -> str:
    return server.admit(tracker, Caller())


def ask(
    server: MlflowServer, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Status and parsed answer of one request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if answer.getheader("Content-Type") == "application/json" else data


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


def raw(server: MlflowServer, text: bytes) -> bytes:
    """What the server says to bytes that no HTTP library would send, until it hangs up."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as connection:
        found = b""
        with contextlib.suppress(OSError):  # it may hang up before it has read all
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                found += part
        return found


def test_it_listens_on_this_machine_only(server: MlflowServer) -> None:
    assert server._server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_who_has_a_token_is_answered(server: MlflowServer, token: str) -> None:
    status, made = ask(server, "POST", CREATE, b"{}", bearer(token))
    run = made["run"]["info"]["run_id"]

    assert status == 200
    assert ask(server, "GET", f"{GET}?run_id={run}&run_uuid={run}", headers=bearer(token))[1]["run"] == made["run"]


def test_a_password_is_as_good_as_a_token(server: MlflowServer, token: str) -> None:
    """MLflow's client sends a name and a password, where it finds some, instead of its token."""
    both = base64.b64encode(f"anybody:{token}".encode()).decode()

    assert ask(server, "POST", CREATE, b"{}", {"Authorization": f"Basic {both}"})[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer \u00e9\u00e9",
        "Basic",
        "Basic ???",
        "Basic " + base64.b64encode(b"\xff\xff").decode(),
        "Basic " + base64.b64encode(b"token").decode(),
        "Digest TOKEN",
        "TOKEN",
        "Bearer TOKENx",
    ],
)
def test_who_has_none_is_not(server: MlflowServer, token: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.replace("TOKEN", token)}

    for method, path in (
        ("POST", CREATE),
        ("GET", FILES),
        ("PUT", f"{FILES}/x/artifacts/y"),
        ("GET", "/"),
        ("DELETE", "/x"),
    ):
        status, found = ask(server, method, path, b"{}" if method == "POST" else None, headers)
        assert (status, found["error_code"]) == (401, "UNAUTHENTICATED"), (method, path)


def test_a_token_that_was_taken_back_says_so(server: MlflowServer, token: str) -> None:
    server.dismiss(token)

    status, found = ask(server, "POST", CREATE, b"{}", bearer(token))

    assert status == 401
    assert "no longer" in found["message"]
    assert token not in found["message"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "[::1]:PORT", ""])
def test_a_page_that_came_under_another_name_is_refused(server: MlflowServer, token: str, host: str) -> None:
    host = host.replace("PORT", str(server.port))

    status, found = ask(server, "POST", CREATE, b"{}", bearer(token, Host=host))

    assert (status, found["error_code"]) == (403, "PERMISSION_DENIED")


def test_localhost_is_the_same_place(server: MlflowServer, token: str) -> None:
    assert ask(server, "POST", CREATE, b"{}", bearer(token, Host=f"localhost:{server.port}"))[0] == 200


def test_each_token_is_one_task(server: MlflowServer, tracker: Tracker, make_run: Any) -> None:
    written: Written = make_run().created(plan={"steps": [{"name": "a"}, {"name": "b"}]}).started()
    tasks = [task_in(tracker, written, name) for name in "ab"]
    tokens = [server.admit(tracker, task.caller) for task in tasks]

    def log(token: str, number: int) -> None:
        for step in range(20):
            fields = {"run_id": written.run, "key": "m", "value": number, "step": step}
            ask(server, "POST", "/api/2.0/mlflow/runs/log-metric", json.dumps(fields), bearer(token))

    threads = [threading.Thread(target=log, args=(token, number)) for number, token in enumerate(tokens)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number, task in enumerate(tasks):
        points = task.get("metrics/get-history", run_id=written.run, metric_key="m")["metrics"]
        assert [(point["value"], point["step"]) for point in points] == [(number, step) for step in range(20)]


def test_files_come_and_go_in_chunks_too(server: MlflowServer, token: str) -> None:
    run = ask(server, "POST", CREATE, b"{}", bearer(token))[1]["run"]["info"]["run_id"]
    parts = [b"a" * 100_000, b"b", b"c" * 70_000]

    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        for name, body in (("chunked", iter(parts)), ("empty", iter([])), ("whole", b"".join(parts))):
            connection.request(
                "PUT", f"{FILES}/{run}/artifacts/{name}%20x", body, bearer(token), encode_chunked=name != "whole"
            )
            assert connection.getresponse().read() == b"{}"
        for name, data in (("chunked", b"".join(parts)), ("empty", b""), ("whole", b"".join(parts))):
            connection.request("GET", f"{FILES}/{run}/artifacts/{name}%20x", headers=bearer(token))
            assert connection.getresponse().read() == data


@pytest.mark.parametrize("path", ["%2e%2e/x", "a/%2e%2e/%2e%2e/x", "a%00b", "%ff", "a%5cb", "..%2fx"])
def test_a_path_is_judged_after_it_is_decoded(server: MlflowServer, token: str, tracker: Tracker, path: str) -> None:
    run = ask(server, "POST", CREATE, b"{}", bearer(token))[1]["run"]["info"]["run_id"]

    assert ask(server, "PUT", f"{FILES}/{run}/artifacts/{path}", b"evil", bearer(token))[0] == 400
    assert Calls(tracker).files(run) == []


def test_a_body_that_is_too_large_is_refused_and_the_answer_arrives(server: MlflowServer, token: str) -> None:
    status, found = ask(server, "POST", CREATE, b" " * (20 << 20), bearer(token))

    assert (status, found["error_code"]) == (413, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_that_is_too_large_is_refused_and_not_kept(
    server: MlflowServer, token: str, tracker: Tracker, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    run = ask(server, "POST", CREATE, b"{}", bearer(token))[1]["run"]["info"]["run_id"]
    monkeypatch.setattr(body_module, "MAX_BODY", 100_000)
    body = iter([b"x" * 60_000] * 3) if chunked else b"x" * 180_000

    status, _ = ask(server, "PUT", f"{FILES}/{run}/artifacts/a", body, bearer(token))

    assert status == 413
    assert Calls(tracker).files(run) == []
    assert not list(tracker.project.run_directory(run).glob(".*"))


HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
BROKEN = {
    "two lengths": "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
    "a negative length": "Content-Length: -1\r\n\r\n{{}}",
    "a length in words": "Content-Length: two\r\n\r\n{{}}",
    "an immense length": "Content-Length: 999999999999999\r\n\r\n{{}}",
    "a length and chunks": "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": "Transfer-Encoding: gzip\r\n\r\n{{}}",
    "a chunk without a length": "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{{}}\r\n0\r\n\r\n",
    "a negative chunk": "Transfer-Encoding: chunked\r\n\r\n-2\r\n{{}}\r\n0\r\n\r\n",
    "trailers without an end": "Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n" + "a: b\r\n" * 200,
    "less than was announced": "Content-Length: 50\r\n\r\n{{}}",
    "a chunk that breaks off": "Transfer-Encoding: chunked\r\n\r\n50\r\n{{}}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_request_changes_nothing(server: MlflowServer, token: str, tracker: Tracker, text: str) -> None:
    whole = (HEAD + text).format(path=CREATE, port=server.port, token=token)

    found = raw(server, whole.encode())

    assert found.split(b" ")[1] in (b"400", b"413"), found
    assert Calls(tracker).post("runs/search", experiment_ids=["0"])["runs"] == []


@pytest.mark.parametrize(
    "text", [b"", b"\r\n\r\n", b"\x16\x03\x01\x00\xa5", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000]
)
def test_what_is_no_http_ends_that_connection_only(server: MlflowServer, token: str, text: bytes) -> None:
    raw(server, text)

    assert ask(server, "POST", CREATE, b"{}", bearer(token))[0] == 200


def test_one_request_cannot_hide_another_in_its_body(server: MlflowServer, token: str, tracker: Tracker) -> None:
    """A request that is refused before its body is read: the body must not be taken for the next request."""
    hidden = HEAD.format(path=CREATE, port=server.port, token=token) + "Content-Length: 2\r\n\r\n{}"
    outer = HEAD.format(path="/nowhere", port=server.port, token="wrong") + f"Content-Length: {len(hidden)}\r\n\r\n"

    found = raw(server, (outer + hidden).encode())

    assert found.count(b"HTTP/1.1 ") == 1
    assert Calls(tracker).post("runs/search", experiment_ids=["0"])["runs"] == []


def test_a_client_that_asks_whether_it_may_is_told(server: MlflowServer, token: str) -> None:
    head = HEAD.format(path=CREATE, port=server.port, token=token)
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as connection:
        connection.sendall((head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n").encode())
        assert b"100 Continue" in connection.recv(1000)
        connection.sendall(b"{}")
        assert b" 200 " in connection.recv(1000)


def test_more_connections_than_it_takes_are_refused_not_kept(
    server: MlflowServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_mlops.store.mlflow_api import server as module

    monkeypatch.setattr(module, "MAX_CONNECTIONS", 2)
    held = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=20) for _ in range(2)]
    for connection in held:
        connection.request("POST", CREATE, b"{}", bearer(token))
        assert connection.getresponse().read()

    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask(server, "POST", CREATE, b"{}", bearer(token))
    for connection in held:
        connection.close()


def test_closing_hangs_up_on_everybody(tracker: Tracker) -> None:
    server = MlflowServer()
    token = server.admit(tracker, Caller())
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as kept:
        kept.request("POST", CREATE, b"{}", bearer(token))
        run = json.loads(kept.getresponse().read())["run"]["info"]["run_id"]

        server.close()

        assert kept.sock.recv(1) == b""
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", server.port), timeout=20).close()
    assert load_run(tracker.project.run_directory(run)).state == "running"  # the tracker ends it, not the server
