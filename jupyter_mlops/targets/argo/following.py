"""A Workflow followed from here: what its pods print becomes the run's folder, what only Argo knows becomes events."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_pending
from jupyter_mlops.kube.failures import Absent, Invalid, Unauthorized
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.request import lines
from jupyter_mlops.kube.resource import EVENTS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.pipeline.argo.graph import ARRIVAL
from jupyter_mlops.store.mirror import Frame
from jupyter_mlops.store.remote import belongs_home
from jupyter_mlops.targets.argo.pod_output import CUT, END
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.targets.attending import has_begun
from jupyter_mlops.targets.kubernetes.following import PASSING, Hearing

OF_WORKFLOW = "workflows.argoproj.io/workflow"
OVER = ("Succeeded", "Failed", "Error")
_AT_ONCE = 32
_LOOK_EVERY_S = 2.0
# A reason for which waiting does not help may still pass: a Secret or a quota that comes a moment later.
_PATIENCE_S = 20.0
_SPEC = re.compile(r"(tasks/[^/]+/\d+)/spec\.json")


class Taker(Protocol):
    """Where frames go. Not for several threads."""

    def take(self, frame: Frame) -> object:
        """Write a frame."""
        ...

    def cut(self, name: str, size: int) -> None:
        """Take away the last byte of a file that has one more than this."""
        ...


@dataclass
class PodReader:
    """Takes what one pod prints: frames, and the lines of the log of the attempt that it has told of."""

    taker: Taker
    guard: threading.Lock
    _log: str = ""
    _at: int = 0
    _over: bool = False

    def take(self, line: bytes) -> None:
        """Write a line where it belongs; before the pod has told of an attempt, and after its end, it is not kept."""
        if self._over:
            return
        self._over = line in (END, CUT)
        if self._over:
            with self.guard, contextlib.suppress(Usage):
                if line == CUT and self._log:
                    self.taker.cut(self._log, self._at - 1)
                elif self._log and not self._at:  # a step that printed nothing has a log, too
                    self.taker.take(Frame(self._log, 0, b""))
            return
        frame = Frame.from_line(line)
        with self.guard, contextlib.suppress(Usage):
            if frame is not None:
                told = _SPEC.fullmatch(frame.name)
                if told and f"{told[1]}/log" != self._log:
                    self._log, self._at = f"{told[1]}/log", 0
                # What a step prints itself may look like a frame, too.
                if not belongs_home(frame.name):
                    self.taker.take(frame)
            elif self._log:
                data = line if line.endswith(b"\n") else line + b"\n"
                self.taker.take(Frame(self._log, self._at, data))
                self._at += len(data)


@dataclass
class Followed:
    """A Workflow as it was last seen; "" is one that is gone. What its pods print goes to `taker`, until `stop` is set.

    `hopeless` says why a pod does not start, and waiting does not help: then the Workflow is stopped, and `given_up`
    says for what. `begun`: one of its pods has. `arrived` is called once the run's files are there.
    """

    kube: Kube
    name: str
    taker: Taker
    stop: Stop
    hearing: Hearing
    arrived: Callable[[Mapping[str, Any]], None] = lambda _: None
    seen: Mapping[str, Any] = field(default_factory=dict)
    gone: bool = False
    hopeless: Reason | None = None
    given_up: Reason | None = None
    begun: bool = False
    _asked_since: float = 0.0

    @property
    def phase(self) -> str:
        """What Argo calls it; "" until Argo has looked at it."""
        return str(_mapping(self.seen.get("status")).get("phase") or "")

    @property
    def message(self) -> str:
        """What Argo says of its end."""
        return str(_mapping(self.seen.get("status")).get("message") or "")

    @property
    def ended(self) -> bool:
        """Whether Argo will do nothing more for it."""
        return self.gone or self.phase in OVER

    @property
    def stopped(self) -> str:
        """How somebody has stopped it; "" if nobody has."""
        return str(_mapping(self.seen.get("spec")).get("shutdown") or "")

    def so_far(self) -> None:
        """Look once, and bring home what the pods have printed up to now."""
        try:
            self.seen = self.kube.get(WORKFLOWS, self.name) if self.name else {}
            self.gone = not self.name
        except Absent:
            self.gone = True
        guard = threading.Lock()
        for pod in self.pods():
            if has_begun(pod):
                self.begun, reader = self.begun or _has_run(pod), PodReader(self.taker, guard)
                with contextlib.suppress(Absent, Invalid):  # it has no log, or none any more
                    self._read_so_far(_name(pod), reader)

    def _read_so_far(self, pod: str, reader: PodReader) -> None:
        with contextlib.closing(self.kube.log(pod, container="main")) as stream:
            for line in lines(stream):
                if line.endswith(b"\n"):  # else there is more of it
                    reader.take(line)

    def pods(self) -> tuple[dict[str, Any], ...]:
        """The Workflow's pods that are still there."""
        return self.kube.list(PODS, labels=f"{OF_WORKFLOW}={self.name}").items if self.name else ()

    def follow(self) -> None:
        """Bring home what the pods print until the Workflow is over, is gone, or `stop` is set.

        Raises:
            MlopsError: we may not look, or our login has expired.
        """
        if not self.name:
            self.gone = True
            return
        over, faults = Stop(), []

        def watch() -> None:
            try:
                self._watch(over)
            except MlopsError as fault:
                faults.append(fault)

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mlops-argo") as pool:
            threading.Thread(target=watch, name="mlops-workflow", daemon=True).start()
            readers = _Readers(self, pool)
            try:
                while not (self.stop.is_set() or over.is_set()):
                    self._look(readers)
                    over.wait(_LOOK_EVERY_S)
                if not self.stop.is_set() and not faults:
                    self._look(readers)
            finally:
                over.set()
                readers.finish()
        self.hearing.refuse_expired_login()
        if faults:
            raise faults[0]

    def _look(self, readers: _Readers) -> None:
        """Look after the pods; while the cluster does not answer, later."""
        try:
            readers.look()
            if self.hopeless:
                self._give_up()
        except MlopsError as failure:
            self.hearing.failed(failure)
            if not isinstance(failure, (*PASSING, Unauthorized, Absent)):
                raise

    def _give_up(self) -> None:
        """Stop the Workflow; where what runs at its end cannot begin either, that too."""
        now = time.monotonic()
        self._asked_since, self.given_up = self._asked_since or now, self.given_up or self.hopeless
        how = "Stop" if now - self._asked_since < 2 * _PATIENCE_S else "Terminate"
        if self.stopped != how:
            stop_workflow(self.kube, self.name, how)

    def _watch(self, over: Stop) -> None:
        """Hear of the Workflow until it is over."""
        unloaded = False
        chosen = Selection(WORKFLOWS, fields=f"metadata.name={self.name}")
        try:
            for change in changes_of(self.kube, chosen, over, trouble=self.hearing.failed):
                if change.kind == "deleted" or (change.kind == "synced" and not self.seen):
                    self.gone = True
                    break
                if change.kind == "synced":
                    continue
                self.seen = change.object
                if not unloaded and have_arrived(self.seen):
                    unloaded = True
                    self.arrived(self.seen)
                if self.phase in OVER:
                    break
        finally:
            over.set()


class _Readers:
    """One reader a pod, started when its container has begun. Logs of pods that are over are read to their end."""

    def __init__(self, followed: Followed, pool: ThreadPoolExecutor) -> None:
        self._followed = followed
        self._pool = pool
        self._guard = threading.Lock()
        self._reading: dict[str, Future[None]] = {}
        self._since: dict[str, float] = {}

    def look(self) -> None:
        """Start readers for the pods that have begun; see whether others cannot."""
        waiting = []
        for pod in self._followed.pods():
            name = _name(pod)
            if name in self._reading:
                continue
            if has_begun(pod):
                self._followed.begun = self._followed.begun or _has_run(pod)
                self._reading[name] = self._pool.submit(self._read, name)
            else:
                waiting.append(pod)
        self._followed.hopeless = self._hopeless(waiting)

    def finish(self) -> None:
        """Wait for all that has been printed."""
        for future in self._reading.values():
            future.result()

    def _read(self, pod: str) -> None:
        followed = self._followed
        reader = PodReader(followed.taker, self._guard)
        for line in follow_log(followed.kube, pod, followed.stop, container="main", trouble=followed.hearing.failed):
            if followed.stop.is_set():  # somebody else may bring the run home now
                return
            followed.hearing.say("")
            reader.take(line.data)

    def _hopeless(self, waiting: Sequence[Mapping[str, Any]]) -> Reason | None:
        happened: list[Mapping[str, Any]] | None = None
        reasons: dict[str, Reason] = {}
        for pod in waiting:
            happened = self._events() if happened is None else happened
            name = _name(pod)
            mine = [event for event in happened if _mapping(event.get("involvedObject")).get("name") == name]
            reason = why_pending(pod, None, mine, datetime.now(UTC))
            if reason is not None:
                reasons[name] = reason
        if not self._reading:
            first = next(iter(reasons.values()), None)
            self._followed.hearing.say(f"It waits in the cluster. {first}" if first else "")
        now = time.monotonic()
        self._since = {name: self._since.get(name, now) for name, reason in reasons.items() if reason.lasting}
        late = (name for name, since in self._since.items() if now - since > _PATIENCE_S)
        return next((reasons[name] for name in late), None)

    def _events(self) -> list[Mapping[str, Any]]:
        try:
            return list(self._followed.kube.list(EVENTS).items)
        except MlopsError:  # not to be seen by everyone: the pod's own state says most of it
            return []


def stop_workflow(kube: Kube, name: str, how: str = "Stop") -> None:
    """Have Argo stop a Workflow: what runs is ended, and exit steps do not run. "Terminate": nor does the task that
    closes the record.
    """
    kube.patch(WORKFLOWS, name, {"spec": {"shutdown": how}})


def failed_nodes(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tasks that failed and why, as Argo shows them."""
    nodes = _mapping(_mapping(workflow.get("status")).get("nodes"))
    for node in map(_mapping, nodes.values()):
        if node.get("phase") in ("Failed", "Error") and node.get("message") and node.get("type") != "DAG":
            yield str(node.get("displayName", "")), str(node["message"])


def _has_run(pod: Mapping[str, Any]) -> bool:
    """Whether its container was ever started: a pod may end before."""
    entries = _mapping(pod.get("status")).get("containerStatuses")
    mains = [item for item in (entries if isinstance(entries, list) else ()) if _mapping(item).get("name") == "main"]
    states = [_mapping(item.get("state")) for item in mains]
    return any("running" in state or _mapping(state.get("terminated")).get("startedAt") for state in states)


def have_arrived(workflow: Mapping[str, Any]) -> bool:
    """Whether what the run takes along is on the volume: Argo says so of the task, or of all."""
    status = _mapping(workflow.get("status"))
    nodes = map(_mapping, _mapping(status.get("nodes")).values())
    arrived = any(node.get("displayName") == ARRIVAL and node.get("phase") == "Succeeded" for node in nodes)
    return arrived or status.get("phase") == "Succeeded"


def _name(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
