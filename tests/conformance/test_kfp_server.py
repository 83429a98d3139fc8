"""The double of Kubeflow's server and the target that talks to it keep to the OpenAPI description, by its own client.

The client is in an environment of its own, `.venv-kfp` (`make kfp`). No real backend is asked.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.pipeline.kfp import compile_pipeline
from jupyter_mlops.targets.kfp.api import ROOT, KfpApi, TokenLogin
from jupyter_mlops.targets.kfp.settings import read_settings
from jupyter_mlops.targets.kfp.submit import Submission, parameters_of
from tests.conformance.kfp_pipelines import GRAPHS
from tests.kfp_server import KfpServer, Look, node, serving

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
NODES = (node("load", "SUCCEEDED", 1, 2, began=1, ended=4), node("executor", "FAILED", 2, error="exit code 1"))


@pytest.fixture
def ask(root: Path) -> Callable[..., dict[str, Any]]:
    python = root / ".venv-kfp" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no environment with kfp: `make kfp`")

    def ask(**request: Any) -> dict[str, Any]:
        done = subprocess.run(
            [python, HERE / "kfp_client.py"], input=json.dumps(request), capture_output=True, text=True, timeout=150
        )
        assert done.returncode == 0, done.stderr[-3000:]
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return ask


def submission(name: str, **params: Any) -> Submission:
    settings = read_settings({"image": "img", "service_account": "runner", "pipeline_root": "s3://b/r"})
    pipeline = GRAPHS[name]
    return Submission(compile_pipeline(pipeline, image="img"), parameters_of(pipeline, params), name, settings)


def test_kubeflows_own_client_understands_every_answer_of_the_double(ask: Any) -> None:
    looks = [Look("PENDING"), Look("RUNNING", NODES), Look("FAILED", NODES, finished=9, error="it failed")]
    body = submission("chain").body("")
    body["runtime_config"]["parameters"] = {}
    with serving(KfpServer(looks=looks)) as url:
        said = ask(url=url, body=body)
    assert said["multi_user"] is False
    assert said["experiments"] == ["wine"]
    assert said["states"] == ["PENDING", "RUNNING", "FAILED"]
    assert said["finished"][-1] == "2026-03-01T10:00:09+00:00"
    assert said["tasks"] == [["load", "SUCCEEDED"], ["executor", "FAILED"]]
    assert said["children"] == [1, 0]
    assert said["gone"] == 404


def test_what_the_target_sends_and_the_double_answers_is_in_the_description(ask: Any) -> None:
    server = KfpServer(looks=[Look("FAILED", NODES, finished=9, error="it failed")])
    with serving(server) as url:
        api = KfpApi(HttpTransport(TokenLogin(read_settings({"url": url}))), "", "Kubeflow Pipelines")
        api.health()
        experiment = api.experiment("wine", "")
        sent = [submission(name).body(experiment) for name in GRAPHS]
        run = api.create_run(sent[0])
        answered = api.run(run)
        assert api.find(sent[0]["display_name"]) == run
        for call in (api.terminate, api.retry, api.delete):
            call(run)
        api.transport.close()
    bodies = [body for method, path, body in server.asked if (method, path) == ("POST", "/experiments")]
    known = [["V2beta1Run", body] for body in (*sent, answered)]
    said = ask(known=[*known, *(["V2beta1Experiment", body] for body in (*bodies, *server.experiments.values()))])
    assert said["unknown"] == []
    there = {(method, re.sub(r"{[^}]*}", "ID", path)) for method, path in said["paths"]}
    ours = {(method, ROOT + path.replace(run, "ID")) for method, path, _ in server.asked}
    assert ours <= there, ours - there


def test_the_check_finds_what_is_not_in_the_description(ask: Any) -> None:
    wrong = {"state": "DONE", "colour": "red", "run_details": {"task_details": [{"child_tasks": [{"pod": "x"}]}]}}
    said = ask(known=[["V2beta1Run", wrong]])
    assert said["unknown"] == [
        "V2beta1Run.colour",
        "V2beta1Run.state: 'DONE' is no V2beta1RuntimeState",
        "V2beta1Run.run_details.task_details[0].child_tasks[0].pod",
    ]
