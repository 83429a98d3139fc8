"""Pipelines that KFP's own compiler wrote run here without KFP, and give what they give there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.store.events import ArtifactLogged, MetricLogged
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs import compile as compiling
from jupyter_mlops.verbs.check import check
from jupyter_mlops.verbs.graph import graph
from jupyter_mlops.verbs.run import run

FILES = Path(__file__).parents[1] / "kfp_files"
EXPECTED = json.loads((FILES / "expected.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".jupyter_mlops").mkdir()
    for path in FILES.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def exports(folder: Path, answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each task handed on."""
    record = load_run(Project.find(folder).run_directory(answer["run"]))
    return {name: dict((task.result or {}).get("exports", {})) for name, task in record.tasks.items()}


def values(found: Any) -> Iterator[Any]:
    """The parameters among them; numbers in text as KFP writes them."""
    for made in found:
        yield from (
            value.replace(".0", "") if isinstance(value, str) else value
            for value in made.values()
            if not (isinstance(value, dict) and {"$artifact", "$skipped"} & set(value))
        )


def text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {task["task"] if "task" in task else task["step"]: task["state"] for task in answer["tasks"]}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_pipeline_gives_what_it_gives_in_kfp(folder: Path, name: str) -> None:
    found = exports(folder, run(folder / f"{name}.yaml"))
    total = [found.pop("total")] if name == "control" else []  # `kfp.local` skips it, as a loop made its input
    theirs = list(values(made for rounds in EXPECTED[name].values() for made in rounds))
    assert sorted(map(text, values(found.values()))) == sorted(map(text, theirs))
    assert total == ([{"Output": 72}] if total else [])


def test_conditions_decide_and_one_of_their_branches_is_taken(folder: Path) -> None:
    answer = run(folder / "choosing.yaml", params={"side": "heads", "factor": 1})
    found = exports(folder, answer)
    assert states(answer) == {
        "flip": "succeeded",
        "say": "succeeded",
        "say-2": "skipped",
        "say-3": "skipped",
        "say-4": "succeeded",
        "say-5": "succeeded",
    }
    assert found["say-5"] == {"Output": "won won won won"}
    again = run(folder / "choosing.yaml", params={"side": "heads", "factor": 1})
    assert (states(again)["say"], states(again)["say-5"]) == ("cached", "succeeded")  # set_caching_options(False)


def test_an_exit_task_hears_of_success_and_of_failure(folder: Path) -> None:
    broken = run(folder / "leaving.yaml")
    assert broken["state"] == "failed"
    assert exports(folder, broken)["tell"] == {"Output": "bye: FAILED exit-handler-1"}
    fine = run(folder / "leaving.yaml", params={"fail": "false"})
    assert fine["state"] == "succeeded"
    assert exports(folder, fine)["tell"] == {"Output": "bye: SUCCEEDED exit-handler-1"}


def test_the_tutorial_trains_a_model_for_each_number_of_neighbours(folder: Path) -> None:
    pytest.importorskip("sklearn")
    heard: list[Any] = []
    answer = run(folder / "iris.yaml", params={"neighbors": "[3, 6]"}, on_event=heard.append)
    assert answer["state"] == "succeeded", answer
    found = exports(folder, answer)
    scores = [found[f"train-model[{at}]"]["Output"] for at in range(2)]
    assert found["best-of"] == {"Output": max(scores)}
    assert [event.value for event in heard if isinstance(event, MetricLogged)] == pytest.approx(sorted(scores))
    models = [event for event in heard if isinstance(event, ArtifactLogged) and event.name == "model"]
    assert len(models) == 2
    assert models[0].metadata["framework"] == "scikit-learn"
    assert found["normalize-dataset"]["normalized_iris_dataset"]["metadata"] == {"state": "Normalized"}
    cached = run(folder / "iris.yaml", params={"neighbors": "[3, 6]"})
    assert {task["state"] for task in cached["tasks"]} == {"cached"} or cached["state"] == "succeeded"


def test_containers_imports_files_and_folders_pass_from_task_to_task(folder: Path) -> None:
    (folder / "imported.txt").write_text("from outside")
    heard: list[Any] = []
    answer = run(folder / "things.yaml", on_event=heard.append)
    assert answer["state"] == "succeeded", answer
    found = exports(folder, answer)
    assert found["count-words"] == {"out": 3}
    assert found["unfold"] == {"Output": ["a.txt", "deep/b.txt", "from outside"]}
    assert found["read-lines"]["text"] == "SOME WORDS HERE"
    assert found["read-lines"]["parts"]["name"] == f"things-{answer['run']}"
    names = {event.metadata.get("file") for event in heard if isinstance(event, ArtifactLogged)}
    assert {"page.html", "notes.md", "folder.tar"} <= names
    assert {(event.name, event.value) for event in heard if isinstance(event, MetricLogged)} == {("loss", 0.25)}


def test_a_notebook_component_runs_its_notebook(folder: Path) -> None:
    answer = run(folder / "notebooks.yaml")
    [task] = answer["tasks"]
    assert (answer["state"], task["state"]) == ("succeeded", "succeeded"), Path(task["log"]).read_text()
    assert "n is 5" in Path(task["log"]).read_text()


def test_packages_that_are_not_there_are_named(folder: Path) -> None:
    answer = run(folder / "wants.yaml")
    [task] = answer["tasks"]
    assert "surely-not-installed-anywhere>=7" in task["reason"]


def test_what_will_run_can_be_seen_before(folder: Path) -> None:
    assert check(folder / "control.yaml") == []
    shown = graph(folder / "iris.yaml")
    assert [(edge["from"], edge["to"]) for edge in shown["edges"]] == [
        ("create-dataset", "normalize-dataset"),
        ("normalize-dataset", "train-model"),
        ("train-model", "best-of"),
    ]
    (folder / "job.yaml").write_text("kind: Job\napiVersion: batch/v1\n")
    with pytest.raises(Usage, match="it is a Kubernetes Job"):
        check(folder / "job.yaml")


NOTEBOOK = """\
# %% tags=["parameters"]
n: int = 3
# %%
# %%step load
xs = [float(i) for i in range(n)]
class Box:
    def __init__(self, v): self.v = v
# %%
# %%step square --for-each 'k in xs'
y = Box(k * k)
# %%
# %%step total --when 'n > 1'
print("total", sum(b.v for b in y))
"""


def test_what_this_software_compiles_for_kfp_runs_with_the_same_values(folder: Path) -> None:
    (folder / "trip.py").write_text(NOTEBOOK)
    compiling.compile(folder / "trip.py", output=folder / "trip.yaml", target="kfp", image="python:3.11")
    for source in ("trip.py", "trip.yaml"):
        answer = run(folder / source, params={"n": "4"})
        assert answer["state"] == "succeeded", answer
        [total] = [task for task in answer["tasks"] if task["step"] == "total"]
        assert "total 14.0" in Path(total["log"]).read_text()
    (folder / "trip.code.yaml").unlink()
    with pytest.raises(Usage, match="ConfigMap that was written beside it"):
        run(folder / "trip.yaml")
