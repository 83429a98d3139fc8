"""Which contents of files a volume has: a list in the cluster, as nobody outside can look at the volume.

It is a ConfigMap named after the claim as it is now, so a claim that was made anew has none. The list may lack some,
which are sent again; where it is wrong the driver finds that out, and takes the list away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, AlreadyThere
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS

MOST = 8000
"""Contents on a list: a ConfigMap holds 1 MiB."""


def kept_name(claim: Mapping[str, Any]) -> str:
    """The name of a claim's list."""
    return dns_name("mlops", "kept", claim["metadata"]["name"], str(claim["metadata"].get("uid", "")))


def kept_on(kube: Kube, claim: Mapping[str, Any]) -> frozenset[str]:
    """Digests of the contents that the claim's volume has."""
    return _listed(kube, kept_name(claim))


def note_kept(kube: Kube, name: str, kept: Collection[str], gone: Collection[str]) -> None:
    """Write down what is on the volume, and what is not any more. Without the right to, it is not known, and sent."""
    with contextlib.suppress(MlopsError):
        known = _listed(kube, name)
        new = [digest for digest in kept if digest not in known][: max(0, MOST - len(known))]
        data: dict[str, Any] = {**dict.fromkeys(new, ""), **dict.fromkeys(known.intersection(gone))}
        if not data:
            return
        body = {"metadata": {"name": name, "labels": labels("store")}, "data": dict.fromkeys(new, "")}
        try:
            kube.create(CONFIG_MAPS, body)
        except AlreadyThere:
            kube.patch(CONFIG_MAPS, name, {"data": data})


def forget_kept(kube: Kube, name: str) -> None:
    """The list was wrong: everything is sent the next time."""
    with contextlib.suppress(MlopsError):
        kube.delete(CONFIG_MAPS, name)


def _listed(kube: Kube, name: str) -> frozenset[str]:
    try:
        return frozenset(kube.get(CONFIG_MAPS, name).get("data") or ())
    except Absent:
        return frozenset()
