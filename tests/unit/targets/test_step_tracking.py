from __future__ import annotations

import json
import os
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.target import Attempt, Outcome, Report
from jupyter_mlops.runtime.spec import CellSource, Definition, TaskSpec
from jupyter_mlops.store.events import RunCreated, RunStarted
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.liveness import engine_identity
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.store.runs import Runs
from jupyter_mlops.targets.local.step_tracking import StepTracking, project_of, wants_tracking
from jupyter_mlops.targets.local.target import LocalTarget, Method


@dataclass
class Steps:
    """A run in a project, and attempts of its steps."""

    project: Project
    run: str = field(default_factory=new_run_id)

    def attempt(self, *sources: str, task: str = "train", **spec: Any) -> Attempt:
        directory = self.project.run_directory(self.run) / "tasks" / task / "1"
        directory.mkdir(parents=True, exist_ok=True)
        cells = tuple(CellSource(index, f"c{index}", source, index + 1) for index, source in enumerate(sources))
        where = {"directory": str(directory), "cwd": str(self.project.root)}
        told = TaskSpec(run=self.run, step=task, task=task, attempt=1, cells=cells, **{**where, **spec})
        return Attempt(told, directory)


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setenv("JUPYTER_MLOPS_CACHE", str(tmp_path / "index"))
    root = tmp_path / "project"
    root.mkdir()
    made = Steps(Project(root).ensure())
    created = RunCreated(1.0, made.run, "p", "churn", {}, "local", "", {"steps": []}, {})
    with EventWriter(made.project.run_directory(made.run)) as writer:
        writer.append(created, RunStarted(2.0, engine_identity()))
    return made


@pytest.fixture
def tracking() -> Iterator[StepTracking]:
    made = StepTracking()
    yield made
    made.close()


def told(_: Report) -> None:
    """Nobody listens."""


def post(env: Mapping[str, str], endpoint: str, **fields: Any) -> Any:
    """As a client in the attempt's environment."""
    request = urllib.request.Request(
        f"{env['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/{endpoint}",
        json.dumps(fields).encode(),
        {"Authorization": f"Bearer {env['MLFLOW_TRACKING_TOKEN']}"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return json.loads(answer.read())


def test_code_that_does_not_speak_of_mlflow_costs_nothing(steps: Steps, tracking: StepTracking) -> None:
    before = threading.active_count()

    env, report = tracking.admit(steps.attempt("import jupyter_mlops as mlops\nmlops.log_metric('a', 1)"), {}, told)

    assert (env, report) == ({}, told)
    assert threading.active_count() <= before  # those of other tests may end meanwhile


def test_code_that_does_gets_an_address_a_token_and_its_run(steps: Steps, tracking: StepTracking) -> None:
    env, _ = tracking.admit(steps.attempt("import mlflow\nmlflow.log_metric('a', 1)"), {"PATH": "/bin"}, told)

    assert env["MLFLOW_RUN_ID"] == steps.run
    assert int(env["MLFLOW_EXPERIMENT_ID"]) > 0
    post(env, "runs/log-metric", run_id=steps.run, key="a", value=1)
    line = json.loads((steps.attempt().directory / "events.jsonl").read_text())
    assert (line["type"], line["name"], line["value"], line["task"]) == ("metric", "a", 1.0, "train")


def test_all_attempts_share_a_server_and_none_its_token(steps: Steps, tracking: StepTracking) -> None:
    one, _ = tracking.admit(steps.attempt("import mlflow", task="one"), {}, told)
    two, _ = tracking.admit(steps.attempt("import mlflow", task="two"), {}, told)

    assert one["MLFLOW_TRACKING_URI"] == two["MLFLOW_TRACKING_URI"]
    assert one["MLFLOW_TRACKING_TOKEN"] != two["MLFLOW_TRACKING_TOKEN"]


def test_who_has_a_server_of_his_own_keeps_it(steps: Steps, tracking: StepTracking) -> None:
    attempt = steps.attempt("import mlflow")

    assert tracking.admit(attempt, {"MLFLOW_TRACKING_URI": "http://mine"}, told) == ({}, told)


def test_an_attempt_outside_of_a_store_logs_beside_itself(tmp_path: Path, tracking: StepTracking, steps: Steps) -> None:
    """`verify` runs the notebook from top to bottom without a run; what is logged there is of no use later."""
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    attempt = Attempt(steps.attempt("import mlflow").spec, directory)
    assert project_of(attempt) is None

    env, report = tracking.admit(attempt, {}, told)
    run = env["MLFLOW_RUN_ID"]
    chosen = post(env, "experiments/create", name="churn")["experiment_id"]
    post(env, "runs/update", run_id=run, status="RUNNING")
    post(env, "runs/log-metric", run_id=run, key="a", value=1)
    child = post(env, "runs/create", experiment_id=chosen)["run"]
    found = post(env, "runs/search", experiment_ids=[chosen])["runs"]

    assert run != steps.run
    assert {item["info"]["run_id"] for item in found} == {run, child["info"]["run_id"]}
    report(Report(attempt.id, outcome=Outcome("succeeded")))
    assert load_run(Project(directory / "mlflow").run_directory(run)).metrics == {"a": 1.0}
    assert not (tmp_path / "index").exists()
    with Runs(steps.project) as runs:
        assert [item.run for item in runs.list()] == [steps.run]


def test_the_project_is_the_one_of_the_attempts_folder(steps: Steps) -> None:
    found = project_of(steps.attempt(cwd=str(steps.project.root / "notebooks")))

    assert found is not None
    assert (found.home, found.start) == (steps.project.home, steps.project.root / "notebooks")


def test_after_its_end_an_attempt_logs_nothing_more(steps: Steps, tracking: StepTracking) -> None:
    reports: list[Report] = []
    attempt = steps.attempt("import mlflow")
    env, report = tracking.admit(attempt, {}, reports.append)
    child = post(env, "runs/create", experiment_id="0")["run"]["info"]["run_id"]
    report(Report(attempt.id, ({"type": "note"},)))
    assert post(env, "runs/create", experiment_id="0")

    report(Report(attempt.id, outcome=Outcome("canceled")))

    with pytest.raises(urllib.error.HTTPError, match="401") as caught:
        post(env, "runs/log-metric", run_id=steps.run, key="late", value=1)
    assert "no longer" in json.loads(caught.value.read())["message"]
    caught.value.close()
    assert load_run(steps.project.run_directory(child)).state == "canceled"
    assert [bool(told.outcome) for told in reports] == [False, True]


def test_closing_it_ends_what_is_open_and_leaves_no_thread(steps: Steps) -> None:
    before = threading.active_count()
    tracking = StepTracking()
    env, report = tracking.admit(steps.attempt("import mlflow"), {}, told)
    child = post(env, "runs/create", experiment_id="0")["run"]["info"]["run_id"]

    tracking.close()

    assert threading.active_count() <= before  # those of other tests may end meanwhile
    assert load_run(steps.project.run_directory(child)).state == "failed"
    report(Report("train#1", outcome=Outcome("failed")))  # a target may say so after it
    with pytest.raises(urllib.error.URLError):
        post(env, "runs/create")


WANTS: list[tuple[str, dict[str, Any], bool]] = [
    ("an import", {"cells": ["import mlflow"]}, True),
    ("an import in a function", {"cells": ["def f():\n    from mlflow import log_metric"]}, True),
    ("a setup cell", {"setup": ["import mlflow.sklearn"], "cells": ["x = 1"]}, True),
    ("a definition", {"definitions": ["import mlflow as ml"], "cells": ["ml.log_metric('a', 1)"]}, True),
    ("a module beside", {"cells": ["from helper import log"]}, True),
    ("a module of a module beside", {"cells": ["import outer"]}, True),
    ("a module of a package", {"cells": ["from pack.inner import log"]}, True),
    ("a module that is not there", {"cells": ["import nowhere, json"]}, False),
    ("a module that does not care", {"cells": ["import plain"]}, False),
    ("our own name", {"cells": ["import jupyter_mlops"]}, False),
    ("a server in code", {"cells": ["import mlflow\nmlflow.set_tracking_uri('http://mine')"]}, False),
    ("a server in a setup cell", {"setup": ["mlflow.set_tracking_uri(URI)"], "cells": ["import mlflow"]}, False),
    ("a server in the environment", {"cells": ["import mlflow, os\nos.environ['MLFLOW_TRACKING_URI'] = 'x'"]}, False),
    ("a server as a default", {"cells": ["import mlflow\nos.environ.setdefault('MLFLOW_TRACKING_URI', u)"]}, False),
    ("a server in a magic", {"setup": ["%env MLFLOW_TRACKING_URI=http://mine"], "cells": ["import mlflow"]}, False),
    ("a server of a process", {"cells": ["import mlflow\n!MLFLOW_TRACKING_URI=http://mine python x.py"]}, False),
    ("a server in .env", {"cells": ["import mlflow\nfrom dotenv import load_dotenv\nload_dotenv()"]}, False),
    ("nobody reads .env", {"cells": ["import mlflow"]}, True),
    ("our server is looked at", {"cells": ["mlflow\nos.environ['MLFLOW_TRACKING_URI'] == 'x'"]}, True),
    ("a script that a shell runs", {"cells": ["!python ./helper.py --fast"]}, True),
    ("a script that is not there", {"cells": ["run('/nowhere/helper.py')"]}, False),
]


@pytest.mark.parametrize(("code", "expected"), [case[1:] for case in WANTS], ids=[case[0] for case in WANTS])
def test_mlflow_is_seen_wherever_code_speaks_of_it(steps: Steps, code: dict[str, list[str]], expected: bool) -> None:
    folder = steps.project.root
    (folder / "pack").mkdir()
    (folder / ".env").write_text("MLFLOW_TRACKING_URI=http://mine\n")
    files = {"helper": "import mlflow\n", "outer": "from helper import log\nimport outer\n", "plain": "import json\n"}
    for name, source in {**files, "pack/__init__": "", "pack/inner": "import mlflow\n"}.items():
        (folder / f"{name}.py").write_text(source)
    setup = tuple(CellSource(50 + i, f"s{i}", source, 0) for i, source in enumerate(code.get("setup", [])))
    definitions = tuple(
        Definition(id=str(i), names=(), source=source, wanted=True)
        for i, source in enumerate(code.get("definitions", []))
    )

    assert wants_tracking(steps.attempt(*code["cells"], setup=setup, definitions=definitions)) is expected


def test_a_whole_notebook_is_read_too(steps: Steps) -> None:
    path = steps.project.root / "whole.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["import mlflow\n", "x = 1"]}]}))

    assert wants_tracking(steps.attempt(notebook=str(path)))
    assert not wants_tracking(steps.attempt(notebook=str(path) + "x"))


CLIENT = """
import json, os, urllib.request  # as mlflow does
url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "key": "m", "value": 4}).encode()
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
answer = opener.open(urllib.request.Request(url, body, headers)).status
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_forked_and_spawned_attempts_reach_it(steps: Steps, method: Method) -> None:
    told: queue.SimpleQueue[Report] = queue.SimpleQueue()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    target = LocalTarget(slots=1, method=method, environ=environ)
    try:
        target.start(steps.attempt(CLIENT, exports=("answer",)), told.put)
        reports = []
        while not reports or reports[-1].outcome is None:
            reports.append(told.get(timeout=60))
    finally:
        target.close()

    outcome = reports[-1].outcome
    assert outcome is not None
    assert outcome.result is not None, outcome
    assert outcome.result.exports == {"answer": 200}, outcome
    events = [event for report in reports for event in report.events]
    assert [event["value"] for event in events if event["type"] == "metric"] == [4.0]
