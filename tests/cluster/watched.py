"""A run on a real cluster that is watched, and things that are done to it meanwhile."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.rbac import driver_rules
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.resource import PODS
from jupyter_mlops.store.events import RunCreated, TaskStarted, TaskWaiting
from tests.cluster.test_runs import PYTHON

PATIENCE_S = 120.0
WAITS = "import time\nwhile True: time.sleep(0.1)"
RIGHTS = [
    {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)} for rule in driver_rules()
]


def project(cluster, where: Path, account: str = "driver", **settings: Any) -> Path:
    """A project whose target is the namespace."""
    own = {"image": cluster.image, "python": PYTHON, "namespace": cluster.namespace, "service_account": account}
    lines = [f"{name} = {json.dumps(value)}" for name, value in {**own, "patience": 5, **settings}.items()]
    (where / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines]) + "\n")
    (where / ".jupyter_mlops").mkdir(exist_ok=True)
    return where


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cluster.account("driver", RIGHTS)
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    return project(cluster, tmp_path)


def until(ready: Callable[[], Any], what: str) -> Any:
    """What `ready` gives, once it is something."""
    end = time.monotonic() + PATIENCE_S
    while not (found := ready()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.3)
    return found


class Watching:
    """Listens to a run, and does things to it at its events; each in a thread, so that the run goes on meanwhile."""

    def __init__(self, kube: Kube) -> None:
        self.kube, self.run, self.heard = kube, "", []
        self._acts: list[tuple[Callable[[Any], bool], Callable[[], None]]] = []
        self._threads: list[threading.Thread] = []
        self.faults: list[BaseException] = []

    def __call__(self, event: Any) -> None:
        self.heard.append(event)
        if isinstance(event, RunCreated):
            self.run = event.run
        for when, act in [item for item in self._acts if item[0](event)]:
            self._acts.remove((when, act))
            self._threads.append(threading.Thread(target=self._do, args=(act,)))
            self._threads[-1].start()

    def at_start_of(self, task: str, act: Callable[[], None]) -> None:
        self._acts.append((lambda event: isinstance(event, TaskStarted) and event.task == task, act))

    def at_wait_for(self, code: str, act: Callable[[], None]) -> None:
        self._acts.append((lambda event: isinstance(event, TaskWaiting) and event.code == code, act))

    def waits(self) -> list[TaskWaiting]:
        return [event for event in self.heard if isinstance(event, TaskWaiting) and event.reason]

    def done(self) -> None:
        """All that was to be done was done."""
        for thread in self._threads:
            thread.join()
        assert not self.faults, self.faults
        assert not self._acts

    def pod(self, part: str = "step", phase: str = "Running") -> str:
        """The name of the pod of this run that is at work."""
        mine = f"jupyter-mlops.io/part={part},jupyter-mlops.io/run={self.run}"

        def look() -> list[str]:
            found = self.kube.list(PODS, labels=mine).items
            return [
                item["metadata"]["name"]
                for item in found
                if item["status"].get("phase") == phase and "deletionTimestamp" not in item["metadata"]
            ]

        return until(look, f"a {phase} pod of the {part}")[0]

    def evict(self, pod: str) -> None:
        """As `kubectl drain` does it."""
        path = PODS.path(self.kube.namespace, pod, "eviction")
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        answer = self.kube.transport.send(Request("POST", path, {}, body))
        assert answer.status < 300, answer.body

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as fault:
            self.faults.append(fault)


@pytest.fixture
def watching(cluster) -> Watching:
    return Watching(cluster.kube)


def wait_for_word(folder: Path, watching: Watching, task: str, word: str) -> None:
    """Until the first attempt of the task has printed it."""
    log = folder / ".jupyter_mlops" / "runs" / watching.run / "tasks" / task / "1" / "log"
    until(lambda: log.exists() and word in log.read_text(), f"the word {word!r}")


def first_time(work: str) -> str:
    """Code that waits for ever the first time, and works when it runs again."""
    return (
        f"import os, time\nmark = '/mlops/store/work/' + {work!r}\nif not os.path.exists(mark):\n"
        "    open(mark, 'w').close()\n    print('the first', flush=True)\n    time.sleep(600)\nprint('the second')"
    )


def is_here(host: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True
