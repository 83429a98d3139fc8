"""MLflow's own client against our answers, in steps of notebooks that run from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.store.runs import Runs

pytestmark = pytest.mark.slow


@dataclass
class Notebook:
    """A percent-format notebook in a project of its own."""

    folder: Path
    environ: Mapping[str, str]

    def write(self, *steps: str, setup: str = "import mlflow") -> None:
        parts = [f"# %%\n{setup}\n"]
        for number, source in enumerate(steps):
            parts.append(f"# %% [markdown]\n# ## Step {number}\n\n# %%\n{source}\n")
        (self.folder / "nb.py").write_text("\n".join(parts), encoding="utf-8")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "jupyter_mlops.cli", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=dict(self.environ), capture_output=True, text=True, timeout=170
        )

    def run(self, *steps: str, setup: str = "import mlflow") -> RunRecord:
        """Write and run it; the record of a run that succeeded."""
        self.write(*steps, setup=setup)
        done = self.command("run", "nb.py", "--json")
        assert done.returncode == 0, done.stdout + done.stderr + self.command("logs", "last").stdout
        return self.record(json.loads(done.stdout)["run"])

    def record(self, run: str = "last") -> RunRecord:
        with Runs(Project(self.folder)) as runs:
            return runs.get(run)

    def children(self) -> list[RunRecord]:
        """Runs that steps began, oldest first."""
        with Runs(Project(self.folder)) as runs:
            return [runs.get(found.run) for found in reversed(runs.list()) if "mlflow.parentRunId" in found.tags]

    def content(self, record: RunRecord, name: str) -> bytes:
        (found,) = [item for item in record.artifacts if item.name == name and item.role == "output"]
        with Project(self.folder).artifacts.open(found.digest) as file:
            return file.read()


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    folder = tmp_path / "project"
    folder.mkdir()
    Project(folder).ensure()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "JUPYTER_MLOPS"))}
    environ |= {
        "JUPYTER_MLOPS_CACHE": str(tmp_path / "index"),
        "HOME": str(tmp_path),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    # A proxy that does not answer, and credentials for another server: as on many a laptop.
    environ |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = other\n"
    )
    return Notebook(folder, environ)


LOGS = """
import matplotlib.pyplot as plt
with mlflow.start_run(run_name="forest") as run:
    mlflow.log_params({"depth": 3, "model": "rf"})
    mlflow.log_param("seed", 7)
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"acc": 0.9, "odd": float("nan")}, step=3)
    mlflow.set_tags({"team": "ä", "stage": "dev"})
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"a": [1]}, "config.json")
    figure, axes = plt.subplots()
    mlflow.log_figure(figure, "plots/curve.png")
    with open("table.csv", "w") as file:
        file.write("a,b\\n")
    mlflow.log_artifact("table.csv", artifact_path="data")
    with mlflow.start_run(run_name="inner", nested=True) as child:
        mlflow.log_metric("acc", 0.7)
        mlflow.log_text("deep", "deep.txt")
client = mlflow.MlflowClient()
assert client.get_run(run.info.run_id).data.params == {"depth": "3", "model": "rf", "seed": "7"}
assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")] == [1, 1/2, 1/3, 1/4, 1/5]
assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"notes", "config.json", "plots", "data"}
assert [file.path for file in client.list_artifacts(run.info.run_id, "plots")] == ["plots/curve.png"]
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt") == "hello"
assert mlflow.artifacts.load_text(child.info.artifact_uri + "/deep.txt") == "deep"
"""


FLOW = """
import jupyter_mlops as mlops

@mlops.pipeline
def flow():
    mlops.notebook("whole.ipynb")
"""


def test_a_step_logs_with_mlflow_as_with_our_own_functions(notebook: Notebook) -> None:
    record = notebook.run("x = 1", LOGS)

    assert record.state == "succeeded"
    assert record.metrics["acc"] == 0.9
    assert [(point.step, point.task) for point in record.series["loss"]] == [(step, "step_1") for step in range(5)]
    assert record.logged == {"depth": "3", "model": "rf", "seed": "7"}
    assert record.tags == {"team": "ä", "stage": "dev", "mlflow.runName": "forest"}
    made = {item.name: item for item in record.artifacts if item.task == "step_1" and "file" in item.metadata}
    assert set(made) == {"notes/hello.txt", "config.json", "plots/curve.png", "data/table.csv"}
    assert made["plots/curve.png"].type == "figure"
    assert notebook.content(record, "plots/curve.png").startswith(b"\x89PNG")
    assert notebook.content(record, "data/table.csv") == b"a,b\n"
    (child,) = notebook.children()
    assert (child.pipeline, child.state, child.metrics) == ("inner", "succeeded", {"acc": 0.7})
    assert child.tags["mlflow.parentRunId"] == record.run
    assert child.tags["jupyter_mlops.task"] == "step_1"
    assert notebook.record("last").run == record.run  # not the child, which is younger

    again = notebook.run("x = 1", LOGS)

    assert {task.state for task in again.tasks.values()} == {"cached"}
    assert (again.metrics["acc"], again.logged, again.tags) == (record.metrics["acc"], record.logged, record.tags)
    assert len(again.series["loss"]) == 5


def test_experiments_and_search(notebook: Notebook) -> None:
    first = """
mlflow.set_experiment("churn")
mlflow.log_metric("acc", 0.5)
for depth in (2, 4, 8):
    with mlflow.start_run(run_name=f"d{depth}", nested=True):
        mlflow.log_param("depth", depth)
        mlflow.log_metric("acc", depth / 10)
parent = mlflow.active_run().info.run_id
"""
    second = """
found = mlflow.search_runs(
    experiment_names=["churn"], filter_string="metrics.acc >= 0.4 and params.depth LIKE '%'",
    order_by=["metrics.acc DESC"], output_format="list")
assert [run.info.run_name for run in found] == ["d8", "d4"], found
assert found[0].data.tags["mlflow.parentRunId"] == parent
children = mlflow.search_runs(
    search_all_experiments=True, filter_string=f"tags.mlflow.parentRunId = '{parent}'", output_format="list")
assert len(children) == 3
assert {item.name for item in mlflow.search_experiments()} == {"churn", "default"}
assert mlflow.search_runs(experiment_names=["default"], output_format="list") == []
"""
    record = notebook.run(first, second)

    assert record.tags["mlflow.experimentName"] == "churn"
    assert {child.experiment for child in notebook.children()} == {"churn"}


def test_scikit_learns_autologging(notebook: Notebook) -> None:
    train = """
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=200, C=0.5).fit(X, y)
"""
    record = notebook.run(train, setup="import mlflow.sklearn\nmlflow.sklearn.autolog(log_models=False)")

    assert 0.9 < record.metrics["training_accuracy_score"] <= 1
    assert record.logged["C"] == "0.5"
    assert "training_confusion_matrix.png" in {item.name for item in record.artifacts}


def test_a_model_is_logged_and_loaded_in_another_step(notebook: Notebook) -> None:
    train = """
from sklearn.linear_model import LinearRegression
with mlflow.start_run():
    line = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    logged = mlflow.sklearn.log_model(line, name="line", pip_requirements=[], serialization_format="cloudpickle")
uri = logged.model_uri
"""
    use = "assert abs(mlflow.sklearn.load_model(uri).predict([[2.0]])[0] - 4) < 1e-9"

    record = notebook.run(train, use, setup="import mlflow.sklearn")

    assert any(item.name.endswith("/MLmodel") for item in record.artifacts)


def test_steps_at_the_same_time_and_loops_keep_their_points_apart(notebook: Notebook) -> None:
    body = "for step in range(30):\n    mlflow.log_metric('m', {n}, step=step)"

    record = notebook.run(*(body.format(n=n) for n in range(2)))

    points = {(point.task, point.value) for point in record.series["m"]}
    assert points == {("step_0", 0.0), ("step_1", 1.0)}
    assert len(record.series["m"]) == 60


def test_a_process_that_a_step_starts_logs_too(notebook: Notebook) -> None:
    (notebook.folder / "train.py").write_text("import mlflow\nmlflow.log_metric('from_script', 1)\n")

    record = notebook.run(
        "import subprocess, sys\nsubprocess.run([sys.executable, 'train.py'], check=True)", setup="x = 1"
    )

    assert record.metrics == {"from_script": 1.0}


def test_a_whole_notebook_as_a_step(notebook: Notebook) -> None:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    cells = [{**cell, "source": "import mlflow\nmlflow.log_metric('inside', 2)"}]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    whole = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (notebook.folder / "whole.ipynb").write_text(json.dumps(whole))
    (notebook.folder / "flow.py").write_text(FLOW)

    done = notebook.command("run", "flow.py")

    assert done.returncode == 0, done.stdout + done.stderr
    record = notebook.record()
    assert record.metrics == {"inside": 2.0}
    assert {point.task for point in record.series["inside"]} == set(record.tasks)


def test_who_has_a_server_of_his_own_is_left_alone(notebook: Notebook) -> None:
    seen = "import os\nprint(os.environ.get('MLFLOW_RUN_ID'), os.environ.get('MLFLOW_TRACKING_URI'))  # mlflow"
    notebook.environ = {**notebook.environ, "MLFLOW_TRACKING_URI": "http://mine.example"}

    notebook.run(seen, setup="x = 1")

    assert "None http://mine.example" in notebook.command("logs", "last").stdout


def test_a_step_that_fails_keeps_what_it_logged(notebook: Notebook) -> None:
    notebook.write(
        "with mlflow.start_run():\n    mlflow.log_metric('before', 1)\n    mlflow.start_run(nested=True)\n    1 / 0"
    )

    done = notebook.command("run", "nb.py")

    assert done.returncode == 1
    record = notebook.record()
    assert (record.state, record.metrics) == ("failed", {"before": 1.0})
    (child,) = notebook.children()
    assert child.state == "failed"


def test_a_request_that_we_do_not_serve_says_so_in_the_cell(notebook: Notebook) -> None:
    notebook.write("mlflow.MlflowClient().create_registered_model('m')")

    done = notebook.command("run", "nb.py")

    assert done.returncode == 1
    assert "jupyter_mlops does not serve POST /api/2.0/mlflow/registered-models/create" in done.stdout + done.stderr


def test_a_script_logs_while_the_store_is_served(notebook: Notebook) -> None:
    script = "import mlflow\nwith mlflow.start_run(run_name='script'):\n    mlflow.log_metric('acc', 1)\n"
    command = [sys.executable, "-m", "jupyter_mlops.cli", "store", "serve", "--json"]
    with subprocess.Popen(
        command, cwd=notebook.folder, env=dict(notebook.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            environment = json.loads(server.stdout.readline())["environment"]
            environ = {**notebook.environ, **environment}
            subprocess.run([sys.executable, "-c", script], env=environ, cwd=notebook.folder, check=True, timeout=120)
        finally:
            server.send_signal(signal.SIGINT)
            rest, _ = server.communicate(timeout=60)

    assert server.returncode == 0
    assert json.loads(rest) == {"url": environment["MLFLOW_TRACKING_URI"]}
    record = notebook.record()
    assert (record.pipeline, record.state, record.metrics) == ("script", "succeeded", {"acc": 1.0})


def test_verify_sees_no_difference(notebook: Notebook) -> None:
    first = """
mlflow.set_experiment("churn")
with mlflow.start_run(run_name="rf") as run:
    mlflow.log_metric("acc", 1)
    mlflow.log_text("a", "a.txt")
    with mlflow.start_run(nested=True):
        mlflow.log_param("depth", 1)
print(mlflow.get_run(run.info.run_id).data.metrics)
del run
"""
    notebook.write(first, "x = 1")

    done = notebook.command("verify", "nb.py", "--json")

    assert json.loads(done.stdout)["differences"] == []
    assert done.returncode == 0, done.stdout
    with Runs(Project(notebook.folder)) as runs:
        assert runs.list() == []
