"""The rights that are printed are what a cluster grants then: exactly those; and `doctor` tells of both."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from jupyter_mlops.kube.doctor import Place, doctor
from jupyter_mlops.kube.rbac import DRIVER, PURPOSES, Subject, as_yaml, driver_rules, rules
from tests.cluster.by_kubectl import IMAGE, Namespace, namespace

ROW = re.compile(r"^(\S+)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]$")
# What every user may: to ask about oneself, and to read the API's own description.
OWN = {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}


@pytest.fixture
def here(cluster: object) -> Iterator[Namespace]:
    with namespace("rights") as made:
        yield made


def _granted(here: Namespace, user: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in here("auth", "can-i", "--list", f"--as={user}").splitlines():
        row = ROW.match(line)
        if row and row[1].partition(".")[0] not in OWN:
            assert row[3] == "", line
            found.setdefault(row[1], set()).update(row[4].split())
    return found


def _named(given: Any) -> dict[str, set[str]]:
    return {rule.resource + (f".{rule.group}" if rule.group else ""): set(rule.verbs) for rule in given}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_exactly_what_is_printed_is_granted(here: Namespace, purpose: str) -> None:
    here("apply", "-f", "-", given=as_yaml([purpose], here.name, Subject("User", "ada@example.org")))
    driver = f"system:serviceaccount:{here.name}:{DRIVER}"
    of_driver = _named(driver_rules(optional=True)) if purpose in ("run", "schedules") else {}
    for user, wanted in (("ada@example.org", _named(rules(purpose))), (driver, of_driver)):
        deadline = time.monotonic() + 120  # the server learns of roles a moment later
        while _granted(here, user) != wanted and time.monotonic() < deadline:
            time.sleep(0.5)
        assert _granted(here, user) == wanted


def test_what_must_not_be_possible_is_not(here: Namespace) -> None:
    here("apply", "-f", "-", given=as_yaml(["run", "schedules", "check"], here.name, Subject("User", "ada")))
    for user in ("ada", f"system:serviceaccount:{here.name}:{DRIVER}"):
        for verb, what in (
            ("get", "secrets"),
            ("create", "pods"),
            ("create", "pods/exec"),
            ("create", "pods/attach"),
            ("create", "serviceaccounts/token"),
            ("create", "rolebindings"),
        ):
            assert here("auth", "can-i", verb, what, f"--as={user}", check=False).splitlines()[0] == "no", (
                user,
                verb,
                what,
            )


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ByKubectl:
    """Asks as a user."""

    user: str = ""

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        verb = ["create", "--raw", path, "-f", "-"] if method == "POST" else ["get", "--raw", path]
        command = ["kubectl", *verb, *([f"--as={self.user}"] if self.user else [])]
        done = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True, timeout=30)
        if done.returncode == 0:
            return Reply(200, done.stdout.encode(), {})
        status = 403 if "Forbidden" in done.stderr else 404 if "NotFound" in done.stderr else 500
        return Reply(status, json.dumps({"message": done.stderr}).encode(), {})


def test_doctor_tells_who_may_do_all_that_all_is_well(here: Namespace) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "7"}}}
    here.make(quota)
    here("wait", "--for=jsonpath={.status.hard.pods}=7", "resourcequota/team", "--timeout=30s")
    found = {item.name: item for item in doctor(ByKubectl(), Place(here.name, image=IMAGE, claim="store"))}
    states = {name: item.state for name, item in found.items() if item.state != "ok"}
    assert states == {"clock": "unknown", "store": "warning"}
    assert found["quota team"].said == "In use: pods 0 of 7."
    assert "restricted is enforced" in found["pod security"].said
    assert IMAGE in found["image"].said


def test_doctor_tells_who_may_only_follow_what_is_missing_in_time(here: Namespace) -> None:
    here("apply", "-f", "-", given=as_yaml(["follow"], here.name, Subject("User", "eve")))
    began = time.monotonic()
    found = {item.name: item for item in doctor(ByKubectl("eve"), Place(here.name, image=IMAGE, claim="store"))}
    assert time.monotonic() - began < 6
    assert found["rights to follow"].state == "ok"
    assert found["rights to run"].state == "failed"
    assert "create, patch, delete jobs" in found["rights to run"].said
    hidden = {name for name, item in found.items() if item.state == "unknown"}
    assert hidden == {"clock", "namespace", "pod security", "quota", "store", "storage class", "image"}
