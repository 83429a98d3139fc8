"""An API server that misbehaves on demand: real sockets; a script says what to send, when to cut or be silent."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

CUT = "cut"  # the connection is reset
HALF_OPEN = "half open"  # nothing more comes, and nobody says so
END = b"0\r\n\r\n"


@dataclass(frozen=True)
class Asked:
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int
    target: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[Asked], Iterator["bytes | str | threading.Event"]]


def whole(status: int, body: object = None, **headers: str) -> bytes:
    """An answer with its length."""
    data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    head = [f"HTTP/1.1 {status} It", f"Content-Length: {len(data)}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(head).encode() + data


def begun(status: int = 200) -> bytes:
    """The beginning of an answer in chunks."""
    return f"HTTP/1.1 {status} It\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


def chunk(data: object) -> bytes:
    """One chunk: bytes, or an object as a line of JSON."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def refusal(code: int, reason: str, message: str = "no", **details: object) -> dict[str, Any]:
    """A `Status` object."""
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


class ApiDouble:
    """Answers each request as `script` says: bytes go out, an event is waited for, CUT and HALF_OPEN are faults."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self._tls = script, tls
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self._connections)

    def restart(self) -> None:
        """Every connection is lost; new ones are taken."""
        for sock in self._connections:
            self._end(sock)

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.restart()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(sock)
            self._start(self._serve, sock, len(self._connections))

    def _serve(self, sock: socket.socket, number: int) -> None:
        plain = sock
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._connections[number - 1] = sock
            with sock.makefile("rb") as lines:
                while (asked := self._read(lines, number)) is not None:
                    self.asked.append(asked)
                    if not self._play(sock, self.script(asked)):
                        break
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        sock.close()
        plain.close()

    def _play(self, sock: socket.socket, script: Iterator[bytes | str | threading.Event]) -> bool:
        for act in script:
            if isinstance(act, bytes):
                sock.sendall(act)
            elif isinstance(act, threading.Event):
                while not act.wait(0.02) and not self.closing.is_set():
                    pass
            elif act == CUT:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                self.closing.wait(60)
                return False
        return True

    @staticmethod
    def _read(lines: Any, number: int) -> Asked | None:
        first = lines.readline().split()
        if len(first) != 3:
            return None
        headers = {}
        while line := lines.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0)))
        target = first[1].decode()
        parts = urlsplit(target)
        return Asked(first[0].decode(), parts.path, dict(parse_qsl(parts.query)), headers, body, number, target)

    @staticmethod
    def _end(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Fixed:
    """A `Login` that always gives the same, and counts how often it was asked for another."""

    def __init__(self, *accesses: Any) -> None:
        self.accesses, self.renewed = list(accesses), 0

    def current(self) -> Any:
        return self.accesses[0]

    def renew(self, refused: Any) -> Any:
        self.renewed += 1
        if len(self.accesses) > 1:
            self.accesses.pop(0)
        return self.accesses[0]
