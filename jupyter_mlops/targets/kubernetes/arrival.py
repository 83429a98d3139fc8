"""What a run takes along, put on the volume, or into the storage, by a Job of its own, where no driver does it."""

from __future__ import annotations

import posixpath
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from jupyter_mlops.errors import MlopsError, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_died, why_pending
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Change, changes
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace, arrival_job

_LOOK_EVERY_S = 0.1


def send_ahead(kube: Kube, place: RunPlace, stop: threading.Event, patience: float, *, store: str = STORE) -> None:
    """Have it unpacked, and wait for that: its pieces go then. A pod may take `patience` seconds to begin.

    Raises:
        Refused: it did not arrive; the message says why.
    """
    job = arrival_job(place, posixpath.join(store, "work", place.work), posixpath.join(store, "kept"))
    try:
        kube.create(JOBS, job)
    except AlreadyThere:
        if not _is_of(kube.get(JOBS, job["metadata"]["name"]), place):
            raise
        # A driver has made it that has ended since.
    seen: dict[str, dict[str, Any]] = {}
    faults: list[MlopsError] = []
    enough = Stop()

    def watch() -> None:
        try:
            for change in changes(kube, PODS, selector(labels("courier", run=place.run)), enough):
                if change.kind != "synced":
                    seen["pod"] = _last_seen(change)
        except MlopsError as error:
            faults.append(error)

    thread = threading.Thread(target=watch, name="mlops-arrival", daemon=True)
    thread.start()
    try:
        _await(seen, faults, stop, patience)
    finally:
        enough.set()
        thread.join(5.0)
    for name in place.pieces:
        kube.delete(CONFIG_MAPS, name)


def _is_of(job: Mapping[str, Any], place: RunPlace) -> bool:
    """Whether it belongs to the run, by its owner: labels can be anybody's."""
    owners = job["metadata"].get("ownerReferences") or ()
    return place.owner["metadata"]["uid"] in [owner.get("uid") for owner in owners]


def _last_seen(change: Change) -> dict[str, Any]:
    """The pod. One that is deleted before its end does not succeed any more, and its Job makes no other."""
    pod, status = change.object, change.object.get("status") or {}
    lost = change.kind == "deleted" and status.get("phase") != "Succeeded"
    return {**pod, "status": {**status, "phase": "Failed"}} if lost else pod


def _await(seen: dict[str, dict[str, Any]], faults: list[MlopsError], stop: threading.Event, patience: float) -> None:
    began = time.monotonic()
    while not stop.wait(_LOOK_EVERY_S):
        if faults:
            raise faults[0]
        pod = seen.get("pod", {})
        phase = pod.get("status", {}).get("phase")
        if phase == "Succeeded":
            return
        if phase == "Failed":
            died = why_died(pod)
            said = died.said if died else "the pod that puts its files there was deleted."
            raise Refused(f"The run cannot begin in the cluster: {said}", hint=died.hint if died else "Start it again.")
        why = why_pending(pod or None, None, (), datetime.now(timezone.utc))
        if time.monotonic() - began > patience and phase != "Running" and (why is None or why.lasting):
            said = why.said if why else "no pod was made for it."
            raise Refused(f"The run cannot begin in the cluster: {said}", hint=why.hint if why else "")
    raise Refused("The run was stopped before it began.")
