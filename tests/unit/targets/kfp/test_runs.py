"""Runs from here to Kubeflow Pipelines and back: the server is a double, the pods' code runs as it does there."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_mlops.engine.plan import Plan, Selection
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, MlopsError, Refused, Usage, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.pipeline.model import Options, Pipeline
from jupyter_mlops.runtime import kfp_frames
from jupyter_mlops.store.mirror import Frame
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import RemoteTarget
from jupyter_mlops.targets.kfp.api import KfpApi, TokenLogin
from jupyter_mlops.targets.kfp.cluster import KubeflowPipelines
from jupyter_mlops.targets.kfp.following import Pauses
from jupyter_mlops.targets.kfp.place import Place
from jupyter_mlops.targets.kfp.settings import read_settings
from tests.conformance.kfp_backend import Backend
from tests.kfp_pods import Pods
from tests.kfp_server import KfpServer, Look, node, serving

FAST = Pauses(0.01, 0.05)


def plan(folder: Path, *cells: tuple[Any, ...], **params: Any) -> Plan:
    """The plan of a notebook; cells are (step, source, options)."""
    written: list[tuple[dict[str, Any], str]] = []
    if params:
        written.append(({"tags": ["parameters"]}, "\n".join(f"{name} = {value!r}" for name, value in params.items())))
    for step, source, *options in cells:
        written.append(({"jupyter_mlops": {"role": "step", "step": step, **(options[0] if options else {})}}, source))
    notebook = [
        {"cell_type": "code", "id": f"c{n}", "metadata": meta, "source": source, "outputs": [], "execution_count": None}
        for n, (meta, source) in enumerate(written)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "wine.ipynb"
    path.write_text(json.dumps({"cells": notebook, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return Plan(Pipeline.from_notebook(path), params)


class Bench:
    """A project, a server and a cluster; `target()` opens the target anew, as another process does."""

    def __init__(self, folder: Path, url: str, server: KfpServer) -> None:
        self.project = Project(folder / "store", folder)
        self.server, self.pods, self.folder = server, Pods(), folder
        self.settings = read_settings({"url": url, "image": "img", "server": "", "namespace": "team"})
        self.opened: list[KubeflowPipelines] = []
        self.events: list[Any] = []

    def target(self, run: str = "") -> KubeflowPipelines:
        api = KfpApi(HttpTransport(TokenLogin(self.settings)), "", "Kubeflow Pipelines")
        place = Place(self.settings, api, Kube(self.pods, "team"))
        self.opened.append(KubeflowPipelines(run=run, place=place, pauses=FAST))
        return self.opened[-1]

    def drive(self, plan: Plan, **options: Any) -> Any:
        listeners = (self.events.append, *options.pop("listeners", ()))
        return load_run(self.target().drive(plan, self.project, RunOptions(listeners=listeners, **options)))

    def states(self, record: Any) -> dict[str, str]:
        return {name: task.state for name, task in record.tasks.items()}


@pytest.fixture
def server() -> KfpServer:
    return KfpServer()


@pytest.fixture
def bench(tmp_path: Path, server: KfpServer) -> Iterator[Bench]:
    with serving(server) as url:
        made = Bench(tmp_path, url, server)
        yield made
        for target in made.opened:
            target.close()


def really(bench: Bench, loop: str = "") -> Callable[..., Any]:
    """Have the server's next run be what comes of it when its containers run here."""
    create = bench.server._create

    def created(body: Any) -> tuple[int, Any]:
        [manifest] = bench.pods.config_maps.values()
        files = {name: base64.b64decode(text) for name, text in manifest["binaryData"].items()}
        spec = body["pipeline_spec"]["pipeline_spec"]
        backend = Backend(SimpleNamespace(spec=spec, code=SimpleNamespace(files=files)), bench.folder / "there")
        state = backend.run(**body["runtime_config"]["parameters"]).state
        nodes: list[dict[str, Any]] = []
        rounds = 0
        for n, ((task, well), log) in enumerate(zip(backend.ran, backend.log, strict=True)):
            number, end = 10 * n + 10, "SUCCEEDED" if well else "FAILED"
            path = f"wf.root.{task}.executor"
            if task == loop:
                nodes.append(node(f"iteration-iterations({rounds}:{rounds})", end, number, number + 1))
                path = f"wf.root.for-loop-1.iteration-iterations({rounds}:{rounds}).iteration-item.{task}.executor"
                rounds += 1
            nodes.append(node(task, end, number + 1, number + 2, began=n + 1, ended=n + 2))
            nodes.append(node("executor", end, number + 2, began=n + 1, ended=n + 2))
            pod = nodes[-1]["pod_name"]
            said = [b"I0301 launcher says something\n", *log.encode().splitlines(keepends=True), b"I0301 more\n"]
            bench.pods.logs[pod], bench.pods.nodes[pod] = said, path
        bench.server.looks = [Look("RUNNING"), Look(state.upper(), tuple(nodes), finished=50)]
        return create(body)

    bench.server._create = created  # type: ignore[method-assign]
    return created


@pytest.mark.slow
def test_a_run_comes_home_with_logs_values_metrics_and_executed_notebooks(bench: Bench) -> None:
    really(bench, loop="each")
    source = "print('rows', depth)\nrows = [3, 'a']\nx = depth * 2"
    record = bench.drive(
        plan(
            bench.folder,
            ("Load", source),
            ("each", "seen = (row, x)\nprint(seen)", {"for_each": "row in rows"}),
            ("all", "import jupyter_mlops as mlops\nprint(len(seen))\nmlops.log_metric('n', len(seen))"),
            depth=4,
        )
    )
    assert record.state == "succeeded", record.reason
    assert bench.states(record) == {
        "Load": "succeeded",
        "each[0]": "succeeded",
        "each[1]": "succeeded",
        "all": "succeeded",
    }
    assert [record.tasks[f"each[{n}]"].item for n in range(2)] == [3, "a"]
    folder = bench.project.run_directory(record.run)
    logs = {name: (folder / task.directory / "log").read_text() for name, task in record.tasks.items() if task.attempt}
    assert logs == {"Load": "rows 4\n", "each[0]": "(3, 8)\n", "each[1]": "('a', 8)\n", "all": "2\n"}
    assert record.tasks["Load"].result["outputs"]["x"]["type"] == "int"
    assert record.metrics == {"n": 2}
    assert json.loads((folder / record.tasks["all"].directory / "executed.ipynb").read_text())["nbformat"] == 4
    assert (folder / "executed.ipynb").exists()
    [body] = [body for method, path, body in bench.server.asked if (method, path) == ("POST", "/runs")]
    assert body["display_name"] == f"wine {record.run}"
    assert body["runtime_config"]["parameters"] == {"depth": 4}
    [(namespace, name)] = bench.pods.config_maps  # made once, named by its content
    assert namespace == "team"
    assert name in json.dumps(body["pipeline_spec"]["platform_spec"])
    kinds = [type(event).__name__ for event in bench.events]
    assert kinds[0] == "RunCreated"
    assert kinds.count("RunCreated") == kinds.count("RunFinished") == 1


@pytest.mark.slow
def test_a_step_that_fails_says_why_and_what_needs_it_does_not_run(bench: Bench) -> None:
    really(bench)
    cells = (("load", "x = {}\nprint('before')\nx['gone']"), ("use", "print(x)"))
    record = bench.drive(plan(bench.folder, *cells))
    assert bench.states(record) == {"load": "failed", "use": "skipped"}
    assert record.state == "failed"
    assert "KeyError: 'gone'" in record.tasks["load"].reason
    assert record.tasks["use"].reason == "not run: load failed"
    assert "KeyError" in (bench.project.run_directory(record.run) / record.tasks["load"].directory / "log").read_text()


def ran(state: str, executor: str, began: int, ended: int, error: str = "") -> tuple[dict[str, Any], ...]:
    return (
        node("load", state, 1, 2, began=1, ended=ended),
        node("executor", executor, 2, began=began, ended=ended, error=error),
    )


@pytest.fixture
def simple(bench: Bench) -> Plan:
    return plan(bench.folder, ("load", "x = 1"))


def test_retry_is_that_of_kubeflow_and_old_news_are_no_news(bench: Bench, simple: Plan) -> None:
    failed = ran("FAILED", "FAILED", 2, 5, "Error (exit code 1)")
    bench.server.looks = [Look("FAILED", failed, finished=6)]
    # For a while it still shows the run as it was.
    bench.server.again = [
        Look("FAILED", failed, finished=6),
        Look("RUNNING", failed),
        Look("SUCCEEDED", ran("SUCCEEDED", "SUCCEEDED", 20, 25), finished=26),
    ]
    record = bench.drive(simple)
    assert (record.state, record.reason) == ("failed", "load: Error (exit code 1)")
    remote = read_remote(bench.project.run_directory(record.run))
    assert remote is not None
    assert not remote.live
    target = bench.target(str(remote.settings["run"]))
    record = load_run(target.resume(record.run, bench.project, RunOptions()))
    assert record.state == "succeeded"
    assert [(one.attempt, one.state) for one in record.tasks["load"].attempts] == [(1, "failed"), (2, "succeeded")]


def test_who_asks_for_its_end_stops_the_run_there(bench: Bench, simple: Plan) -> None:
    stop = threading.Event()
    bench.server.looks = [Look("RUNNING", ran("RUNNING", "RUNNING", 2, 0))]
    ended = Look("CANCELED", ran("FAILED", "FAILED", 2, 0)[:1], finished=9)

    def terminate() -> None:
        for run in bench.server.left:
            bench.server.left[run] = [ended]

    bench.server.on_terminate = terminate
    begun = lambda event: stop.set() if type(event).__name__ == "TaskStarted" else None
    record = bench.drive(simple, stop=stop, listeners=(begun,))
    assert record.state == "canceled"


def test_another_process_goes_on_and_finds_the_run_by_its_name(bench: Bench, simple: Plan) -> None:
    bench.server.looks = [Look("RUNNING", ran("RUNNING", "RUNNING", 2, 0))]

    def leave(event: Any) -> None:
        if type(event).__name__ == "TaskStarted":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="jupyter mlops attach"):
        bench.drive(simple, listeners=(leave,))
    [run] = [path.name for path in bench.project.runs.iterdir()]
    target = bench.target()
    assert isinstance(target, RemoteTarget)
    with pytest.raises(Conflict, match="goes on in Kubeflow"):
        target.resume(run, bench.project, RunOptions())
    for there in bench.server.left:
        bench.server.left[there] = [Look("SUCCEEDED", ran("SUCCEEDED", "SUCCEEDED", 2, 8), finished=9)]
    target.catch_up(run, bench.project)
    record = load_run(bench.project.run_directory(run))
    assert (record.state, bench.states(record)) == ("succeeded", {"load": "succeeded"})
    told: list[Any] = []
    target.attach(run, bench.project, RunOptions(listeners=(told.append,)))
    assert [type(event).__name__ for event in told].count("TaskFinished") == 1
    target.forget(run)
    assert not bench.server.runs


def test_where_kubeflow_has_many_users_the_namespace_is_said(bench: Bench, simple: Plan) -> None:
    bench.server.multi_user = True
    bench.server.looks = [Look("SUCCEEDED", ran("SUCCEEDED", "SUCCEEDED", 2, 8), finished=9)]
    record = bench.drive(simple, experiment="red")
    assert record.state == "succeeded"
    [experiment] = bench.server.experiments.values()
    assert (experiment["display_name"], experiment["namespace"]) == ("red", "team")
    bench.target().forget(record.run)
    assert not bench.server.runs


def test_a_server_that_is_away_for_a_while_is_waited_for(bench: Bench, simple: Plan) -> None:
    away = [3]
    show = bench.server._show

    def sometimes(run: str) -> Any:
        away[0] -= 1
        if away[0] == 1:
            bench.server.refuse[("GET", "/runs")] = (503, {"error": "restarting"})
        return show(run)

    bench.server._show = sometimes  # type: ignore[method-assign]
    bench.server.looks = [Look("RUNNING"), Look("RUNNING"), Look("SUCCEEDED", ran("SUCCEEDED", "SUCCEEDED", 2, 8), 9)]

    def back(event: Any) -> None:
        if "restarting" in getattr(event, "text", ""):
            bench.server.refuse.clear()

    record = bench.drive(simple, listeners=(back,))
    assert record.state == "succeeded"
    assert any("restarting" in getattr(event, "text", "") for event in bench.events)


def test_a_run_that_was_deleted_there_is_said_to_be_gone(bench: Bench, simple: Plan) -> None:
    bench.server.looks = [Look("RUNNING", ran("RUNNING", "RUNNING", 2, 0))]
    gone = lambda event: bench.server.runs.clear() if type(event).__name__ == "TaskStarted" else None
    with pytest.raises(WorkFailed, match="somebody has deleted it"):
        bench.drive(simple, listeners=(gone,))


def test_logs_that_may_not_be_seen_are_said_once_and_the_run_goes_on(bench: Bench, simple: Plan) -> None:
    bench.pods.refuse = 403
    bench.server.looks = [Look("RUNNING"), Look("SUCCEEDED", ran("SUCCEEDED", "SUCCEEDED", 2, 8), finished=9)]
    record = bench.drive(simple)
    assert record.state == "succeeded"
    assert sum("Logs do not come home" in getattr(event, "text", "") for event in bench.events) == 1


def test_a_pod_that_cannot_begin_says_why(bench: Bench, simple: Plan) -> None:
    pending = ran("RUNNING", "PENDING", 2, 0)
    bench.server.looks = [Look("RUNNING", pending)]
    bench.pods.logs[pending[1]["pod_name"]] = []
    bench.pods.missing_image = True

    def mended(event: Any) -> None:
        if type(event).__name__ == "TaskWaiting":
            bench.pods.missing_image = False
            for run in bench.server.left:
                bench.server.left[run] = [Look("SUCCEEDED", ran("SUCCEEDED", "SUCCEEDED", 2, 8), finished=9)]

    record = bench.drive(simple, listeners=(mended,))
    assert record.state == "succeeded"
    said = [event for event in bench.events if type(event).__name__ == "TaskWaiting"]
    assert "my/ml:9" in said[0].reason
    assert said[0].task == "load"


def test_what_is_cached_there_is_cached_here(bench: Bench, simple: Plan) -> None:
    bench.server.looks = [Look("SUCCEEDED", ran("SUCCEEDED", "SKIPPED", 2, 3), finished=9)]
    assert bench.states(bench.drive(simple)) == {"load": "cached"}


def test_what_cannot_be_is_refused_before_anything_is_sent(bench: Bench, simple: Plan) -> None:
    with pytest.raises(Usage, match="--attached"):
        bench.drive(simple, attached=True)
    two = plan(bench.folder, ("a", "x = 1"), ("b", "print(x)"))
    with pytest.raises(Refused, match="whole pipelines"):
        bench.drive(Plan(two.pipeline, {}, Selection(only="a")))
    assert "a part of a GPU" in bench.target().refusal(Options(gpu=0.5))
    assert bench.server.asked == []
    assert not bench.project.runs.exists()


def test_a_run_that_is_not_taken_is_over_here_and_says_why(bench: Bench, simple: Plan) -> None:
    bench.server.refuse[("POST", "/runs")] = (400, {"error": "Invalid input error: no such thing"})
    with pytest.raises(MlopsError, match="refused to make a run: Invalid input error: no such thing"):
        bench.drive(simple)
    [folder] = bench.project.runs.iterdir()
    record = load_run(folder)
    assert record.state == "failed"
    assert "no such thing" in record.reason


def test_frames_of_pods_are_frames_of_the_mirror() -> None:
    data = bytes(range(256)) * 400
    read = [Frame.from_line(line) for line in kfp_frames.frames("result.json", data)]
    assert b"".join(frame.data for frame in read if frame) == data
    assert [(frame.at, frame.whole, frame.more) for frame in read if frame] == [
        (0, True, True),
        (48 << 10, False, True),
        (96 << 10, False, False),
    ]
    [empty] = [Frame.from_line(line) for line in kfp_frames.frames("events.jsonl", b"")]
    assert empty == Frame("events.jsonl", 0, b"", whole=True)
