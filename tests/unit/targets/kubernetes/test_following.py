"""Which pod of a Job is listened to, and whether a run's drivers are at work, as the cluster tells it by and by."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_mlops.errors import Conflict, Refused
from jupyter_mlops.kube.failures import Forbidden, Unauthorized
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.resource import EVENTS, JOBS, PODS, Resource
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.targets.kubernetes import submit
from jupyter_mlops.targets.kubernetes.following import FollowedJob, newest_driver
from jupyter_mlops.targets.kubernetes.submit import ended_drivers

ENDED = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}, "metadata": {"name": "job"}}
AT_WORK: dict[str, Any] = {"status": {}, "metadata": {"name": "job"}}


class Listed:
    """A cluster that is asked for lists; `on_log` is called when a pod's log is read."""

    def __init__(self, *pods: dict[str, Any], job: dict[str, Any] = AT_WORK) -> None:
        self.pods, self.job = list(pods), job
        self.read: list[str] = []
        self.asked_about: list[str] = []
        self.on_log: Callable[[str], None] = lambda _: None
        self.on_list: Callable[[Resource], None] = lambda _: None

    def list(self, kind: Resource, labels: str = "", fields: str = "") -> Any:
        self.on_list(kind)
        if kind is EVENTS:
            self.asked_about.append(fields)
        return SimpleNamespace(items=tuple({JOBS: [self.job], PODS: self.pods}.get(kind, ())))


def pod(name: str, made: int, phase: str = "Running", *, goes: bool = False) -> dict[str, Any]:
    metadata = {"name": name, "creationTimestamp": f"2026-11-22T01:00:{made:02}Z"}
    return {"metadata": {**metadata, "deletionTimestamp": "x"} if goes else metadata, "status": {"phase": phase}}


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Listed], list[str]]:
    """The pods whose logs are read until the Job has ended."""

    def start(there: Listed) -> list[str]:
        def log(_: object, name: str, *__: object, **___: object) -> Any:
            there.read.append(name)
            there.on_log(name)
            return iter(())

        monkeypatch.setattr("jupyter_mlops.targets.kubernetes.following.follow_log", log)
        monkeypatch.setattr("jupyter_mlops.targets.kubernetes.following._LOOK_EVERY_S", 0.001)
        assert list(FollowedJob(there, "run", {}, Stop()).lines()) == []  # type: ignore[arg-type]
        return there.read

    return start


def test_the_newest_pod_is_listened_to_and_no_older_one_after_it(follow: Callable[[Listed], list[str]]) -> None:
    there = Listed(pod("a", 1, "Failed"), pod("c", 3), pod("b", 2, "Failed"))
    there.on_log = lambda _: setattr(there, "job", ENDED)
    assert follow(there) == ["c"]


def test_the_pod_that_takes_over_is_waited_for(follow: Callable[[Listed], list[str]]) -> None:
    there = Listed(pod("first", 1))
    looks = iter(range(100))

    def ends(name: str) -> None:
        there.pods[:1] = [pod("first", 1, "Failed", goes=True)]
        there.job = ENDED if name == "second" else AT_WORK

    def comes(kind: Resource) -> None:
        if kind is PODS and there.read == ["first"] and next(looks) == 3:
            there.pods.append(pod("second", 9))

    there.on_log, there.on_list = ends, comes
    assert follow(there) == ["first", "second"]


def test_one_that_is_about_to_go_only_if_there_is_no_other(follow: Callable[[Listed], list[str]]) -> None:
    there = Listed(pod("goes", 5, goes=True), pod("stays", 5))
    there.on_log = lambda _: setattr(there, "job", ENDED)
    assert follow(there) == ["stays"]


def test_who_may_not_see_events_waits_all_the_same(follow: Callable[[Listed], list[str]]) -> None:
    there = Listed(pod("a", 1, "Pending"))

    def look(kind: Resource) -> None:
        if kind is EVENTS:
            there.pods = [pod("a", 1)]
            raise Forbidden("no events", hint="")

    there.on_list, there.on_log = look, lambda _: setattr(there, "job", ENDED)
    assert follow(there) == ["a"]


def test_only_events_of_the_run_are_asked_for(follow: Callable[[Listed], list[str]]) -> None:
    there = Listed(pod("a", 1, "Pending"))

    def look(kind: Resource) -> None:
        if len(there.asked_about) == 2:
            there.pods = [pod("a", 1)]

    there.on_list, there.on_log = look, lambda _: setattr(there, "job", ENDED)
    assert follow(there) == ["a"]
    assert sorted(there.asked_about) == ["involvedObject.name=a", "involvedObject.name=job"]


def test_who_may_not_see_why_there_is_no_pod_is_not_left_waiting(
    follow: Callable[[Listed], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Listed()

    def look(kind: Resource) -> None:
        if kind is EVENTS:
            raise Forbidden("no events", hint="")

    there.on_list = look
    monkeypatch.setattr("jupyter_mlops.targets.kubernetes.following._PATIENCE_S", 0.01)
    with pytest.raises(Refused, match=r"cannot begin in the cluster.*--attached"):
        follow(there)


def test_a_driver_that_has_just_ended_is_not_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    there, looks = Listed(pod("a", 1)), []
    monkeypatch.setattr(submit, "_LOOK_EVERY_S", 0.001)

    def look(kind: Resource) -> None:
        looks.append(kind)
        if len(looks) == 8:
            there.job = ENDED

    there.on_list = look
    assert ended_drivers(there, "run") == (ENDED,)  # type: ignore[arg-type]


def test_a_driver_that_goes_on_is_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(submit, "_ENDS_WITHIN_S", 0.01)
    with pytest.raises(Conflict, match="is driven by the Job job"):
        ended_drivers(Listed(pod("a", 1)), "run")  # type: ignore[arg-type]


def test_a_login_that_expires_before_the_run_begins_is_said(
    follow: Callable[[Listed], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Listed()

    def look(kind: Resource) -> None:
        raise Unauthorized("the token has expired", hint="")

    there.on_list = look
    monkeypatch.setattr("jupyter_mlops.targets.kubernetes.following._LOGIN_S", 0.01)
    with pytest.raises(Unauthorized, match="does not take your login any more"):
        follow(there)


def test_the_next_driver_has_a_new_number_though_earlier_ones_are_gone() -> None:
    jobs = [{"metadata": {"labels": labels("driver", run="run", attempt=number)}} for number in (4, 2)]
    assert newest_driver(jobs) == 4
    assert newest_driver([{"metadata": {}}]) == 0
