"""A proxy as companies have it, and a connection that can be cut."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading


class Tunnel:
    """A proxy that knows CONNECT, with a password; `cut` loses all that goes through it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://me:p%40ss@127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        self._shut(self._open)

    def close(self) -> None:
        self._shut([self._listener, *self._open])
        for thread in self._threads:
            thread.join(10)
        for sock in [self._listener, *self._open]:
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") in head
        host, _, port = head.split()[1].decode().rpartition(":")
        try:
            server = socket.create_connection((host, int(port)))
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        self._open.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for one, other in ((client, server), (server, client)):
            thread = threading.Thread(target=self._copy, args=(one, other), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        self._shut([one, other])

    @staticmethod
    def _shut(sockets: list[socket.socket]) -> None:
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
