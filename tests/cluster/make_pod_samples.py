"""Make the samples of `tests/unit/kube/samples` anew on a real cluster: `python tests/cluster/make_pod_samples.py`.

Each is a pod (or a Job without one) in a state that people ask about, with its events, as the API server tells it.
It needs one node whose kubelet runs `IMAGE` (Python in it, user root), the right to make namespaces, and a Node object
without a machine (what is preempted and lost happens there). Names, addresses and times are made neutral.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Data = dict[str, Any]
IMAGE = "my/ml:1"
HOME = Path(__file__).resolve().parent.parent / "unit" / "kube" / "samples"
FOLDER = "pod-samples"
FAKE = "pod-samples-fake"
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """What to make, and when it is what was wanted. `spec` changes the pod, `container` its container."""

    name: str
    until: Callable[[Data], bool]
    container: Data = field(default_factory=dict)
    spec: Data = field(default_factory=dict)
    metadata: Data = field(default_factory=dict)
    job: Data | None = None
    then: Callable[[str], None] | None = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*")
    chosen = parser.parse_args().only
    HOME.mkdir(parents=True, exist_ok=True)
    cases = [case for case in CASES if not chosen or case.name in chosen]
    with _namespace(), _fake_node():
        for case in cases:
            _make(case)
        for case in cases:
            _keep(case)
    return 0


def kubectl(*args: str, given: Data | list[Data] | None = None, check: bool = True) -> str:
    text = "\n".join(json.dumps(item) for item in (given if isinstance(given, list) else [given])) if given else None
    done = subprocess.run(["kubectl", *args], input=text, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"kubectl {' '.join(args)}: {done.stderr}")
    return done.stdout


def read(*args: str) -> Data:
    found: Data = json.loads(kubectl("-n", FOLDER, *args, "-o", "json", check=False) or "{}")
    return found


def _pod(case: Case) -> Data:
    container = {
        "name": "step",
        "image": IMAGE,
        "command": ["python3", "-c", "import time; time.sleep(3600)"],
        "resources": {},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **case.container,
    }
    container["resources"] = {
        **container["resources"],
        "requests": {**_SMALL, **container["resources"].get("requests", {})},
    }
    spec = {"restartPolicy": "Never", "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 1}
    return {"metadata": case.metadata, "spec": {**spec, "containers": [container], **case.spec}}


def _make(case: Case) -> None:
    pod = _pod(case)
    if case.job is None:
        made: Data = {"apiVersion": "v1", "kind": "Pod", **pod}
        made["metadata"] = {**case.metadata, "name": case.name, "finalizers": ["example.org/keep"]}
    else:
        made = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": case.name, **case.job.get("metadata", {})},
        }
        made["spec"] = {"backoffLimit": 0, "template": pod, **case.job.get("spec", {})}
    kubectl("-n", FOLDER, "create", "-f", "-", given=made)


def _keep(case: Case) -> None:
    ends = time.monotonic() + 150
    then = case.then
    while True:
        found = _state(case)
        if then is not None and (found["pod"] or {}).get("spec", {}).get("nodeName"):
            then(case.name)
            then = None
        if case.until(found):
            break
        if time.monotonic() > ends:
            print(f"{case.name}: not reached: {json.dumps(found)[-1500:]}", file=sys.stderr)
            return
        time.sleep(0.5)
    (HOME / f"{case.name}.json").write_text(json.dumps(_neutral(found), indent=1, sort_keys=True) + "\n")
    print(case.name)


def _state(case: Case) -> Data:
    job = read("get", "job", case.name) if case.job is not None else None
    if job is None:
        pod = read("get", "pod", case.name)
    else:
        pods = read("get", "pods", "-l", f"batch.kubernetes.io/job-name={case.name}").get("items") or [{}]
        pod = pods[0]
    uids = {(item or {}).get("metadata", {}).get("uid") for item in (pod, job)}
    events = read("get", "events").get("items", [])
    mine = [event for event in events if event["involvedObject"].get("uid") in uids - {None}]
    return {"pod": pod or None, "job": job or None, "events": mine}


# --- neutral ------------------------------------------------------------------------------------------------------

_NO_ID = "00000000-0000-0000-0000-000000000000"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def _neutral(found: Data) -> Data:
    first = (found["job"] or found["pod"])["metadata"]["creationTimestamp"]
    shift = START - _when(first)
    node = {"nodeName": "node-1"}
    text = json.dumps(found)
    for name in {(found["pod"] or {}).get("spec", {}).get("nodeName")} - {None}:
        text = text.replace(name, node["nodeName"])
    text = _TIME.sub(lambda match: (_when(match[0]) + shift).strftime("%Y-%m-%dT%H:%M:%SZ"), text)
    text = re.sub(r"\b10\.\d+\.\d+\.\d+", "192.0.2.1", text)
    text = re.sub(r"\b127\.\d+\.\d+\.\d+(:\d+)?", "192.0.2.2:53", text)
    text = re.sub(r"containerd://[0-9a-f]+", "containerd://" + 8 * "0", text)
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", _NO_ID, text)
    made: Data = json.loads(text)
    for item in (made["pod"], made["job"], *made["events"]):
        for key in ("managedFields", "resourceVersion"):
            (item or {}).get("metadata", {}).pop(key, None)
    return made


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# --- what is needed around ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _namespace() -> Iterator[None]:
    kubectl("create", "-f", "-", given={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FOLDER}})
    try:
        kubectl("create", "-f", "-", given=_AROUND)
        while not read("get", "serviceaccount", "default"):
            time.sleep(0.2)
        yield
    finally:
        kubectl("-n", FOLDER, "patch", "namespace", FOLDER, "-p", "{}", check=False)
        for pod in read("get", "pods").get("items", []):
            name = pod["metadata"]["name"]
            kubectl(
                "-n",
                FOLDER,
                "patch",
                "pod",
                name,
                "--type=merge",
                "-p",
                '{"metadata":{"finalizers":null}}',
                check=False,
            )
            kubectl("-n", FOLDER, "delete", "pod", name, "--grace-period=0", "--force", "--wait=false", check=False)
        kubectl("delete", "namespace", FOLDER, "--wait=false")
        kubectl("delete", "priorityclass", "pod-samples-low", "pod-samples-high", check=False)


@contextlib.contextmanager
def _fake_node() -> Iterator[None]:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": FAKE, "labels": {"pod-samples": "fake"}},
        "spec": {"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]},
    }
    kubectl("create", "-f", "-", given=node)
    amount = {"cpu": "1", "memory": "1Gi", "pods": "10", "example.org/thing": "1"}
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Said",
        "lastHeartbeatTime": _now(),
        "lastTransitionTime": _now(),
    }
    status = {"status": {"capacity": amount, "allocatable": amount, "conditions": [ready]}}
    kubectl("patch", "node", FAKE, "--subresource=status", "--type=merge", "-p", json.dumps(status))
    try:
        yield
    finally:
        kubectl("delete", "node", FAKE, "--wait=false", check=False)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _delete_node(_: str) -> None:
    kubectl("delete", "node", FAKE, "--wait=false")


def _evict(name: str) -> None:
    while read("get", "pod", name)["status"]["phase"] != "Running":
        time.sleep(0.5)
    given = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": FOLDER}}
    kubectl("create", "--raw", f"/api/v1/namespaces/{FOLDER}/pods/{name}/eviction", "-f", "-", given=given)


def _preempt(_: str) -> None:
    case = Case("preemptor", _pending, container=_THING, spec={**_ON_FAKE, "priorityClassName": "pod-samples-high"})
    _make(case)


_AROUND: list[Data] = [
    {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "team", "namespace": FOLDER},
        "spec": {"hard": {"requests.memory": "64Gi", "count/jobs.batch": "100", "requests.example.org/rare": "0"}},
    },
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there", "namespace": FOLDER}, "data": {"a": "b"}},
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "there", "namespace": FOLDER},
        "stringData": {"a": "b"},
    },
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "unbound", "namespace": FOLDER},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "no-such-class",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "pod-samples-low"},
        "value": -100,
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "pod-samples-high"},
        "value": -50,
    },
]
_SMALL = {"cpu": "10m", "memory": "16Mi"}
_ANY = [{"operator": "Exists"}]
_ON_FAKE: Data = {"nodeSelector": {"pod-samples": "fake"}, "tolerations": _ANY}
_THING: Data = {"resources": {"limits": {"example.org/thing": "1"}}}


def _waits(*reasons: str) -> Callable[[Data], bool]:
    def there(found: Data) -> bool:
        return any(state.get("waiting", {}).get("reason") in reasons for state in _states(found))

    return there


def _ended(found: Data) -> bool:
    return any("terminated" in state for state in _states(found)) and _phase(found) in ("Failed", "Succeeded")


def _phase(found: Data) -> str:
    return str((found["pod"] or {}).get("status", {}).get("phase"))


def _states(found: Data) -> list[Data]:
    return [item["state"] for item in (found["pod"] or {}).get("status", {}).get("containerStatuses", [])]


def _conditions(found: Data, which: str) -> list[Data]:
    return (found[which] or {}).get("status", {}).get("conditions", [])


def _pending(found: Data) -> bool:
    return any(item["type"] == "PodScheduled" and item.get("message") for item in _conditions(found, "pod"))


def _job_failed(found: Data) -> bool:
    return any(item["type"] == "Failed" for item in _conditions(found, "job"))


def _disrupted(found: Data) -> bool:
    return any(item["type"] == "DisruptionTarget" for item in _conditions(found, "pod"))


def _event(reason: str) -> Callable[[Data], bool]:
    return lambda found: any(event["reason"] == reason for event in found["events"])


def _python(source: str) -> list[str]:
    return ["python3", "-c", source]


def _env(kind: str, name: str, key: str) -> Data:
    return {"env": [{"name": "A", "valueFrom": {kind: {"name": name, "key": key}}}]}


def _volume(source: Data, **mount: Any) -> Data:
    return {
        "spec": {"volumes": [{"name": "data", **source}]},
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data", **mount}]},
    }


_EAT = "x = []\nwhile True: x.append(bytearray(b'x') * (1 << 20))"
_IN_CHILD = f"import subprocess, sys\nsys.exit(subprocess.run([sys.executable, '-c', {_EAT!r}]).returncode and 137)"
_FILL = "import time\nopen('/data/x', 'wb').write(bytes(8 << 20))\ntime.sleep(3600)"
CASES = [
    Case("unschedulable-cpu", _pending, container={"resources": {"requests": {"cpu": "500", "memory": "16Mi"}}}),
    Case(
        "unschedulable-memory",
        _pending,
        container={"resources": {"requests": {"memory": "60Gi"}}},
        spec={"nodeSelector": {"kubernetes.io/os": "linux"}},
    ),
    Case("unschedulable-gpu", _pending, container={"resources": {"limits": {"nvidia.com/gpu": "4"}}}),
    Case("node-selector", _pending, spec={"nodeSelector": {"pool": "no-such-pool"}}),
    Case("taint", _pending, spec={"nodeSelector": {"pod-samples": "fake"}}),
    Case("claim-missing", _pending, **_volume({"persistentVolumeClaim": {"claimName": "no-such-claim"}})),
    Case("claim-unbound", _pending, **_volume({"persistentVolumeClaim": {"claimName": "unbound"}})),
    Case("scheduling-gate", _pending, spec={"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}),
    Case("image-pull", _waits("ErrImagePull"), container={"image": "registry.invalid/team/none:1"}),
    Case("image-pull-back-off", _waits("ImagePullBackOff"), container={"image": "registry.invalid/team/other:1"}),
    Case(
        "image-never-pulled", _waits("ErrImageNeverPull"), container={"image": "no/such:1", "imagePullPolicy": "Never"}
    ),
    Case("image-name-invalid", _waits("InvalidImageName"), container={"image": "My/Image:1"}),
    Case("secret-missing", _waits("CreateContainerConfigError"), container=_env("secretKeyRef", "no-such-secret", "a")),
    Case("secret-key-missing", _waits("CreateContainerConfigError"), container=_env("secretKeyRef", "there", "z")),
    Case(
        "config-map-missing",
        _waits("CreateContainerConfigError"),
        container=_env("configMapKeyRef", "no-such-map", "a"),
    ),
    Case("runs-as-root", _waits("CreateContainerConfigError"), container={"securityContext": {"runAsNonRoot": True}}),
    Case("secret-volume-missing", _event("FailedMount"), **_volume({"secret": {"secretName": "no-such-secret"}})),
    Case("config-map-volume-missing", _event("FailedMount"), **_volume({"configMap": {"name": "no-such-map"}})),
    Case("no-kubelet", lambda found: bool(found["pod"] and found["pod"]["spec"].get("nodeName")), spec=_ON_FAKE),
    Case("quota", _event("FailedCreate"), container={"resources": {"requests": {"memory": "100Gi"}}}, job={}),
    Case(
        "quota-of-a-device",
        _event("FailedCreate"),
        container={"resources": {"limits": {"example.org/rare": "1"}}},
        job={},
    ),
    Case("service-account-missing", _event("FailedCreate"), spec={"serviceAccountName": "no-such-account"}, job={}),
    Case("suspended", _event("Suspended"), job={"spec": {"suspend": True}}),
    Case(
        "suspended-by-queue",
        _event("Suspended"),
        job={"spec": {"suspend": True}, "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "team"}}},
    ),
    Case("out-of-memory", _ended, container={"command": _python(_EAT), "resources": {"limits": {"memory": "64Mi"}}}),
    Case(
        "out-of-memory-child",
        _ended,
        container={"command": _python(_IN_CHILD), "resources": {"limits": {"memory": "64Mi"}}},
    ),
    Case(
        "exit-code",
        _ended,
        container={"command": _python("import sys; print('no such column', file=sys.stderr); sys.exit(3)")},
    ),
    Case("exit-139", _ended, container={"command": _python("import sys; sys.exit(139)")}),
    Case("exit-143", _ended, container={"command": _python("import sys; sys.exit(143)")}),
    Case("no-python", _ended, container={"command": ["no-python3", "-c", "pass"]}),
    Case("not-executable", _ended, container={"command": ["/etc/passwd"]}),
    Case(
        "read-only-files",
        _ended,
        container={"command": _python("open('/x', 'w')"), "securityContext": {"readOnlyRootFilesystem": True}},
    ),
    Case("pod-deadline", lambda found: _phase(found) == "Failed", spec={"activeDeadlineSeconds": 3}),
    Case("job-deadline", _job_failed, job={"spec": {"activeDeadlineSeconds": 3}}),
    Case("job-back-off", _job_failed, container={"command": _python("raise SystemExit(4)")}, job={}),
    Case(
        "evicted",
        lambda found: _phase(found) == "Failed",
        container={"command": _python(_FILL), "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        spec={"volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Mi"}}]},
    ),
    Case("evicted-by-drain", _ended, then=_evict),
    Case(
        "preempted",
        _disrupted,
        container=_THING,
        spec={**_ON_FAKE, "priorityClassName": "pod-samples-low"},
        then=_preempt,
    ),
    Case("succeeded", _ended, container={"command": _python("pass")}),
    Case("running", lambda found: any("running" in state for state in _states(found))),
    Case("node-lost", _disrupted, spec=_ON_FAKE, then=_delete_node),
]

if __name__ == "__main__":
    sys.exit(main())
