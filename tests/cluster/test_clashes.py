"""Objects of others that have the names which a run is about to give its own: told in plain words, and not touched."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Conflict, MlopsError, WorkFailed
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, Resource
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.kubernetes.submit import anchor_name, order_name
from jupyter_mlops.verbs.run import run
from tests.cluster.test_runs import notebook, states, store
from tests.cluster.watched import folder, until

__all__ = ["folder", "store"]

THEIRS = {"app": "theirs"}


@pytest.fixture
def next_run(monkeypatch: pytest.MonkeyPatch) -> str:
    """The id that the next run has."""
    made = new_run_id()
    importlib.import_module("jupyter_mlops.targets.kubernetes.cluster")
    for name, module in list(sys.modules.items()):
        if name.startswith("jupyter_mlops.targets.") and hasattr(module, "new_run_id"):
            monkeypatch.setattr(module, "new_run_id", lambda: made)
    return made


def theirs(cluster: Any, kind: Resource, name: str) -> dict[str, Any]:
    """Somebody else's object, as the server has it."""
    body: dict[str, Any] = {"metadata": {"name": name, "labels": THEIRS}}
    if kind is JOBS:
        template = cluster.pod("x", "print('theirs')")["spec"]
        body["spec"] = {"suspend": True, "template": {"metadata": {"labels": THEIRS}, "spec": template}}
    else:
        body["data"] = {"work": "theirs"}
    cluster.kube.create(kind, body)
    return unchanged(cluster, kind, name)


def unchanged(cluster: Any, kind: Resource, name: str) -> dict[str, Any]:
    """What of the object only its owner, or somebody who meddles with it, changes."""
    found = cluster.kube.get(kind, name)
    meta = {key: found["metadata"].get(key) for key in ("uid", "labels", "annotations", "ownerReferences")}
    return {**meta, "deleted": "deletionTimestamp" in found["metadata"], "spec": found.get("spec", found.get("data"))}


def left(cluster: Any, name: str) -> list[str]:
    """What there is of a run."""
    mine = f"jupyter-mlops.io/run={name}"
    return [
        item["metadata"]["name"] for kind in (CONFIG_MAPS, JOBS) for item in cluster.kube.list(kind, labels=mine).items
    ]


@pytest.mark.parametrize("what", ["anchor", "order", "parcel", "driver"])
def test_a_run_that_cannot_be_made_says_so_and_leaves_nothing(
    folder: Path, cluster: Any, next_run: str, what: str
) -> None:
    kind, name = {
        "anchor": (CONFIG_MAPS, anchor_name(next_run)),
        "order": (CONFIG_MAPS, order_name(next_run)),
        "parcel": (CONFIG_MAPS, dns_name("mlops", next_run[-8:], "parcel", "000", next_run)),
        "driver": (JOBS, dns_name("mlops", next_run[-8:], "driver", "1")),
    }[what]
    before = theirs(cluster, kind, name)
    with pytest.raises(Conflict, match=f"{name}.*already") as refused:
        run(notebook(folder, "x = 1"), target="kubernetes")
    assert refused.value.hint
    assert unchanged(cluster, kind, name) == before
    until(lambda: not left(cluster, next_run), "the end of what was made")


def test_a_driver_whose_lease_has_the_name_of_something_else_ends_with_its_name(
    folder: Path, cluster: Any, next_run: str
) -> None:
    name = dns_name("mlops", next_run[-8:], "lease", next_run)
    before = theirs(cluster, CONFIG_MAPS, name)
    with pytest.raises(WorkFailed, match=f"another ConfigMap of the name {name}, which is not of this run"):
        run(notebook(folder, "x = 1"), target="kubernetes")
    assert unchanged(cluster, CONFIG_MAPS, name) == before


@pytest.mark.parametrize("how", ["driver", "attached"])
def test_a_step_whose_job_has_the_name_of_another_fails_with_it(
    folder: Path, cluster: Any, next_run: str, how: str
) -> None:
    name = dns_name("mlops", next_run[-8:], "two", "1")
    before = theirs(cluster, JOBS, name)
    path = notebook(folder, "%%step one\nx = 1", "%%step two\nprint(x)")
    answer = run(path, target="kubernetes", attached=how == "attached")
    assert states(answer) == {"one": "succeeded", "two": "failed"}
    assert f"There is another Job of the name {name}, which is not of this run." in answer["tasks"][1]["reason"]
    assert unchanged(cluster, JOBS, name) == before


def test_an_order_of_a_step_with_the_name_of_something_else_fails_it(folder: Path, cluster: Any, next_run: str) -> None:
    name = dns_name("mlops", next_run[-8:], "order", "one", "1") + "-0"
    before = theirs(cluster, CONFIG_MAPS, name)
    answer = run(notebook(folder, "%%step one\nx = 1"), target="kubernetes", attached=True)
    assert states(answer) == {"one": "failed"}
    assert f"There is another ConfigMap of the name {name}" in answer["tasks"][0]["reason"]
    assert unchanged(cluster, CONFIG_MAPS, name) == before


def test_a_job_that_puts_files_there_with_the_name_of_another_is_told(
    folder: Path, cluster: Any, next_run: str
) -> None:
    (folder / "data.csv").write_text("a\n1\n")
    name = dns_name("mlops", next_run[-8:], "arrival")
    before = theirs(cluster, JOBS, name)
    with pytest.raises(MlopsError, match=f"{name}.*already"):
        run(notebook(folder, "rows = open('data.csv').read()"), target="kubernetes", attached=True)
    assert unchanged(cluster, JOBS, name) == before
    until(lambda: not left(cluster, next_run), "the end of what was made")
