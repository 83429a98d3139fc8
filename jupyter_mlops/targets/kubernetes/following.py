"""A run in the cluster, followed here: the frames that its driver prints become the run's folder."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.resource import PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import changes
from jupyter_mlops.store.mirror import Frame, Receiver


def follow(kube: Kube, run: str, driver: int, folder: Path, stop: Stop) -> None:
    """Bring home what the driver of `run` with this number prints until it ends or `stop` is set."""
    pod = _driver_pod(kube, run, driver, stop)
    if not pod:
        return
    folder.mkdir(parents=True, exist_ok=True)
    receiver = Receiver(folder)
    for line in follow_log(kube, pod, stop):
        frame = Frame.from_line(line.data)
        if frame is not None:
            receiver.take(frame)


def _driver_pod(kube: Kube, run: str, driver: int, stop: Stop) -> str:
    """The name of the driver's pod, as soon as it has one."""
    for change in changes(kube, PODS, selector(labels("driver", run=run, attempt=driver)), stop):
        if change.kind in ("added", "modified"):
            return str(change.object["metadata"]["name"])
    return ""
