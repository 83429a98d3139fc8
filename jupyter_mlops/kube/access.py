"""How to reach one API server, and as whom: what a kubeconfig or a pod's service account comes down to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from jupyter_mlops.kube.request import Transport

__all__ = ["Access", "Connection", "Login"]


@dataclass(frozen=True)
class Access:
    """Where and who. `authorization` is a whole header; files are paths in PEM; `proxy` is a URL; empty is none."""

    server: str
    authorization: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    server_name: str = ""
    proxy: str = field(default="", repr=False)


class Login(Protocol):
    """Gives the access for each request; called from any thread."""

    def current(self) -> Access:
        """What to use now; quick."""
        ...

    def renew(self, refused: Access) -> Access:
        """What to use after the server did not take `refused`; equal to it when there is nothing newer."""
        ...


@dataclass(frozen=True)
class Connection:
    """A way to a cluster, with the words to show for it; `namespace` is where things go by default."""

    transport: Transport
    namespace: str
    context: str
    server: str
    user: str
