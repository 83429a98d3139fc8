"""The API on a socket of this machine, for clients that have a token."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import socket
import threading
from base64 import b64decode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

from jupyter_mlops.store.mlflow_api.body import Body, body_of
from jupyter_mlops.store.mlflow_api.request import Answer, Caller, Problem, Request
from jupyter_mlops.store.mlflow_api.routes import answer, refusal
from jupyter_mlops.store.mlflow_api.tracker import Tracker

ADDRESS = "127.0.0.1"
IDLE_S = 120.0
MAX_CONNECTIONS = 256
_DRAINED = 64 << 20  # bytes of a body that nobody reads, so that the client gets to read the answer


class MlflowServer:
    """Serves as long as it is not closed; whoever was admitted may log. Nobody else on the machine can."""

    def __init__(self, port: int = 0) -> None:
        """`port` 0 takes a free one. Raises OSError if the port cannot be had."""
        self._admitted: dict[bytes, tuple[Tracker, Caller]] = {}
        self._server = _Listener((ADDRESS, port), self._answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="mlops-mlflow", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What goes into MLFLOW_TRACKING_URI."""
        return f"http://{ADDRESS}:{self.port}"

    def admit(self, tracker: Tracker, caller: Caller) -> str:
        """Let a caller in; returns its token."""
        token = secrets.token_urlsafe(32)
        self._admitted[_digest(token)] = (tracker, caller)
        return token

    def dismiss(self, token: str) -> None:
        """Let it in no more."""
        self._admitted.pop(_digest(token), None)

    def close(self) -> None:
        """Answer nothing more; returns when the socket and all connections are closed."""
        self._admitted.clear()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def _answer(self, token: str, request: Request) -> Answer:
        # By its digest: how long a look-up takes says nothing about the token.
        admitted = self._admitted.get(_digest(token))
        if admitted is None:
            text = (
                "This token is not, or no longer, valid: MLflow's client may log while its step runs."
                if token
                else "A token is needed: set MLFLOW_TRACKING_TOKEN."
            )
            return refusal("UNAUTHENTICATED", text, 401)
        return answer(*admitted, request)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answer: Callable[[str, Request], Answer]) -> None:
        super().__init__(address, _Handler)
        self.answer = answer
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._idle = threading.Condition(self._guard)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            if len(self._connections) >= MAX_CONNECTIONS:
                self.shutdown_request(request)
                return
            self._connections.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._idle:
                self._connections.discard(request)
                self._idle.notify_all()

    def hang_up(self) -> None:
        """End all connections; waits a moment for their threads."""
        with self._idle:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._idle.wait_for(lambda: not self._connections, timeout=5.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is nobody's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "jupyter-mlops", ""
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def _handle(self) -> None:
        try:
            body = body_of(self.headers, cast(BinaryIO, self.rfile))
        except Problem as problem:
            self.close_connection = True
            self._send(refusal(problem.word, str(problem), problem.http_status))
            return
        found = self._answer(body)
        if not body.over and not body.drain(_DRAINED):
            self.close_connection = True
        self._send(found)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 names of the base class

    def handle_expect_100(self) -> bool:
        """Tell a client that asks first to go on."""
        found = super().handle_expect_100()
        self.wfile.flush()
        return found

    def _answer(self, body: Body) -> Answer:
        listener = cast(_Listener, self.server)
        port = listener.server_address[1]
        # A page in a browser that was led here under another name says so in this header.
        if self.headers.get("Host", "") not in (f"{ADDRESS}:{port}", f"localhost:{port}"):
            return refusal("PERMISSION_DENIED", "This server answers only under its own address.", 403)
        parts = urlsplit(self.path)
        try:
            query = parse_qs(parts.query, max_num_fields=1000)
            request = Request(self.command, unquote(parts.path, errors="strict"), query, cast(BinaryIO, body))
        except ValueError:
            return refusal("INVALID_PARAMETER_VALUE", "The URL cannot be read.", 400)
        return listener.answer(_token(self.headers.get("Authorization", "")), request)

    def _send(self, found: Answer) -> None:
        data = b"" if found.file else json.dumps(found.data).encode()
        size = os.fstat(found.file.fileno()).st_size if found.file else len(data)
        self.send_response(found.status)
        self.send_header("Content-Type", "application/octet-stream" if found.file else "application/json")
        self.send_header("Content-Length", str(size))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if found.file:
            with found.file:
                shutil.copyfileobj(found.file, self.wfile, 1 << 20)
        else:
            self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """The store's events say what was logged."""


def _token(header: str) -> str:
    """Of `Bearer TOKEN`, or the password of `Basic`: what MLflow's client sends if it knows a user's name."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            return b64decode(rest, validate=True).decode().partition(":")[2]
    return ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
