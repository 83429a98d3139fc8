"""Runs that are driven from here, on a real cluster, by an account that may do just what `target rbac` says of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.labels import is_ours
from jupyter_mlops.kube.rbac import rules
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.events import MetricLogged
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs.remote import fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import delete, logs, retry, show
from jupyter_mlops.verbs.verify import verify
from tests.cluster.test_home import LISTED, on_volume, wait_until
from tests.cluster.test_runs import PYTHON, notebook, states, store

__all__ = ["store"]

LIBRARY = str(Path(__file__).parents[2])
RIGHTS = {
    "jobs": {"create", "get", "list", "watch", "delete"},
    "configmaps": {"create", "get", "delete"},
    "persistentvolumeclaims": {"create", "get"},
    "pods": {"get", "list", "watch"},
    "pods/log": {"get"},
}


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose target is the namespace, for somebody with few rights."""
    granted = [
        {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)}
        for rule in rules("attached")
    ]
    access = cluster.account("attached", granted)
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps(kubeconfig(access, cluster.namespace)))
    settings = {"image": cluster.image, "python": PYTHON, "namespace": cluster.namespace}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (tmp_path / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines, "attached = true"]) + "\n")
    (tmp_path / ".jupyter_mlops").mkdir()
    monkeypatch.setenv("KUBECONFIG", str(config))
    return tmp_path


def kubeconfig(access: Any, namespace: str) -> dict[str, Any]:
    cluster = {"server": access.server, "certificate-authority": access.ca_file}
    user = {"token": access.authorization.removeprefix("Bearer ")}
    context = {"cluster": "c", "user": "u", "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": context}],
        "current-context": "x",
    }


def test_the_rights_are_those_that_few_accounts_lack() -> None:
    assert {rule.resource: set(rule.verbs) for rule in rules("attached")} == RIGHTS


def test_a_notebook_runs_and_all_but_its_values_comes_home(folder: Path) -> None:
    path = notebook(
        folder,
        "# Load",
        "import pandas as pd\nframe = pd.DataFrame({'a': range(5)})",
        "# Total",
        "import jupyter_mlops as mlops",
        "total = int(frame['a'].sum())\nprint('total', total)\nmlops.log_metric('t', total)",
    )
    heard: list[Any] = []
    answer = run(path, target="kubernetes", on_event=heard.append)
    assert (answer["state"], states(answer)) == ("succeeded", {"load": "succeeded", "total": "succeeded"})
    assert [event.value for event in heard if isinstance(event, MetricLogged)] == [10]
    [total] = [part["text"] for part in logs(answer["run"], "total", folder=folder)["logs"]]
    assert "total 10" in total
    executed = json.loads(Path(answer["notebook"]).read_text())
    assert any("total 10" in str(cell.get("outputs")) for cell in executed["cells"])
    assert show(answer["run"], folder=folder)["state"] == "succeeded"
    value = fetch(answer["run"], "frame", folder=folder)
    assert Path(value["path"]).stat().st_size == value["bytes"] > 0

    again = run(path, target="kubernetes")
    assert states(again) == {"load": "cached", "total": "cached"}


def test_a_loop_a_failure_and_its_retry_and_nothing_is_left_of_it(folder: Path, cluster) -> None:
    path = notebook(
        folder,
        "%%step square --for-each 'n in [1, 2, 3]'\ny = n * n",
        "%%step total\nz = sum(y)\nprint(z)",
        "%%step fails\nimport os\nassert os.path.exists('/mlops/store/mended-attached'), 'not yet'",
    )
    failed = run(path, target="kubernetes")
    assert failed["state"] == "failed"
    assert states(failed) == {"square": "succeeded", "total": "succeeded", "fails": "failed"}
    mending = notebook(folder, "%%step mend\nopen('/mlops/store/mended-attached', 'w').close()")
    assert run(mending, target="kubernetes")["state"] == "succeeded"
    mended = retry(failed["run"], folder=folder)
    assert mended["state"] == "succeeded"
    assert [task["attempt"] for task in mended["tasks"]] == [1, 1, 1, 1, 2]

    delete(failed["run"], folder=folder)
    mine = f"jupyter-mlops.io/run={failed['run']}"
    for change in changes_of(cluster.kube, Selection(PODS, mine), Stop()):
        if change.kind in ("synced", "deleted") and not cluster.kube.list(PODS, labels=mine).items:
            break
    # Its ConfigMaps go in the background, after their owner.
    wait_until(
        lambda: not (cluster.kube.list(JOBS, labels=mine).items + cluster.kube.list(CONFIG_MAPS, labels=mine).items)
    )
    assert failed["run"] not in on_volume(cluster, "look", LISTED)


def test_a_pod_that_is_killed_for_its_memory_says_so(folder: Path) -> None:
    path = notebook(folder, "%%step eats --memory 96Mi\nheld = []\nwhile True: held.append(bytearray(8 << 20))")
    answer = run(path, target="kubernetes")
    [task] = answer["tasks"]
    assert answer["state"] == "failed"
    assert "memory" in task["reason"]


def test_who_has_no_driver_with_rights_is_told_of_attached_runs_and_may_begin_one(folder: Path) -> None:
    settings = folder / "jupyter_mlops.toml"
    settings.write_text(settings.read_text().replace("attached = true\n", ""))
    path = notebook(folder, "%%step one\nx = 1")
    with pytest.raises(MlopsError, match="--attached"):
        run(path, target="kubernetes")
    assert run(path, target="kubernetes", attached=True)["state"] == "succeeded"


def test_it_means_the_same_there(folder: Path) -> None:
    (folder / "data.csv").write_text("a\n1\n2\n")
    cells = ("%%step load\nrows = open('data.csv').read().split()", "%%step count\nn = len(rows)\nprint(n)")
    answer = verify(notebook(folder, *cells), target="kubernetes", attached=True)
    assert (answer["same"], answer["differences"]) == (True, [])


@pytest.fixture
def engine(folder: Path):
    """`jupyter mlops run` in a process of its own, as in a terminal; killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(path: Path) -> tuple[subprocess.Popen[bytes], Path]:
        command = [sys.executable, "-m", "jupyter_mlops.cli", "run", str(path), "--target", "kubernetes"]
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": LIBRARY}, start_new_session=True
        )
        started.append(process)
        return process, folder / ".jupyter_mlops" / "runs"

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_for_text(runs: Path, pattern: str, text: str, patience: float = 180.0) -> Path:
    """The run in which a file says so."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        for path in runs.glob(f"*/{pattern}"):
            if text in path.read_text():
                return runs / path.relative_to(runs).parts[0]
        time.sleep(0.2)
    raise AssertionError(f"no {pattern} says {text!r}")


LONG = (
    "%%step one\nx = 41",
    (
        "%%step two\nprint('waiting', flush=True)\nimport os, time\n"
        "while not os.path.exists('/mlops/store/GO'): time.sleep(0.2)\nprint('x is', x + 1)"
    ),
)


def test_ctrl_c_ends_the_step_and_keeps_what_it_showed(folder: Path, cluster, engine) -> None:
    process, runs = engine(notebook(folder, LONG[0], LONG[1].replace("GO", "never")))
    made = wait_for_text(runs, "tasks/two/1/log", "waiting")
    process.send_signal(signal.SIGINT)
    assert process.wait(120) != 0
    record = load_run(made)
    assert record.state == "canceled"
    assert {task.task: task.state for task in record.tasks.values()} == {"one": "succeeded", "two": "canceled"}
    assert "waiting" in (made / "tasks/two/1/executed.ipynb").read_text()
    mine = f"jupyter-mlops.io/run={made.name}"
    assert not [item for item in cluster.kube.list(JOBS, labels=mine).items if "two" in item["metadata"]["name"]]


def test_after_the_laptop_died_retry_takes_what_has_ended_meanwhile(folder: Path, cluster, engine) -> None:
    process, runs = engine(notebook(folder, LONG[0], LONG[1].replace("GO", "go")))
    made = wait_for_text(runs, "tasks/two/1/log", "waiting")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    opening = notebook(folder, "%%step open_it\nopen('/mlops/store/go', 'w').close()")
    assert run(opening, target="kubernetes")["state"] == "succeeded"
    mine = f"jupyter-mlops.io/run={made.name},jupyter-mlops.io/task=two"
    for change in changes_of(cluster.kube, Selection(PODS, mine), Stop()):
        if change.object.get("status", {}).get("phase") == "Succeeded":
            break
    again = retry(made.name, folder=folder)
    assert again["state"] == "succeeded"
    assert {task["step"]: task["attempt"] for task in again["tasks"]} == {"one": 1, "two": 1}
    assert "x is 42" in (made / "tasks/two/1/log").read_text()


def test_after_the_laptop_died_retry_begins_again_what_still_runs(folder: Path, cluster, engine) -> None:
    process, runs = engine(notebook(folder, LONG[0], LONG[1].replace("GO", "gone")))
    made = wait_for_text(runs, "tasks/two/1/log", "waiting")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    opening = notebook(folder, "%%step open_it\nopen('/mlops/store/gone', 'w').close()")
    mine = f"jupyter-mlops.io/run={made.name}"
    assert cluster.kube.list(JOBS, labels=mine).items
    assert all(is_ours(item) for item in cluster.kube.list(JOBS, labels=mine).items)
    assert run(opening, target="kubernetes")["state"] == "succeeded"
    again = retry(made.name, folder=folder)
    assert again["state"] == "succeeded"
    assert "x is 42" in "".join(path.read_text() for path in made.glob("tasks/two/*/log"))
