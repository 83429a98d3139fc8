"""What is here of a run that Argo drives: brought home, followed by anyone, stopped from anywhere, deleted."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, NotFound, Refused, Usage, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS, PVCS
from jupyter_mlops.pipeline.model import Component, Options, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.events import Note, RunCreated, RunFinished, TaskStarted
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote
from jupyter_mlops.store.run_ids import run_ids
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo import cluster as cluster_module
from jupyter_mlops.targets.argo import following
from jupyter_mlops.targets.argo.cluster import ArgoWorkflows
from jupyter_mlops.targets.argo.submit import documents_of, settings_of
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.targets.base import RemoteTarget, Sweep
from jupyter_mlops.targets.kubernetes import delivery, submit
from jupyter_mlops.targets.kubernetes.claims import claim_body
from jupyter_mlops.targets.kubernetes.own_volume import VolumeGone
from jupyter_mlops.verbs import remote as verbs
from jupyter_mlops.verbs.runs import cancel, delete, logs, retry, show
from tests.unit.targets.argo.argo_cluster import ArgoCluster
from tests.unit.targets.remote_home import WITHIN_S, abandoned, in_background, lead_there, new_home, wait_until


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArgoCluster]:
    volume = tmp_path / "volume"
    volume.mkdir()
    monkeypatch.setattr(delivery, "STORE", str(volume))
    monkeypatch.setattr(cluster_module, "Asked", functools.partial(submit.Asked, store=str(volume)))
    made = ArgoCluster(tmp_path / "none.zip", volume)
    lead_there(monkeypatch, cluster_module, made)
    yield made
    made.held.clear()
    made.wait()
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_home(tmp_path, 'target = "argo"\n[argo]\nimage = "image"\n')


@pytest.fixture
def target(there: ArgoCluster, monkeypatch: pytest.MonkeyPatch) -> ArgoWorkflows:
    monkeypatch.setattr(verbs, "_AGAIN_S", 0.0)
    monkeypatch.setattr(there, "close", lambda: None)  # verbs open and close it, too
    return ArgoWorkflows(image="image")


def plan(project: Project, *sources: str, **step: object) -> Plan:
    steps = [
        Step(f"s{at}", Component("cells", (CellSource(at, f"c{at}", source, at + 1),)), **step)  # type: ignore[arg-type]
        for at, source in enumerate(sources)
    ]
    return make_plan(Pipeline("work", tuple(steps), cwd=str(project.root)), {})


def slow(go: Path) -> str:
    return f"import os, time\nprint('began', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"


def text_of(run: str, step: str, project: Project) -> str:
    return "".join(part["text"] for part in logs(run, step, folder=project.root)["logs"])


def test_it_is_a_remote_target(target: ArgoWorkflows) -> None:
    assert isinstance(target, RemoteTarget)


def test_all_of_a_run_comes_home_once(there: ArgoCluster, target: ArgoWorkflows, project: Project) -> None:
    heard: list[object] = []
    drawn = plan(project, "x = 4\nprint('no end', end='')", outputs=("x",))
    folder = target.drive(drawn, project, RunOptions(listeners=(heard.append,)))
    record = load_run(folder)
    assert (record.state, record.user, record.target) == ("succeeded", "ada", "argo")
    assert [type(event) for event in heard if isinstance(event, (RunCreated, RunFinished))] == [RunCreated, RunFinished]
    original = there.project.run_directory(folder.name)
    mirrored = [
        name
        for path in original.rglob("*")
        if path.is_file() and delivery.travels(name := path.relative_to(original).as_posix())
    ]
    assert len(mirrored) > 4
    assert {name: (folder / name).read_bytes() for name in mirrored} == {
        name: (original / name).read_bytes() for name in mirrored
    }
    remote = read_remote(folder)
    assert remote is not None
    assert (remote.target, remote.live, remote.complete) == ("argo", False, True)
    assert remote.settings == {"image": "image", "context": "laptop", "namespace": "here", "server": "https://there"}
    assert not any("courier" in name for name in there.logs)
    bundle = next(iter(record.tasks.values())).result["bundle"]  # type: ignore[index]
    assert project.artifacts.exists(bundle["path"])


def test_files_modules_and_what_the_last_run_wrote_are_there(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    (project.root / "data").mkdir()
    (project.root / "data" / "a.txt").write_text("from home")
    (project.root / "large.bin").write_bytes(bytes(20_000))
    (project.root / "tools.py").write_text("def twice(x): return x * 2\n")
    source = (
        "import tools\nprint(tools.twice(open('data/a.txt').read()), len(open('large.bin', 'rb').read()))\n"
        "import os\nprint(os.path.exists('left.txt'))\nopen('left.txt', 'w').write('x')"
    )
    reads = {"files_in": ("data/a.txt", "large.bin"), "files_out": ("left.txt",), "modules": ("tools.py",)}
    drawn = plan(project, source, options=Options(cache=False), **reads)
    said = []
    for _ in range(2):
        run = target.drive(drawn, project, RunOptions()).name
        assert load_run(project.run_directory(run)).state == "succeeded"
        said.append(text_of(run, "s0", project))
    assert said == ["from homefrom home 20000\nFalse\n", "from homefrom home 20000\nTrue\n"]
    left = [item["metadata"]["name"] for item in there.of("configmaps") if "parcel" in item["metadata"]["name"]]
    assert left == []  # they are large, and not needed any more


def test_a_whole_notebook_runs_as_a_step(there: ArgoCluster, target: ArgoWorkflows, project: Project) -> None:
    cell = {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": "print(42)",
    }
    text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (project.root / "other.ipynb").write_text(text)
    step = Step("other", Component("notebook", notebook="other.ipynb"))
    drawn = make_plan(Pipeline("work", (step,), cwd=str(project.root)), {})
    folder = target.drive(drawn, project, RunOptions())
    assert load_run(folder).state == "succeeded"
    assert text_of(folder.name, "other", project) == "42\n"


def test_files_that_do_not_arrive_are_why_nothing_ran(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    (project.root / "a.txt").write_text("from home")
    (there.project.root / "work").write_text("no folder")
    folder = target.drive(plan(project, "open('a.txt')", files_in=("a.txt",)), project, RunOptions())
    [task] = load_run(folder).tasks.values()
    assert task.state == "failed"
    assert "did not arrive" in task.reason
    (there.project.root / "work").unlink()
    assert retry(folder.name, folder=project.root)["state"] == "succeeded"


def test_files_that_did_not_arrive_are_brought_again_though_an_exit_step_ran(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    (project.root / "a.txt").write_text("large " * 10_000)  # large contents lie where all runs have them
    (there.project.root / "kept").write_text("no folder")
    drawn = plan(project, "print(open('a.txt').read())", files_in=("a.txt",))
    last = Step("bye", Component("cells", (CellSource(9, "c9", "print('bye')", 10),)), options=Options(exit=True))
    drawn = make_plan(replace(drawn.pipeline, steps=(*drawn.pipeline.steps, last)), {})
    folder = target.drive(drawn, project, RunOptions())
    tasks = load_run(folder).tasks
    assert (tasks["s0"].state, tasks["bye"].attempt) == ("failed", 1)
    assert "did not arrive" in tasks["s0"].reason
    (there.project.root / "kept").unlink()
    assert retry(folder.name, folder=project.root)["state"] == "succeeded"


def test_a_run_that_nobody_followed_is_caught_up_with_by_looking(
    there: ArgoCluster, target: ArgoWorkflows, project: Project, tmp_path: Path
) -> None:
    run = abandoned(target, project, plan(project, slow(tmp_path / "go")))
    wait_until(lambda: text_of(run, "s0", project) == "began\n")
    assert show(run, folder=project.root)["state"] == "running"
    with pytest.raises(Conflict, match="in motion"):
        delete(run, folder=project.root)
    (tmp_path / "go").touch()
    there.wait()
    assert show(run, folder=project.root)["state"] == "succeeded"


def test_whoever_comes_later_goes_on_to_follow_and_may_stop_it(
    there: ArgoCluster, target: ArgoWorkflows, project: Project, tmp_path: Path
) -> None:
    run = abandoned(target, project, plan(project, slow(tmp_path / "never"), "print('too')"))
    heard: list[object] = []
    watching = in_background(lambda: verbs.attach(run, folder=project.root, on_event=heard.append))
    wait_until(lambda: any(isinstance(event, TaskStarted) for event in heard))
    cancel(run, folder=project.root)
    watching.join(WITHIN_S)
    assert load_run(project.run_directory(run)).state == "canceled"
    assert [type(event) for event in heard].count(RunCreated) == 1
    (tmp_path / "never").touch()
    assert retry(run, folder=project.root)["state"] == "succeeded"


def test_a_run_that_nobody_follows_is_stopped_from_anywhere(
    there: ArgoCluster, target: ArgoWorkflows, project: Project, tmp_path: Path
) -> None:
    run = abandoned(target, project, plan(project, slow(tmp_path / "never")))
    wait_until(lambda: there.of("workflows"))
    cancel(run, folder=project.root)
    there.wait()
    assert show(run, folder=project.root)["state"] == "canceled"


def test_a_run_whose_pods_are_gone_comes_from_the_volume_also_where_nobody_knew_of_it(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    run = abandoned(target, project, plan(project, "print('hello')"))
    there.wait()
    kube = Kube(there, "here")
    for pod in there.of("pods"):
        kube.delete(PODS, pod["metadata"]["name"])
    wait_until(lambda: not there.of("pods"))
    delete(run, here=True, folder=project.root)
    (project.root / "jupyter_mlops.toml").write_text('[argo]\nimage = "image"\n')
    assert verbs.attach(run[-8:], folder=project.root)["state"] == "succeeded"
    assert text_of(run, "s0", project) == "hello\n"
    assert any("courier" in name for name in there.logs)


def test_what_is_printed_and_lost_comes_from_the_volume(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    there.mute = True
    folder = target.drive(plan(project, "print('hello')"), project, RunOptions())
    assert load_run(folder).state == "succeeded"
    assert text_of(folder.name, "s0", project) == "hello\n"


def test_large_values_come_when_they_are_asked_for(there: ArgoCluster, target: ArgoWorkflows, project: Project) -> None:
    folder = target.drive(plan(project, "import os\nx = os.urandom(2 << 20)", outputs=("x",)), project, RunOptions())
    digest = next(iter(load_run(folder).tasks.values())).result["bundle"]["path"]  # type: ignore[index]
    assert not project.artifacts.exists(digest)
    target.fetch(folder.name, digest, project)
    assert project.artifacts.exists(digest)


def test_deleting_leaves_nothing_there(there: ArgoCluster, target: ArgoWorkflows, project: Project) -> None:
    (project.root / "a.txt").write_text("from home")
    drawn = plan(project, "x = open('a.txt').read()", outputs=("x",), files_in=("a.txt",))
    folder = target.drive(drawn, project, RunOptions())
    assert there.project.run_directory(folder.name).exists()
    assert list((there.project.root / "work").glob(f"*/{folder.name}"))
    delete(folder.name, folder=project.root)
    assert not folder.exists()
    assert not there.project.run_directory(folder.name).exists()
    assert not list((there.project.root / "work").glob(f"*/{folder.name}"))
    assert list(there.project.artifacts.digests()) == []
    wait_until(lambda: not there.of("pods"))
    assert there.of("workflows") == []
    assert {item["metadata"]["labels"]["jupyter-mlops.io/part"] for item in there.of("configmaps")} == {"code"}


def test_a_workflow_that_somebody_removed_is_told_and_the_run_can_go_on(
    there: ArgoCluster, target: ArgoWorkflows, project: Project, tmp_path: Path
) -> None:
    faults: list[Exception] = []

    def drive() -> None:
        try:
            target.drive(plan(project, slow(tmp_path / "go")), project, RunOptions())
        except WorkFailed as fault:
            faults.append(fault)

    driving = in_background(drive)
    wait_until(lambda: there.of("pods", **{"workflows.argoproj.io/workflow": ""}))
    [workflow] = there.of("workflows")
    Kube(there, "here").delete(WORKFLOWS, workflow["metadata"]["name"])
    (tmp_path / "go").touch()
    driving.join(WITHIN_S)
    assert "was removed" in str(faults)
    there.wait()
    [run] = run_ids(project)
    assert retry(run, folder=project.root)["state"] == "succeeded"


def test_a_stop_that_the_cluster_did_not_hear_is_asked_for_again(
    there: ArgoCluster, target: ArgoWorkflows, project: Project, tmp_path: Path
) -> None:
    stop, notes = threading.Event(), []

    def heard(event: object) -> None:
        if isinstance(event, TaskStarted):
            there.away.set()
            stop.set()
        elif isinstance(event, Note):
            notes.append(event.text)

    options = RunOptions(stop=stop, listeners=(heard,))
    driving = in_background(lambda: target.drive(plan(project, slow(tmp_path / "never")), project, options))
    wait_until(lambda: any("cannot be stopped yet" in note for note in notes))
    there.away.clear()
    driving.join(WITHIN_S)
    [run] = run_ids(project)
    assert load_run(project.run_directory(run)).state == "canceled"


def test_a_run_that_is_stopped_before_a_pod_began_is_canceled_without_a_courier(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    there.held.set()
    stop = threading.Event()
    driving = in_background(lambda: target.drive(plan(project, "x = 1"), project, RunOptions(stop=stop)))
    wait_until(lambda: there.of("pods"))
    stop.set()
    driving.join(WITHIN_S)
    [run] = run_ids(project)
    assert load_run(project.run_directory(run)).state == "canceled"
    assert not any("courier" in name for name in there.logs)


def test_a_run_whose_pods_cannot_begin_is_refused_and_nothing_is_left(
    there: ArgoCluster, target: ArgoWorkflows, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(following, "_LOOK_EVERY_S", 0.05)
    there.held.set()
    faults: list[Refused] = []

    def drive() -> None:
        try:
            target.drive(plan(project, "x = 1"), project, RunOptions())
        except Refused as fault:
            faults.append(fault)

    driving = in_background(drive)
    wait_until(lambda: there.of("pods"))
    waiting = {"reason": "InvalidImageName", "message": "no such image"}
    for pod in there.of("pods"):
        pod["status"]["containerStatuses"] = [{"name": "main", "state": {"waiting": waiting}}]
    driving.join(WITHIN_S)
    assert "cannot begin" in str(faults)
    [run] = run_ids(project)
    assert load_run(project.run_directory(run)).state == "failed"
    assert {item["metadata"]["labels"]["jupyter-mlops.io/part"] for item in there.of("configmaps")} == {"code"}


def test_the_sweep_leaves_runs_of_compiled_workflows_alone(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    (project.root / "a.txt").write_text("from home")
    drawn = plan(project, "print(open('a.txt').read())", files_in=("a.txt",))
    found = documents_of(drawn, settings_of({}, "image"), project.root)
    kube = Kube(there, "here")
    for item in found.needed:
        kube.create(CONFIG_MAPS, item)
    kube.create(WORKFLOWS, found.workflow)
    there.wait()
    [run] = run_ids(there.project)
    folder = there.project.run_directory(run)
    assert load_run(folder).state == "succeeded"
    assert (folder / "tasks" / "s0" / "1" / "log").read_text() == "from home\n"
    kube.create(submit.PVCS, claim_body(settings_of({}, "image")))
    long_ago = time.time() - 40 * 86400

    def age() -> None:
        for path in (folder, *folder.rglob("*"), *there.project.root.glob("work/**/*")):
            os.utime(path, (long_ago, long_ago))

    age()
    before = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for item in there.of("configmaps"):
        item["metadata"]["creationTimestamp"] = before
    swept = target.sweep(project, Sweep(older_than=86400))
    assert (swept["folders"], folder.exists()) == ([], True)
    assert not [name for name in swept["objects"] if "code" in name]  # the next Workflow needs it
    (folder / "unanchored").unlink()
    age()
    deep = folder / "tasks" / "s0" / "1" / "log"
    os.utime(deep)
    assert target.sweep(project, Sweep(older_than=86400))["folders"] == []  # it is at work, deeper down
    os.utime(deep, (long_ago, long_ago))
    assert target.sweep(project, Sweep(older_than=86400))["folders"] == [run]
    assert not folder.exists()


def test_what_it_does_not_drive_it_does_not_find(there: ArgoCluster, target: ArgoWorkflows, project: Project) -> None:
    with pytest.raises(NotFound, match="no run"):
        target.find("ffff", project)
    with pytest.raises(Usage, match="Argo"), contextlib.closing(ArgoWorkflows(image="image")) as other:
        other.drive(plan(project, "x = 1"), project, RunOptions(attached=True))


def test_of_a_run_whose_claim_was_made_anew_that_is_said_and_it_can_be_deleted(
    there: ArgoCluster, target: ArgoWorkflows, project: Project
) -> None:
    drawn = plan(project, "import os\ntable = os.urandom(1_500_000)", outputs=("table",))
    run = target.drive(drawn, project, RunOptions()).name
    assert not any("courier" in name for name in there.logs)
    kube = Kube(there, "here")
    [claim] = there.of("persistentvolumeclaims")
    kube.delete(PVCS, claim["metadata"]["name"])
    kube.create(PVCS, {"metadata": {"name": claim["metadata"]["name"]}, "spec": claim["spec"]})
    for work in (lambda: verbs.fetch(run, "table", folder=project.root), lambda: retry(run, folder=project.root)):
        with pytest.raises(VolumeGone, match="another one was made with its name"):
            work()
    delete(run, folder=project.root)
    assert there.of("configmaps", **{"jupyter-mlops.io/run": run}) == []
    assert not any("courier" in name for name in there.logs)
