"""A way to the API server that a test can close: a port that passes bytes on, with a switch."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Listens on the server's own address, for which its certificate is good, and passes on while it is open.

    `close_for` breaks all connections and refuses new ones for a while, `cut` only breaks those that there are.
    """

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._listening = socket.create_server((host, 0))
        self.port = self._listening.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._over = False
        self._ends: set[socket.socket] = set()
        self.passed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close_for(self, seconds: float) -> None:
        """Be away for so long."""
        self._open.clear()
        self.cut()
        threading.Event().wait(seconds)
        self._open.set()

    def cut(self) -> int:
        """Break all connections that there are, and give their number; new ones are taken at once."""
        broken = list(self._ends)
        for end in broken:
            _shut(end)
        return len(broken) // 2

    def end(self) -> None:
        """For good."""
        self._over = True
        _shut(self._listening)
        self._listening.close()
        for end in list(self._ends):
            _shut(end)

    def _accept(self) -> None:
        while not self._over:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if not self._open.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(self._there)
            except OSError:
                near.close()
                continue
            self.passed += 1
            self._ends |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        for end in (source, sink):
            _shut(end)
            end.close()
            self._ends.discard(end)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
