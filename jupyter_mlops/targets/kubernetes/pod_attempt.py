"""One attempt as its Job and its pod tell of it, and what follows: that it began, that it is over, and how it ended.

Of the pods that a Job may have had, only the first one counts: a second one does not run an attempt again (see
`pod_main`). Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason
from jupyter_mlops.kube.explain import why_died
from jupyter_mlops.kube.reason import Reason, condition, part
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.targets.attempt_files import STOPPED, EventTail, why_failed
from jupyter_mlops.targets.kubernetes.containers import ContainerAttempt
from jupyter_mlops.targets.kubernetes.making import MARK, Made
from jupyter_mlops.targets.kubernetes.places import GRACE_S

JOB_NAME = "batch.kubernetes.io/job-name"
# A node that does not answer does not end its pods either.
LOST_AFTER_S = 3.0 * GRACE_S
# How long the Job of a pod that is gone, or the pod of a Job that is, may take to be heard of.
_SETTLED_WITHIN_S = 5.0
# How long the result of a pod that is over may take to be seen here: network file systems are not immediate.
_RESULT_WITHIN_S = 5.0
_DELETED = Reason("stopped", "Its pod was deleted.", disruption=True)
_SUSPENDED = Reason("suspended", "Its Job was suspended, and its pod taken away.", disruption=True)
_JOB_GONE = Reason("job_deleted", "Its Job was deleted by somebody.")


@dataclass
class PodAttempt:
    """An attempt that was started. `manifest` is its Job, `job` and `pod` what the cluster said of them last.

    `refused` ends it for a reason of ours. `waits` is what was told of its waiting, `lasting` since when that is a
    reason that does not pass by waiting. `create_at` is when its Job is to be made, None once somebody does it.
    `container` sees to an image that runs as it is: its Job is `fitted` with its command, and at the end
    what it made is read, `finishing`.
    """

    attempt: Attempt
    report: Callable[[Report], None]
    tail: EventTail
    manifest: Mapping[str, Any]
    started: float
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    stopped: StopReason | None = None
    asked: float = 0.0
    create_at: float | None = 0.0
    creating: bool = False
    made: bool = False
    job: Mapping[str, Any] = field(default_factory=dict)
    pod: Mapping[str, Any] = field(default_factory=dict)
    job_gone: float = 0.0
    pod_gone: float = 0.0
    job_over: float = 0.0
    pod_over: float = 0.0
    taken: float = 0.0
    began: bool = False
    refused: Reason | None = None
    waits: Reason | None = None
    lasting: float = 0.0
    looked: float = 0.0
    container: ContainerAttempt | None = None
    fitted: bool = False
    finishing: Future[None] | None = None

    @property
    def name(self) -> str:
        """Of its Job."""
        return str(self.manifest["metadata"]["name"])

    def hear_job(self, job: Mapping[str, Any], now: float, *, gone: bool) -> None:
        """Take what a watch says of the Job; one of that name that is not the one that was made here is ignored."""
        if not is_marked(job, self.mark):
            return
        self.job = job
        if gone:
            self.job_gone = self.job_gone or now
        elif condition(job, "Failed") or condition(job, "Complete") or condition(job, "FailureTarget"):
            self.job_over = self.job_over or now

    def hear_pod(self, pod: Mapping[str, Any], now: float, *, gone: bool) -> None:
        """Take what a watch says of a pod of the Job."""
        if self.pod and part(self.pod, "metadata").get("uid") != part(pod, "metadata").get("uid"):
            return
        if part(pod, "metadata", "annotations").get(MARK, self.mark) != self.mark:
            return
        self.pod = pod
        ended = part(pod, "status").get("phase") in ("Succeeded", "Failed")
        # One that had ended before is only cleaned up when it is deleted.
        deleted = (gone and not ended) or part(pod, "metadata").get("deletionTimestamp")
        if (deleted and not self.pod_over) or condition(pod, "DisruptionTarget"):
            self.taken = self.taken or now
        if ended:
            self.pod_over = self.pod_over or now
        if gone:
            self.pod_gone = self.pod_gone or now

    def is_due(self, now: float) -> bool:
        """Whether its Job is to be made now; who asks makes it."""
        if self.create_at is None or self.create_at > now or self.stopped is not None or self.refused is not None:
            return False
        self.create_at, self.creating = None, True
        return True

    def hear_made(self, made: Made, now: float) -> None:
        """Take what became of the request for its Job."""
        self.refused, self.creating = self.refused or made.refused, False
        self.create_at = None if made.again is None else now + made.again
        if made.job:
            self.made, self.job = True, self.job or made.job
        if made.waits is not None:
            self.waits = made.waits

    @property
    def runs(self) -> bool:
        """Whether its container has begun."""
        return part(self.pod, "status").get("phase") in ("Running", "Succeeded", "Failed")

    @property
    def waiting(self) -> bool:
        """Whether it was started and has not begun, and nothing ends it."""
        return not (self.runs or self.stopped or self.refused or self.taken or self.job_gone or self.job_over)

    def over_since(self, now: float) -> float:
        """When it ended; 0 while it has not, or while more may be heard of how."""
        if self.refused is not None:
            return now
        if self.stopped is not None:
            return self._stopped_since(now)
        ended = self.pod_over or self.pod_gone
        if ended and (self.job_over or self.job_gone or not self.taken or now - ended > _SETTLED_WITHIN_S):
            return ended
        if self.taken and now - self.taken > LOST_AFTER_S:
            return self.taken
        since = self.job_gone or self.job_over
        patience = LOST_AFTER_S if self.pod else _SETTLED_WITHIN_S
        return since if since and now - since > patience else 0.0

    def _stopped_since(self, now: float) -> float:
        if not self.made and not self.creating:
            return self.asked
        if self.pod_over or self.pod_gone or (self.job_gone and not self.pod and now - self.job_gone > 1.0):
            return self.pod_over or self.pod_gone or self.job_gone
        return self.asked if now - self.asked > LOST_AFTER_S else 0.0

    def result_may_come(self, now: float) -> bool:
        """Whether its process said that it worked, so that its result has to be there in a moment."""
        worked = part(self.pod, "status").get("phase") == "Succeeded"
        return worked and now - (self.pod_over or now) < _RESULT_WITHIN_S

    def outcome(self, result: TaskResult | None) -> Outcome:
        """How it ended."""
        if self.stopped is not None:
            state = "failed" if self.stopped == "timeout" else "canceled"
            return Outcome(state, result, STOPPED[self.stopped], self.stopped)  # type: ignore[arg-type]
        if result is not None and result.fate == "succeeded":
            return Outcome("succeeded", result)
        if self.refused is not None:
            return Outcome("failed", None, str(self.refused))
        reason = self._how_taken_away()
        if reason is not None:
            return Outcome("failed", result, str(reason), taken_away=True)
        if self.job_gone:
            return Outcome("failed", result, str(_JOB_GONE))
        if result is not None:
            return Outcome("failed", result, why_failed(result))
        return Outcome("failed", None, str(self._how_it_died()))

    def _how_taken_away(self) -> Reason | None:
        died = why_died(self.pod, self.job) if self.pod else None
        if died is not None and died.disruption:
            return died
        if self.job_gone or not self.taken or part(self.pod, "status").get("phase") == "Succeeded":
            return None
        if part(self.job, "spec").get("suspend") is True:
            return _SUSPENDED
        return _DELETED

    def _how_it_died(self) -> Reason:
        known = why_died(self.pod, self.job) or why_died(None, self.job)
        return known or Reason("no_result", "Its process ended without a result.", "Its log may say more.")


def marked(manifest: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """The Job with a mark by which who made it knows it, and its pod."""
    spec, template = manifest["spec"], manifest["spec"]["template"]
    return {
        **_annotated(manifest, mark),
        "spec": {**spec, "template": _annotated(template, mark)},
    }


def is_marked(item: Mapping[str, Any], mark: str) -> bool:
    """Whether it is the one that was made with this mark."""
    return part(item, "metadata", "annotations").get(MARK) == mark


def _annotated(item: Mapping[str, Any], mark: str) -> dict[str, Any]:
    metadata = item["metadata"]
    return {**item, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), MARK: mark}}}
