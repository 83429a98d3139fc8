"""A CronJob starts runs on a real cluster, and what `compile` writes runs there with nothing but kubectl."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import NotFound
from jupyter_mlops.kube.labels import RUN, SCHEDULE, named
from jupyter_mlops.kube.resource import CONFIG_MAPS, CRON_JOBS, JOBS, PODS, Resource
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.project import Project
from jupyter_mlops.verbs.compile import compile as compile_for
from jupyter_mlops.verbs.remote import attach
from jupyter_mlops.verbs.runs import logs
from jupyter_mlops.verbs.schedules import delete_schedule, list_schedules, pause, schedule, start_now
from tests.cluster.test_runs import PYTHON, notebook, store

__all__ = ["store"]


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose target is the namespace; the account of its drivers is the one that is made."""
    settings = {"image": cluster.image, "python": PYTHON, "namespace": cluster.namespace, "size": "1Gi"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (tmp_path / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines]) + "\n")
    (tmp_path / ".jupyter_mlops").mkdir()
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    return tmp_path


def ended(cluster, resource: Resource, labels: str, count: int = 1) -> list[dict[str, Any]]:
    """Jobs with these labels, once so many of them are over; all have to have succeeded."""
    over: dict[str, dict[str, Any]] = {}
    for change in changes_of(cluster.kube, Selection(resource, labels), Stop()):
        conditions = change.object.get("status", {}).get("conditions") or () if change.object else ()
        kinds = {item["type"] for item in conditions if item["status"] == "True"}
        assert "Failed" not in kinds, change.object
        if "Complete" in kinds:
            over[change.object["metadata"]["name"]] = change.object
        if len(over) >= count:
            break
    return list(over.values())


def gone(cluster, resource: Resource, labels: str) -> None:
    """Wait until there is none with these labels."""
    for _ in changes_of(cluster.kube, Selection(resource, labels), Stop()):
        if not cluster.kube.list(resource, labels=labels).items:
            return


def test_a_cron_job_makes_runs_until_it_is_paused_and_leaves_nothing_when_it_is_deleted(folder: Path, cluster) -> None:
    project = Project.find(folder)
    path = notebook(folder, "# Load", "n = 1", "# Say", "print('due', n)")
    made = schedule(path, cron="* * * * *", timezone="Europe/Berlin", name="minutely", params={}, target="kubernetes")
    assert len(made["next"]) == 3
    assert cluster.kube.list(CRON_JOBS).items[0]["spec"]["timeZone"] == "Europe/Berlin"

    # The first run comes by the clock of the cluster, the second by hand, though the schedule is paused.
    mine = f"{SCHEDULE}=minutely"
    ended(cluster, JOBS, f"{mine},jupyter-mlops.io/part=tick")
    assert pause(project, "minutely")["paused"]
    assert list_schedules(project)["schedules"][0]["next"] == []
    runs = list_schedules(project)["schedules"][0]["runs"]
    assert runs
    for run in runs:
        ended(cluster, JOBS, f"jupyter-mlops.io/part=driver,{RUN}={run}")
        steps = cluster.kube.list(JOBS, labels=f"jupyter-mlops.io/part=step,{RUN}={run}").items
        assert {named(job, "jupyter-mlops.io/step") for job in steps} <= {"load", "say"}
    start_now(project, "minutely")
    ended(cluster, JOBS, f"{mine},jupyter-mlops.io/part=tick", len(runs) + 1)
    [state] = list_schedules(project)["schedules"]
    assert len(state["runs"]) == len(runs) + 1
    assert state["problem"] == ""
    assert state["last"]
    ended(cluster, JOBS, f"jupyter-mlops.io/part=driver,{RUN}={state['runs'][-1]}")

    # A run that nobody here knows of comes home when it is asked for.
    known = attach(state["runs"][0][-8:], folder=folder)
    assert (known["state"], known["run"]) == ("succeeded", state["runs"][0])
    assert "due 1" in str(logs(known["run"], "say", folder=folder))
    with pytest.raises(NotFound, match="nor in the namespace"):
        attach("ffffffff", folder=folder)

    assert delete_schedule(project, "minutely", runs=True)["runs"] == state["runs"]
    assert list_schedules(project)["schedules"] == []
    gone(cluster, CRON_JOBS, mine)
    gone(cluster, CONFIG_MAPS, mine)
    for resource in (JOBS, PODS, CONFIG_MAPS):
        gone(cluster, resource, f"{RUN} in ({','.join(state['runs'])})")
        gone(cluster, resource, mine)


def test_a_tick_that_can_make_no_run_is_told(folder: Path, cluster) -> None:
    project = Project.find(folder)
    settings = folder / "jupyter_mlops.toml"
    settings.write_text(settings.read_text() + 'service_account = "default"\n')
    schedule(notebook(folder, "x = 1"), cron="0 6 * * *", name="rightless", target="kubernetes")
    job = start_now(project, "rightless")["job"]
    for change in changes_of(cluster.kube, Selection(JOBS, fields=f"metadata.name={job}"), Stop()):
        if any(item["type"] == "Failed" for item in change.object.get("status", {}).get("conditions") or ()):
            break
    [state] = list_schedules(project)["schedules"]
    assert 'cannot list resource "configmaps"' in state["problem"]
    delete_schedule(project, "rightless")


def test_what_compile_writes_runs_by_kubectl_alone(folder: Path, cluster) -> None:
    path = notebook(folder, "# Parameters", "depth = 1", "# Double", "y = depth * 2\nprint('y', y)")
    made = compile_for(path, output=folder / "run.yaml", target="kubernetes", namespace=cluster.namespace)
    command = ["kubectl", "--kubeconfig", cluster.kubeconfig, "apply", "-f", str(folder / "run.yaml")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [driver] = ended(cluster, JOBS, f"jupyter-mlops.io/part=driver,{RUN}={made['run']}")
    ended(cluster, JOBS, f"jupyter-mlops.io/part=step,{RUN}={made['run']}", 1)
    [anchor] = cluster.kube.list(CONFIG_MAPS, labels=f"{RUN}={made['run']},jupyter-mlops.io/part=anchor").items
    owners = cluster.kube.get(JOBS, driver["metadata"]["name"])["metadata"]["ownerReferences"]
    assert [owner["uid"] for owner in owners] == [anchor["metadata"]["uid"]]
    # All of the run goes with its anchor.
    cluster.kube.delete(CONFIG_MAPS, anchor["metadata"]["name"])
    for resource in (JOBS, PODS, CONFIG_MAPS):
        gone(cluster, resource, f"{RUN}={made['run']}")
