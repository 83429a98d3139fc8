"""A hundred steps at once: what is asked of the API server is counted while they wait, while they run, and in all."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.kube.access import Connection
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.kubernetes import cluster as cluster_module
from jupyter_mlops.targets.kubernetes import delivery, drive, submit, unpacking
from jupyter_mlops.targets.kubernetes.attached import drive_attached
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
from tests.idle_pods import IdlePods, IdleToldCluster, IdleVolumeCluster

STEPS = 100
WITHIN_S = 120.0
# Seconds in which nothing happens: an engine looks at its attempts many times meanwhile.
QUIET_S = 3.0
NO_NODE = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1"}]}
Way = tuple[IdlePods, Callable[[], Path]]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "home" / ".jupyter_mlops").mkdir(parents=True)
    return Project(tmp_path / "home", tmp_path / "home").ensure()


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "volume").mkdir()
    return tmp_path / "volume"


def plan() -> Plan:
    """Steps of which none waits for another."""
    cells = [CellSource(at, f"c{at}", f"print({at})", at + 1) for at in range(STEPS)]
    steps = [Step(f"s{cell.index}", Component("cells", (cell,))) for cell in cells]
    return make_plan(Pipeline("work", tuple(steps)), {})


@pytest.fixture
def driven(project: Project, volume: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """With a driver in the cluster, followed from here."""
    for module in (drive, delivery, unpacking):
        monkeypatch.setattr(module, "STORE", str(volume))
    there = IdleVolumeCluster(Path("no-code"), volume)
    for name, folder in (("WORK", volume / "work"), ("KEPT", volume / "kept"), ("PARCEL", str(there.parcel))):
        monkeypatch.setattr(unpacking, name, folder)
    monkeypatch.setattr(cluster_module, "Asked", functools.partial(submit.Asked, store=str(volume)))
    monkeypatch.setattr(os, "environ", {**os.environ, "LOGNAME": "ada"})
    way = Connection(there, "here", "laptop", "https://there", "ada")
    monkeypatch.setattr(cluster_module, "connect", lambda *_: way)
    target = KubernetesCluster(image="image")
    yield there, lambda: target.drive(plan(), project, RunOptions())
    there.wait()
    there.close()


@pytest.fixture
def attached(project: Project, volume: Path, tmp_path: Path) -> Iterator[Way]:
    """Driven from here."""
    (tmp_path / "pods").mkdir()
    there = IdleToldCluster(Path("no-code"), tmp_path / "pods")
    kube, settings = Kube(there, "here"), ClusterSettings(image="image")
    yield there, lambda: drive_attached(kube, plan(), project, RunOptions(), settings, str(volume))
    there.close()


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lists(asked: Counter[str]) -> int:
    return sum(number for what, number in asked.items() if what.endswith(" list"))


# What a step costs, by kind, and what a run costs besides.
OF_A_STEP = {
    "driven": {"POST jobs": 1},
    "attached": {"POST configmaps": 1, "POST jobs": 1, "GET log": 1, "DELETE configmaps": 1},
}
OF_A_RUN = 40


@pytest.mark.parametrize("way", ["driven", "attached"])
def test_a_hundred_steps_in_flight_ask_little_and_nothing_again_and_again(
    way: str, request: pytest.FixtureRequest
) -> None:
    there, drives = request.getfixturevalue(way)
    there.hold = NO_NODE
    folders: list[Path] = []
    thread = threading.Thread(target=lambda: folders.append(drives()), daemon=True)
    thread.start()

    def pods() -> list[dict]:
        return there.of("pods", **{"jupyter-mlops.io/part": "step"})

    wait_until(lambda: len(pods()) == STEPS)
    wait_until(lambda: any(one.path.endswith("/events") and one.query.get("watch") for one in there.asked))
    made = there.counted()
    assert made["POST jobs"] in (STEPS, STEPS + 1), made
    assert made["GET events list"] == 1, "why they wait is asked for all at once"

    time.sleep(QUIET_S)
    waiting = there.counted()
    assert sum(waiting.values()) <= 2, waiting

    there.release()
    wait_until(lambda: len(there.running) == STEPS)
    wait_until(lambda: any(one.path.endswith("/events") for one in there.asked))
    begun = there.counted()
    time.sleep(QUIET_S)
    running = there.counted()
    # How many logs are followed at once is limited; the others are read at the end.
    assert sum(running.values()) <= 2 + STEPS, running
    assert sum(number for what, number in running.items() if what != "GET log") <= 2, running

    there.finish()
    thread.join(WITHIN_S)
    [folder] = folders
    assert {task.state for task in load_run(folder).tasks.values()} == {"succeeded"}
    ended = there.counted()
    total = made + waiting + begun + running + ended
    print(f"\n{way}: {sum(total.values())} requests for {STEPS} steps: {dict(total.most_common())}")
    for what, number in OF_A_STEP[way].items():
        assert total.pop(what) - number * STEPS in range(OF_A_RUN), what
    assert sum(total.values()) <= OF_A_RUN, total
    assert lists(total) <= 20, total
    assert total["GET pods watch"] <= 2
    assert total["GET jobs watch"] == 1
