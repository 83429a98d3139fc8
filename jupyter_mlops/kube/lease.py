"""One of several: who holds a name in a namespace, told by a ConfigMap that only who saw its last state may change.

The holder beats: it changes the ConfigMap now and then. Who finds that it has not beaten for a while, or that its pod
is gone, takes over; the clocks of the two need not agree. A holder that has no way to the API server stays the holder,
as nobody can be told otherwise, until it learns that another has taken over.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlops.errors import Conflict as InTheWay
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, AlreadyThere, Conflict, Forbidden
from jupyter_mlops.kube.labels import RUN, is_ours, labels, named, owned
from jupyter_mlops.kube.reason import part, text
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS
from jupyter_mlops.kube.stop import Stop

__all__ = ["Lease"]

EXPIRES_S = 30.0
_LOOK_EVERY_S = 1.0


class Lease:
    """A name that one process holds. `pod` is the pod of this one, `expires` seconds without a beat end a hold.

    `lost` is called once, from a thread, if somebody else has taken over.
    """

    def __init__(self, kube: Kube, name: str, pod: str, lost: Callable[[str], None], *, expires: float = EXPIRES_S):
        self._kube, self._name, self._pod, self._lost, self._expires = kube, name, pod, lost, expires
        self._token = uuid.uuid4().hex
        self._version = ""
        self._over = Stop()
        self._thread: threading.Thread | None = None

    def take(self, run: str, owner: Mapping[str, Any], stop: threading.Event) -> bool:
        """Become the holder, and stay it until `release`; false if the account may not, or `stop` came first.

        Raises:
            Conflict: another process holds it, and is alive.
        """
        metadata = {"name": self._name, "labels": labels("lease", run=run)}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": self._data}
        try:
            self._version = self._create_or_take_over(owned(body, owner), stop)
        except Forbidden:
            return False
        if not self._version:
            return False
        self._thread = threading.Thread(target=self._beat, name="mlops-lease", daemon=True)
        self._thread.start()
        return True

    def release(self) -> None:
        """Let the next one have it at once. What fails is left: the hold ends by itself."""
        self._over.set()
        if self._thread is None:
            return
        self._thread.join(timeout=5.0)
        try:
            self._change({"token": "", "pod": ""}, self._version)
        except MlopsError:
            return

    @property
    def _data(self) -> dict[str, str]:
        return {"token": self._token, "pod": self._pod}

    def _create_or_take_over(self, body: Mapping[str, Any], stop: threading.Event) -> str:
        seen, since = "", 0.0
        while not stop.is_set():
            asked = time.monotonic()
            try:
                return _version(self._kube.create(CONFIG_MAPS, body))
            except AlreadyThere:
                pass
            try:
                found = self._kube.get(CONFIG_MAPS, self._name)
                self._refuse_others(found, body)
                version, now = _version(found), time.monotonic()
                if not seen or now - asked > self._expires / 2:
                    since = now  # while the server was away no holder could beat
                if now - since >= self._expires or not self._is_held(found):
                    return self._change(self._data, version)
            except (Absent, Conflict):
                continue  # it has just gone, or somebody was faster
            if seen and version != seen:  # it beats
                raise InTheWay(f"The run is driven by the pod {_data(found, 'pod')}.", hint="Follow that one.")
            seen = version
            stop.wait(min(_LOOK_EVERY_S, self._expires / 8))
        return ""

    def _refuse_others(self, found: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Leave alone what only has the name."""
        if not is_ours(found) or named(found, RUN) != named(body, RUN):
            raise InTheWay(
                f"There is another ConfigMap of the name {self._name}, which is not of this run.",
                hint=f"See what it is (`kubectl describe configmap {self._name}`), and remove it.",
            )

    def _is_held(self, found: Mapping[str, Any]) -> bool:
        """Whether its holder may be alive."""
        pod = _data(found, "pod")
        if not pod or not _data(found, "token"):
            return False
        try:
            phase = part(self._kube.get(PODS, pod), "status").get("phase")
        except Absent:
            return False
        return phase not in ("Succeeded", "Failed")

    def _beat(self) -> None:
        beats = 0
        while not self._over.wait(self._expires / 4):
            beats += 1
            try:
                self._version = self._change({"beat": str(beats)}, self._version)
            except Conflict:
                if not self._is_mine():
                    return
            except MlopsError:  # the server is away: nobody else can take over either
                continue

    def _is_mine(self) -> bool:
        """Look who holds it; if it is another one, say so."""
        try:
            found = self._kube.get(CONFIG_MAPS, self._name)
        except MlopsError:
            return True
        if _data(found, "token") == self._token:
            self._version = _version(found)
            return True
        if not self._over.is_set():
            self._lost(_data(found, "pod"))
        return False

    def _change(self, data: Mapping[str, str], version: str) -> str:
        """Change it if it is still at that version."""
        body = {"metadata": {"resourceVersion": version}, "data": dict(data)}
        return _version(self._kube.patch(CONFIG_MAPS, self._name, body))


def _version(found: Mapping[str, Any]) -> str:
    return text(part(found, "metadata"), "resourceVersion")


def _data(found: Mapping[str, Any], key: str) -> str:
    return text(part(found, "data"), key)
