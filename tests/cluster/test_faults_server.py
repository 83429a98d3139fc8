"""An API server that is away, hangs, or cuts its watches while a run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyter_mlops.kube.resource import PODS
from jupyter_mlops.targets.kubernetes import submit
from jupyter_mlops.targets.kubernetes.places import RunPlace, driver_job
from jupyter_mlops.verbs.run import run
from tests.cluster.conftest import SERVER_PID
from tests.cluster.relay import Relay
from tests.cluster.test_runs import notebook, states, store
from tests.cluster.watched import (
    Watching,
    folder,
    is_here,
    watching,
)

__all__ = ["folder", "store", "watching"]


@pytest.fixture
def relay(cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """The run's driver, and who follows it here, reach the server through a port that can be closed."""
    server = urlsplit(cluster.access.server)
    if not is_here(server.hostname):
        pytest.skip("needs the API server to be on this machine")
    way = Relay(server.hostname, server.port)

    def through(place: RunPlace, number: int, order: str) -> dict[str, Any]:
        job = driver_job(place, number, order)
        env = {"KUBERNETES_SERVICE_HOST": server.hostname, "KUBERNETES_SERVICE_PORT": str(way.port)}
        [container] = job["spec"]["template"]["spec"]["containers"]
        container["env"] += [{"name": name, "value": value} for name, value in env.items()]
        return job

    monkeypatch.setattr(submit, "driver_job", through)
    config = json.loads(subprocess.check_output(["kubectl", "config", "view", "--raw", "-o", "json"]))
    config["clusters"][0]["cluster"]["server"] = f"https://{server.hostname}:{way.port}"
    (folder / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    yield way
    way.end()


CHAIN = ("%%step one --no-cache\nimport time; time.sleep(8); x = 1", "%%step two --no-cache\nprint(x)")


def test_a_run_outlives_a_server_that_is_away_for_a_while(folder: Path, relay: Relay, watching: Watching) -> None:
    def cut() -> None:
        watching.pod()
        relay.close_for(20)

    watching.at_start_of("one", cut)
    answer = run(notebook(folder, *CHAIN), target="kubernetes", on_event=watching)
    watching.done()
    assert states(answer) == {"one": "succeeded", "two": "succeeded"}
    assert [task["attempt"] for task in answer["tasks"]] == [1, 1]


@pytest.mark.parametrize("attached", [False, True])
def test_a_run_whose_watches_are_cut_again_and_again_does_each_step_once(
    folder: Path, relay: Relay, watching: Watching, attached: bool
) -> None:
    over, broken = threading.Event(), []

    def cut() -> None:
        while not over.wait(1.0):
            broken.append(relay.cut())

    watching.at_start_of("one", cut)
    path = notebook(folder, *(cell.replace("sleep(8)", "sleep(6)") for cell in CHAIN), "%%step three --no-cache\nx + 1")
    try:
        answer = run(path, target="kubernetes", on_event=watching, attached=attached)
    finally:
        over.set()
    watching.done()
    assert states(answer) == dict.fromkeys(("one", "two", "three"), "succeeded")
    assert [task["attempt"] for task in answer["tasks"]] == [1, 1, 1]
    assert [len(task["attempts"]) for task in answer["tasks"]] == [1, 1, 1]
    assert sum(number > 0 for number in broken) > 5, broken
    pods = watching.kube.list(PODS, labels=f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={watching.run}").items
    assert len(pods) == 3


@pytest.mark.stops_the_server
def test_a_run_outlives_a_server_that_hangs_for_a_while(folder: Path, watching: Watching) -> None:
    server = int(os.environ[SERVER_PID])

    def hang() -> None:
        watching.pod()
        os.kill(server, signal.SIGSTOP)
        try:
            time.sleep(20)
        finally:
            os.kill(server, signal.SIGCONT)

    watching.at_start_of("one", hang)
    answer = run(notebook(folder, *CHAIN), target="kubernetes", on_event=watching)
    watching.done()
    assert states(answer) == {"one": "succeeded", "two": "succeeded"}
