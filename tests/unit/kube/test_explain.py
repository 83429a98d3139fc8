"""What is said of real pods in trouble (`samples`, made by tests/cluster/make_pod_samples.py), and of anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.kube.explain import Reason, why_died, why_pending

SAMPLES = Path(__file__).parent / "samples"
LATER = datetime(2026, 1, 1, 0, 2, tzinfo=UTC)

PENDING = [
    ("claim-missing", "claim_missing", "wants the volume no-such-claim, and there is no such PVC"),
    ("claim-unbound", "claim_pending", "no storage is bound to unbound"),
    ("config-map-missing", "configmap_missing", "There is no ConfigMap no-such-map"),
    ("config-map-volume-missing", "configmap_missing", "There is no ConfigMap no-such-map"),
    ("secret-missing", "secret_missing", "There is no Secret no-such-secret"),
    ("secret-volume-missing", "secret_missing", "There is no Secret no-such-secret"),
    ("secret-key-missing", "key_missing", "The Secret there has no key z"),
    ("image-name-invalid", "image_name", "My/Image:1 is not the name of an image"),
    ("image-never-pulled", "image_absent", "The image no/such:1 is not on the node"),
    ("image-pull", "image_registry", "the image registry.invalid/team/none:1: no such host"),
    ("image-pull-back-off", "image_registry", "the image registry.invalid/team/other:1: no such host"),
    ("no-kubelet", "node_silent", "has not taken it up for "),
    ("node-selector", "node_selector", "of 2 nodes 1 has not the labels that it wants"),
    ("taint", "node_selector", "1 has a taint that it does not tolerate. Correct the target's node_selector"),
    ("quota", "quota", "of requested memory it asks for 100 GiB, "),
    ("quota-of-a-device", "quota", "of requested example.org/rare it asks for 1, 0 of 0 are in use"),
    ("runs-as-root", "runs_as_root", "Give the target a `user`"),
    ("scheduling-gate", "queued", "Kueue holds it back: its queue has not admitted it"),
    ("service-account-missing", "service_account", "There is no service account no-such-account"),
    ("suspended", "suspended", "Its Job is suspended"),
    ("suspended-by-queue", "queued", "Kueue holds it back: the queue team has not admitted it"),
    ("unschedulable-cpu", "unschedulable", "1 has too little cpu free (it asks for 500)"),
    ("unschedulable-gpu", "unschedulable", "1 has too little nvidia.com/gpu free (it asks for 4)"),
    ("unschedulable-memory", "unschedulable", "1 has too little memory free (it asks for 60 GiB)"),
]
DEAD = [
    ("evicted", "disk_limit", 'Usage of EmptyDir volume "data" exceeds the limit "1Mi".'),
    ("evicted-by-drain", "drained", "Its node was drained"),
    ("exit-139", "crashed", "SIGSEGV (exit code 139)"),
    ("exit-143", "killed", "SIGTERM (exit code 143)"),
    ("exit-code", "exit_code", "exit code 3. It said last: no such column"),
    ("job-back-off", "exit_code", "exit code 4"),
    ("job-deadline", "deadline", "longer than it may (3 s)"),
    ("pod-deadline", "deadline", "longer than it may (3 s)"),
    ("no-python", "no_program", "There is no no-python3 in the image my/ml:1"),
    ("not-executable", "no_program", "may not run /etc/passwd"),
    ("node-lost", "node_lost", "Its node is gone"),
    ("out-of-memory", "out_of_memory", "more memory than its limit of 64 MiB (OOMKilled)"),
    ("out-of-memory-child", "out_of_memory", "its limit of 64 MiB"),
    ("preempted", "preempted", "A pod of higher priority"),
    ("read-only-files", "read_only", "OSError: [Errno 30] Read-only file system: '/x' Write below HOME"),
]
WELL = ["running", "succeeded"]
LASTING = {
    *("claim_missing", "configmap_missing", "secret_missing", "key_missing", "image_name", "image_absent"),
    *("image_registry", "runs_as_root", "service_account", "suspended", "quota"),
}
DISRUPTED = {"drained", "node_lost", "preempted"}


def _sample(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def _pending(name: str, now: datetime | None = LATER) -> Reason | None:
    found = _sample(name)
    return why_pending(found["pod"], found["job"], found["events"], now)


def _died(name: str) -> Reason | None:
    found = _sample(name)
    return why_died(found["pod"], found["job"])


def test_every_sample_is_in_a_table() -> None:
    tables = [name for name, *_ in (*PENDING, *DEAD)] + WELL
    assert sorted(tables) == sorted(path.stem for path in SAMPLES.glob("*.json"))


@pytest.mark.parametrize(("name", "code", "said"), PENDING)
def test_why_it_waits(name: str, code: str, said: str) -> None:
    reason = _pending(name)
    assert reason is not None
    assert said in str(reason)
    assert (reason.code, reason.lasting, reason.disruption) == (code, code in LASTING, False)
    assert reason.hint
    assert _died(name) is None


@pytest.mark.parametrize(("name", "code", "said"), DEAD)
def test_how_it_died(name: str, code: str, said: str) -> None:
    reason = _died(name)
    assert reason is not None
    assert said in str(reason)
    assert (reason.code, reason.disruption) == (code, code in DISRUPTED)
    assert _pending(name) is None or name == "job-deadline"


@pytest.mark.parametrize("name", WELL)
def test_nothing_is_said_of_what_is_well(name: str) -> None:
    assert _pending(name) is None
    assert _died(name) is None


def test_nothing_is_said_of_a_wait_that_is_not_long() -> None:
    assert _pending("no-kubelet", datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)) is None
    assert _pending("no-kubelet", None) is None


def test_a_job_without_a_pod_and_without_complaints_is_only_young() -> None:
    assert why_pending(None, {"spec": {}}, []) is None
    assert why_died(None, None) is None


def test_what_failed_before_and_went_on_is_not_told() -> None:
    found = _sample("secret-volume-missing")
    pulling = {"reason": "Pulling", "message": "", "eventTime": "2026-01-01T00:01:30.123456Z"}
    reason = why_pending(found["pod"], None, [pulling, *found["events"]], LATER)
    assert reason is not None
    assert reason.code == "image_pulling"


def test_of_several_refusals_the_last_is_told() -> None:
    events = [
        {"reason": "FailedCreate", "message": "second", "lastTimestamp": "2026-01-01T00:00:02Z"},
        {"reason": "FailedCreate", "message": "first", "lastTimestamp": "2026-01-01T00:00:01Z"},
    ]
    reason = why_pending(None, {}, events)
    assert reason is not None
    assert reason.said == "The cluster refuses its pod: second."


# --- what clusters of other versions and settings say -------------------------------------------------------------


def _unscheduled(message: str, **spec: Any) -> Reason:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    reason = why_pending({"spec": spec, "status": {"phase": "Pending", "conditions": [condition]}})
    assert reason is not None
    return reason


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        (
            "0/3 nodes are available: 3 Insufficient memory.",
            "unschedulable",
            "of 3 nodes 3 have too little memory free.",
        ),
        ("0/1 nodes are available: 1 Too many pods.", "pods", "of 1 node 1 has no room for another pod."),
        (
            "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) were unschedulable.",
            "cordoned",
            "1 has a taint that it does not tolerate and 1 has been closed to new pods",
        ),
        (
            "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
            "volume_place",
            "2 have not the volume, which is elsewhere",
        ),
        (
            "0/2 nodes are available: 2 node(s) had taint {a: b}, that the pod didn't tolerate.",
            "taint",
            "Add a toleration",
        ),
        ("0/2 nodes are available: 2 node(s) didn't match node selector.", "node_selector", "2 have not the labels"),
        ("0/9 nodes are available: 9 something new.", "unschedulable", "9 something new."),
        ("", "unschedulable", "says no more"),
    ],
)
def test_other_words_of_schedulers(message: str, code: str, said: str) -> None:
    reason = _unscheduled(message)
    assert said in str(reason)
    assert reason.code == code


def _refused(message: str) -> Reason:
    reason = why_pending(
        None, {}, [{"reason": "FailedCreate", "message": f'Error creating: pods "a-1" is forbidden: {message}'}]
    )
    assert reason is not None
    assert reason.lasting
    return reason


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        (
            'violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "a" must set it)',
            "pod_security",
            "level restricted does not admit it: runAsNonRoot != true",
        ),
        (
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
            "limit_range",
            "at most 1 GiB of memory, and it asks for 2 GiB",
        ),
        (
            "[minimum cpu usage per Container is 20m, but request is 10m, maximum memory usage per Pod is 1Gi...",
            "limit_range",
            "at least 20m of cpu, and it asks for 10m",
        ),
        ("failed quota: team: must specify requests.memory for: step", "quota", "requests.memory is not given"),
        (
            'admission webhook "policy.example.org" denied the request: no',
            "refused",
            'admission webhook "policy.example.org" denied',
        ),
    ],
)
def test_other_words_of_refusals(message: str, code: str, said: str) -> None:
    reason = _refused(message)
    assert said in str(reason)
    assert reason.code == code


def _waits(reason: str, message: str) -> Reason:
    waiting = {"name": "a", "image": "r.example.org/a:1", "state": {"waiting": {"reason": reason, "message": message}}}
    found = why_pending({"status": {"phase": "Pending", "containerStatuses": [waiting]}})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [
        ("ErrImagePull", "failed to resolve reference: unexpected status: 401 Unauthorized", "image_denied"),
        ("ErrImagePull", "pull access denied, repository does not exist or may require authorization", "image_denied"),
        ("ImagePullBackOff", "r.example.org/a:1: not found", "image_absent"),
        ("ImagePullBackOff", "", "image"),
        (
            "CreateContainerConfigError",
            "runAsNonRoot and image has non-numeric user (app), cannot verify",
            "runs_as_root",
        ),
        ("CreateContainerError", "something", "configuration"),
        ("CrashLoopBackOff", "back-off", "container"),
    ],
)
def test_other_words_of_kubelets(reason: str, message: str, code: str) -> None:
    assert _waits(reason, message).code == code


def _ended(code: int, reason: str = "Error", message: str = "", **status: Any) -> Reason:
    state = {"terminated": {"exitCode": code, "reason": reason, "message": message}}
    found = why_died({"status": {"phase": "Failed", "containerStatuses": [{"name": "a", "state": state}], **status}})
    assert found is not None
    return found


def test_other_ways_to_die() -> None:
    assert _ended(137).hint.startswith("Often a process used too much memory")
    assert "its node had no memory left" in _ended(137, "OOMKilled").said
    assert _ended(1, "OOMKilled").said.startswith("A process that it started was killed")
    assert _ended(1, message="OSError: [Errno 28] No space left on device").code == "disk_full"
    assert _ended(1, message="PermissionError: [Errno 13] Permission denied: '/data'").code == "permission"
    assert _ended(127).code == "no_program"
    assert _ended(78, message="The code of this step is not what was sent.").code == "code_refused"
    assert _ended(255, "ContainerStatusUnknown").disruption


@pytest.mark.parametrize("reason", ["NodeLost", "Terminated", "NodeShutdown", "OutOfcpu", "OutOfpods", "NodeAffinity"])
def test_what_a_node_does_is_no_failure_of_the_work(reason: str) -> None:
    assert why_died({"status": {"phase": "Failed", "reason": reason}}) is not None
    assert _ended(137, reason="Error").disruption is False
    found = why_died({"status": {"phase": "Failed", "reason": reason, "message": "m"}})
    assert found is not None
    assert found.disruption


def test_an_eviction_by_a_node_that_runs_short_is_no_failure_of_the_work() -> None:
    status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    found = why_died({"status": status})
    assert found is not None
    assert (found.code, found.disruption) == ("node_pressure", True)
    condition = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
    found = why_died({"status": {**status, "conditions": [condition]}})
    assert found is not None
    assert "low on resource: memory" in found.said


def test_a_pod_that_was_deleted_was_stopped() -> None:
    state = {"terminated": {"exitCode": 143}}
    status = {"phase": "Failed", "containerStatuses": [{"name": "a", "state": state}]}
    found = why_died({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": status})
    assert found is not None
    assert found.code == "stopped"


def test_words_of_a_cluster_cannot_steer_a_terminal() -> None:
    said = _waits("CreateContainerError", "\x1b[2Jgone\r\n" + "x" * 10_000).said
    assert said.isprintable()
    assert len(said) < 700


KEYS = st.sampled_from(
    "metadata spec status conditions type reason message phase containerStatuses initContainerStatuses state waiting "
    "terminated exitCode name image containers resources limits memory schedulingGates labels volumes nodeName".split()
)
WORDS = st.sampled_from(
    "Pending Failed Unschedulable PodScheduled SchedulingGated False True ErrImagePull OOMKilled Evicted StartError "
    "CreateContainerConfigError ContainerCreating DisruptionTarget FailedMount FailedCreate 64Mi "
    "2026-01-01T00:00:00Z".split()
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 300) | WORDS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=40,
)


@given(ANYTHING, ANYTHING, st.lists(ANYTHING, max_size=3))
def test_whatever_a_cluster_answers_something_or_nothing_is_said(pod: Any, job: Any, events: list[Any]) -> None:
    for reason in (why_pending(pod, job, events, LATER), why_died(pod, job)):
        assert reason is None or reason.said.strip()


CREATING = {
    "spec": {"nodeName": "node-1"},
    "status": {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "ContainerCreating"}}}],
    },
}


@pytest.mark.parametrize(
    ("reason", "message", "code", "said"),
    [
        ("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"', "volume_in_use", "in use on another node"),
        (
            "FailedMount",
            "MountVolume.SetUp failed: no such device",
            "volume",
            "MountVolume.SetUp failed: no such device.",
        ),
        ("FailedCreatePodSandBox", "plugin failed to add network", "node_network", "cannot set up its network"),
        ("Scheduled", "", "slow", "has been preparing it for 120 s"),
        ("Pulling", "", "image_pulling", "has been pulling its image for 120 s"),
    ],
)
def test_what_a_node_still_does(reason: str, message: str, code: str, said: str) -> None:
    found = why_pending(CREATING, None, [{"reason": reason, "message": message}], LATER)
    assert found is not None
    assert (found.code, said in found.said) == (code, True)
    assert found.hint


def test_a_gate_of_others_is_named() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    pod = {"spec": {"schedulingGates": [{"name": "example.org/wait"}]}, "status": {"conditions": [condition]}}
    found = why_pending(pod)
    assert found is not None
    assert (found.code, "example.org/wait" in found.said) == ("gated", True)


def test_a_quota_that_can_never_have_room_is_told_apart() -> None:
    def refused(asked: str) -> Reason | None:
        message = f"exceeded quota: q, requested: pods={asked}, used: pods=3, limited: pods=4"
        return why_pending(None, {}, [{"reason": "FailedCreate", "message": message}])

    never, later, odd = (refused(asked) for asked in ("5", "2", "many"))
    assert never is not None
    assert later is not None
    assert odd is not None
    assert (never.lasting, later.lasting, odd.lasting) == (True, False, False)
    assert "of pods it asks for 2, 3 of 4 are in use" in later.said


def test_a_job_that_failed_without_a_pod_is_told_in_its_own_words() -> None:
    condition = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": "Container main exited 7"}
    found = why_died(None, {"status": {"conditions": [condition]}})
    assert found is not None
    assert found.said == "Container main exited 7. Its pod is gone, so no more is known."


def test_a_container_that_cannot_begin_is_told_in_the_runtimes_words() -> None:
    assert (
        _ended(128, "StartError", "failed to mount rootfs").said
        == "Its container could not begin: failed to mount rootfs."
    )


def test_the_last_words_are_those_for_people():
    ended = {"exitCode": 2, "reason": "Error", "message": 'You cannot list jobs.\n{"mlops": "file"}\n'}
    pod = {"status": {"phase": "Failed", "containerStatuses": [{"name": "main", "state": {"terminated": ended}}]}}
    assert "It said last: You cannot list jobs." in why_died(pod).said
