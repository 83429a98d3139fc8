"""The way to the API server from within a pod: the mounted service account, nothing but the standard library."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from jupyter_mlops.kube.access import Access, Connection
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.transport import HttpTransport

__all__ = ["SERVICE_ACCOUNT", "ServiceAccount", "in_cluster", "in_pod"]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ServiceAccount:
    """A `Login` with a token file that the kubelet replaces; it is read again when it changed. Any thread may ask."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._guard = threading.Lock()
        self._stamp: object = None
        self._access = Access(server, ca_file=str(folder / "ca.crt"))

    def current(self) -> Access:
        """With the token as it is now."""
        path = self._folder / "token"
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            with self._guard:
                if stamp != self._stamp:
                    self._read(path)
                    self._stamp = stamp
                return self._access
        except (OSError, UnicodeError) as fault:
            raise _not_there(f"its token cannot be read ({fault})") from fault

    def renew(self, refused: Access) -> Access:  # noqa: ARG002  # the file says what is newer
        """Another token, if the kubelet has written one."""
        with self._guard:
            self._stamp = None
        return self.current()

    def _read(self, path: Path) -> None:
        token = path.read_text(encoding="ascii").strip()
        self._access = Access(self._server, authorization=f"Bearer {token}", ca_file=self._access.ca_file)


def in_pod(environment: Mapping[str, str] | None = None, folder: Path = SERVICE_ACCOUNT) -> bool:
    """Whether this process runs in a pod that has a service account's token."""
    found = os.environ if environment is None else environment
    return bool(found.get("KUBERNETES_SERVICE_HOST")) and (folder / "token").exists()


def in_cluster(environment: Mapping[str, str] | None = None, folder: Path = SERVICE_ACCOUNT) -> Connection:
    """The connection of this pod's service account, in the pod's own namespace.

    Raises:
        Unreachable: this is no pod, or it has no token.
    """
    found = os.environ if environment is None else environment
    host, port = found.get("KUBERNETES_SERVICE_HOST", ""), found.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not port.isdecimal():
        raise _not_there("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not say where the server is")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    login = ServiceAccount(server, folder)
    login.current()
    try:
        namespace = (folder / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        namespace = "default"
    return Connection(HttpTransport(login), namespace, "in-cluster", server, "service account")


def _not_there(why: str) -> Unreachable:
    return Unreachable(
        f"This process cannot talk to a cluster as its pod: {why}.",
        hint="The pod needs a service account whose token is mounted.",
    )
