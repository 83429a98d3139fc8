"""Runs that are driven from here, on a cluster whose pods are processes and whose volume is a folder."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, MlopsError, NotFound, Refused, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.logs import LogLine
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.resource import PVCS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.model import Pipeline as Model
from jupyter_mlops.store.events import ArtifactLogged, CellFinished, MetricLogged, TaskFinished
from jupyter_mlops.store.events_file import event_files, read_run
from jupyter_mlops.store.liveness import driving
from jupyter_mlops.store.mirror import Frame
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.kubernetes.attached import drive_attached, is_attached, resume_attached
from jupyter_mlops.targets.kubernetes.attached_target import bring
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.own_volume import VolumeGone
from jupyter_mlops.targets.kubernetes.submit import ClusterSettings
from jupyter_mlops.targets.kubernetes.unseen_files import for_unseen_files
from jupyter_mlops.verbs.pipelines import load_pipeline
from tests.told_cluster import ToldCluster

TWO = ("%%step one\nx = [1, 2, 3]", "%%step two\ny = sum(x)\nprint('sum', y)")


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(code_zip())
    return path


@dataclass
class Desk:
    """A project, a cluster and its volume."""

    folder: Path
    cluster: ToldCluster
    settings: ClusterSettings = field(default_factory=lambda: ClusterSettings(image="ml:1"))

    @property
    def volume(self) -> str:
        return str(self.folder / "volume")

    @property
    def project(self) -> Project:
        return Project(self.folder)

    @property
    def kube(self) -> Kube:
        return Kube(self.cluster, "here")

    def plan(self, *cells: str, **selection: Any) -> Plan:
        return make_plan(self.pipeline(*cells), None, Selection(**selection))

    def pipeline(self, *cells: str) -> Model:
        code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        made = [{**code, "id": f"c{at}", "source": cell} for at, cell in enumerate(cells)]
        path = self.folder / "work.ipynb"
        path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return load_pipeline(path).pipeline

    def run(self, *cells: str, options: RunOptions | None = None, **selection: Any) -> Path:
        plan, chosen = self.plan(*cells, **selection), options or RunOptions()
        return drive_attached(self.kube, plan, self.project, chosen, self.settings, self.volume)

    def retry(self, run: Path, options: RunOptions | None = None) -> Path:
        return resume_attached(self.kube, run.name, self.project, options or RunOptions(), self.settings, self.volume)

    def asked(self) -> Counter[str]:
        """What was asked of the API server since the last call: METHOD kind."""
        found = Counter(f"{one.method} {_what(one)}" for one in self.cluster.asked)
        self.cluster.asked.clear()
        return found


def _what(request: Any) -> str:
    parts = request.path.partition("/namespaces/")[2].split("/")[1:]
    return "log" if parts[-1] == "log" else parts[0] + ("?watch" if request.query.get("watch") else "")


@pytest.fixture
def desk(code: Path, tmp_path: Path) -> Iterator[Desk]:
    for name in ("pods", "volume"):
        (tmp_path / name).mkdir()
    cluster = ToldCluster(code, tmp_path / "pods")
    yield Desk(tmp_path, cluster)
    cluster.close()


def states(run: Path) -> dict[str, str]:
    return {task.task: task.state for task in load_run(run).tasks.values()}


def artifacts(volume: str) -> set[str]:
    return set(Project(Path(volume)).artifacts.digests())


def test_a_run_leaves_its_values_in_the_cluster_and_all_else_comes_home(desk: Desk) -> None:
    run = desk.run(*TWO)
    assert states(run) == {"one": "succeeded", "two": "succeeded"}
    assert "sum 6" in (run / "tasks/two/1/log").read_text()
    assert "sum 6" in (run / "executed.ipynb").read_text()
    bundles = {task.result["bundle"]["path"] for task in load_run(run).tasks.values() if task.result["bundle"]}
    assert bundles
    assert bundles <= artifacts(desk.volume)
    assert not bundles & set(desk.project.artifacts.digests())
    [volume] = {task.result["facts"]["volume"] for task in load_run(run).tasks.values()}
    assert volume.startswith("here/mlops-store/")


def test_what_is_unchanged_is_not_run_again_and_asks_nothing_of_the_cluster_but_the_frame_of_a_run(desk: Desk) -> None:
    desk.run(*TWO)
    desk.asked()
    again = desk.run(*TWO)
    assert states(again) == {"one": "cached", "two": "cached"}
    asked = desk.asked()
    assert asked["POST jobs"] == asked["GET log"] == 0
    assert sum(asked.values()) <= 10, asked
    changed = desk.run(TWO[0], "%%step two\ny = max(x)")
    assert states(changed) == {"one": "cached", "two": "succeeded"}
    assert load_run(changed).tasks["two"].result["error"] is None


def test_a_chain_asks_five_things_a_step_and_a_dozen_a_run(desk: Desk) -> None:
    cells = ["%%step s0\nv0 = 0", *(f"%%step s{at}\nv{at} = v{at - 1} + 1" for at in range(1, 6))]
    run = desk.run(*cells)
    assert set(states(run).values()) == {"succeeded"}
    asked = desk.asked()
    assert {name: asked[name] for name in ("POST jobs", "GET log", "DELETE configmaps")} == {
        "POST jobs": 6,
        "GET log": 6,
        "DELETE configmaps": 6,
    }
    watches = [asked[f"GET {kind}{how}"] for kind in ("jobs", "pods") for how in ("", "?watch")]
    assert watches == [2, 1, 1, 1], "a watch for all Jobs, one for all pods, and no polling"
    assert sum(asked.values()) <= 5 * 6 + 12, asked


def test_values_that_are_gone_from_the_volume_are_made_again(desk: Desk) -> None:
    desk.run(*TWO)
    store = Project(Path(desk.volume)).artifacts
    for digest in list(store.digests()):
        store.delete(digest)
    again = desk.run(TWO[0], "%%step two\ny = max(x)\nprint('max', y)")
    assert states(again) == {"one": "succeeded", "two": "succeeded"}
    assert "max 3" in (again / "executed.ipynb").read_text()


def test_values_that_were_tampered_with_are_not_loaded(desk: Desk) -> None:
    first = desk.run(*TWO)
    path = Project(Path(desk.volume)).artifacts.path(load_run(first).tasks["one"].result["bundle"]["path"])
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = desk.run(TWO[0], "%%step two\ny = max(x)\nprint('max', y)")
    assert states(again) == {"one": "succeeded", "two": "succeeded"}
    assert "max 3" in (again / "executed.ipynb").read_text()


def test_results_of_another_image_or_volume_are_not_used(desk: Desk) -> None:
    desk.run(*TWO)
    desk.settings = ClusterSettings(image="ml:2")
    assert states(desk.run(*TWO)) == {"one": "succeeded", "two": "succeeded"}
    desk.settings = ClusterSettings(image="ml:2", claim="other")
    assert states(desk.run(*TWO)) == {"one": "succeeded", "two": "succeeded"}
    assert states(desk.run(*TWO)) == {"one": "cached", "two": "cached"}


def test_a_step_that_touches_files_runs_each_time_and_finds_them_on_the_volume(desk: Desk) -> None:
    cells = (
        "%%step write\nfrom pathlib import Path\nPath('data.txt').write_text('7')\nq = 1",
        "%%step read\nfrom pathlib import Path\nn = int(Path('data.txt').read_text()) + q\nprint('n', n)",
        "%%step use\nprint('use', n)",
    )
    assert set(states(desk.run(*cells)).values()) == {"succeeded"}
    again = desk.run(*cells)
    assert states(again) == {"write": "succeeded", "read": "succeeded", "use": "cached"}
    plan = for_unseen_files(desk.plan(*cells), otherwise="")
    assert [step.options.cache for step in plan.steps] == [False, False, True]


def test_files_beside_the_notebook_travel_with_the_run(desk: Desk) -> None:
    (desk.folder / "helper.py").write_text("def double(x):\n    return 2 * x\n")
    (desk.folder / "data.csv").write_text("21")
    cells = (
        "%%step read\nn = int(open('data.csv').read())",
        "%%step use\nimport helper\nprint('is', helper.double(n))",
    )
    run = desk.run(*cells)
    assert set(states(run).values()) == {"succeeded"}
    assert "is 42" in (run / "executed.ipynb").read_text()
    left = [item["metadata"]["name"] for item in desk.cluster.of("configmaps")]
    assert not [name for name in left if "parcel" in name], "what was unpacked is not kept twice"
    (desk.folder / "data.csv").write_text("4")
    assert "is 8" in (desk.run(*cells) / "executed.ipynb").read_text()


def test_files_that_do_not_arrive_are_said_and_nothing_is_left(desk: Desk) -> None:
    (desk.folder / "data.csv").write_text("21")
    (desk.folder / "volume" / "work").write_text("no folder")
    with pytest.raises(Refused, match="cannot begin in the cluster"):
        desk.run("%%step read\nn = open('data.csv').read()")
    assert not [item for item in desk.cluster.of("configmaps") if "anchor" in item["metadata"]["name"]]
    assert not list(desk.project.runs.glob("*"))


def test_a_loop_is_collected(desk: Desk) -> None:
    run = desk.run("%%step square --for-each 'n in [1, 2, 3, 4]'\ny = n * n", "%%step total\nz = sum(y)\nprint('z', z)")
    assert "z 30" in (run / "executed.ipynb").read_text()


def test_metrics_cells_and_logged_files_are_told_in_their_order(desk: Desk) -> None:
    heard: list[Any] = []
    text = (
        "%%step one\nimport jupyter_mlops as mlops\n"
        "open('note.txt', 'w').write('kept'); mlops.log_artifact('note.txt')\nmlops.log_metric('acc', 0.5)"
    )
    run = desk.run(text, options=RunOptions(listeners=(heard.append,)))
    kinds = [type(event) for event in heard if isinstance(event, (CellFinished, ArtifactLogged, MetricLogged))]
    assert kinds.index(ArtifactLogged) < kinds.index(MetricLogged) < kinds.index(CellFinished)
    [logged] = [event for event in heard if isinstance(event, ArtifactLogged) and event.name == "note.txt"]
    assert desk.project.artifacts.path(logged.digest).read_text() == "kept"
    assert states(run) == {"one": "succeeded"}


def test_a_step_that_fails_is_tried_again_by_retry_and_the_others_are_not(desk: Desk) -> None:
    mended = desk.folder / "mended"
    failing = f"%%step two\nimport os\nassert os.path.exists({str(mended)!r}), 'not yet'\ny = sum(x)"
    run = desk.run(TWO[0], failing)
    assert states(run) == {"one": "succeeded", "two": "failed"}
    assert "not yet" in load_run(run).tasks["two"].reason
    mended.touch()
    desk.retry(run)
    assert states(run) == {"one": "succeeded", "two": "succeeded"}
    assert [task.attempt for task in load_run(run).tasks.values()] == [1, 2]
    assert is_attached(desk.project, run.name)


def test_a_run_that_is_canceled_keeps_what_its_steps_showed(desk: Desk) -> None:
    stop = threading.Event()

    def ask(event: Any) -> None:
        if isinstance(event, MetricLogged):
            stop.set()

    text = (
        "%%step long\nimport jupyter_mlops as mlops\nprint('so far', flush=True)\n"
        "mlops.log_metric('begun', 1)\nimport time; time.sleep(600)"
    )
    run = desk.run(text, options=RunOptions(stop=stop, listeners=(ask,)))
    assert states(run) == {"long": "canceled"}
    assert "so far" in (run / "tasks/long/1/executed.ipynb").read_text()
    assert not desk.cluster.of("jobs")


def die(run: Path, task: str) -> None:
    """Leave the run as an engine does that is killed while `task` runs: nothing is written of what came after."""
    shutil.rmtree(run.parent.parent / "cache")
    for path in event_files(run):
        lines = path.read_text().splitlines(keepends=True)
        ends = [at for at, line in enumerate(lines) if '"task.finished"' in line and f'"{task}"' in line]
        path.write_text("".join(lines[: ends[0]]))
    for name in ("result.json", "executed.ipynb", "events.jsonl", "log"):
        (run / "tasks" / task / "1" / name).unlink()


def test_what_ended_while_nobody_listened_is_taken_as_it_is(desk: Desk) -> None:
    run = desk.run(*TWO)
    die(run, "one")
    assert not [event for event in read_run(run).events if isinstance(event, TaskFinished)]
    desk.asked()
    desk.retry(run)
    record = load_run(run)
    assert states(run) == {"one": "succeeded", "two": "succeeded"}
    assert record.tasks["one"].attempt == 1, "its pod had ended, and its log tells all"
    assert "sum 6" in (run / "executed.ipynb").read_text()


def test_jobs_that_a_dead_engine_left_are_swept_and_their_tasks_begin_again(desk: Desk) -> None:
    run = desk.run(*TWO)
    die(run, "one")
    for item in list(desk.cluster.of("pods")):
        desk.cluster.objects.pop(("pods", item["metadata"]["name"]))
    assert desk.cluster.of("jobs")
    desk.retry(run)
    assert states(run) == {"one": "succeeded", "two": "succeeded"}
    assert load_run(run).tasks["one"].attempt == 2
    assert len(desk.cluster.of("jobs")) == 2


def test_a_run_that_is_driven_is_not_driven_twice_and_its_jobs_are_left_alone(desk: Desk) -> None:
    run = desk.run(*TWO)
    jobs = len(desk.cluster.of("jobs"))
    with driving(run), pytest.raises(Conflict, match="is driven"):
        desk.retry(run)
    assert len(desk.cluster.of("jobs")) == jobs


def test_a_run_of_which_nothing_is_left_there_is_not_gone_on_with(desk: Desk) -> None:
    run = desk.run(*TWO)
    for key in list(desk.cluster.objects):
        desk.cluster.objects.pop(key)
    with pytest.raises(NotFound):
        desk.retry(run)


def test_logs_that_may_not_be_read_fail_the_step_with_the_reason(desk: Desk) -> None:
    desk.cluster.refuse_logs = True
    run = desk.run("%%step one\nx = 1")
    assert states(run) == {"one": "failed"}
    assert "could not be brought here" in load_run(run).tasks["one"].reason


def test_what_the_node_has_removed_of_a_log_is_said_in_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Frame("log", 0, b"first\n", whole=True), Frame("log", 900, b"last\n")]
    lines = [LogLine("2026-01-01T00:00:00Z", frame.to_line().encode()) for frame in frames]
    monkeypatch.setattr("jupyter_mlops.targets.kubernetes.attached_target.follow_log", lambda *_: iter(lines))
    bring(Kube(desk.cluster, "here"), "pod", desk.folder / "attempt", Stop())
    said = (desk.folder / "attempt" / "log").read_text()
    assert said.startswith("first\n")
    assert "A part of what this step printed is lost" in said


@pytest.mark.parametrize("kind", ["configmaps", "persistentvolumeclaims"])
def test_a_run_that_may_not_begin_leaves_nothing_of_its_own(desk: Desk, kind: str) -> None:
    desk.cluster.refuse[kind] = (403, "no right")
    with pytest.raises(MlopsError):
        desk.run(*TWO)
    assert not desk.cluster.of("jobs")
    assert not list(desk.project.runs.glob("*"))


def test_a_job_that_may_not_be_made_fails_its_step_and_says_so(desk: Desk) -> None:
    desk.cluster.refuse["jobs"] = (403, "jobs.batch is forbidden")
    run = desk.run("%%step one\nx = 1")
    assert states(run) == {"one": "failed"}
    assert "Job could not be made" in load_run(run).tasks["one"].reason


@pytest.mark.parametrize(
    ("plural", "words", "more"), [("configmaps", ("order", "two", "1"), "-0"), ("jobs", ("two", "1"), "")]
)
def test_objects_of_others_with_the_names_of_a_step_are_left_alone_and_named(
    desk: Desk, plural: str, words: tuple[str, ...], more: str
) -> None:
    run = new_run_id()
    name = dns_name("mlops", run[-8:], *words) + more
    desk.cluster._put(plural, {"metadata": {"name": name, "labels": {"app": "theirs"}}, "data": {"a": "b"}})
    before = json.dumps(desk.cluster.objects[plural, name])
    folder = desk.run(*TWO, options=RunOptions(run=run))
    assert states(folder) == {"one": "succeeded", "two": "failed"}
    kind = {"configmaps": "ConfigMap", "jobs": "Job"}[plural]
    assert f"There is another {kind} of the name {name}" in load_run(folder).tasks["two"].reason
    assert json.dumps(desk.cluster.objects[plural, name]) == before
    orders = {item["metadata"]["name"] for item in desk.cluster.of("configmaps") if "order" in item["metadata"]["name"]}
    assert orders <= {name}


def test_the_setting_is_true_or_false() -> None:
    with pytest.raises(Usage, match="attached"):
        KubernetesCluster(image="ml:1", attached="perhaps")


def test_a_run_whose_claim_was_made_anew_does_not_go_on(desk: Desk) -> None:
    run = desk.run("%%step one\n1 / 0")
    [claim] = desk.cluster.of("persistentvolumeclaims")
    desk.kube.delete(PVCS, claim["metadata"]["name"])
    with pytest.raises(VolumeGone, match="was deleted"):
        desk.retry(run)
    desk.kube.create(PVCS, {"metadata": {"name": claim["metadata"]["name"]}, "spec": claim["spec"]})
    with pytest.raises(VolumeGone, match="another one was made"):
        desk.retry(run)
