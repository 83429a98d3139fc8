"""Values and files of runs in an object store, on a real cluster: S3 as moto speaks it, in a pod of the namespace."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.labels import RUN, named
from jupyter_mlops.kube.rbac import rules
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS, PVCS, SECRETS
from jupyter_mlops.store.project import Project
from jupyter_mlops.verbs.remote import attach, fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import delete, logs, retry
from jupyter_mlops.verbs.schedules import delete_schedule, list_schedules, schedule, start_now
from jupyter_mlops.verbs.store import sweep
from jupyter_mlops.verbs.verify import verify
from tests.cluster.person import open_store
from tests.cluster.test_attached import kubeconfig
from tests.cluster.test_runs import notebook, states
from tests.cluster.watched import RIGHTS, Watching, until, wait_for_word, watching
from tests.cluster.watched import project as project_of

__all__ = ["watching"]

IMAGE = os.environ.get("JUPYTER_MLOPS_TEST_S3_IMAGE", "mlops/s3:1")
SERVER = """
import time, urllib.request
from moto.server import ThreadedMotoServer
ThreadedMotoServer("0.0.0.0", 5000).start()
urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:5000/models", method="PUT")).read()
print("ready")
time.sleep(100000)
"""
CELLS = (
    "%%step load\nrows = open('data.csv').read().split()\nopen('made.txt', 'w').write(rows[-1])",
    "%%step square --for-each 'n in [1, 2, 3]'\ny = n * n",
    "%%step total\nmade = open('made.txt').read()\nz = sum(y) + len(rows)\nprint('total', z, made)",
    "%%step last\nprint('last', z)",
)


@pytest.fixture(scope="module")
def server(cluster: Any) -> str:
    """The address of the object store."""
    cluster.needs(IMAGE, "s3fs and moto")
    cluster.kube.create(PODS, cluster.pod("s3", SERVER, container={"image": IMAGE}))
    pod = cluster.wait_for("s3", {"Running"})
    end = time.monotonic() + 120
    while b"ready" not in b"".join(cluster.kube.log("s3", follow=False)):
        assert time.monotonic() < end, "the object store did not come up"
        time.sleep(0.5)
    keys = {"id": "testing", "key": "testing"}
    cluster.kube.create(SECRETS, {"metadata": {"name": "s3"}, "stringData": keys})
    open_store(cluster)
    return f"http://{pod['status']['podIP']}:5000"


@pytest.fixture(params=["driver", "attached"])
def folder(request: Any, cluster: Any, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose runs keep their values there. Without a driver nobody may make or see a claim."""
    settings: dict[str, Any] = {
        "image": IMAGE,
        "storage": f"s3://models/{tmp_path.name}",
        "secrets": ["s3:id:AWS_ACCESS_KEY_ID", "s3:key:AWS_SECRET_ACCESS_KEY"],
    }
    cluster.account("driver", RIGHTS)
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    if request.param == "attached":
        granted = [
            {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)}
            for rule in rules("attached")
            if rule.resource != "persistentvolumeclaims"
        ]
        config = tmp_path / "kubeconfig"
        config.write_text(json.dumps(kubeconfig(cluster.account("stored", granted), cluster.namespace)))
        monkeypatch.setenv("KUBECONFIG", str(config))
        settings["attached"] = True
    found = project_of(cluster, tmp_path, **settings)
    with (found / "jupyter_mlops.toml").open("a") as file:
        file.write(f'[kubernetes.storage_options]\nendpoint_url = "{server}"\n')
    (found / "data.csv").write_text("a\nb\nc\n")
    return found


def kept(server: str, folder: Path, below: str) -> list[str]:
    """The names of the objects of the project."""
    with urllib.request.urlopen(f"{server}/models?list-type=2&prefix={folder.name}/{below}") as answer:
        return re.findall(r"<Key>([^<]*)</Key>", answer.read().decode())


def test_a_run_keeps_its_values_there_and_leaves_nothing_behind(cluster: Any, server: str, folder: Path) -> None:
    path = notebook(folder, *CELLS)
    answer = run(path, target="kubernetes")
    assert answer["state"] == "succeeded", answer
    [told] = [part["text"] for part in logs(answer["run"], "total", folder=folder)["logs"]]
    assert "total 17 c" in told
    mine = [pod for pod in cluster.kube.list(PODS).items if named(pod, RUN) == answer["run"]]
    steps = [pod for pod in mine if pod["metadata"]["labels"]["jupyter-mlops.io/part"] == "step"]
    assert len(steps) == 6
    assert "persistentVolumeClaim" not in json.dumps([pod["spec"] for pod in steps])
    value = fetch(answer["run"], "z", folder=folder)
    assert Path(value["path"]).stat().st_size == value["bytes"] > 0

    again = run(path, target="kubernetes")
    assert states(again) == {"load": "succeeded", "square": "cached", "total": "succeeded", "last": "cached"}
    delete(again["run"], folder=folder)
    assert fetch(answer["run"], "rows", folder=folder)["bytes"] > 0

    (folder / "jupyter_mlops.toml").write_text(
        re.sub(r"(?s)storage = .*?\n|\[kubernetes.storage_options\].*", "", (folder / "jupyter_mlops.toml").read_text())
    )
    delete(answer["run"], folder=folder)
    assert kept(server, folder, "") == []
    until(lambda: not cluster.kube.list(CONFIG_MAPS, labels=f"{RUN}={answer['run']}").items, "the end of its objects")


def test_a_failed_run_goes_on_where_its_values_are(folder: Path) -> None:
    fails = (
        "%%step fails\nimport os\nfirst = not os.path.exists('tried')\nopen('tried', 'w').close()\n"
        "assert not first, 'not yet'\nprint(len(rows))"
    )
    failed = run(notebook(folder, "%%step load\nrows = [1, 2]", fails), target="kubernetes")
    assert states(failed) == {"load": "succeeded", "fails": "failed"}
    again = retry(failed["run"], folder=folder)
    assert again["state"] == "succeeded"
    assert [task["attempt"] for task in again["tasks"]] == [1, 2]


def test_it_means_the_same_there(folder: Path) -> None:
    answer = verify(notebook(folder, *CELLS[:1], "%%step count\nn = len(rows)\nprint(n)"), target="kubernetes")
    assert (answer["same"], answer["differences"]) == (True, [])


def test_a_bucket_that_is_not_there_is_said(folder: Path) -> None:
    settings = folder / "jupyter_mlops.toml"
    settings.write_text(settings.read_text().replace("s3://models/", "s3://nowhere/"))
    answer = run(notebook(folder, "%%step one\nx = 1", "%%step two\nprint(x)"), target="kubernetes")
    assert answer["state"] == "failed"
    assert "s3://nowhere/" in answer["tasks"][0]["reason"]
    assert "Does the bucket exist" in answer["tasks"][0]["reason"]


@pytest.mark.parametrize("folder", ["driver"], indirect=True)
def test_a_driver_that_is_evicted_is_followed_by_another_that_goes_on(folder: Path, watching: Watching) -> None:
    def take() -> None:
        wait_for_word(folder, watching, "work", "begun")
        watching.evict(watching.pod("driver"))

    watching.at_start_of("work", take)
    work = "import time\nprint('begun', x, flush=True)\ntime.sleep(8)\ny = x + 1"
    path = notebook(folder, "%%step before\nx = 41", f"%%step work\n{work}", "%%step after\nprint('is', y)")
    answer = run(path, target="kubernetes", on_event=watching)
    watching.done()
    assert states(answer) == {"before": "succeeded", "work": "succeeded", "after": "succeeded"}
    [told] = [part["text"] for part in logs(answer["run"], "after", folder=folder)["logs"]]
    assert "is 42" in told


@pytest.mark.parametrize("folder", ["driver"], indirect=True)
def test_what_left_over_runs_have_there_is_swept(server: str, folder: Path) -> None:
    answer = run(notebook(folder, "%%step one\nx = 1", "%%step two\nprint(x)"), target="kubernetes")
    assert kept(server, folder, "artifacts")
    delete(answer["run"], folder=folder, here=True)
    until(lambda: answer["run"] in sweep("kubernetes", dry_run=True, folder=folder)["runs"], "the end of its driver")
    assert kept(server, folder, "artifacts")
    sweep("kubernetes", folder=folder)
    assert kept(server, folder, "") == []


@pytest.mark.parametrize("folder", ["driver"], indirect=True)
def test_a_schedule_makes_runs_with_their_values_there(cluster: Any, server: str, folder: Path) -> None:
    project = Project.find(folder)
    schedule(notebook(folder, *CELLS), cron="0 0 1 1 *", name="stored", target="kubernetes")
    try:
        start_now(project, "stored")
        [run_of_it] = until(lambda: list_schedules(project)["schedules"][0]["runs"], "its run")
        answer = attach(run_of_it, folder=folder)
        assert answer["state"] == "succeeded"
        assert kept(server, folder, f"runs/{answer['run']}")
    finally:
        delete_schedule(project, "stored", runs=True)
    assert cluster.kube.list(PVCS).items
