"""The target `kubernetes`, as an engine in a pod uses it: each attempt is a Job whose folder is on the run's volume."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason
from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_died
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.resource import JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import changes
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.targets.attempt_files import STOPPED, EventTail, read_result, why_failed
from jupyter_mlops.targets.kubernetes.containers import ContainerAttempt, is_container, with_platform
from jupyter_mlops.targets.kubernetes.places import GRACE_S, RunPlace, step_job

SLOTS = 100
_LOOK_EVERY_S = 0.2
# How long the result of a pod that is over may take to be seen here: network file systems are not immediate.
_RESULT_WITHIN_S = 5.0
_JOB_NAME = "batch.kubernetes.io/job-name"


@dataclass
class _Running:
    """An attempt that was started. `pod` is what the cluster said of it last; `over` that its pod has ended."""

    attempt: Attempt
    report: Callable[[Report], None]
    tail: EventTail
    job: str
    stopped: StopReason | None = None
    asked: float = 0.0
    pod: Mapping[str, Any] = field(default_factory=dict)
    over: float = 0.0
    refused: str = ""
    container: ContainerAttempt | None = None
    finishing: Future[None] | None = None


class KubernetesTarget:
    """Runs attempts as Jobs, up to `slots` at once. One watch tells of all pods of the run."""

    name = "kubernetes"

    def __init__(self, kube: Kube, place: RunPlace, *, slots: int = SLOTS) -> None:
        if slots < 1:
            raise Usage(f"A target needs at least one slot, not {slots}.")
        self._kube, self._place, self._slots = kube, place, slots
        self._guard = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._stop = Stop()
        self._starts = ThreadPoolExecutor(max_workers=8, thread_name_prefix="mlops-start")
        self._sweep()
        self._threads = [
            threading.Thread(target=work, name=f"mlops-{name}", daemon=True)
            for name, work in (("pods", self._watch), ("events", self._read))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def slots(self) -> int:
        """How many attempts may run at once."""
        return self._slots

    def refusal(self, options: Options) -> str:
        """Why the options cannot be honoured here; empty when they can."""
        try:
            step_job(self._place, "task", "step", 1, options, "spec.json")
        except MlopsError as error:
            return str(error)
        return ""

    def start(self, attempt: Attempt, report: Callable[[Report], None]) -> None:
        """Begin an attempt; it ends with one outcome, also if its Job cannot be made."""
        attempt.directory.mkdir(parents=True, exist_ok=True)
        spec = attempt.directory / "spec.json"
        spec.write_text(attempt.spec.to_json(), encoding="utf-8")
        options = attempt.options
        job = step_job(self._place, attempt.spec.task, attempt.spec.step, attempt.spec.attempt, options, str(spec))
        job = with_platform(job, attempt.spec)
        running = _Running(attempt, report, EventTail(attempt.directory / "events.jsonl"), job["metadata"]["name"])
        if is_container(attempt.spec):
            running.container = ContainerAttempt(self._kube, attempt)
        with self._guard:
            self._running[attempt.id] = running
        self._starts.submit(self._create, running, job)

    def stop(self, attempt: str, reason: StopReason) -> None:
        """End an attempt: its pod is asked to, and after a grace period killed."""
        with self._guard:
            running = self._running.get(attempt)
            if running is None or running.stopped is not None:
                return
            running.stopped, running.asked = reason, time.monotonic()
        self._starts.submit(self._delete, running)

    def close(self) -> None:
        """Stop what still runs and free everything."""
        for attempt in list(self._running):
            self.stop(attempt, "shutdown")
        deadline = time.monotonic() + 2 * GRACE_S
        while self._running and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        self._stop.set()
        self._starts.shutdown(wait=True)
        for thread in self._threads:
            thread.join(timeout=5.0)

    # What is asked of the cluster, in threads of their own.

    def _sweep(self) -> None:
        """Remove Jobs that an engine which died has left: what they did is told by their folders."""
        wanted = selector(labels("step", run=self._place.run))
        for job in self._kube.list(JOBS, labels=wanted).items:
            self._kube.delete(JOBS, job["metadata"]["name"])

    def _create(self, running: _Running, job: dict[str, Any]) -> None:
        try:
            own = running.container.job(job) if running.container else job
            if own is None:
                running.container, running.over = None, time.monotonic()
                return
            self._kube.create(JOBS, own)
        except (MlopsError, OSError) as error:
            running.refused, running.over = f"its Job could not be made: {error}", time.monotonic()

    def _delete(self, running: _Running) -> None:
        try:
            self._kube.delete(JOBS, running.job)
        except MlopsError as error:
            running.refused = f"it could not be stopped: {error}"

    # What is heard.

    def _watch(self) -> None:
        for change in changes(self._kube, PODS, selector(labels("step", run=self._place.run)), self._stop):
            if change.kind != "synced":
                self._heard(change.object, gone=change.kind == "deleted")

    def _heard(self, pod: Mapping[str, Any], *, gone: bool) -> None:
        job = (pod["metadata"].get("labels") or {}).get(_JOB_NAME)
        with self._guard:
            running = next((item for item in self._running.values() if item.job == job), None)
        if running is None:
            return
        running.pod = pod
        if running.container is not None:
            running.container.hear(pod)
        ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        taken_away = _is_disrupted(pod) and running.stopped is None
        if (ended or gone) and not taken_away and not running.over:
            running.over = time.monotonic()

    def _read(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            for running in list(self._running.values()):
                self._look(running)

    def _look(self, running: _Running) -> None:
        late = running.stopped is not None and time.monotonic() - running.asked > 3 * GRACE_S
        over = (bool(running.over) and self._is_finished(running)) or late
        result = read_result(running.attempt.directory) if over else None
        events = running.tail.read()
        if events:
            running.report(Report(running.attempt.id, events=events))
        waits = over and result is None and _says_it_worked(running.pod)
        if not over or (waits and time.monotonic() - running.over < _RESULT_WITHIN_S):
            return
        with self._guard:
            self._running.pop(running.attempt.id, None)
        running.report(Report(running.attempt.id, outcome=_outcome(running, result)))

    def _is_finished(self, running: _Running) -> bool:
        """Whether the files of an attempt that is over have been seen to; large ones take their time."""
        if running.container is None or running.refused:
            return True
        if running.finishing is None:
            worked = _says_it_worked(running.pod) and running.stopped is None
            running.finishing = self._starts.submit(running.container.finish, worked)
        return running.finishing.done()


def _outcome(running: _Running, result: TaskResult | None) -> Outcome:
    if running.stopped is not None:
        state = "failed" if running.stopped == "timeout" else "canceled"
        return Outcome(state, result, STOPPED[running.stopped], running.stopped)  # type: ignore[arg-type]
    if result is not None and result.fate == "succeeded":
        return Outcome("succeeded", result)
    if result is not None:
        return Outcome("failed", result, why_failed(result))
    return Outcome("failed", None, running.refused or str(why_died(running.pod)))


def _says_it_worked(pod: Mapping[str, Any]) -> bool:
    return bool(pod.get("status", {}).get("phase") == "Succeeded")


def _is_disrupted(pod: Mapping[str, Any]) -> bool:
    """Whether the cluster took the pod away: drained, evicted, preempted."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(item.get("type") == "DisruptionTarget" and item.get("status") == "True" for item in conditions)
