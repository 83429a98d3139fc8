"""From a kubeconfig to a connection: the package `kubernetes` reads credentials, runs plugins and writes key files.

Names are read in `contexts`, so that what is wrong can be said plainly; proxies are chosen here, as versions differ.
"""

from __future__ import annotations

import logging
import os
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.access import Access, Connection
from jupyter_mlops.kube.contexts import Context, contexts, default_paths
from jupyter_mlops.kube.failures import BadKubeconfig, Unauthorized, clean
from jupyter_mlops.kube.in_cluster import in_cluster, in_pod
from jupyter_mlops.kube.transport import HttpTransport

__all__ = ["KubeconfigLogin", "connect", "transport_for"]


def connect(context: str = "") -> Connection:
    """Connect as the kubeconfig says; in a pod that has none, as the pod's service account. Nothing is asked yet.

    Raises:
        BadKubeconfig, MissingLibrary, Unauthorized: as for `transport_for`.
    """
    if not context and in_pod() and not any(map(os.path.isfile, default_paths().split(os.pathsep))):
        return in_cluster()
    return transport_for(context or None)


def transport_for(context: str | None = None, kubeconfig: str | None = None) -> Connection:
    """Connect as a context of the kubeconfig says, by default its current one; nothing is asked yet.

    `kubeconfig` may be several paths, as in the variable KUBECONFIG.

    Raises:
        BadKubeconfig: there is none, it cannot be read, or it has no such context.
        MissingLibrary: the package `kubernetes` is not installed.
        Unauthorized: the command that gives the credentials failed.
    """
    paths = kubeconfig or default_paths()
    chosen = _choose(contexts(paths), context, paths)
    login = KubeconfigLogin(paths, chosen)
    return Connection(HttpTransport(login), chosen.namespace, chosen.name, chosen.server, chosen.user)


class KubeconfigLogin:
    """A `Login` that reads the kubeconfig again when the server does not take what it gave. Any thread may ask."""

    def __init__(self, paths: str, context: Context) -> None:
        self._paths, self._context = paths, context
        self._guard = threading.Lock()
        self._settings, self._base = self._load()
        self._stamp = _stamp(context.token_file)

    def current(self) -> Access:
        """With the token as it is now; a plugin runs again when what it gave has expired."""
        with self._guard:
            if _stamp(self._context.token_file) != self._stamp:
                self._again()
            if self._settings.refresh_api_key_hook is not None and not self._context.token_file:
                with _plugin_errors() as said:
                    self._settings.refresh_api_key_hook(self._settings)
                self._refuse_without_credentials(said)
            return replace(self._base, authorization=_authorization(self._settings))

    def renew(self, refused: Access) -> Access:
        """Read everything anew, unless another thread just did."""
        now = self.current()
        if now != refused:
            return now
        with self._guard:
            self._again()
        return self.current()

    def _again(self) -> None:
        self._settings, self._base = self._load()
        self._stamp = _stamp(self._context.token_file)

    def _load(self) -> tuple[Any, Access]:
        from kubernetes.client import Configuration
        from kubernetes.config import load_kube_config
        from kubernetes.config.config_exception import ConfigException

        settings = Configuration()
        # From the environment in some versions; here it is decided once for all.
        settings.proxy = None
        try:
            with _plugin_errors() as said:
                load_kube_config(self._paths, self._context.name, settings, persist_config=False)
        except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
            raise BadKubeconfig(
                f"The context {self._context.name!r} of the kubeconfig cannot be used: {clean(str(fault))}.",
                hint=f"Check {self._paths}.",
            ) from fault
        self._settings = settings
        self._refuse_without_credentials(said)
        return settings, Access(
            server=self._context.server,
            ca_file=settings.ssl_ca_cert or "",
            cert_file=settings.cert_file or "",
            key_file=settings.key_file or "",
            verify=settings.verify_ssl is not False,
            server_name=settings.tls_server_name or "",
            proxy=_proxy_for(self._context),
        )

    def _refuse_without_credentials(self, said: list[str]) -> None:
        if self._context.command and said:
            raise Unauthorized(
                f"The command {self._context.command!r}, which gives the credentials for the cluster, failed: "
                f"{clean(' '.join(said)).rstrip('.')}.",
                hint="Run it by hand, or log in to the cluster again.",
            )


def _choose(found: tuple[Context, ...], name: str | None, paths: str) -> Context:
    there = ", ".join(item.name for item in found) or "none"
    chosen = [item for item in found if (item.name == name if name else item.current)]
    if not chosen and name:
        raise BadKubeconfig(f"The kubeconfig has no context {name!r}.", hint=f"There are: {there}.")
    if not chosen:
        raise BadKubeconfig("The kubeconfig names no current context.", hint=f"Choose one of: {there}.")
    parts = urlsplit(chosen[0].server)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadKubeconfig(
            f"The context {chosen[0].name!r} names no server that can be reached.",
            hint=f"Check its cluster in {paths}.",
        )
    return chosen[0]


def _authorization(settings: Any) -> str:
    """The header; versions before 36 file it under another name."""
    found = settings.api_key.get("BearerToken") or settings.api_key.get("authorization") or ""
    return found.strip() if isinstance(found, str) else ""


def _proxy_for(context: Context) -> str:
    """The proxy of the kubeconfig, else that of the environment unless `no_proxy` names the server."""
    parts, proxy = urlsplit(context.server), context.proxy
    if not proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        found = urllib.request.getproxies()
        proxy = found.get(parts.scheme) or found.get("all") or ""
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and (urlsplit(proxy).scheme != "http" or not urlsplit(proxy).hostname):
        raise Refused(
            f"The proxy for {context.server} is of a kind that is not supported: {urlsplit(proxy).scheme}.",
            hint="Use one that is reached over http, or name the server in NO_PROXY.",
        )
    return proxy


def _stamp(path: str) -> object:
    try:
        found = os.stat(path) if path else None
    except OSError:
        return None
    return found and (found.st_mtime_ns, found.st_ino, found.st_size)


@contextmanager
def _plugin_errors() -> Iterator[list[str]]:
    """What the package only logs when a credential plugin fails, of this thread."""
    said: list[str] = []
    thread = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread and record.name == "root":
                said.append(record.getMessage())

    ear = Ear(logging.ERROR)
    logging.getLogger().addHandler(ear)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(ear)
