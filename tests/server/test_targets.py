"""Where runs can go: asked from the browser, answered by the library, and nothing waits for a cluster."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.targets.kubernetes.sightings import SIGHTINGS
from jupyter_mlops_server.handlers import targets as handlers
from tests.server.conftest import Ask
from tests.server.test_contract import as_written
from tests.server.test_runs import WORK, finished, started

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: near
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
contexts:
- {name: near, context: {cluster: c, user: u, namespace: team}}
- {name: far, context: {cluster: c, user: u}}
users: [{name: u, user: {}}]
"""


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kube.yaml"
    path.write_text(KUBECONFIG, encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.fixture
def no_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


def _of(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in told["targets"] if item["name"] == name)


async def test_without_a_kubeconfig_the_target_says_so_and_the_way_out(ask: Ask, no_kubeconfig: None) -> None:
    status, told = await ask("GET", "targets")
    assert status == 200
    as_written("/targets", "get", told)
    found = _of(told, "kubernetes")
    assert not found["available"]
    assert "kubeconfig" in found["missing"]
    assert found["hint"]
    assert told["default"] == "local"


async def test_settings_say_where_they_come_from(ask: Ask, jp_root_dir: Path, kubeconfig: Path) -> None:
    (jp_root_dir / "jupyter_mlops.toml").write_text('[kubernetes]\nimage = "my/ml:1"\n', encoding="utf-8")
    _, told = await ask("GET", "targets", namespace="mine")
    as_written("/targets", "get", told)
    settings = {item["name"]: (item["value"], item["origin"]) for item in _of(told, "kubernetes")["settings"]}
    assert settings["image"] == ("my/ml:1", "project")
    assert settings["namespace"] == ("mine", "given")
    assert settings["claim"] == ("mlops-store", "default")


async def test_the_contexts_of_the_kubeconfig(ask: Ask, kubeconfig: Path) -> None:
    status, told = await ask("GET", "targets", "contexts")
    assert status == 200
    as_written("/targets/contexts", "get", told)
    assert [(item["name"], item["namespace"], item["current"]) for item in told["contexts"]] == [
        ("near", "team", True),
        ("far", "default", False),
    ]


async def test_contexts_without_a_kubeconfig_are_an_error_with_a_way_out(ask: Ask, no_kubeconfig: None) -> None:
    status, told = await ask("GET", "targets", "contexts")
    assert 400 <= status < 500
    assert told["hint"]


async def test_the_doctor_of_this_machine(ask: Ask) -> None:
    status, told = await ask("POST", "targets", "local", "doctor", body={})
    assert status == 200
    as_written("/targets/{target}/doctor", "post", told)
    assert any(item["state"] == "ok" for item in told["findings"])


async def test_the_doctor_of_a_cluster_that_is_not_there(ask: Ask, kubeconfig: Path) -> None:
    status, told = await ask("POST", "targets", "kubernetes", "doctor", body={"namespace": "x"})
    assert status == 200
    as_written("/targets/{target}/doctor", "post", told)
    assert told["findings"][0]["state"] == "failed"


async def test_a_doctor_takes_nothing_else(ask: Ask) -> None:
    assert (await ask("POST", "targets", "local", "doctor", body={"server": "http://x"}))[0] == 400


async def test_rights_as_yaml(ask: Ask, kubeconfig: Path) -> None:
    asked = {"purposes": "run,follow", "namespace": "team", "subject": "user:ann"}
    status, told = await ask("GET", "targets", "kubernetes", "rbac", **asked)
    assert status == 200
    as_written("/targets/{target}/rbac", "get", told)
    assert told["purposes"] == ["run", "follow"]
    assert "name: ann" in told["yaml"]
    assert (await ask("GET", "targets", "kubernetes", "rbac", purposes="fly", namespace="team", subject="user:a"))[
        0
    ] == 400


async def test_an_unknown_target(ask: Ask) -> None:
    status, told = await ask("POST", "targets", "nowhere", "doctor", body={})
    assert (status, bool(told["hint"])) == (404, True)


async def test_a_target_that_does_not_answer_holds_up_nothing(
    ask: Ask, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "LIMIT_S", 0.05)
    let_go = threading.Event()
    monkeypatch.setattr(handlers, "_doctor", lambda *_: let_go.wait(60))
    try:
        status, told = await ask("POST", "targets", "local", "doctor", body={})
        assert (status, told["code"]) == (503, "unavailable")
        assert (await ask("GET", "runs"))[0] == 200
    finally:
        let_go.set()


async def test_pods_and_use_of_a_task(ask: Ask, write: Any, jp_root_dir: Path) -> None:
    write("work.ipynb", *WORK)
    run = await started(ask, "work.ipynb")
    await finished(ask, run)
    status, use = await ask("GET", "runs", run, "tasks", "one", "use")
    assert status == 200
    as_written("/runs/{run}/tasks/{task}/use", "get", use)
    assert use["points"]
    assert use["peak_memory"] > 0
    place = next((jp_root_dir / ".jupyter_mlops" / "runs" / run).glob("tasks/one/1"))
    lines = [
        {"at": 1.0, "kind": "pod", "pod": "p", "phase": "Pending", "limits": {"memory": "4Gi", "cpu": "2"}},
        {"at": 2.0, "kind": "pod", "pod": "p", "phase": "Running", "node": "n", "limits": {"memory": "4Gi"}},
        {"at": 2.0, "kind": "event", "id": "e", "reason": "Pulled", "message": "", "count": 1, "last": 2.0},
        {"at": 3.0, "kind": "event", "id": "e", "reason": "Pulled", "message": "", "count": 4, "last": 3.0},
    ]
    (place / SIGHTINGS).write_text("".join(json.dumps(line) + "\n" for line in lines) + "{broken", encoding="utf-8")
    status, pods = await ask("GET", "runs", run, "tasks", "one", "pods")
    assert status == 200
    as_written("/runs/{run}/tasks/{task}/pods", "get", pods)
    assert [(pod["phase"], pod["node"], pod["first"], pod["at"]) for pod in pods["pods"]] == [
        ("Running", "n", 1.0, 2.0)
    ]
    assert [(event["count"], event["last"]) for event in pods["events"]] == [(4, 3.0)]
    _, use = await ask("GET", "runs", run, "tasks", "one", "use")
    assert use["limit"] == {"cpu": 2.0, "memory": 4 * 2**30}
    assert (await ask("GET", "runs", run, "tasks", "none", "pods"))[0] == 404
