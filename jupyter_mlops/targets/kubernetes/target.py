"""The target `kubernetes`, as an engine in a pod uses it: each attempt is a Job whose folder is on the run's volume."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jupyter_mlops.engine.target import Attempt, Report, StopReason
from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.pace import Pace
from jupyter_mlops.kube.reason import Reason, part, text
from jupyter_mlops.kube.resource import JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.plain_files import write_plain
from jupyter_mlops.targets.attempt_files import EventTail, read_result
from jupyter_mlops.targets.kubernetes.containers import ContainerAttempt, is_container, with_platform
from jupyter_mlops.targets.kubernetes.making import make_job
from jupyter_mlops.targets.kubernetes.places import GRACE_S, RunPlace, step_job
from jupyter_mlops.targets.kubernetes.pod_attempt import JOB_NAME, PodAttempt, is_marked, marked
from jupyter_mlops.targets.kubernetes.pod_use import PodUse
from jupyter_mlops.targets.kubernetes.settings import PATIENCE_S
from jupyter_mlops.targets.kubernetes.sightings import Sightings
from jupyter_mlops.targets.kubernetes.waiting import Waiting, line

SLOTS = 100
_SPEC = "spec.json"
_LOOK_EVERY_S = 0.2
# A connection that was cut without a word is found out when a watch is silent for longer than this.
_PACE = Pace(watch=60.0, slack=15.0)


class KubernetesTarget:
    """Runs attempts as Jobs, up to `slots` at once. One watch tells of all Jobs of the run, another of their pods.

    An attempt may wait for long before it runs. For a reason that does not pass by waiting it fails after `patience`
    seconds.
    """

    name = "kubernetes"
    attempts_wait = True

    def __init__(self, kube: Kube, place: RunPlace, *, slots: int = SLOTS, patience: float = PATIENCE_S) -> None:
        if slots < 1:
            raise Usage(f"A target needs at least one slot, not {slots}.")
        self._kube, self._place, self._slots = kube, place, slots
        self._guard = threading.Lock()
        self._running: dict[str, PodAttempt] = {}
        self._stop = Stop()
        self._deaf = ""
        self._sightings = Sightings()
        self._waiting = Waiting(kube, patience, self._sightings)
        self._use = PodUse(kube, self._of_steps())
        self._calls = ThreadPoolExecutor(max_workers=8, thread_name_prefix="mlops-call")
        self._sweep()
        watches = (("jobs", lambda: self._watch(JOBS)), ("pods", lambda: self._watch(PODS)), ("events", self._read))
        self._threads = [threading.Thread(target=work, name=f"mlops-{name}", daemon=True) for name, work in watches]
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
        write_plain(attempt.directory / _SPEC, attempt.spec.to_json())
        job = with_platform(self._job(attempt), attempt.spec)
        running = PodAttempt(attempt, report, self._tail(attempt), job, time.monotonic())
        running.manifest = marked(job, running.mark)
        if is_container(attempt.spec):
            running.container = ContainerAttempt(self._kube, attempt, self._use)
        with self._guard:
            self._running[attempt.id] = running

    def stop(self, attempt: str, reason: StopReason) -> None:
        """End an attempt: its pod is asked to, and after a grace period killed."""
        with self._guard:
            running = self._running.get(attempt)
            if running is None or running.stopped is not None:
                return
            running.stopped, running.asked = reason, time.monotonic()
        self._calls.submit(self._delete, running)

    def close(self) -> None:
        """Stop what still runs and free everything."""
        for attempt in list(self._running):
            self.stop(attempt, "shutdown")
        deadline = time.monotonic() + 2 * GRACE_S
        while self._running and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        self._stop.set()
        self._waiting.close()
        self._use.close()
        for thread in self._threads:  # they ask for calls
            thread.join(timeout=5.0)
        self._sightings.ask(self._kube)
        self._calls.shutdown(wait=True)

    # What is another way where the volume cannot be seen from here.

    def _job(self, attempt: Attempt) -> dict[str, Any]:
        """The Job of an attempt."""
        spec, path = attempt.spec, attempt.directory / _SPEC
        return step_job(self._place, spec.task, spec.step, spec.attempt, attempt.options, str(path))

    def _tail(self, attempt: Attempt) -> EventTail:
        """What gives the lines of the attempt's events."""
        return EventTail(attempt.directory / "events.jsonl")

    def _has_arrived(self, running: PodAttempt, now: float, over_since: float) -> bool:  # noqa: ARG002 - elsewhere
        """Whether what the attempt left is in its folder here, so that it is over. Asked a few times a second."""
        return over_since > 0.0 and self._is_finished(running)

    # What is asked of the cluster, in threads of their own.

    def _sweep(self) -> None:
        """Remove Jobs that an engine which died has left: what they did is told by their folders."""
        for job in self._kube.list(JOBS, labels=self._of_steps()).items:
            self._kube.delete(JOBS, job["metadata"]["name"])

    def _create(self, running: PodAttempt) -> None:
        """Have the Job made; it may have to be tried again later."""
        if running.container is not None and not self._fits(running, running.container):
            return
        made = make_job(self._kube, running.manifest, running.mark)
        with self._guard:
            before = running.waits
            running.hear_made(made, time.monotonic())
        if running.waits != before:
            self._tell_waiting(running)
        if running.stopped is not None:
            self._delete(running)  # it was asked to stop while its Job was made

    def _fits(self, running: PodAttempt, container: ContainerAttempt) -> bool:
        """Whether the Job was given the image's own command; false if there is nothing to run."""
        if running.fitted:
            return True
        try:
            job = container.job(dict(running.manifest))
        except (MlopsError, OSError) as error:
            running.refused = Reason("not_made", f"Its Job could not be made: {error}")
            return False
        if job is None:
            running.container, running.pod_over = None, time.monotonic()
            return False
        running.manifest, running.fitted = job, True
        return True

    def _is_finished(self, running: PodAttempt) -> bool:
        """Whether the files of an attempt that is over have been seen to; large ones take their time."""
        if running.container is None or running.refused is not None:
            return True
        if running.finishing is None:
            worked = part(running.pod, "status").get("phase") == "Succeeded" and running.stopped is None
            running.finishing = self._calls.submit(running.container.finish, worked)
        return running.finishing.done()

    def _delete(self, running: PodAttempt) -> None:
        try:
            # Whether it was made is sometimes not known; one of that name that is not ours stays.
            if running.made or is_marked(self._kube.get(JOBS, running.name), running.mark):
                self._kube.delete(JOBS, running.name)
        except Absent:
            return
        except MlopsError as error:
            running.refused = Reason("not_stopped", f"It could not be stopped: {error}")

    def _see_events(self, running: PodAttempt) -> None:
        pod = text(part(running.pod, "metadata"), "name")
        kind, name = ("Pod", pod) if pod else ("Job", running.name)
        self._sightings.want(running.attempt.directory, kind, name, time.monotonic())

    # What is heard.

    def _watch(self, kind: Any) -> None:
        try:
            for change in changes_of(self._kube, Selection(kind, self._of_steps()), self._stop, pace=_PACE):
                if change.kind != "synced":
                    self._heard(kind is JOBS, change.object, gone=change.kind == "deleted")
        except MlopsError as error:
            self._deaf = f"The {kind.plural} of the run cannot be followed: {error}"

    def _heard(self, is_job: bool, item: Mapping[str, Any], *, gone: bool) -> None:
        metadata = item["metadata"]
        name = metadata["name"] if is_job else (metadata.get("labels") or {}).get(JOB_NAME)
        now = time.monotonic()
        with self._guard:
            for running in self._running.values():
                if running.name == name:
                    (running.hear_job if is_job else running.hear_pod)(item, now, gone=gone)
                    if not is_job:
                        self._sightings.pod(running.attempt.directory, item)
                        if running.container is not None:
                            running.container.hear(item)

    def _read(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            attempts = list(self._running.values())
            self._waiting.look(attempts, time.monotonic(), self._tell_waiting)
            for running in attempts:
                self._look(running)
            if self._sightings.is_due(time.monotonic()):
                self._calls.submit(self._sightings.ask, self._kube)

    def _tell_waiting(self, running: PodAttempt) -> None:
        running.report(Report(running.attempt.id, events=(line(running),)))

    def _look(self, running: PodAttempt) -> None:
        now = time.monotonic()
        if running.is_due(now):
            self._calls.submit(self._create, running)
        if self._deaf and running.refused is None:
            running.refused = Reason("not_followed", self._deaf)
        if running.runs and not running.began:
            running.began = True
            running.report(Report(running.attempt.id, began=True))
            self._see_events(running)
        with self._guard:
            over = self._has_arrived(running, now, running.over_since(now))
        result = read_result(running.attempt.directory) if over else None
        events = running.tail.read()
        if events:
            running.report(Report(running.attempt.id, events=events))
        if not over or (result is None and running.result_may_come(now)):
            return
        with self._guard:
            self._running.pop(running.attempt.id, None)
        if running.container is not None:
            running.container.leave()
        outcome = running.outcome(result)
        if outcome.state == "failed":
            self._see_events(running)
        self._sightings.forget(running.attempt.directory)
        if (running.refused is not None and running.made) or outcome.taken_away:
            self._calls.submit(self._delete, running)  # it must not begin, or go on, behind our back
        running.report(Report(running.attempt.id, outcome=outcome))

    def _of_steps(self) -> str:
        return selector(labels("step", run=self._place.run))
