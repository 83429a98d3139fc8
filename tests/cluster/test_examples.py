"""Each example runs on a real cluster, with the least rights, as it runs at home."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import logs
from jupyter_mlops.verbs.verify import verify
from tests.cluster.person import EXAMPLES, least_rights, open_store, project
from tests.examples.test_examples import ALL, GRAPHS, SKIPPED, UNCACHED, has_every_cell_in_order_and_no_error, states

NOTEBOOKS = Path(__file__).parents[2] / "examples" / "notebooks"
SMALL = {"cpu": "50m", "memory": "128Mi"}


@pytest.fixture(scope="module")
def person(cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A kubeconfig with the least rights, and the driver's account."""
    open_store(cluster)
    path = tmp_path_factory.mktemp("person") / "kubeconfig"
    return path, least_rights(cluster, path)


@pytest.fixture
def folder(cluster, person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples, as the project of that person."""
    monkeypatch.setenv("KUBECONFIG", str(person[0]))
    shutil.copytree(NOTEBOOKS, tmp_path / "work")
    return project(tmp_path / "work", image=EXAMPLES, service_account=person[1], requests=SMALL)


@pytest.mark.parametrize("name", ALL)
def test_an_example_runs_and_is_not_run_again(name: str, folder: Path) -> None:
    first = run(folder / name, target="kubernetes")
    assert first["state"] == "succeeded", first
    assert {step for step, state in states(first).items() if state == "skipped"} == SKIPPED.get(name, set())
    assert set(states(first)) == set(GRAPHS[name])
    has_every_cell_in_order_and_no_error(Path(first["notebook"]), folder / name)
    again = run(folder / name, target="kubernetes")
    ran = {step for step, state in states(again).items() if state not in {"cached", "skipped"}}
    assert ran <= UNCACHED.get(name, set())


@pytest.mark.parametrize("name", ALL)
def test_an_example_means_the_same_there(name: str, folder: Path) -> None:
    found = verify(folder / name, target="kubernetes")
    assert (found["differences"], found["same"], found["failure"]) == ([], True, None)
    assert found["names"]


def test_whole_notebooks_are_steps_of_a_pipeline_in_python(folder: Path) -> None:
    first = run(folder / "chain" / "pipeline.py", target="kubernetes", params={"rows": 200})
    assert first["state"] == "succeeded", first
    assert [task["step"] for task in first["tasks"]] == ["prepare", "train", "report"]
    [said] = [part["text"] for part in logs(first["run"], "report", folder=folder)["logs"]]
    assert "200 patients" in said
    assert first["metrics"]["r2"] > 0.3
    for task in first["tasks"][:2]:
        executed = json.loads(Path(task["notebook"]).read_text())
        tags = [cell["metadata"].get("tags") for cell in executed["cells"]]
        assert tags.count(["injected-parameters"]) == 1
        assert "markdown" in {cell["cell_type"] for cell in executed["cells"]}
    again = run(folder / "chain" / "pipeline.py", target="kubernetes", params={"rows": 200, "alpha": 5})
    assert states(again) == {"prepare": "cached", "train": "succeeded", "report": "succeeded"}, again
