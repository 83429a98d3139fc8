"""What is here of a run in a cluster, on a small one: seen at once, brought home whole, found again, and deleted."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, NotFound, Refused, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.resource import JOBS
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.events import CancelRequested, Note, RunCreated, RunFinished
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import change_remote, read_remote
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import RemoteTarget, Sweep
from jupyter_mlops.targets.kubernetes import cluster as cluster_module
from jupyter_mlops.targets.kubernetes import delivery, drive, homeward, submit, unpacking
from jupyter_mlops.targets.kubernetes.at_home import Teller
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.verbs import remote as verbs
from jupyter_mlops.verbs.runs import cancel, delete, show
from tests.unit.targets.remote_home import WITHIN_S, abandoned, in_background, lead_there, new_home, wait_until
from tests.volume_cluster import VolumeCluster


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(code_zip())
    return path


@pytest.fixture
def there(code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VolumeCluster]:
    volume = tmp_path / "volume"
    volume.mkdir()
    for module in (drive, delivery, unpacking):
        monkeypatch.setattr(module, "STORE", str(volume))
    made = VolumeCluster(code, volume)
    for name, folder in (("WORK", volume / "work"), ("KEPT", volume / "kept"), ("PARCEL", str(made.parcel))):
        monkeypatch.setattr(unpacking, name, folder)
    monkeypatch.setattr(cluster_module, "Asked", functools.partial(submit.Asked, store=str(volume)))
    lead_there(monkeypatch, cluster_module, made)
    yield made
    made.away.clear()
    made.wait()
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_home(tmp_path)


@pytest.fixture
def target(there: VolumeCluster, monkeypatch: pytest.MonkeyPatch) -> KubernetesCluster:
    monkeypatch.setattr(verbs, "_AGAIN_S", 0.0)
    monkeypatch.setattr(there, "close", lambda close=there.close: None)  # verbs open and close it, too
    return KubernetesCluster(image="image")


def plan(*sources: str, outputs: tuple[str, ...] = ()) -> Plan:
    steps = [
        Step(f"s{at}", Component("cells", (CellSource(at, f"c{at}", source, at + 1),)), outputs=outputs)
        for at, source in enumerate(sources)
    ]
    return make_plan(Pipeline("work", tuple(steps)), {})


def folder_of(project: Project) -> Path:
    [folder] = project.runs.iterdir()
    return folder


def known(project: Project) -> RunRecord:
    """What is known of the only run, if there is one."""
    try:
        return load_run(next(project.runs.iterdir(), project.runs))
    except NotFound:
        return RunRecord("")


def test_a_run_is_here_before_its_driver_begins_with_why_it_waits(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    there.holds = True
    stop = threading.Event()
    driving = in_background(lambda: target.drive(plan("x = 1"), project, RunOptions(stop=stop)))
    wait_until(lambda: there.of("pods"))
    [pod] = there.of("pods")
    said = "0/3 nodes are available: 3 Insufficient memory."
    pod["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    ]
    wait_until(lambda: "memory" in known(project).reason)
    record = load_run(folder_of(project))
    assert (record.state, record.user, list(record.tasks)) == ("pending", "ada", ["s0"])
    stop.set()
    driving.join(WITHIN_S)
    assert load_run(folder_of(project)).state == "canceled"
    assert there.of("pods") == []


def test_all_of_a_run_comes_home_once(there: VolumeCluster, target: KubernetesCluster, project: Project) -> None:
    heard: list[object] = []
    folder = target.drive(plan("print('hello')"), project, RunOptions(listeners=(heard.append,)))
    record = load_run(folder)
    assert (record.state, record.user, record.target) == ("succeeded", "ada", "kubernetes")
    assert record.environment["python"]
    assert [type(event) for event in heard].count(RunCreated) == 1
    assert (folder / "tasks" / "s0" / "1" / "log").read_text() == "hello\n"
    remote = read_remote(folder)
    assert remote is not None
    assert (remote.live, remote.complete) == (False, True)
    assert remote.settings == {"image": "image", "context": "laptop", "namespace": "here", "server": "https://there"}
    assert there.of("jobs", **{"jupyter-mlops.io/part": "courier"}) == []


def test_lines_that_were_lost_come_from_the_volume(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    there.loses = {1, 3, 4}
    folder = target.drive(plan("import os\nprint(os.urandom(200_000).hex())"), project, RunOptions())
    original = there.project.run_directory(folder.name)
    names = [path.relative_to(original) for path in original.rglob("*") if path.is_file()]
    mirrored = [name for name in names if delivery.travels(name.as_posix())]
    assert len(mirrored) > 4
    assert all((folder / name).read_bytes() == (original / name).read_bytes() for name in mirrored)
    couriers = [name for name in there.logs if "courier" in name]
    assert couriers


def test_a_log_larger_than_one_courier_carries_comes_with_several(
    there: VolumeCluster, target: KubernetesCluster, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST", 300_000)
    there.silent = True
    deaf = in_background(
        lambda: target.drive(plan("import os\nprint(os.urandom(400_000).hex())"), project, RunOptions())
    )
    wait_until(lambda: any("driver" in name for name in there.logs))
    there.silent = False
    deaf.join(WITHIN_S)
    folder = folder_of(project)
    assert load_run(folder).state == "succeeded"
    assert (folder / "tasks" / "s0" / "1" / "log").stat().st_size == 800_001
    assert len([name for name in there.logs if "courier" in name]) > 1


def test_what_a_courier_has_said_last_may_be_lost_and_the_next_one_says_it(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    there.silent = True
    deaf = in_background(lambda: target.drive(plan("print('heard')"), project, RunOptions()))
    wait_until(lambda: any("driver" in name for name in there.logs))
    there.silent, there.cuts = False, 1
    deaf.join(WITHIN_S)
    folder = folder_of(project)
    assert load_run(folder).state == "succeeded"
    assert (folder / "tasks" / "s0" / "1" / "log").read_text() == "heard\n"
    assert (there.cuts, len([name for name in there.logs if "courier" in name])) == (0, 2)


def test_whoever_comes_later_goes_on_to_follow(
    there: VolumeCluster, target: KubernetesCluster, project: Project, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    source = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)\nprint('on')"
    driving = in_background(lambda: target.drive(plan(source), project, RunOptions()))
    wait_until(lambda: known(project).state == "running")
    run = folder_of(project).name
    second: list[object] = []
    watching = in_background(
        lambda: KubernetesCluster(image="i").attach(run, project, RunOptions(listeners=(second.append,)))
    )
    with pytest.raises(Conflict, match="in motion"):
        delete(run, folder=project.root)
    go.touch()
    driving.join(WITHIN_S)
    watching.join(WITHIN_S)
    assert load_run(folder_of(project)).state == "succeeded"
    assert [type(event) for event in second].count(RunCreated) == 1


def test_a_run_that_nobody_followed_is_caught_up_with_by_looking(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    run = abandoned(target, project, plan("x = 1\nprint(x)"))
    there.wait()
    assert show(run, folder=project.root)["state"] == "succeeded"


def test_what_pods_that_are_gone_had_to_tell_comes_from_the_volume(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    run = abandoned(target, project, plan("x = 1\nprint(x)"))
    there.wait()
    for job in there.of("jobs"):
        Kube(there, "here").delete(JOBS, job["metadata"]["name"])
    wait_until(lambda: not there.of("pods"))
    assert show(run, folder=project.root)["state"] == "succeeded"
    log = project.run_directory(run) / "tasks" / "s0" / "1" / "log"
    assert log.read_text() == "1\n"


def test_where_a_courier_has_just_failed_looking_sends_no_other(
    there: VolumeCluster, target: KubernetesCluster, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.silent = True
    run = abandoned(target, project, plan("x = 1\nprint(x)"))
    there.wait()
    there.silent = False
    fails = iter([True, True])

    def fail(*order: object) -> object:
        if next(fails, False):
            raise MemoryError
        return deliver(*order)

    deliver = delivery._deliver
    monkeypatch.setattr(delivery, "_deliver", fail)

    def couriers() -> int:
        return len([name for name in there.logs if "courier" in name])

    said = show(run, folder=project.root)["incomplete"]
    assert said.startswith("Not all of it came home; `jupyter mlops attach` tries again.")
    assert couriers() == 1
    assert show(run, folder=project.root)["incomplete"] == said
    assert not verbs.keep_following(project, run)
    assert couriers() == 1
    with pytest.raises(WorkFailed):
        verbs.attach(run, folder=project.root)  # tries, whatever was before
    assert couriers() == 2
    change_remote(project.run_directory(run), tried=time.time() - 61.0)
    found = show(run, folder=project.root)
    assert (couriers(), found["state"]) == (3, "succeeded")
    assert "incomplete" not in found


def test_a_cluster_that_does_not_answer_is_told_and_caught_up_with(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    there.holds = True
    notes: list[str] = []

    def heard(event: object) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    driving = in_background(lambda: target.drive(plan("x = 1"), project, RunOptions(listeners=(heard,))))
    wait_until(lambda: there.of("pods"))
    there.away.set()
    wait_until(lambda: any("does not answer" in note for note in notes))
    assert "goes on in the cluster" in load_run(folder_of(project)).reason
    assert show(folder_of(project).name, folder=project.root)["state"] == "pending"
    with pytest.raises(Exception, match="does not answer"):
        cancel(folder_of(project).name, folder=project.root)
    there.away.clear()
    wait_until(lambda: notes[-1] == "")
    cancel(folder_of(project).name, folder=project.root)
    driving.join(WITHIN_S)
    assert load_run(folder_of(project)).state == "canceled"


def test_a_run_that_is_refused_is_not_here(there: VolumeCluster, target: KubernetesCluster, project: Project) -> None:
    there.refuse["jobs"] = (403, "jobs.batch is forbidden")
    with pytest.raises(Refused):
        target.drive(plan("x = 1"), project, RunOptions())
    assert list(project.runs.iterdir()) == []


def test_a_driver_that_dies_is_told_and_the_run_can_go_on(
    there: VolumeCluster, target: KubernetesCluster, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise MemoryError

    drives = drive._drive
    monkeypatch.setattr(drive, "_drive", die)
    with pytest.raises(WorkFailed, match="ended before the run was over"):
        target.drive(plan("x = 1"), project, RunOptions())
    monkeypatch.setattr(drive, "_drive", drives)
    folder = folder_of(project)
    record = load_run(folder)
    assert (record.state, record.interrupted) == ("failed", True)
    target.resume(folder.name, project, RunOptions())
    assert load_run(folder).state == "succeeded"


def test_a_retry_that_cannot_begin_can_be_tried_again(
    there: VolumeCluster, target: KubernetesCluster, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Refused("It cannot begin.")

    drivers = {"jupyter-mlops.io/part": "driver"}
    run = target.drive(plan("x = 1 / 0"), project, RunOptions()).name
    there.holds = True
    with monkeypatch.context() as patched:
        patched.setattr(homeward, "bring_home", refuse)
        with pytest.raises(Refused, match="cannot begin"):
            target.resume(run, project, RunOptions())
    assert load_run(project.run_directory(run)).state == "failed"
    wait_until(lambda: len(there.of("pods", **drivers)) == len(there.of("jobs", **drivers)) == 1)
    there.holds = False
    target.resume(run, project, RunOptions())
    assert len(load_run(project.run_directory(run)).tasks["s0"].attempts) == 2


def test_what_was_asked_of_an_earlier_driver_does_not_stop_the_next(project: Project) -> None:
    folder = project.run_directory(new_run_id())
    folder.mkdir()

    def write(writer: str, *events: object) -> None:
        with EventWriter(folder, writer) as file:
            file.append(*events)

    write("home-1", CancelRequested(9.0, "ada"))
    write("pod-1", CancelRequested(2.0, "user"), RunFinished(3.0, "canceled", ""))
    teller = Teller(folder, ())
    assert not teller.look()
    write("pod-2", CancelRequested(4.0, "user"))
    assert not teller.look(), "what a driver writes it knows"
    write("home-2", CancelRequested(5.0, "ada"))
    assert teller.look()
    assert not teller.look()


def test_a_wish_from_before_somebody_followed_is_heard(project: Project) -> None:
    folder = project.run_directory(new_run_id())
    folder.mkdir()
    with EventWriter(folder, "home-1") as file:
        file.append(CancelRequested(1.0, "ada"))
    assert Teller(folder, ()).look()


def test_what_is_here_of_a_run_that_was_driven_from_here_goes_without_the_cluster(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    run = new_run_id()
    project.run_directory(run).mkdir()
    with EventWriter(project.run_directory(run)) as file:
        file.append(RunCreated(1.0, run, "p", "", {}, "kubernetes", "", {}, {}, "ada"), RunFinished(2.0, "failed", ""))
    there.away.set()
    delete(run, here=True, folder=project.root)
    assert not project.run_directory(run).exists()


def test_deleting_leaves_nothing_there(there: VolumeCluster, target: KubernetesCluster, project: Project) -> None:
    run = target.drive(plan("x = list(range(9))"), project, RunOptions()).name
    other = target.drive(plan("y = 2"), project, RunOptions()).name
    kept = set(there.project.artifacts.digests())
    delete(run, folder=project.root)
    assert not project.run_directory(run).exists()
    assert not there.project.run_directory(run).exists()
    assert there.project.run_directory(other).exists()
    assert set(there.project.artifacts.digests()) < kept
    mine = {"jupyter-mlops.io/run": run}
    assert there.of("configmaps", **mine) == there.of("jobs", **mine) == []
    wait_until(lambda: not there.of("pods", **mine))


def test_nothing_is_deleted_while_the_cluster_is_away_but_what_is_here_if_asked(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    run = target.drive(plan("x = 1"), project, RunOptions()).name
    there.away.set()
    with pytest.raises(Unreachable, match="does not answer") as refused:
        delete(run, folder=project.root)
    assert "--here" in refused.value.hint
    assert project.run_directory(run).exists()
    delete(run, here=True, folder=project.root)
    assert not project.run_directory(run).exists()


def test_a_context_that_leads_elsewhere_now_is_refused(there: VolumeCluster) -> None:
    with pytest.raises(Refused, match="leads to https://there now"):
        KubernetesCluster(image="image", server="https://another")


def test_values_come_home_small_ones_at_once_large_ones_when_asked(
    there: VolumeCluster, target: KubernetesCluster, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST", 200_000)
    source = (
        "import jupyter_mlops as mlops, os\n"
        "open('small', 'w').write('little'); open('large', 'wb').write(os.urandom(1_500_000))\n"
        "mlops.log_artifact('small'); mlops.log_artifact('large'); table = os.urandom(1_200_000)"
    )
    folder = target.drive(plan(source, outputs=("table",)), project, RunOptions())
    record = load_run(folder)
    assert record.state == "succeeded", record.reason
    small, large = (next(item for item in record.artifacts if item.name == name) for name in ("small", "large"))
    assert project.artifacts.path(small.digest).read_text() == "little"
    assert not project.artifacts.exists(large.digest)
    found = verbs.fetch(folder.name, "large", folder=project.root)
    assert (found["bytes"], project.artifacts.verify(large.digest)) == (1_500_000, True)
    value = verbs.fetch(folder.name, "table", folder=project.root)  # in a bundle, known by its seal
    assert value["bytes"] > 1_200_000
    there.project.artifacts.delete(large.digest)
    project.artifacts.delete(large.digest)
    with pytest.raises(WorkFailed, match="not in the cluster any more"):
        verbs.fetch(folder.name, "large", folder=project.root)
    with pytest.raises(NotFound, match="1000 MB"):
        verbs.local_file(project, folder.name, large.digest, size=1_000_000_000)


def test_a_value_that_several_want_at_once_comes_once_and_whole(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    folder = target.drive(plan("import os\ntable = os.urandom(1_500_000)", outputs=("table",)), project, RunOptions())
    found: list[object] = []

    def fetch() -> None:
        found.append(verbs.fetch(folder.name, "table", folder=project.root)["bytes"])

    before = len([name for name in there.logs if "courier" in name])
    threads = [in_background(fetch) for _ in range(3)]
    for thread in threads:
        thread.join(WITHIN_S)
    assert len(found) == 3
    assert len(set(found)) == 1
    assert len([name for name in there.logs if "courier" in name]) == before + 1
    assert not (project.home / "arriving").exists()


def test_the_sweep_takes_what_is_ours_and_lost_and_of_others_only_what_is_old_and_over(
    there: VolumeCluster, target: KubernetesCluster, project: Project, tmp_path: Path
) -> None:
    lost = target.drive(plan("x = 1"), project, RunOptions()).name
    here = target.drive(plan("x = 2"), project, RunOptions()).name
    theirs = Project(tmp_path / "theirs").ensure()
    other = target.drive(plan("x = 3"), theirs, RunOptions()).name
    delete(lost, here=True, folder=project.root)
    would = target.sweep(project, Sweep(dry_run=True))
    assert would["runs"] == [lost]
    assert there.project.run_directory(lost).exists()
    assert target.sweep(project, Sweep())["runs"] == [lost]
    assert not there.project.run_directory(lost).exists()
    assert target.sweep(project, Sweep(older_than=3600, everyone=True))["runs"] == []
    before = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for item in there.of("configmaps"):
        item["metadata"]["creationTimestamp"] = before
    assert target.sweep(project, Sweep(older_than=3600, everyone=True))["runs"] == [other]
    assert there.project.run_directory(here).exists()
    assert target.sweep(project, Sweep())["runs"] == []


def test_it_is_a_remote_target(target: KubernetesCluster) -> None:
    assert isinstance(target, RemoteTarget)
