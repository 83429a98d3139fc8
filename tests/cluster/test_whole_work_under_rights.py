"""Whole runs, retries and schedules under exactly the Role that `target rbac` prints; with one right less, its name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jupyter_mlops.errors import MlopsError, WorkFailed
from jupyter_mlops.kube.failures import Forbidden, Unauthorized
from jupyter_mlops.kube.labels import selector
from jupyter_mlops.kube.resource import CONFIG_MAPS, CRON_JOBS, JOBS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.links import links
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs.remote import attach, fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import delete, retry
from jupyter_mlops.verbs.schedules import delete_schedule, schedule
from jupyter_mlops.verbs.store import sweep
from tests.cluster.as_user import grant, kubeconfig
from tests.cluster.test_runs import notebook, states, store

__all__ = ["store"]


@pytest.fixture
def ada(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of somebody who has no rights yet."""
    settings = {"image": cluster.image}  # where its Python is, is found
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (tmp_path / "jupyter_mlops.toml").write_text("\n".join(['target = "kubernetes"', "[kubernetes]", *lines]) + "\n")
    (tmp_path / ".jupyter_mlops").mkdir()
    grant(cluster, "ada", ["run"])
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(cluster, "ada", tmp_path / "kubeconfig")))
    return tmp_path


def test_a_run_its_retry_and_its_end_need_no_more_than_the_role_for_runs(ada: Path, cluster) -> None:
    path = notebook(ada, "%%step one\nx = 1", "%%step two\nimport os\nassert os.path.exists('/mlops/store/go'), x")
    failed = run(path)
    assert (failed["state"], states(failed)) == ("failed", {"one": "succeeded", "two": "failed"})
    assert run(notebook(ada, "%%step go\nopen('/mlops/store/go', 'w').close()"))["state"] == "succeeded"
    assert retry(failed["run"], folder=ada)["state"] == "succeeded"
    delete(failed["run"], folder=ada)
    left = cluster.kube.list(CONFIG_MAPS, labels=f"jupyter-mlops.io/run={failed['run']},jupyter-mlops.io/part=anchor")
    assert left.items == ()


def test_what_comes_home_by_couriers_needs_no_more_either(ada: Path, cluster) -> None:
    made = run(notebook(ada, "# Make", "import os\nx = os.urandom(3 << 20)", "# Use", "print(len(x))"))["run"]
    for job in cluster.kube.list(JOBS, labels=f"jupyter-mlops.io/run={made}").items:
        cluster.kube.delete(JOBS, job["metadata"]["name"])
    project = Project.find(ada)
    shutil.rmtree(project.run_directory(made))
    back = attach(made, folder=ada)  # unknown now, and its pods are gone
    assert (back["state"], states(back)) == ("succeeded", {"make": "succeeded", "use": "succeeded"})
    value = next(link for link in links(load_run(project.run_directory(made))) if link.name == "x")
    assert fetch(made, value.stored, folder=ada)["bytes"] > 3 << 20
    assert sweep("kubernetes", dry_run=True, folder=ada)["runs"] == []
    delete(made, folder=ada)
    assert not cluster.kube.list(CONFIG_MAPS, labels=f"jupyter-mlops.io/run={made},jupyter-mlops.io/part=anchor").items


@pytest.mark.parametrize(
    ("resource", "verb", "said"),
    [
        ("configmaps", "create", 'cannot create resource "configmaps"'),
        ("jobs", "create", 'cannot create resource "jobs" in API group "batch"'),
        ("persistentvolumeclaims", "create", 'cannot create resource "persistentvolumeclaims"'),
        ("pods", "list", 'cannot list resource "pods"'),
        ("pods/log", "get", 'cannot get resource "pods/log"'),
    ],
)
def test_with_one_right_less_a_run_says_which(ada: Path, cluster, resource: str, verb: str, said: str) -> None:
    grant(cluster, "ada", ["run"], without={resource: verb})
    with pytest.raises(Forbidden) as refused:
        run(notebook(ada, "x = 1"))
    assert said in refused.value.message
    assert "target rbac" in refused.value.hint


@pytest.mark.parametrize(
    ("resource", "verb", "said"),
    [
        ("jobs", "create", 'cannot create resource "jobs"'),
        ("jobs", "list", 'cannot list resource "jobs"'),
    ],
)
def test_a_driver_with_one_right_less_says_which(ada: Path, cluster, resource: str, verb: str, said: str) -> None:
    grant(cluster, "ada", ["run"], without={f"driver:{resource}": verb})
    try:  # drivers that nobody could follow may have done the same step by now: it would need no Job
        answer = run(notebook(ada, "x = 1"), cache=False)
    except WorkFailed as error:
        told = error.message
    else:
        assert answer["state"] == "failed"
        told = json.dumps([task["reason"] for task in answer["tasks"]]).replace('\\"', '"')
    assert said in told


def test_a_schedule_needs_no_more_than_the_role_for_schedules(ada: Path, cluster) -> None:
    path = notebook(ada, "x = 1")
    with pytest.raises(Forbidden, match='"cronjobs"'):
        schedule(path, cron="0 6 * * *", name="nightly")
    # The cluster removes what the schedule had in the background.
    for _ in changes_of(cluster.kube, Selection(CONFIG_MAPS, "jupyter-mlops.io/schedule=nightly"), Stop()):
        if not cluster.kube.list(CONFIG_MAPS, labels="jupyter-mlops.io/schedule=nightly").items:
            break
    grant(cluster, "ada", ["schedules"])
    assert schedule(path, cron="0 6 * * *", name="nightly")["schedule"] == "nightly"
    assert len(cluster.kube.list(CRON_JOBS, labels=selector({"jupyter-mlops.io/schedule": "nightly"})).items) == 1
    delete_schedule(Project.find(ada), "nightly")


def test_a_token_that_is_not_taken_is_said(ada: Path, cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = kubeconfig(cluster, "ada", ada / "stale", token="eyJhbGciOiJSUzI1NiJ9.e30.c3RhbGU")
    monkeypatch.setenv("KUBECONFIG", str(stale))
    with pytest.raises(Unauthorized) as refused:
        run(notebook(ada, "x = 1"))
    assert "Log in to the cluster again" in refused.value.hint


def test_another_namespace_is_forbidden_and_named(ada: Path) -> None:
    with pytest.raises(MlopsError) as refused:
        run(notebook(ada, "x = 1"), namespace="kube-system")
    assert 'in the namespace "kube-system"' in refused.value.message
    assert "target rbac" in refused.value.hint


def test_nothing_is_left_of_what_was_refused(cluster) -> None:
    """The last of this module: only runs that were made have objects."""
    anchors = {
        item["metadata"]["labels"]["jupyter-mlops.io/run"]
        for item in cluster.kube.list(CONFIG_MAPS, labels="jupyter-mlops.io/part=anchor").items
    }
    jobs = cluster.kube.list(JOBS, labels="jupyter-mlops.io/part=driver").items
    assert {job["metadata"]["labels"]["jupyter-mlops.io/run"] for job in jobs} >= anchors
