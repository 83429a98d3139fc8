"""Figures of pods that run as they are come from the metrics server, if there is one, and cost one request for all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.targets.kubernetes.pod_use import PodUse

PATH = "/apis/metrics.k8s.io/v1beta1/namespaces/here/pods"


class Metrics:
    """A transport that is a metrics server: every look finds the pods of `found` measured anew."""

    def __init__(self, *names: str) -> None:
        self.asked: list[Request] = []
        self.status, self.reads = 200, 0
        self.usage: Any = {"cpu": "500m", "memory": "64Mi"}
        self.names, self.frozen = names, False
        self._changed = threading.Condition()

    def send(self, request: Request) -> Response:
        with self._changed:
            self.asked.append(request)
            self.reads += 0 if self.frozen else 1
            self._changed.notify_all()
        items = [
            {
                "metadata": {"name": name},
                "timestamp": f"2026-01-01T00:00:{self.reads:02}Z",
                "containers": [{"name": "main", "usage": self.usage}],
            }
            for name in self.names
        ]
        return Response(
            self.status, {}, json.dumps({"kind": "PodMetricsList", "metadata": {}, "items": items}).encode()
        )

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= number, 20)

    def close(self) -> None:
        """Nothing to close."""


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "use.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def named_threads() -> int:
    return sum(thread.name == "mlops-use" for thread in threading.enumerate())


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("a", "b")]
    for folder in made:
        folder.mkdir()
    return made


def test_processor_time_adds_up_and_the_most_memory_is_kept(folders: list[Path]) -> None:
    metrics = Metrics("pod-a", "pod-b", "somebody-else")
    use = PodUse(Kube(metrics, "here"), "run=r", every=0.05)
    for folder, pod in zip(folders, ("pod-a", "pod-b"), strict=True):
        use.follow(folder, pod)
    until(lambda: len(lines(folders[0])) >= 3)
    metrics.usage = {"cpu": "1", "memory": "32Mi"}
    until(lambda: lines(folders[0])[-1]["memory"] == 32 << 20)
    found = use.end(folders[0])
    first, *_, last = lines(folders[0])
    assert (first["kind"], first["memory"]) == ("use", 64 << 20)
    assert 0.5 * (last["at"] - first["at"]) - 0.02 <= last["cpu"] - first["cpu"] <= last["at"] - first["at"] + 0.02
    assert (found["cpu_seconds"], found["peak_memory"]) == (last["cpu"], 64 << 20)
    assert {(request.method, request.path) for request in metrics.asked} == {("GET", PATH)}
    assert metrics.asked[0].query["labelSelector"] == "run=r"
    use.close()


def test_nobody_is_asked_while_no_pod_is_followed(folders: list[Path]) -> None:
    before = named_threads()
    metrics = Metrics("pod-a")
    use = PodUse(Kube(metrics, "here"), "", every=0.01)
    assert named_threads() == before
    use.follow(folders[0], "pod-a")
    metrics.wait_for(2)
    use.end(folders[0])
    until(lambda: named_threads() == before)
    asked = len(metrics.asked)
    use.follow(folders[1], "pod-a")
    metrics.wait_for(asked + 1)
    use.close()
    until(lambda: named_threads() == before)


@pytest.mark.parametrize("status", [403, 404])
def test_where_there_is_none_or_not_for_us_it_is_asked_once(folders: list[Path], status: int) -> None:
    before, metrics = named_threads(), Metrics("pod-a")
    metrics.status = status
    use = PodUse(Kube(metrics, "here"), "", every=0.01)
    use.follow(folders[0], "pod-a")
    metrics.wait_for(1)
    until(lambda: named_threads() == before)
    use.follow(folders[1], "pod-b")
    assert named_threads() == before
    assert len(metrics.asked) == 1
    assert (use.end(folders[0]), lines(folders[0])) == ({}, [])


def test_one_that_is_away_is_asked_again(folders: list[Path]) -> None:
    metrics = Metrics("pod-a")
    metrics.status = 503
    use = PodUse(Kube(metrics, "here"), "", every=0.01)
    use.follow(folders[0], "pod-a")
    metrics.wait_for(2)
    metrics.status = 200
    until(lambda: lines(folders[0]))
    use.close()


def test_what_was_not_measured_again_is_not_told_again(folders: list[Path]) -> None:
    metrics = Metrics("pod-a")
    metrics.frozen = True
    use = PodUse(Kube(metrics, "here"), "", every=0.01)
    use.follow(folders[0], "pod-a")
    metrics.wait_for(5)
    use.close()
    assert len(lines(folders[0])) == 1


@pytest.mark.parametrize(
    "usage",
    [
        {},
        None,
        [],
        {"cpu": "1"},
        {"cpu": "x", "memory": "1"},
        {"cpu": "-1", "memory": "1"},
        {"cpu": "1", "memory": "1e30"},
    ],
)
def test_figures_that_make_no_sense_are_left_out(folders: list[Path], usage: Any) -> None:
    metrics = Metrics("pod-a")
    metrics.usage = usage
    use = PodUse(Kube(metrics, "here"), "", every=0.01)
    use.follow(folders[0], "pod-a")
    metrics.wait_for(3)
    assert use.end(folders[0]) == {}
    assert lines(folders[0]) == []


def test_what_the_container_has_put_in_the_files_place_is_not_touched(folders: list[Path]) -> None:
    victim = folders[1] / "victim"
    victim.write_text("theirs")
    (folders[0] / "use.jsonl").symlink_to(victim)
    metrics = Metrics("pod-a")
    use = PodUse(Kube(metrics, "here"), "", every=0.01)
    use.follow(folders[0], "pod-a")
    metrics.wait_for(3)
    use.close()
    assert victim.read_text() == "theirs"
