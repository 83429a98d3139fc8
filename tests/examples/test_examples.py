"""Each example: no diagnostic, the graph it should have, the same meaning both ways, and a run that shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Notebook -> the direct predecessors of each of its steps.
GRAPHS: dict[str, dict[str, set[str]]] = {
    "iris.ipynb": {
        "load_the_data": set(),
        "look_at_it": {"load_the_data"},
        "split": {"load_the_data"},
        "nearest_neighbours": {"split"},
        "random_forest": {"split"},
        "compare": {"load_the_data", "split", "nearest_neighbours", "random_forest"},
    },
    "wine.ipynb": {
        "load": set(),
        "clean": {"load"},
        "describe": {"clean"},
        "draw": {"clean"},
        "split": {"clean"},
        "train": {"split"},
        "evaluate": {"clean", "split", "train"},
    },
    "choose_model.ipynb": {
        "load": set(),
        "train": {"load"},
        "choose": {"load", "train"},
        "publish": {"load", "choose"},
        "retrain": {"choose"},
        "report": set(),
    },
    "kale_digits.ipynb": {
        "load": set(),
        "split": {"load"},
        "plain": {"split"},
        "reduced": {"split"},
        "compare": {"split", "plain", "reduced"},
        "pipeline_metrics": {"plain", "reduced"},
    },
    "step_magics.ipynb": {
        "load": set(),
        "split": {"load"},
        "baseline": {"split"},
        "linear": {"split"},
        "ridge": {"split"},
        "compare": {"baseline", "linear", "ridge"},
        "celebrate": {"baseline", "ridge", "compare"},
    },
}
SKIPPED = {"choose_model.ipynb": {"retrain"}}
# A step with `--no-cache`, and a step that reports on the run.
UNCACHED = {"step_magics.ipynb": {"compare"}, "choose_model.ipynb": {"report"}}
ALL = sorted(GRAPHS)
Mlops = Callable[..., Any]


def states(data: Any) -> dict[str, str]:
    return {task["step"]: task["state"] for task in data["tasks"]}


@pytest.mark.parametrize("name", ALL)
def test_an_example_has_no_warning_and_the_graph_that_it_should_have(name: str, mlops: Mlops) -> None:
    said = mlops("check", name)
    assert [item for item in said.data["diagnostics"] if item["severity"] != "info"] == []
    assert said.code == 0
    said = mlops("graph", name)
    assert {step["name"]: set(step["after"]) for step in said.data["steps"]} == GRAPHS[name]


@pytest.mark.parametrize("name", ALL)
def test_an_example_means_the_same_as_a_pipeline(name: str, mlops: Mlops) -> None:
    said = mlops("verify", name)
    assert said.data["differences"] == []
    assert (said.code, said.data["same"]) == (0, True)


@pytest.mark.parametrize("name", ALL)
def test_an_example_runs_and_is_not_run_again(name: str, project: Path, mlops: Mlops) -> None:
    first = mlops("run", name)
    assert (first.code, first.data["state"]) == (0, "succeeded"), first.errors
    assert {step for step, state in states(first.data).items() if state == "skipped"} == SKIPPED.get(name, set())
    assert set(states(first.data)) == set(GRAPHS[name])
    again = mlops("run", name)
    ran = {step for step, state in states(again.data).items() if state not in {"cached", "skipped"}}
    assert ran <= UNCACHED.get(name, set())
    for said in (first, again):
        has_every_cell_in_order_and_no_error(Path(said.data["notebook"]), project / name)


def has_every_cell_in_order_and_no_error(path: Path, source: Path) -> None:
    executed = json.loads(path.read_text(encoding="utf-8"))
    original = json.loads(source.read_text(encoding="utf-8"))
    ids = [cell["id"] for cell in original["cells"]]
    assert [cell["id"] for cell in executed["cells"] if cell["id"] in ids] == ids
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", ())]
    assert outputs
    assert [output for output in outputs if output["output_type"] == "error"] == []


@pytest.mark.parametrize("name", ALL)
def test_an_example_runs_from_top_to_bottom_in_a_plain_kernel(name: str, project: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "papermill", name, "out.ipynb", "--no-progress-bar"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_drawings_are_in_the_executed_notebook(mlops: Mlops) -> None:
    executed = json.loads(Path(mlops("run", "iris.ipynb").data["notebook"]).read_text(encoding="utf-8"))
    kinds = {
        kind for cell in executed["cells"] for output in cell.get("outputs", ()) for kind in output.get("data", ())
    }
    assert {"image/png", "text/html", "text/plain"} <= kinds


def test_a_changed_parameter_reruns_what_reads_it_and_no_more(mlops: Mlops) -> None:
    mlops("run", "wine.ipynb")
    changed = states(mlops("run", "wine.ipynb", "-p", "model=forest").data)
    ran = {step for step, state in changed.items() if state == "succeeded"}
    assert ran == {"train", "evaluate"}


def test_a_wrong_parameter_is_refused_before_anything_runs(mlops: Mlops) -> None:
    said = mlops("run", "wine.ipynb", "-p", "model=perceptron")
    assert said.code == 2
    assert "model" in said.errors
    assert "logistic" in said.errors
    assert mlops("runs").data["runs"] == []


def test_a_loop_trains_each_kind_and_collects_in_order(mlops: Mlops) -> None:
    data = mlops("run", "choose_model.ipynb").data
    tasks = [task for task in data["tasks"] if task["step"] == "train"]
    assert len(tasks) == 3
    logs = [Path(task["log"]).read_text() for task in tasks]
    assert [kind for kind, text in zip(["logistic", "tree", "forest"], logs, strict=True) if kind in text] == [
        "logistic",
        "tree",
        "forest",
    ]


def test_a_higher_threshold_takes_the_other_branch(mlops: Mlops) -> None:
    data = states(mlops("run", "choose_model.ipynb", "-p", "threshold=0.999").data)
    assert (data["publish"], data["retrain"], data["report"]) == ("skipped", "succeeded", "succeeded")


def test_metrics_are_found_by_search(mlops: Mlops) -> None:
    mlops("run", "wine.ipynb")
    mlops("run", "wine.ipynb", "-p", "model=forest")
    assert len(mlops("runs", "metrics.accuracy > 0.5").data["runs"]) == 2
    assert len(mlops("runs", "params.model = 'forest'").data["runs"]) == 1
    assert mlops("runs", "metrics.accuracy > 1.5").data["runs"] == []


def test_whole_notebooks_are_steps_of_a_pipeline_in_python(project: Path, mlops: Mlops) -> None:
    said = mlops("run", "chain/pipeline.py", "-p", "rows=200")
    assert (said.code, said.data["state"]) == (0, "succeeded"), said.errors
    assert [task["step"] for task in said.data["tasks"]] == ["prepare", "train", "report"]
    assert "200 patients" in Path(said.data["tasks"][2]["log"]).read_text()
    assert said.data["metrics"]["r2"] > 0.3
    for task in said.data["tasks"][:2]:
        executed = json.loads(Path(task["notebook"]).read_text())
        assert [cell["metadata"].get("tags") for cell in executed["cells"]].count(["injected-parameters"]) == 1
    assert (project / "chain/score.json").exists()

    again = states(mlops("run", "chain/pipeline.py", "-p", "rows=200", "-p", "alpha=5").data)
    assert again == {"prepare": "cached", "train": "succeeded", "report": "succeeded"}


def test_the_jupyter_command_finds_the_subcommand() -> None:
    jupyter = Path(sys.executable).with_name("jupyter")
    done = subprocess.run([jupyter, "mlops", "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) <= 24
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
