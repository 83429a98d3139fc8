"""A run in the cluster, followed here: the frames that its driver prints become the run's folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_died, why_pending
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.resource import EVENTS, JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.mirror import Frame, Receiver

_LOOK_EVERY_S = 1.0
# A reason for which waiting does not help may still pass: a Secret or a quota that comes a moment later.
_PATIENCE_S = 20.0


def follow(kube: Kube, run: str, driver: int, folder: Path, stop: Stop) -> None:
    """Bring home what the driver of `run` with this number prints until it ends or `stop` is set.

    Raises:
        Refused: the driver does not start, and waiting does not help; the message says why.
    """
    pod = _started(kube, run, driver, stop)
    folder.mkdir(parents=True, exist_ok=True)
    receiver = Receiver(folder)
    for line in follow_log(kube, pod, stop) if pod else ():
        frame = Frame.from_line(line.data)
        if frame is not None:
            receiver.take(frame)


def end_of_driver(kube: Kube, run: str, driver: int) -> Reason | None:
    """How the driver died; None if it did not, or nothing is known of it."""
    pods = kube.list(PODS, labels=_of_driver(run, driver)).items
    return why_died(pods[0] if pods else None)


def _started(kube: Kube, run: str, driver: int, stop: threading.Event) -> str:
    """The name of the driver's pod, as soon as its container has begun; "" if `stop` came first."""
    hopeless: float | None = None
    while not stop.is_set():
        pods = kube.list(PODS, labels=_of_driver(run, driver)).items
        pod = pods[0] if pods else None
        if pod is not None and pod.get("status", {}).get("phase") in ("Running", "Succeeded", "Failed"):
            return str(pod["metadata"]["name"])
        reason = _why_not(kube, run, driver, pod)
        if reason is None or not reason.lasting:
            hopeless = None
        elif hopeless is None:
            hopeless = time.monotonic()
        elif time.monotonic() - hopeless > _PATIENCE_S:
            raise Refused(f"The run cannot begin in the cluster: {reason.said}", hint=reason.hint)
        stop.wait(_LOOK_EVERY_S)
    return ""


def _why_not(kube: Kube, run: str, driver: int, pod: Mapping[str, Any] | None) -> Reason | None:
    """Why the driver has not begun. Asked for once a second at most, and only until it has."""
    jobs = kube.list(JOBS, labels=_of_driver(run, driver)).items
    job = jobs[0] if jobs else None
    names = {item["metadata"]["name"] for item in (job, pod) if item}
    happened = [event for event in kube.list(EVENTS).items if (event.get("involvedObject") or {}).get("name") in names]
    return why_pending(pod, job, happened, datetime.now(timezone.utc))


def _of_driver(run: str, driver: int) -> str:
    return selector(labels("driver", run=run, attempt=driver))
