"""Which contents of files a volume has: a list in the cluster, as nobody outside can look at the volume.

It is a ConfigMap named after the claim as it is now, so a claim that was made anew has none. The list may lack some,
which are sent again; where it is wrong the driver finds that out, and takes the list away. When it is full, those go
that no run has needed for longest.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, AlreadyThere
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS

MOST = 6000
"""Contents on a list: with what the cluster notes of each, such an object has less than 1 MiB."""
_DAY_S = 24 * 3600.0


def kept_name(claim: Mapping[str, Any]) -> str:
    """The name of a claim's list."""
    return dns_name("mlops", "kept", claim["metadata"]["name"], str(claim["metadata"].get("uid", "")))


def kept_on(kube: Kube, claim: Mapping[str, Any]) -> frozenset[str]:
    """Digests of the contents that the claim's volume has."""
    return frozenset(_listed(kube, kept_name(claim)))


def note_kept(kube: Kube, name: str, kept: Collection[str], gone: Collection[str], *, now: float | None = None) -> None:
    """Write down what is on the volume, and what is not any more. Without the right to, it is not known, and sent.

    With each stands when a run had need of it last, to the day.
    """
    with contextlib.suppress(MlopsError):
        known = _listed(kube, name)
        today = f"{int((time.time() if now is None else now) / _DAY_S):05}"
        needed = dict.fromkeys(list(dict.fromkeys(kept))[:MOST], today)
        others = {digest: day for digest, day in known.items() if digest not in needed and digest not in gone}
        room = MOST - len(needed)
        oldest = sorted(others, key=lambda digest: others[digest])[: max(0, len(others) - room)]
        new = {digest: day for digest, day in needed.items() if known.get(digest) != day}
        data: dict[str, Any] = {**new, **dict.fromkeys([*oldest, *set(known).intersection(gone) - set(needed)])}
        if not data:
            return
        body = {"metadata": {"name": name, "labels": labels("store")}, "data": new}
        try:
            kube.create(CONFIG_MAPS, body)
        except AlreadyThere:
            kube.patch(CONFIG_MAPS, name, {"data": data})


def forget_kept(kube: Kube, name: str) -> None:
    """The list was wrong: everything is sent the next time."""
    with contextlib.suppress(MlopsError):
        kube.delete(CONFIG_MAPS, name)


def _listed(kube: Kube, name: str) -> Mapping[str, str]:
    """Digests, and the days on which they were needed last; earlier versions wrote none."""
    try:
        return kube.get(CONFIG_MAPS, name).get("data") or {}
    except Absent:
        return {}
