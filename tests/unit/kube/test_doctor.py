"""What `doctor` says of a cluster, from what the API server answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Unavailable
from jupyter_mlops.kube.doctor import Place, doctor
from jupyter_mlops.kube.doctor_finding import Finding
from jupyter_mlops.kube.rbac import rules

NOW = 1_800_000_000.0
PLACE = Place("team", "https://example.org:6443", "ada", "my/ml:1", "store")
RULES = [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in rules("schedules")]
NODE = {"status": {"images": [{"names": ["docker.io/my/ml:1"]}]}}
WELL: dict[str, Any] = {
    "/version": {"gitVersion": "v1.34.4", "major": "1", "minor": "34"},
    "/api/v1/namespaces/team": {
        "metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        "status": {"phase": "Active"},
    },
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": {"status": {"resourceRules": RULES, "incomplete": False}},
    "/api/v1/namespaces/team/resourcequotas": {
        "items": [
            {"metadata": {"name": "q"}, "status": {"hard": {"requests.cpu": "10"}, "used": {"requests.cpu": "500m"}}}
        ]
    },
    "/apis/storage.k8s.io/v1/storageclasses": {
        "items": [
            {"metadata": {"name": "slow"}},
            {"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}},
        ]
    },
    "/api/v1/namespaces/team/persistentvolumeclaims/store": {
        "status": {"phase": "Bound", "capacity": {"storage": "5Gi"}}
    },
    "/api/v1/nodes?limit=100": {"items": [NODE, {}]},
    "/apis": {"groups": [{"name": "argoproj.io", "preferredVersion": {"groupVersion": "argoproj.io/v1alpha1"}}]},
}


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"date": formatdate(NOW, usegmt=True)})


@dataclass
class Server:
    """Answers from a table; a number is a status without an object."""

    answers: Mapping[str, Any]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        self.asked.append((method, path))
        found = self.answers.get(path, 404)
        if isinstance(found, Exception):
            raise found
        status, said = (found, {"kind": "Status", "message": "no"}) if isinstance(found, int) else (200, found)
        return Reply(status, json.dumps(said).encode())


def _found(changes: Mapping[str, Any] = {}, place: Place = PLACE, now: float = NOW) -> dict[str, Finding]:
    findings = doctor(Server({**WELL, **changes}), place, clock=lambda: now)
    return {finding.name: finding for finding in findings}


def test_a_cluster_where_all_is_well() -> None:
    found = _found()
    assert {finding.state for finding in found.values()} == {"ok"}
    assert list(found) == [
        *("connection", "clock", "namespace", "pod security"),
        *("rights to run", "rights to attached", "rights to follow", "rights to schedules"),
        *("quota q", "store", "storage class", "image", "operators"),
    ]
    assert found["connection"].said == "Kubernetes v1.34.4 at https://example.org:6443 as ada."
    assert found["quota q"].said == "In use: requests.cpu 500m of 10."
    assert found["image"].said == "1 of 2 nodes have the image my/ml:1."
    assert found["operators"].said == "Found: Argo Workflows (argoproj.io/v1alpha1)."
    assert found["storage class"].said.endswith("class fast.")


def test_nothing_is_changed() -> None:
    server = Server(WELL)
    doctor(server, PLACE)
    assert {path for method, path in server.asked if method != "GET"} == {
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    }


def test_what_may_not_be_seen_is_unknown_and_not_missing() -> None:
    hidden = {path: 403 for path in WELL if "selfsubject" not in path}
    found = _found(hidden)
    states = {name: finding.state for name, finding in found.items() if not name.startswith("rights")}
    assert states.pop("connection") == "ok"
    assert states.pop("clock") == "ok"
    assert set(states) == {"namespace", "pod security", "quota", "store", "storage class", "image", "operators"}
    assert set(states.values()) == {"unknown"}


@pytest.mark.parametrize(("status", "hint"), [(401, "Log in again"), (500, ""), (503, "")])
def test_without_a_connection_only_that_is_told(status: int, hint: str) -> None:
    found = _found({"/version": status})
    assert list(found) == ["connection"]
    assert found["connection"].state == "failed"
    assert str(status) in found["connection"].said
    assert found["connection"].hint.startswith(hint)


def test_a_server_that_cannot_be_reached_is_told_in_its_words() -> None:
    found = _found({"/version": Unavailable("No answer.", hint="Start it.")})
    assert list(found.values()) == [Finding("connection", "failed", "No answer.", "Start it.")]


def test_one_check_that_fails_leaves_the_others() -> None:
    found = _found({"/apis": Unavailable("cut off"), "/api/v1/namespaces/team/resourcequotas": 500})
    assert found["operators"] == Finding("operators", "unknown", "cut off")
    assert found["quota"].state == "unknown"
    assert found["image"].state == "ok"


def test_a_silent_server_is_left_after_the_limit() -> None:
    release = threading.Event()

    def silent(method: str, path: str, body: Any) -> Reply:
        if path != "/version":
            release.wait(60)
        return Reply(200, b"{}")

    try:
        found = {finding.name: finding for finding in doctor(silent, PLACE, limit=0.3)}
    finally:
        release.set()
        for thread in threading.enumerate():
            if thread.name.startswith("doctor "):
                thread.join(10)
    assert found["connection"].state == "ok"
    assert found["quota"] == Finding("quota", "unknown", "The API server did not answer in time.", "Try again.")


@pytest.mark.parametrize(
    ("changes", "name", "state", "said"),
    [
        ({"/version": {"gitVersion": "v1.20.1", "major": "1", "minor": "20+"}}, "connection", "failed", "v1.20.1"),
        ({"/api/v1/namespaces/team": 404}, "namespace", "failed", "There is no namespace team."),
        ({"/api/v1/namespaces/team": {"status": {"phase": "Terminating"}}}, "namespace", "failed", "being deleted"),
        ({"/api/v1/namespaces/team": {}}, "pod security", "ok", "No Pod Security level is enforced"),
        (
            {"/api/v1/namespaces/team": {"metadata": {"annotations": {"openshift.io/sa.scc.uid-range": "1/1"}}}},
            "pod security",
            "ok",
            "OpenShift gives pods their ids",
        ),
        ({"/api/v1/namespaces/team/resourcequotas": {"items": []}}, "quota", "ok", "no quota"),
        (
            {
                "/api/v1/namespaces/team/resourcequotas": {
                    "items": [{"metadata": {"name": "q"}, "status": {"hard": {"pods": "10"}, "used": {"pods": "9"}}}]
                }
            },
            "quota q",
            "warning",
            "pods 9 of 10",
        ),
        ({"/apis/storage.k8s.io/v1/storageclasses": {"items": []}}, "storage class", "warning", "there are: none"),
        ({"/api/v1/namespaces/team/persistentvolumeclaims/store": 404}, "store", "warning", "no PVC store yet"),
        (
            {"/api/v1/namespaces/team/persistentvolumeclaims/store": {"status": {"phase": "Lost"}}},
            "store",
            "failed",
            "is lost",
        ),
        ({"/api/v1/nodes?limit=100": {"items": [{}]}}, "image", "unknown", "it is pulled when the first step starts"),
        ({"/apis": {"groups": []}}, "operators", "ok", "runs are plain Jobs"),
    ],
)
def test_what_is_found(changes: Mapping[str, Any], name: str, state: str, said: str) -> None:
    finding = _found(changes)[name]
    assert (finding.state, said in finding.said) == (state, True), finding
    assert finding.hint or state == "ok"


def test_rights_that_are_missing_are_named_by_purpose() -> None:
    review = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    follow = [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in rules("follow")]
    found = _found({review: {"status": {"resourceRules": follow}}})
    assert found["rights to follow"].state == "ok"
    assert found["rights to run"].state == "failed"
    assert found["rights to schedules"].state == "warning"
    assert "create, patch, delete jobs" in found["rights to run"].said
    assert "--attached" not in found["rights to run"].hint
    few = [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in rules("attached")]
    assert "Run with --attached" in _found({review: {"status": {"resourceRules": few}}})["rights to run"].hint
    unsure = _found({review: {"status": {"resourceRules": follow, "incomplete": True}}})
    assert unsure["rights to run"].state == "unknown"
    assert unsure["rights to run"].said.startswith("Perhaps not allowed: ")


@pytest.mark.parametrize(
    ("ahead", "state", "said"), [(10, "ok", "agree"), (90, "warning", "90 s ahead of"), (-90, "warning", "behind")]
)
def test_the_clocks_are_compared(ahead: float, state: str, said: str) -> None:
    clock = _found(now=NOW + ahead)["clock"]
    assert clock.state == state
    assert said in clock.said


@pytest.mark.parametrize("date", ["", "soon", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_a_server_without_a_time_leaves_the_clock_unknown(date: str) -> None:
    def ask(method: str, path: str, body: Any) -> Reply:
        return Reply(200, b"{}", {"date": date})

    assert {finding.name: finding.state for finding in doctor(ask, PLACE)}["clock"] == "unknown"


def test_no_image_is_worth_a_warning() -> None:
    assert _found(place=Place("team"))["image"].state == "warning"


def test_a_storage_is_named_and_a_claim_looked_at_only_where_there_is_one() -> None:
    both = _found(place=replace(PLACE, storage="s3://b/x"))
    assert both["storage"].state == "unknown"
    assert "s3://b/x" in both["storage"].said
    assert {"store", "storage class"} <= set(both)
    assert not {"store", "storage class"} & set(_found(place=Place("team", storage="s3://b/x")))


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("python", "docker.io/library/python:latest"),
        ("a/b:1", "docker.io/a/b:1"),
        ("r.example.org:5000/a", "r.example.org:5000/a:latest"),
    ],
)
def test_a_nodes_name_for_an_image_is_known(wanted: str, there: str) -> None:
    nodes = {"items": [{"status": {"images": [{"names": [there]}]}}]}
    assert _found({"/api/v1/nodes?limit=100": nodes}, Place("team", image=wanted))["image"].state == "ok"


JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers() | st.none(), max_size=2)
ODD = st.recursive(
    JUNK,
    lambda inner: st.dictionaries(
        st.sampled_from(
            "items metadata status hard used labels annotations images names groups resourceRules name".split()
        ),
        inner | st.lists(inner, max_size=2),
        max_size=4,
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(sorted(set(WELL) - {"/version"})), ODD))
def test_whatever_a_server_answers_something_is_said(answers: dict[str, Any]) -> None:
    for finding in _found(answers).values():
        assert finding.said
        assert finding.state in ("ok", "warning", "failed", "unknown")
