"""What is here of a run in a real cluster: whatever becomes of laptop, pods or log, all of it comes home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlops.kube.labels import selector
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS
from jupyter_mlops.store.events import RunCreated, RunFinished
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote
from jupyter_mlops.verbs.remote import attach, fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import cancel, delete, list_runs, logs, show
from jupyter_mlops.verbs.store import sweep
from tests.cluster.test_runs import folder, notebook, states, store

__all__ = ["folder", "store"]

WAITS = "import os, time\nwhile not os.path.exists('/mlops/store/go'): time.sleep(0.2)"
TOUCH = "open('/mlops/store/go', 'w').close()"
LISTED = (
    "import os\nfor place, _, names in os.walk('/mlops/store'):\n for n in ['', *names]: print(os.path.join(place, n))"
)
WITHIN_S = 120.0


def wait_until(holds: Callable[[], object]) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def drive(path: Path, *more: str) -> subprocess.Popen[bytes]:
    """The laptop: a process that runs the notebook in the cluster."""
    command = [sys.executable, "-m", "jupyter_mlops.cli", "run", str(path), "--target", "kubernetes", *more]
    return subprocess.Popen(command, cwd=path.parent, stdout=subprocess.DEVNULL)


def only_run(folder: Path) -> str:
    """The id of the newest run, once there is one."""
    wait_until(lambda: list_runs(folder=folder))
    return list_runs(folder=folder)[0]["run"]


def let_go(cluster, name: str) -> None:
    """What waits on the volume goes on."""
    spec = cluster.pod(name, TOUCH)
    spec["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "mlops-store"}}]
    spec["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/mlops/store"}]
    cluster.kube.create(PODS, spec)


def on_volume(cluster, name: str, code: str) -> str:
    """What a pod prints that looks at the volume."""
    spec = cluster.pod(name, code)
    spec["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "mlops-store"}}]
    spec["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/mlops/store"}]
    cluster.kube.create(PODS, spec)
    cluster.wait_for(name, {"Succeeded"})
    return b"".join(cluster.kube.log(name)).decode()


def test_a_laptop_that_dies_leaves_the_run_alone_and_comes_back_to_it(folder: Path, cluster) -> None:
    path = notebook(folder, "# One", "x = 1\nprint('begun')", "# Two", f"{WAITS}\nprint('two', x)")
    laptop = drive(path)
    name = only_run(folder)
    wait_until(lambda: states(show(name, folder=folder)).get("two") == "running")
    os.kill(laptop.pid, signal.SIGKILL)
    laptop.wait()
    assert show(name, folder=folder)["state"] == "running"  # nobody drives it here, and it is not dead
    let_go(cluster, "go-1")
    heard: list[object] = []
    answer = attach(name, on_event=heard.append, folder=folder)
    assert (answer["state"], states(answer)) == ("succeeded", {"one": "succeeded", "two": "succeeded"})
    assert [type(event) for event in heard].count(RunCreated) == 1
    assert [type(event) for event in heard].count(RunFinished) == 1
    assert "two 1" in str(logs(name, "two", folder=folder))
    remote = read_remote(Project.find(folder).run_directory(name))
    assert remote is not None
    assert (remote.live, remote.complete) == (False, True)


def test_what_pods_that_are_gone_would_have_told_comes_from_the_volume(folder: Path, cluster) -> None:
    printing = "for i in range(300_000): print(i, 'a line of a log that is long ' * 3)"
    path = notebook(folder, "# Much", f"import os\n{printing}\nprint('the last line')")
    laptop = drive(path)
    name = only_run(folder)
    os.kill(laptop.pid, signal.SIGKILL)
    laptop.wait()
    mine = f"jupyter-mlops.io/run={name}"
    wait_until(
        lambda: any(
            item.get("type") == "Complete"
            for job in cluster.kube.list(JOBS, labels=f"{mine},jupyter-mlops.io/part=driver").items
            for item in job.get("status", {}).get("conditions") or ()
        )
    )
    for job in cluster.kube.list(JOBS, labels=mine).items:
        cluster.kube.delete(JOBS, job["metadata"]["name"])
    wait_until(lambda: not cluster.kube.list(PODS, labels=mine).items)
    answer = show(name, folder=folder)
    assert answer["state"] == "succeeded"
    log = Path(answer["tasks"][0]["log"])
    assert log.stat().st_size > 20 << 20
    assert "the last line" in log.read_text()[-200:]
    assert len(log.read_text().splitlines()) >= 300_001
    executed = json.loads(Path(answer["notebook"]).read_text())
    assert executed["cells"]


def test_a_value_stays_in_the_cluster_until_it_is_asked_for(folder: Path, cluster) -> None:
    path = notebook(
        folder,
        "# Make",
        "import jupyter_mlops as mlops, os\n"
        "small = open('small.txt', 'w'); small.write('little'); small.close()\n"
        "large = open('large.bin', 'wb'); large.write(os.urandom(3 << 20)); large.close()\n"
        "mlops.log_artifact('small.txt'); mlops.log_artifact('large.bin')",
    )
    name = run(path, target="kubernetes")["run"]
    kept = Project.find(folder).artifacts
    found = fetch(name, "small.txt", folder=folder)
    assert Path(found["path"]).read_text() == "little"
    before = set(kept.digests())
    large = fetch(name, "large.bin", folder=folder)
    assert large["bytes"] == 3 << 20
    assert kept.verify(large["digest"])
    assert large["digest"] not in before


def test_a_run_that_is_deleted_leaves_nothing_behind(folder: Path, cluster) -> None:
    path = notebook(folder, "# Make", f"import time\nx = list(range(5))  # {time.time()}")
    name = run(path, target="kubernetes")["run"]
    assert name in on_volume(cluster, "look-1", LISTED)
    delete(name, folder=folder)
    mine = f"jupyter-mlops.io/run={name}"
    for kind in (CONFIG_MAPS, JOBS, PODS):
        wait_until(lambda kind=kind: not cluster.kube.list(kind, labels=mine).items)
    assert name not in on_volume(cluster, "look-2", LISTED)
    assert not Project.find(folder).run_directory(name).exists()


def test_another_process_stops_a_run_that_nobody_follows(folder: Path, cluster) -> None:
    path = notebook(folder, "# Endless", "import time\nwhile True: time.sleep(0.2)")
    laptop = drive(path)
    name = only_run(folder)
    wait_until(lambda: states(show(name, folder=folder)).get("endless") == "running")
    os.kill(laptop.pid, signal.SIGKILL)
    laptop.wait()
    settings = folder / "jupyter_mlops.toml"
    settings.write_text(settings.read_text().replace(cluster.namespace, "somewhere-else"))
    cancel(name, folder=folder)
    assert attach(name, folder=folder)["state"] == "canceled"


def test_two_people_in_a_namespace_do_not_sweep_each_other(
    folder: Path, cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine = run(notebook(folder, "# Mine", "x = 1"), target="kubernetes")["run"]
    other = tmp_path_factory.mktemp("other")
    (other / "jupyter_mlops.toml").write_text((folder / "jupyter_mlops.toml").read_text())
    (other / ".jupyter_mlops").mkdir()
    theirs = run(notebook(other, "# Theirs", "x = 2"), target="kubernetes")["run"]
    delete(theirs, here=True, folder=other)
    assert sweep("kubernetes", dry_run=True, folder=folder)["runs"] == []
    # Its Job is said to be over a moment after the run.
    wait_until(lambda: sweep("kubernetes", dry_run=True, folder=other)["runs"] == [theirs])
    assert sweep("kubernetes", folder=other)["runs"] == [theirs]
    left = cluster.kube.list(CONFIG_MAPS, labels="jupyter-mlops.io/part=anchor").items
    runs = {item["metadata"]["labels"]["jupyter-mlops.io/run"] for item in left}
    assert mine in runs
    assert theirs not in runs


def test_a_run_that_waits_says_why_and_can_be_stopped(folder: Path, cluster) -> None:
    settings = folder / "jupyter_mlops.toml"
    settings.write_text(settings.read_text().replace(cluster.image, "nowhere.example/none:1"))
    stop = threading.Event()
    seen: list[str] = []

    def heard(event: object) -> None:
        name = list_runs(folder=folder)[0]["run"]
        reason = show(name, folder=folder)["reason"]
        if "nowhere.example" in reason:
            seen.append(reason)
            stop.set()

    answer = run(notebook(folder, "x = 1"), target="kubernetes", on_event=heard, stop=stop)
    assert answer["state"] == "canceled"
    assert seen
    assert not cluster.kube.list(PODS, labels=selector({"jupyter-mlops.io/run": answer["run"]})).items
