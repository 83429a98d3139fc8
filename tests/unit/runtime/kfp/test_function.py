# ruff: noqa: E501
"""Functions with KFP's annotations are called with what they ask for, and what they give is taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, os, sys
from jupyter_mlops.runtime.kfp import dsl as ours
assert ours.provide() and not ours.provide()
import kfp
from kfp import dsl
from kfp.dsl import *
from typing import *
from jupyter_mlops.runtime.kfp.function import Call

def work(data: Input[Dataset], models: Input[List[Model]], model: Output[Model], text: OutputPath(str), n: int,
         missing: Input[Artifact] = None, note: Optional[str] = None, factor: float = 2.5,
         shape: dsl.Output[dsl.ClassificationMetrics] = None) -> NamedTuple("Out", [("total", int), ("plain", Dataset)]):
    model.framework = "f"
    with open(model.path, "w") as file: file.write(data.path)
    with open(text, "w") as file: file.write("t")
    shape.log_roc_curve([0.0], [1.0], [float("inf")])
    assert missing is None and note is None and [type(one).__name__ for one in models] == ["Model", "Model"]
    return (n * int(factor), "words")

folder = sys.argv[1]
def item(name, title): return {"artifacts": [{"name": name, "uri": os.path.join(folder, name), "type": {"schemaTitle": title}, "metadata": {}}]}
given = {
    "inputs": {"parameterValues": {"n": 3}, "artifacts": {"data": item("data", "system.Dataset"), "models": {"artifacts": [*item("a", "system.Model")["artifacts"], *item("b", "system.Model")["artifacts"]]}}},
    "outputs": {"parameters": {"total": {"outputFile": "x"}, "text": {"outputFile": os.path.join(folder, "t")}},
                "artifacts": {"model": item("model", "system.Model"), "plain": item("plain", "system.Dataset"), "shape": item("shape", "system.ClassificationMetrics")}},
}
call = Call(work, given, {"total": "NUMBER_INTEGER"})
print(json.dumps(call.take(work(**call.arguments()))))
"""


def run(script: str, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=env, **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    import json

    folder = tmp_path_factory.mktemp("out")
    done = run(SCRIPT, str(folder))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def test_values_that_are_returned_are_parameters_or_files(made) -> None:
    output, folder = made
    assert output["parameterValues"] == {"total": 6}
    assert (folder / "plain").read_text() == "words"


def test_artifacts_are_given_by_type_and_keep_their_metadata(made) -> None:
    output, folder = made
    [model] = output["artifacts"]["model"]["artifacts"]
    assert model["metadata"] == {"framework": "f"}
    assert (folder / "model").read_text() == str(folder / "data")
    [shape] = output["artifacts"]["shape"]["artifacts"]
    assert shape["metadata"]["confidenceMetrics"] == [
        {"confidenceThreshold": 999, "recall": 1.0, "falsePositiveRate": 0.0}
    ]
