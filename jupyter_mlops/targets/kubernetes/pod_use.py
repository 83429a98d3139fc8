"""What pods use that run without our code in them: figures of the cluster's metrics server, as lines of `use.jsonl`.

Where there is none, or the driver may not ask it, there are no figures; nothing else changes. It measures every quarter
of a minute or so, so a container that ends sooner has none.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, Forbidden
from jupyter_mlops.kube.quantities import parse
from jupyter_mlops.kube.reason import part, parts, text
from jupyter_mlops.kube.resource import POD_METRICS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.runtime.plain_files import append_line
from jupyter_mlops.runtime.use import USE

EVERY_S = 15.0
_MOST_CORES, _MOST_BYTES = 1e5, 1e16


@dataclass
class _Followed:
    """A pod whose figures are kept. `cpu` are seconds of processor time up to `at`, `memory` the most bytes so far."""

    directory: Path
    at: float
    cpu: float = 0.0
    memory: int = 0
    measured: str = ""


class PodUse:
    """Asks for all pods with these `labels` at once, every few seconds while one is followed. From any thread."""

    def __init__(self, kube: Kube, labels: str, every: float = EVERY_S) -> None:
        self._kube, self._labels, self._every = kube, labels, every
        self._guard = threading.Lock()
        self._followed: dict[str, _Followed] = {}
        self._stop: Stop | None = None
        self._none = False

    def follow(self, directory: Path, pod: str) -> None:
        """Keep what the pod of an attempt uses from now on, in the attempt's folder."""
        with self._guard:
            self._followed.setdefault(pod, _Followed(directory, time.time()))
            if self._stop is None and not self._none:
                self._stop = Stop()
                threading.Thread(target=self._ask_until, args=(self._stop,), name="mlops-use", daemon=True).start()

    def end(self, directory: Path) -> dict[str, Any]:
        """Nothing more comes of this attempt; gives `cpu_seconds` and `peak_memory` (bytes), where they are known."""
        with self._guard:
            ended = {pod: item for pod, item in self._followed.items() if item.directory == directory}
            self._followed = {pod: item for pod, item in self._followed.items() if pod not in ended}
            self._rest()
        known = [item for item in ended.values() if item.measured]
        if not known:
            return {}
        used = round(sum(item.cpu for item in known), 3)
        return {"cpu_seconds": used, "peak_memory": max(item.memory for item in known)}

    def close(self) -> None:
        """Ask no more."""
        with self._guard:
            self._followed = {}
            self._rest()

    def _rest(self) -> None:
        if not self._followed and self._stop is not None:
            self._stop.set()
            self._stop = None

    def _ask_until(self, stop: Stop) -> None:
        while not stop.wait(self._every):
            try:
                found = self._kube.list(POD_METRICS, labels=self._labels).items
            except (Absent, Forbidden):  # there is no metrics server, or it is not for us
                self._none = True
                return
            except MlopsError:  # it may come back
                continue
            for item in found:
                self._take(item, time.time())

    def _take(self, item: Mapping[str, Any], now: float) -> None:
        measured, amount = text(item, "timestamp"), _amount(item)
        with self._guard:
            known = self._followed.get(text(part(item, "metadata"), "name"))
            if known is None or amount is None or not measured or measured == known.measured:
                return
            cores, memory = amount
            known.cpu += cores * max(0.0, now - known.at)
            known.at, known.measured, known.memory = now, measured, max(known.memory, memory)
            line = {"at": round(now, 3), "kind": "use", "cpu": round(known.cpu, 3), "memory": memory}
        with contextlib.suppress(OSError):
            append_line(known.directory / USE, line)


def _amount(item: Mapping[str, Any]) -> tuple[float, int] | None:
    """Cores and bytes of all containers; None where it does not say so."""
    used = [part(container, "usage") for container in parts(item, "containers")]
    try:
        cores = sum(float(parse(usage.get("cpu"))) for usage in used)
        memory = sum(int(parse(usage.get("memory"))) for usage in used)
    except (MlopsError, ValueError):
        return None
    return (cores, memory) if used and 0 <= cores < _MOST_CORES and 0 <= memory < _MOST_BYTES else None
