"""A run that this project knows nothing of: found in the namespace by a part of its id, and then brought home whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.targets.kubernetes.submit import anchor_name, order_name
from jupyter_mlops.targets.kubernetes.unknown_run import run_there
from jupyter_mlops.verbs import remote as verbs
from tests.small_cluster import SmallCluster
from tests.unit.targets.kubernetes.test_home import code, folder_of, plan, project, target, there
from tests.volume_cluster import VolumeCluster

__all__ = ["code", "project", "target", "there"]

ONE, TWO = "01a20000-1111-7000-8000-0000000000a1", "01a20000-2222-7000-8000-0000000000b2"


@pytest.fixture
def namespace() -> SmallCluster:
    """Two runs with drivers, one that somebody drives from elsewhere, and what only looks like one."""
    made = SmallCluster(Path("no-code"))
    for run in (ONE, TWO, "01a2ffff-3333-7000-8000-0000000000c3"):
        made._put("configmaps", {"metadata": {"name": anchor_name(run), "labels": labels("anchor", run=run)}})
        if "ffff" not in run:
            made._put("configmaps", {"metadata": {"name": order_name(run), "labels": labels("plan", run=run)}})
    made._put("configmaps", {"metadata": {"name": "x", "labels": labels("anchor", run="../../etc")}})
    made._put("configmaps", {"metadata": {"name": "y", "labels": labels("anchor")}})
    return made


@pytest.mark.parametrize("said", [ONE, "01a20000-1111", "a1", " 0000A1 "])
def test_it_is_found_by_its_beginning_or_its_end(namespace: SmallCluster, said: str) -> None:
    assert run_there(Kube(namespace, "here"), said) == ONE


@pytest.mark.parametrize("said", ["zzzz", "", "  ", "etc", "../../etc", "0000-1111"])
def test_one_that_is_not_there_is_said_with_where_was_looked(namespace: SmallCluster, said: str) -> None:
    with pytest.raises(NotFound, match="nor in the namespace here") as refused:
        run_there(Kube(namespace, "here"), said)
    assert "jupyter mlops runs" in refused.value.hint


def test_what_fits_several_asks_for_more(namespace: SmallCluster) -> None:
    with pytest.raises(Usage, match="fits 2 runs") as refused:
        run_there(Kube(namespace, "here"), "01a20000")
    assert "more characters" in refused.value.hint


def test_one_that_is_driven_from_elsewhere_cannot_be_followed(namespace: SmallCluster) -> None:
    with pytest.raises(NotFound, match="driven by whoever has started it") as refused:
        run_there(Kube(namespace, "here"), "c3")
    assert "--attached" in refused.value.hint


def test_of_one_that_argo_drives_it_is_said_where_it_is_found(namespace: SmallCluster) -> None:
    run = "01a2ffff-3333-7000-8000-0000000000c3"
    namespace._put("configmaps", {"metadata": {"name": "o", "labels": labels("plan", run=run, attempt=1)}})
    with pytest.raises(NotFound, match="driven by Argo Workflows") as refused:
        run_there(Kube(namespace, "here"), "c3")
    assert 'target = "argo"' in refused.value.hint


def test_attach_follows_a_run_that_another_project_has_started(
    there: VolumeCluster, target: KubernetesCluster, project: Project, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / ".jupyter_mlops").mkdir(parents=True)
    run = target.drive(plan("print('hello')"), Project(elsewhere, elsewhere).ensure(), RunOptions()).name
    (project.root / "jupyter_mlops.toml").write_text('target = "kubernetes"\n[kubernetes]\nimage = "image"\n')
    answer = verbs.attach(run[-6:], folder=project.root)
    assert (answer["run"], answer["state"]) == (run, "succeeded")
    assert "hello" in (folder_of(project) / "tasks" / "s0" / "1" / "log").read_text()


def test_attach_says_that_there_is_no_such_run_and_leaves_no_trace(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    (project.root / "jupyter_mlops.toml").write_text('target = "kubernetes"\n[kubernetes]\nimage = "image"\n')
    with pytest.raises(NotFound, match="no run 'abcdef' here, nor in the namespace"):
        verbs.attach("abcdef", folder=project.root)
    assert list(project.runs.iterdir()) == []
