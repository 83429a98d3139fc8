"""What is seen of pods stays in the attempt's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.targets.kubernetes import sightings
from jupyter_mlops.targets.kubernetes.sightings import ASK_EVERY_S, SIGHTINGS, Sightings, seen_of_event, seen_of_pod

SAMPLES = Path(__file__).parents[2] / "kube" / "samples"


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / SIGHTINGS).read_text(encoding="utf-8").splitlines()]


def _pod(phase: str = "Running", **status: Any) -> dict[str, Any]:
    resources = {"requests": {"cpu": "500m"}, "limits": {"memory": "4Gi"}}
    return {
        "metadata": {"name": "train-1"},
        "spec": {"nodeName": "n1", "containers": [{"name": "work", "image": "my/ml:1", "resources": resources}]},
        "status": {"phase": phase, **status},
    }


def test_a_pod_tells_where_it_is_and_what_it_asks_for() -> None:
    seen = seen_of_pod(_pod())
    assert (seen["pod"], seen["node"], seen["phase"], seen["image"]) == ("train-1", "n1", "Running", "my/ml:1")
    assert (seen["requests"], seen["limits"]) == ({"cpu": "500m"}, {"memory": "4Gi"})


def test_a_killed_container_tells_its_reason_and_its_restarts() -> None:
    ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    seen = seen_of_pod(_pod("Failed", containerStatuses=[{"name": "work", "restartCount": 2, "state": ended}]))
    assert (seen["reason"], seen["exit_code"], seen["restarts"]) == ("OOMKilled", 137, 2)


def test_a_pod_without_a_node_tells_why() -> None:
    waits = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: cpu"}
    seen = seen_of_pod(_pod("Pending", conditions=[waits]))
    assert (seen["reason"], seen["message"]) == ("Unschedulable", "0/1 nodes: cpu")


def test_the_same_state_is_written_once_and_another_one_again(tmp_path: Path) -> None:
    written = Sightings()
    for phase in ("Pending", "Pending", "Running", "Running"):
        written.pod(tmp_path, _pod(phase))
    assert [line["phase"] for line in _lines(tmp_path)] == ["Pending", "Running"]


def test_an_event_that_comes_again_is_written_with_its_count(tmp_path: Path) -> None:
    event = {
        "metadata": {"name": "train-1.1"},
        "involvedObject": {"kind": "Pod", "name": "train-1"},
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off pulling image",
        "count": 1,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    written = Sightings()
    written.event(tmp_path, event)
    written.event(tmp_path, {**event, "count": 5, "lastTimestamp": "2026-01-01T00:01:00Z"})
    first, last = _lines(tmp_path)
    assert (first["count"], last["count"]) == (1, 5)
    assert last["last"] - last["first"] == 60


def test_new_events_tell_their_time_elsewhere() -> None:
    event = {"eventTime": "2026-01-01T00:00:00Z", "series": {"count": 3, "lastObservedTime": "2026-01-01T00:00:30Z"}}
    seen = seen_of_event(event)
    assert seen["last"] - seen["first"] == 30
    assert seen["count"] == 3


@pytest.mark.parametrize("broken", [{}, {"status": []}, {"metadata": None, "spec": {"containers": 3}}, {"series": 1}])
def test_what_is_not_as_it_should_be_raises_nothing(broken: dict[str, Any], tmp_path: Path) -> None:
    written = Sightings()
    written.pod(tmp_path, broken)
    written.event(tmp_path, broken)
    assert not (tmp_path / SIGHTINGS).exists()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    written = Sightings()
    written.pod(tmp_path / "missing", _pod())
    written.pod(tmp_path, _pod())
    assert len(_lines(tmp_path)) == 1


def test_no_more_than_so_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST", 3)
    written = Sightings()
    for count in range(5):
        written.pod(tmp_path, _pod(containerStatuses=[{"name": "work", "restartCount": count}]))
    assert len(_lines(tmp_path)) == 3


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_real_pods_and_events_can_be_kept(path: Path, tmp_path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    written = Sightings()
    for pod in filter(None, [sample.get("pod")]):
        written.pod(tmp_path, pod)
        assert _lines(tmp_path)[0]["phase"]
    events = sample.get("events") or ()
    for event in events:
        written.event(tmp_path, event)
    kept = [line for line in _lines(tmp_path) if line["kind"] == "event"] if events else []
    assert [line["reason"] for line in kept] == [item["reason"] for item in events]


class _Events:
    """A server that has events of these pods, and perhaps answers."""

    def __init__(self, *names: str, status: int = 200) -> None:
        self.asked: list[Mapping[str, str]] = []
        about = [{"kind": "Pod", "name": name} for name in names]
        self._items = [
            {"metadata": {"name": f"e-{item['name']}"}, "involvedObject": item, "reason": "Started"} for item in about
        ]
        self._status = status

    def send(self, request: Request) -> Response:
        self.asked.append(request.query)
        return Response(self._status, {}, json.dumps({"metadata": {}, "items": self._items, "code": 403}).encode())


def _wanted(folder: Path, many: int) -> Sightings:
    wanted = Sightings()
    for number in range(many):
        (folder / str(number)).mkdir()
        wanted.want(folder / str(number), "Pod", f"p{number}", 100.0 + number)
    return wanted


def test_events_of_many_pods_are_asked_for_at_once_after_a_while(tmp_path: Path) -> None:
    server, seen = _Events("p1", "p2", "p49", "of-others"), _wanted(tmp_path, 50)
    assert not seen.is_due(100.0 + ASK_EVERY_S - 0.1)
    assert seen.is_due(100.0 + ASK_EVERY_S)
    assert not seen.is_due(100.0 + ASK_EVERY_S)  # somebody asks now
    seen.ask(Kube(server, "here"))  # type: ignore[arg-type]
    assert [query["fieldSelector"] for query in server.asked] == ["involvedObject.kind=Pod"]
    assert sorted(path.parent.name for path in tmp_path.rglob(SIGHTINGS)) == ["1", "2", "49"]
    seen.ask(Kube(server, "here"))  # type: ignore[arg-type]
    assert len(server.asked) == 1  # nothing is wanted


def test_events_of_one_pod_are_asked_for_by_its_name(tmp_path: Path) -> None:
    server = _Events("p0")
    _wanted(tmp_path, 1).ask(Kube(server, "here"))  # type: ignore[arg-type]
    assert [query["fieldSelector"] for query in server.asked] == ["involvedObject.name=p0"]
    assert [line["reason"] for line in _lines(tmp_path / "0")] == ["Started"]


def test_an_attempt_that_is_over_is_forgotten_after_its_events_have_come(tmp_path: Path) -> None:
    seen = _wanted(tmp_path, 1)
    seen.pod(tmp_path / "0", _pod())
    seen.forget(tmp_path / "0")
    seen.ask(Kube(_Events("p0"), "here"))  # type: ignore[arg-type]
    assert [line["kind"] for line in _lines(tmp_path / "0")] == ["pod", "event"]
    assert not seen._told
    assert not seen._lines


def test_who_may_not_see_events_asks_once(tmp_path: Path) -> None:
    server, seen = _Events(status=403), _wanted(tmp_path, 2)
    seen.ask(Kube(server, "here"))  # type: ignore[arg-type]
    seen.want(tmp_path / "0", "Pod", "p0", 0.0)
    seen.ask(Kube(server, "here"))  # type: ignore[arg-type]
    assert len(server.asked) == 1
