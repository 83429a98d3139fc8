"""A Workflow followed from here: what its pods print becomes the run's folder, what only Argo knows becomes events."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_pending
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.resource import EVENTS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.mirror import Frame, Receiver
from jupyter_mlops.store.remote import belongs_home
from jupyter_mlops.targets.argo.pod_output import END
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.targets.attending import has_begun

OF_WORKFLOW = "workflows.argoproj.io/workflow"
OVER = ("Succeeded", "Failed", "Error")
_AT_ONCE = 32
_LOOK_EVERY_S = 2.0
# A reason for which waiting does not help may still pass: a Secret or a quota that comes a moment later.
_PATIENCE_S = 20.0
_SPEC = re.compile(r"(tasks/[^/]+/\d+)/spec\.json")


@dataclass
class PodReader:
    """Takes what one pod prints: frames, and the lines of the log of the attempt that it has told of."""

    receiver: Receiver
    guard: threading.Lock
    _log: str = ""
    _at: int = 0
    _over: bool = False

    def take(self, line: bytes) -> None:
        """Write a line where it belongs; before the pod has told of an attempt, and after its end, it is not kept."""
        self._over = self._over or line == END
        if self._over:
            return
        frame = Frame.from_line(line)
        with self.guard:
            if frame is not None:
                told = _SPEC.fullmatch(frame.name)
                if told and f"{told[1]}/log" != self._log:
                    self._log, self._at = f"{told[1]}/log", 0
                # What a step prints itself may look like a frame, too.
                if not belongs_home(frame.name):
                    with contextlib.suppress(Usage):
                        self.receiver.take(frame)
            elif self._log:
                data = line if line.endswith(b"\n") else line + b"\n"
                self.receiver.take(Frame(self._log, self._at, data))
                self._at += len(data)


@dataclass
class Followed:
    """A Workflow as it was last seen. `hopeless` says why a pod does not start, and waiting does not help."""

    kube: Kube
    name: str
    folder: Path
    stop: Stop
    seen: Mapping[str, Any] = field(default_factory=dict)
    gone: bool = False
    hopeless: Reason | None = None

    @property
    def phase(self) -> str:
        """What Argo says of it; empty before it has looked at it."""
        return str(_mapping(self.seen.get("status")).get("phase") or "")

    @property
    def message(self) -> str:
        """What Argo says of its end."""
        return str(_mapping(self.seen.get("status")).get("message") or "")

    def follow(self) -> None:
        """Bring home what the pods print until the Workflow is over, is gone, or `stop` is set."""
        self.folder.mkdir(parents=True, exist_ok=True)
        over = Stop()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mlops-argo") as pool:
            watching = threading.Thread(target=self._watch, args=(over,), name="mlops-workflow", daemon=True)
            watching.start()
            readers = _Readers(self, pool)
            try:
                while not (self.stop.is_set() or over.is_set()):
                    readers.look()
                    over.wait(_LOOK_EVERY_S)
                if not self.stop.is_set():
                    readers.look()
            finally:
                over.set()
                readers.finish()

    def _watch(self, over: Stop) -> None:
        """Hear of the Workflow until it is over."""
        try:
            for change in changes_of(self.kube, Selection(WORKFLOWS, fields=f"metadata.name={self.name}"), over):
                if change.kind == "deleted":
                    self.gone = True
                    break
                if change.kind != "synced":
                    self.seen = change.object
                    if self.phase in OVER:
                        break
        finally:
            over.set()


class _Readers:
    """One reader a pod, started when its container has begun. Logs of pods that are over are read to their end."""

    def __init__(self, followed: Followed, pool: ThreadPoolExecutor) -> None:
        self._followed = followed
        self._pool = pool
        self._receiver = Receiver(followed.folder)
        self._guard = threading.Lock()
        self._reading: dict[str, Future[None]] = {}
        self._since: dict[str, float] = {}

    def look(self) -> None:
        """Start readers for the pods that have begun; see whether others cannot."""
        pods = self._followed.kube.list(PODS, labels=f"{OF_WORKFLOW}={self._followed.name}").items
        waiting = []
        for pod in pods:
            name = str(pod["metadata"]["name"])
            if name in self._reading:
                continue
            if has_begun(pod):
                self._reading[name] = self._pool.submit(self._read, name)
            else:
                waiting.append(pod)
        self._followed.hopeless = self._hopeless(waiting)

    def finish(self) -> None:
        """Wait for all that has been printed."""
        for future in self._reading.values():
            future.result()

    def _read(self, pod: str) -> None:
        reader = PodReader(self._receiver, self._guard)
        for line in follow_log(self._followed.kube, pod, self._followed.stop, container="main"):
            reader.take(line.data)

    def _hopeless(self, waiting: Sequence[Mapping[str, Any]]) -> Reason | None:
        happened: list[Mapping[str, Any]] | None = None
        reasons: dict[str, Reason] = {}
        for pod in waiting:
            happened = self._events() if happened is None else happened
            name = str(pod["metadata"]["name"])
            mine = [event for event in happened if _mapping(event.get("involvedObject")).get("name") == name]
            reason = why_pending(pod, None, mine, datetime.now(UTC))
            if reason is not None and reason.lasting:
                reasons[name] = reason
        now = time.monotonic()
        self._since = {name: self._since.get(name, now) for name in reasons}
        late = (name for name, since in self._since.items() if now - since > _PATIENCE_S)
        return next((reasons[name] for name in late), None)

    def _events(self) -> list[Mapping[str, Any]]:
        try:
            return list(self._followed.kube.list(EVENTS).items)
        except MlopsError:  # not to be seen by everyone: the pod's own state says most of it
            return []


def failed_nodes(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tasks that failed and why, as Argo shows them."""
    nodes = _mapping(_mapping(workflow.get("status")).get("nodes"))
    for node in map(_mapping, nodes.values()):
        if node.get("phase") in ("Failed", "Error") and node.get("message") and node.get("type") != "DAG":
            yield str(node.get("displayName", "")), str(node["message"])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
