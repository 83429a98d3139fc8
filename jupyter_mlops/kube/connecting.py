"""One connection to the API server: name, proxy, TLS, and what went wrong on the way in plain words."""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.failures import BadKubeconfig, Unreachable
from jupyter_mlops.kube.request import Request

__all__ = ["FAULTS", "Line", "open_line", "tls_context", "unreachable"]

FAULTS = (OSError, http.client.HTTPException, ValueError)
"""What reading and writing raise: `ssl` and `socket` errors are `OSError`; closed files say `ValueError`."""

_Address = tuple[Any, ...]


class Line:
    """A connection that carries one request after the other. Not for two threads at a time, but for `abort`."""

    def __init__(self, sock: socket.socket, access: Access, prefix: str) -> None:
        parts = urlsplit(access.server)
        self.access = access
        self.used = False
        self._sock, self._prefix = sock, prefix
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port or _port(parts))
        self._http.sock = sock

    def ask(self, request: Request) -> http.client.HTTPResponse:
        """Send it, and wait for the beginning of the answer.

        Raises:
            Unreachable: no answer came.
        """
        headers = {"Accept": "*/*", "User-Agent": "jupyter-mlops"}
        if self.access.authorization:
            headers["Authorization"] = self.access.authorization
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        try:
            self._sock.settimeout(request.timeout)
            self._http.request(request.method, self._prefix + request.target, body=request.data, headers=headers)
            return self._http.getresponse()
        except FAULTS as fault:
            self.close()
            raise unreachable(self.access, fault, sent=True) from fault
        finally:
            self.used = True

    @property
    def alive(self) -> bool:
        """Whether the server has not closed it, as far as is known here: an idle one has nothing to read."""
        try:
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            return not poll.poll(0)
        except (AttributeError, OSError, ValueError):  # no poll() on Windows
            return False

    def abort(self) -> None:
        """End what another thread waits for on this connection."""
        with contextlib.suppress(OSError):
            # Of the class below: that of `ssl` takes the TLS state away from under the reader.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it."""
        self.abort()
        self._http.close()
        self._sock.close()


def open_line(access: Access, context: ssl.SSLContext | None, patience: float) -> Line:
    """Connect within `patience` seconds.

    Raises:
        Unreachable: that did not work; the message says why. Nothing was asked.
    """
    server, deadline = urlsplit(access.server), time.monotonic() + patience
    proxy = urlsplit(access.proxy) if access.proxy else None
    sock: socket.socket | None = None
    try:
        sock = _connect(proxy or server, deadline)
        prefix = server.path.rstrip("/")
        if proxy is not None and context is not None:
            _tunnel(sock, proxy, server, deadline)
        elif proxy is not None:
            prefix = f"{server.scheme}://{server.netloc}{prefix}"
        if context is not None:
            sock.settimeout(_left(deadline))
            sock = context.wrap_socket(sock, server_hostname=access.server_name or server.hostname)
        return Line(sock, access, prefix)
    except FAULTS as fault:
        if sock is not None:
            sock.close()
        raise unreachable(access, fault, sent=False) from fault


def tls_context(access: Access) -> ssl.SSLContext | None:
    """What TLS needs for this server; None when it speaks plain HTTP.

    Raises:
        BadKubeconfig: a certificate or key cannot be read.
    """
    if urlsplit(access.server).scheme != "https":
        return None
    try:
        context = ssl.create_default_context(cafile=access.ca_file or None)
        # On by default since Python 3.13; the CAs of many clusters lack what it asks for.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        if not access.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if access.cert_file:
            # With a password at hand, an encrypted key is an error and not a question on the terminal.
            context.load_cert_chain(access.cert_file, access.key_file or None, password="")
    except (OSError, ValueError) as fault:
        files = ", ".join(item for item in (access.ca_file, access.cert_file, access.key_file) if item)
        raise BadKubeconfig(
            f"The certificates for {access.server} cannot be used: {_reason(fault)}.", hint=f"Check {files}."
        ) from fault
    context.set_alpn_protocols(["http/1.1"])
    return context


def unreachable(access: Access, fault: BaseException, *, sent: bool) -> Unreachable:
    """What a fault of the network means, in plain words."""
    hint = "Check the network, the VPN and the address in the kubeconfig."
    if isinstance(fault, ssl.SSLCertVerificationError):
        hint = "Check the certificate authority of this cluster in the kubeconfig."
    through = f" through the proxy {_shown(access.proxy)}" if access.proxy else ""
    return Unreachable(
        f"The cluster at {access.server} does not answer{through}: {_reason(fault)}.", hint=hint, sent=sent
    )


def _reason(fault: BaseException) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({fault.verify_message})"
    if isinstance(fault, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(fault, (socket.timeout, TimeoutError)):
        return "it was silent for too long"
    if isinstance(fault, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(fault, http.client.IncompleteRead):
        return "the connection broke in the middle of an answer"
    if isinstance(fault, (ConnectionError, http.client.RemoteDisconnected)):
        return "the connection was closed"
    return (str(getattr(fault, "strerror", None) or fault) or type(fault).__name__).rstrip(".")


def _shown(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else f"{parts.scheme}://{parts.hostname}"


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


def _connect(place: SplitResult, deadline: float) -> socket.socket:
    """The first of the name's addresses that takes us; no address may use up the time of all."""
    addresses = _resolve(place.hostname or "", place.port or _port(place), _left(deadline))
    fault: OSError = socket.timeout("timed out")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(deadline) / (len(addresses) - tried))
            sock.connect(address)
        except OSError as problem:
            sock.close()
            fault = problem
            continue
        _keep_alive(sock)
        return sock
    raise fault


def _resolve(host: str, port: int, patience: float) -> list[_Address]:
    """The addresses of a name. Asking has no time limit of its own, so that a thread asks."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    answers: queue.Queue[list[_Address] | BaseException] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as fault:
            answers.put(fault)

    threading.Thread(target=ask, name="mlops-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=patience)
    except queue.Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _keep_alive(sock: socket.socket) -> None:
    """No delay for small requests; a peer that is gone is noticed after about a minute."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _tunnel(sock: socket.socket, proxy: SplitResult, server: SplitResult, deadline: float) -> None:
    host = f"[{server.hostname}]" if ":" in (server.hostname or "") else server.hostname
    place = f"{host}:{server.port or _port(server)}"
    sock.settimeout(_left(deadline))
    sock.sendall("\r\n".join([f"CONNECT {place} HTTP/1.1", f"Host: {place}", *_proxy_login(proxy), "", ""]).encode())
    answer = http.client.HTTPResponse(sock, method="CONNECT")
    try:
        answer.begin()
        if answer.status != 200:
            raise OSError(f"the proxy answered {answer.status}")
    finally:
        answer.close()


def _proxy_login(proxy: SplitResult) -> Iterator[str]:
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        yield f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}"
