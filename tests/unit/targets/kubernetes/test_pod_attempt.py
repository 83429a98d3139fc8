"""When an attempt is over, and how it ended, from what is heard of its Job and its pod, in whatever order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.target import Attempt
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.spec import ErrorInfo, TaskResult, TaskSpec
from jupyter_mlops.targets.attempt_files import EventTail
from jupyter_mlops.targets.kubernetes.making import MARK, Made
from jupyter_mlops.targets.kubernetes.places import RunPlace, step_job
from jupyter_mlops.targets.kubernetes.pod_attempt import LOST_AFTER_S, PodAttempt, marked

OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}}
PLACE = RunPlace("run", "image", "claim", ("code",), "digest", OWNER)
WORKED = TaskResult("succeeded", 0.1)
INTERRUPTED = TaskResult("failed", 0.1, error=ErrorInfo("KeyboardInterrupt", "stopped by SIGTERM"))


@pytest.fixture
def attempt(tmp_path: Path) -> PodAttempt:
    spec = TaskSpec("run", "s", "s", 1, str(tmp_path), str(tmp_path))
    manifest = step_job(PLACE, "s", "s", 1, Options(), "spec.json")
    made = PodAttempt(Attempt(spec, tmp_path), lambda _: None, EventTail(tmp_path / "e"), manifest, 0.0)
    made.manifest = marked(manifest, made.mark)
    made.is_due(0.0)
    made.hear_made(Made(made.manifest), 0.0)
    return made


def pod(attempt: PodAttempt, phase: str, *, uid: str = "1", reason: str = "", ending: bool = False) -> dict[str, Any]:
    conditions = [{"type": "DisruptionTarget", "status": "True", "reason": reason}] if reason else []
    metadata: dict[str, Any] = {"name": "p", "uid": uid, "annotations": {MARK: attempt.mark}}
    if ending:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "status": {"phase": phase, "conditions": conditions}}


def job(attempt: PodAttempt, kind: str = "", **spec: Any) -> dict[str, Any]:
    conditions = [{"type": kind, "status": "True"}] if kind else []
    metadata = attempt.manifest["metadata"]
    return {"metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def test_a_pod_that_ended_by_itself_is_over_at_once(attempt: PodAttempt) -> None:
    attempt.hear_pod(pod(attempt, "Running"), 1.0, gone=False)
    assert (attempt.runs, attempt.over_since(2.0)) == (True, 0.0)
    attempt.hear_pod(pod(attempt, "Succeeded"), 3.0, gone=False)
    assert attempt.over_since(3.0) == 3.0
    assert attempt.outcome(WORKED).state == "succeeded"
    assert attempt.result_may_come(4.0)
    assert not attempt.result_may_come(60.0)


def test_a_node_that_does_not_answer_has_lost_its_pods_after_a_while(attempt: PodAttempt) -> None:
    attempt.hear_pod(pod(attempt, "Running"), 1.0, gone=False)
    lost = pod(attempt, "Running", reason="DeletionByTaintManager", ending=True)
    attempt.hear_pod(lost, 10.0, gone=False)
    assert not attempt.over_since(10.0 + LOST_AFTER_S)
    assert attempt.over_since(11.0 + LOST_AFTER_S)
    outcome = attempt.outcome(None)
    assert outcome.taken_away
    assert "Its node stopped answering" in outcome.reason


def test_what_is_finished_while_its_node_is_drained_has_succeeded(attempt: PodAttempt) -> None:
    attempt.hear_pod(pod(attempt, "Running", reason="EvictionByEvictionAPI", ending=True), 1.0, gone=False)
    attempt.hear_pod(pod(attempt, "Succeeded", reason="EvictionByEvictionAPI", ending=True), 2.0, gone=False)
    attempt.hear_job(job(attempt, "Complete"), 2.5, gone=False)
    assert attempt.over_since(3.0)
    assert attempt.outcome(WORKED).state == "succeeded"


@pytest.mark.parametrize("first", ["pod", "job"])
def test_a_job_that_is_deleted_is_told_from_a_pod_that_is_deleted(attempt: PodAttempt, first: str) -> None:
    attempt.hear_pod(pod(attempt, "Running"), 1.0, gone=False)
    for heard in (first, "job" if first == "pod" else "pod"):
        if heard == "job":
            attempt.hear_job(job(attempt), 2.0, gone=True)
        else:
            attempt.hear_pod(pod(attempt, "Failed", ending=True), 2.0, gone=True)
        if heard == first:
            assert not attempt.over_since(2.5)
    assert attempt.over_since(2.5)
    outcome = attempt.outcome(INTERRUPTED)
    assert (outcome.taken_away, outcome.reason) == (False, "Its Job was deleted by somebody.")


def test_a_job_that_is_suspended_while_it_runs_begins_again(attempt: PodAttempt) -> None:
    attempt.hear_pod(pod(attempt, "Running"), 1.0, gone=False)
    attempt.hear_job(job(attempt, suspend=True), 2.0, gone=False)
    attempt.hear_pod(pod(attempt, "Failed", ending=True), 3.0, gone=True)
    assert attempt.over_since(60.0)
    outcome = attempt.outcome(INTERRUPTED)
    assert (outcome.taken_away, outcome.reason) == (True, "Its Job was suspended, and its pod taken away.")


def test_a_pod_that_vanished_without_a_word_was_deleted(attempt: PodAttempt) -> None:
    attempt.hear_pod(pod(attempt, "Running"), 1.0, gone=False)
    attempt.hear_pod(pod(attempt, "Running"), 2.0, gone=True)
    attempt.hear_job(job(attempt, "Failed"), 3.0, gone=False)
    assert attempt.over_since(3.0)
    assert attempt.outcome(None).taken_away


def test_a_job_that_ended_without_a_pod_that_was_seen_is_over_after_a_moment(attempt: PodAttempt) -> None:
    attempt.hear_job(job(attempt, "Failed"), 1.0, gone=False)
    assert not attempt.over_since(2.0)
    assert attempt.over_since(30.0)
    assert "Its pod is gone" in attempt.outcome(None).reason
    assert attempt.outcome(WORKED).state == "succeeded"


def test_pods_and_jobs_of_others_are_not_heard(attempt: PodAttempt) -> None:
    other = job(attempt, "Failed")
    other["metadata"] = {**other["metadata"], "annotations": {MARK: "of another"}}
    attempt.hear_job(other, 1.0, gone=True)
    theirs = pod(attempt, "Failed")
    theirs["metadata"]["annotations"] = {MARK: "of another"}
    attempt.hear_pod(theirs, 1.0, gone=False)
    attempt.hear_pod(pod(attempt, "Running"), 2.0, gone=False)
    attempt.hear_pod(pod(attempt, "Failed", uid="2"), 3.0, gone=False)
    assert not attempt.over_since(60.0)


def test_a_stop_is_over_when_the_pod_is_or_never_was(attempt: PodAttempt) -> None:
    attempt.stopped, attempt.asked = "user", 5.0
    assert not attempt.over_since(6.0)
    attempt.hear_job(job(attempt), 6.0, gone=True)
    assert not attempt.over_since(6.5), "its pod may be heard of yet"
    assert attempt.over_since(8.0)
    assert attempt.outcome(None).state == "canceled"


def test_a_stop_whose_node_is_silent_is_over_in_the_end(attempt: PodAttempt) -> None:
    attempt.hear_pod(pod(attempt, "Running"), 1.0, gone=False)
    attempt.stopped, attempt.asked = "timeout", 5.0
    attempt.hear_pod(pod(attempt, "Running", ending=True), 6.0, gone=False)
    assert not attempt.over_since(5.0 + LOST_AFTER_S)
    assert attempt.over_since(6.0 + LOST_AFTER_S)
    assert (attempt.outcome(None).state, attempt.outcome(None).stopped) == ("failed", "timeout")
