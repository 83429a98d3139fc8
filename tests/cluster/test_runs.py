"""Notebooks run on a real cluster, under Pod Security `restricted` and a driver with the rights that it needs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_mlops.errors import Refused, WorkFailed
from jupyter_mlops.kube.labels import is_ours
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.events import MetricLogged, RunCreated, RunFinished, TaskStarted
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import delete, logs, retry, show
from tests.cluster.person import open_store

PYTHON = os.environ.get("JUPYTER_MLOPS_TEST_PYTHON", "/opt/venv/bin/python3")
DRIVER = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods", "configmaps", "events"], "verbs": ["get", "list", "watch"]},
]


@pytest.fixture(scope="module")
def store(cluster) -> None:
    """The volume of the namespace, writable: a folder of the node that the cluster made belongs to root."""
    open_store(cluster)


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose target is the namespace."""
    cluster.account("driver", DRIVER)
    settings = {"image": cluster.image, "python": PYTHON, "namespace": cluster.namespace, "service_account": "driver"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (tmp_path / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines]) + "\n")
    (tmp_path / ".jupyter_mlops").mkdir()
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    return tmp_path


def notebook(folder: Path, *cells: str) -> Path:
    text = {"cell_type": "markdown", "metadata": {}}
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = [
        {**(text if cell.startswith("# ") else code), "id": f"c{at}", "source": cell} for at, cell in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "work.ipynb"
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


def states(answer) -> dict[str, str]:
    return {task["step"]: task["state"] for task in answer["tasks"]}


def test_a_notebook_runs_and_all_of_it_comes_home(folder: Path) -> None:
    path = notebook(
        folder,
        "# Load",
        "import pandas as pd\nframe = pd.DataFrame({'a': range(5)})",
        "# Total",
        "import jupyter_mlops as mlops",
        "total = int(frame['a'].sum())\nprint('total', total)\nmlops.log_metric('t', total)",
    )
    heard = []
    answer = run(path, target="kubernetes", on_event=heard.append)
    assert (answer["state"], states(answer)) == ("succeeded", {"load": "succeeded", "total": "succeeded"})
    assert {type(event) for event in heard} >= {RunCreated, TaskStarted, MetricLogged, RunFinished}
    [total] = [part["text"] for part in logs(answer["run"], "total", folder=folder)["logs"]]
    assert "total 10" in total
    executed = json.loads(Path(answer["notebook"]).read_text())
    assert any("total 10" in str(cell.get("outputs")) for cell in executed["cells"])
    assert show(answer["run"], folder=folder)["state"] == "succeeded"

    again = run(path, target="kubernetes")
    assert states(again) == {"load": "cached", "total": "cached"}


def test_a_loop_a_failure_and_its_retry(folder: Path, cluster) -> None:
    path = notebook(
        folder,
        "%%step square --for-each 'n in [1, 2, 3]'\ny = n * n",
        "%%step total\nz = sum(y)\nprint(z)",
        "%%step fails\nimport os\nassert os.path.exists('/mlops/store/mended'), 'not yet'",
    )
    failed = run(path, target="kubernetes")
    assert failed["state"] == "failed"
    assert states(failed) == {"square": "succeeded", "total": "succeeded", "fails": "failed"}
    [fails] = [task for task in failed["tasks"] if task["step"] == "fails"]
    assert "not yet" in fails["reason"]

    mending = notebook(folder, "%%step mend\nopen('/mlops/store/mended', 'w').close()")
    assert run(mending, target="kubernetes")["state"] == "succeeded"
    mended = retry(failed["run"], folder=folder)
    assert mended["state"] == "succeeded"
    assert [task["attempt"] for task in mended["tasks"]] == [1, 1, 1, 1, 2]

    delete(failed["run"], folder=folder)
    mine = f"jupyter-mlops.io/run={failed['run']}"
    for change in changes_of(cluster.kube, Selection(PODS, mine), Stop()):
        if change.kind == "synced" and not cluster.kube.list(PODS, labels=mine).items:
            break
        if change.kind == "deleted" and not cluster.kube.list(PODS, labels=mine).items:
            break
    assert cluster.kube.list(JOBS, labels=mine).items == cluster.kube.list(CONFIG_MAPS, labels=mine).items == ()


def test_a_pod_that_is_killed_for_its_memory_says_so(folder: Path) -> None:
    path = notebook(folder, "%%step eats --memory 64Mi\nheld = []\nwhile True: held.append(bytearray(8 << 20))")
    answer = run(path, target="kubernetes")
    [task] = answer["tasks"]
    assert answer["state"] == "failed"
    assert "64Mi" in task["reason"]
    assert "memory" in task["reason"]


def test_an_image_that_is_not_there_is_said_and_nothing_is_left(folder: Path, cluster) -> None:
    settings = folder / "jupyter_mlops.toml"
    settings.write_text(settings.read_text().replace(cluster.image, "nowhere.example/none:1"))
    before = {item["metadata"]["name"] for item in cluster.kube.list(CONFIG_MAPS).items}
    with pytest.raises(Refused, match=r"cannot begin in the cluster.*nowhere\.example/none:1"):
        run(notebook(folder, "x = 1"), target="kubernetes")
    for change in changes_of(cluster.kube, Selection(CONFIG_MAPS), Stop()):  # what the anchor owned goes after it
        left = [item for item in cluster.kube.list(CONFIG_MAPS).items if item["metadata"]["name"] not in before]
        parts = {item["metadata"]["labels"]["jupyter-mlops.io/part"] for item in left if is_ours(item)}
        if change.kind in ("synced", "deleted") and parts <= {"code"}:
            break


def test_a_driver_that_is_killed_is_told_and_the_run_goes_on_with_another(folder: Path, cluster) -> None:
    path = notebook(folder, "%%step one\nx = 1", "%%step two\nimport time; time.sleep(5); print(x)")
    runs: list[str] = []

    def kill(event) -> None:
        if isinstance(event, TaskStarted) and event.task == "two":
            mine = f"jupyter-mlops.io/part=driver,jupyter-mlops.io/run={runs[0]}"
            [driver] = cluster.kube.list(PODS, labels=mine).items
            cluster.kube.delete(PODS, driver["metadata"]["name"], grace=0)
        if isinstance(event, RunCreated):
            runs.append(event.run)

    with pytest.raises(WorkFailed, match="ended before the run was over"):
        run(path, target="kubernetes", on_event=kill)
    again = retry(runs[0], folder=folder)
    assert again["state"] == "succeeded"
    assert {task["step"]: task["attempt"] for task in again["tasks"]}["one"] == 1
