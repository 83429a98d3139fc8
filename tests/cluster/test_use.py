"""What the cluster says of a task's pods, and what they use, comes home and stays there."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.rbac import driver_rules
from jupyter_mlops.kube.resource import JOBS, POD_METRICS, PODS
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.task_place import task_pods, task_use
from tests.cluster.conftest import BARE_IMAGE
from tests.cluster.test_home import on_volume
from tests.cluster.test_runs import notebook, store
from tests.cluster.watched import folder, project, until

__all__ = ["folder", "store"]

WORKS = "import time\nheld = bytearray(48 << 20)\nend = time.time() + 6\nwhile time.time() < end: sum(range(10_000))"
THINGS = Path(__file__).parents[1] / "kfp_files" / "things.yaml"


@pytest.mark.parametrize("attached", [False, True], ids=["driver", "attached"])
def test_figures_and_what_happened_are_here_when_the_pods_are_gone(folder: Path, cluster: Any, attached: bool) -> None:
    path = notebook(folder, f"%%step work --cpu 500m --memory 256Mi --no-cache\n{WORKS}")
    answer = run(path, target="kubernetes", attached=attached)
    assert answer["state"] == "succeeded", answer["tasks"]
    mine = f"jupyter-mlops.io/run={answer['run']}"
    for job in cluster.kube.list(JOBS, labels=mine).items:
        cluster.kube.delete(JOBS, job["metadata"]["name"])
    until(lambda: not cluster.kube.list(PODS, labels=mine).items, "the end of its pods")

    place = folder / ".jupyter_mlops" / "runs" / answer["run"] / "tasks" / "work" / "1"
    limits, *samples = [json.loads(line) for line in (place / "use.jsonl").read_text().splitlines()]
    assert (limits["kind"], limits["cpu"], limits["memory"]) == ("limits", 0.5, 256 << 20)
    assert {line["kind"] for line in samples} == {"use"}
    assert len(samples) >= 2
    assert [line["cpu"] for line in samples] == sorted(line["cpu"] for line in samples)
    assert 0.5 < samples[-1]["cpu"] < 8
    use = task_use(answer["run"], "work", folder=folder)
    assert 48 << 20 < use["peak_memory"] <= 256 << 20
    assert use["limit"] == {"cpu": 0.5, "memory": 256 << 20}

    there = task_pods(answer["run"], "work", folder=folder)
    [pod] = there["pods"]
    assert pod["image"] == cluster.image
    assert pod["node"]
    lines = [json.loads(line) for line in (place / "cluster.jsonl").read_text().splitlines()]
    phases = [line["phase"] for line in lines if line["kind"] == "pod"]
    assert phases[-1] == "Succeeded"
    assert "Running" in phases
    assert {"Scheduled", "Started"} <= {event["reason"] for event in there["events"]}


@pytest.fixture
def metered(cluster: Any) -> None:
    """A cluster with a metrics server."""
    try:
        cluster.kube.list(POD_METRICS)
    except MlopsError as failure:
        pytest.skip(f"needs a metrics server in the cluster: {failure.message}")


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "forbidden"])
def test_a_container_without_our_code_has_the_figures_of_the_metrics_server(
    folder: Path, cluster: Any, metered: None, allowed: bool
) -> None:
    given = driver_rules(optional=allowed)
    rights = [{"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)} for rule in given]
    account = f"metered-{allowed}".lower()
    cluster.account(account, rights)
    project(cluster, folder, account=account)
    go = f"/mlops/store/go-{allowed}"
    content = next(yaml.safe_load_all(THINGS.read_text()))
    container = content["deploymentSpec"]["executors"]["exec-count-words"]["container"]
    wait = f"while [ ! -e {go} ]; do sleep 0.05; done; " if allowed else ""
    container["image"], container["command"][-1] = BARE_IMAGE, wait + container["command"][-1]
    path = folder / "things.yaml"
    path.write_text(yaml.safe_dump(content))
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(run(path, target="kubernetes", only="count-words")), daemon=True
    )
    thread.start()
    runs = folder / ".jupyter_mlops" / "runs"
    if allowed:
        until(lambda: len(lines_of(runs)) >= 2, "figures")
        on_volume(cluster, "go-on", f"open({go!r}, 'w').close()")
    thread.join(180)
    [answer] = answers
    [task] = [task for task in answer["tasks"] if task["step"] == "count-words"]
    assert task["state"] == "succeeded", task
    facts = load_run(Project.find(folder).run_directory(answer["run"])).tasks["count-words"].result["facts"]
    if not allowed:
        assert (lines_of(runs), facts.get("use")) == ([], None)
        return
    assert all(line["memory"] > 0 for line in lines_of(runs))
    assert facts["use"]["peak_memory"] == max(line["memory"] for line in lines_of(runs))
    assert facts["use"]["cpu_seconds"] == lines_of(runs)[-1]["cpu"] > 0
    assert task_use(answer["run"], "count-words", folder=folder)["points"]


def lines_of(runs: Path) -> list[dict[str, Any]]:
    """The figures of the only attempt that are here."""
    return [
        json.loads(line)
        for path in runs.glob("*/tasks/count-words/1/use.jsonl")
        for line in path.read_text().splitlines()
    ]
