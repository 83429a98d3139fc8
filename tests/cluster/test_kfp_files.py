"""Files compiled for Kubeflow Pipelines run on a real cluster that has no Kubeflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import logs
from tests.cluster.conftest import BARE_IMAGE
from tests.cluster.test_runs import PYTHON, store

__all__ = ["store"]

FILES = Path(__file__).parents[1] / "kfp_files"
DRIVER = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods", "configmaps", "events"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
]


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose target is the namespace."""
    cluster.account("driver", DRIVER)
    settings = {"image": cluster.image, "python": PYTHON, "namespace": cluster.namespace, "service_account": "driver"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (tmp_path / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines]) + "\n")
    (tmp_path / ".jupyter_mlops").mkdir()
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    return tmp_path


def prepared(folder: Path, name: str, image: str) -> Path:
    """A file with the images that the cluster has."""
    text = (FILES / f"{name}.yaml").read_text().replace("python:3.11", image).replace("busybox:1", BARE_IMAGE)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def exports(folder: Path, run_id: str) -> dict[str, dict]:
    record = load_run(Project.find(folder).run_directory(run_id))
    return {name: (task.result or {}).get("exports", {}) for name, task in record.tasks.items()}


def test_the_tutorial_of_kfp_runs(folder: Path, cluster) -> None:
    answer = run(prepared(folder, "iris", cluster.image), target="kubernetes", params={"neighbors": "[3, 6]"})
    assert answer["state"] == "succeeded", answer
    made = exports(folder, answer["run"])
    assert made["best-of"]["Output"] == max(made["train-model[0]"]["Output"], made["train-model[1]"]["Output"]) > 0.9
    assert made["normalize-dataset"]["normalized_iris_dataset"]["metadata"] == {"state": "Normalized"}
    assert made["train-model[0]"]["model"]["digest"]


def test_containers_without_our_code_and_files_between_steps(folder: Path, cluster) -> None:
    path = prepared(folder, "things", cluster.image)
    path.write_text(path.read_text().replace("imported.txt", "/etc/hostname"))
    answer = run(path, target="kubernetes")
    assert answer["state"] == "succeeded", answer
    made = exports(folder, answer["run"])
    assert made["count-words"] == {"out": 3}
    assert made["read-lines"]["text"] == "SOME WORDS HERE"
    assert made["read-lines"]["parts"]["plain"] == "ereh sdrow emos"
    assert made["unfold"]["Output"][:2] == ["a.txt", "deep/b.txt"]
    [log] = [part["text"] for part in logs(answer["run"], "count-words", folder=folder)["logs"]]
    assert "text=some words here --prefix p" in log


def test_a_container_that_fails_says_how(folder: Path, cluster) -> None:
    path = prepared(folder, "things", cluster.image)
    path.write_text(path.read_text().replace("; printf %s", "; exit 7; printf %s"))
    answer = run(path, target="kubernetes", only="count-words")
    [task] = [task for task in answer["tasks"] if task["step"] == "count-words"]
    assert task["state"] == "failed"
    assert "7" in task["reason"]
