"""Workflows of a run, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.errors import Conflict, NotFound, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.targets.argo import submit as module
from jupyter_mlops.targets.argo.submit import settings_of, submit, submit_again
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.targets.kubernetes.submit import Asked
from tests.small_cluster import SmallCluster

SETTINGS = settings_of({"image": "i"}, "")


@pytest.fixture
def cluster(tmp_path: Path) -> SmallCluster:
    return SmallCluster(tmp_path / "code.py")


def plan(folder: Path, source: str = "x = 1") -> Plan:
    steps = (Step("a", Component("cells", (CellSource(0, "c", source, 1),))),)
    return make_plan(Pipeline("report", steps, cwd=str(folder)), {})


def test_a_run_whose_workflow_was_removed_can_be_gone_on_with(cluster: SmallCluster, tmp_path: Path) -> None:
    kube, run = Kube(cluster, "here"), new_run_id()
    submit(kube, plan(tmp_path), run, SETTINGS, Asked(root=tmp_path))
    [first] = cluster.of("workflows")
    kube.delete(WORKFLOWS, first["metadata"]["name"])
    assert submit_again(kube, RunRecord(run), 5.0, SETTINGS, None) == 2
    [second] = cluster.of("workflows")
    assert second["metadata"]["name"] != first["metadata"]["name"]


def test_of_two_who_go_on_with_a_run_at_once_one_is_refused(
    cluster: SmallCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube, run = Kube(cluster, "here"), new_run_id()
    submit(kube, plan(tmp_path), run, SETTINGS, Asked(root=tmp_path))
    known = module._last_order(kube, run)
    assert submit_again(kube, RunRecord(run), 5.0, SETTINGS, None) == 2
    monkeypatch.setattr(module, "_last_order", lambda *_: known)
    with pytest.raises(Conflict, match="just been started"):
        submit_again(kube, RunRecord(run), 5.0, SETTINGS, None)


def test_an_order_that_is_split_goes_on_as_it_was(cluster: SmallCluster, tmp_path: Path) -> None:
    kube, run = Kube(cluster, "here"), new_run_id()
    submit(kube, plan(tmp_path, f"x = {'ü' * 300_000!r}"), run, SETTINGS, Asked(root=tmp_path))
    orders = [item for item in cluster.of("configmaps") if any("order" in key for key in item.get("data", ()))]
    assert len(orders) > 1
    number, order = module._last_order(kube, run)
    assert (number, order.run) == (1, run)
    assert "ü" * 300_000 in order.plan.steps[0].component.cells[0].source


def orders_of(cluster: SmallCluster) -> list[str]:
    return [
        item["metadata"]["name"]
        for item in cluster.of("configmaps")
        if any("order" in key for key in item.get("data", ()))
    ]


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_of_an_order_of_which_a_piece_is_gone_the_way_out_is_said(
    cluster: SmallCluster, tmp_path: Path, lost: int
) -> None:
    kube, run = Kube(cluster, "here"), new_run_id()
    submit(kube, plan(tmp_path, f"x = {'ü' * 600_000!r}"), run, SETTINGS, Asked(root=tmp_path))
    names = orders_of(cluster)
    assert len(names) > 2
    kube.delete(CONFIG_MAPS, names[lost])
    with pytest.raises(NotFound, match="not all of them are there") as caught:
        submit_again(kube, RunRecord(run), 5.0, SETTINGS, None)
    assert "Run the notebook again" in caught.value.hint


def test_an_order_that_was_half_made_is_no_hindrance(cluster: SmallCluster, tmp_path: Path) -> None:
    kube, run = Kube(cluster, "here"), new_run_id()
    submit(kube, plan(tmp_path, f"x = {'ü' * 300_000!r}"), run, SETTINGS, Asked(root=tmp_path))
    before = orders_of(cluster)
    assert submit_again(kube, RunRecord(run), 5.0, SETTINGS, None) == 2
    second = sorted(set(orders_of(cluster)) - set(before))
    kube.delete(CONFIG_MAPS, second[-1])
    assert submit_again(kube, RunRecord(run), 6.0, SETTINGS, None) == 3


def test_of_a_run_that_is_refused_nothing_is_left(
    cluster: SmallCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 1_000)
    with pytest.raises(Refused, match="cluster takes"):
        submit(Kube(cluster, "here"), plan(tmp_path), new_run_id(), SETTINGS, Asked(root=tmp_path))
    assert {item["metadata"]["labels"]["jupyter-mlops.io/part"] for item in cluster.of(CONFIG_MAPS.plural)} == {"code"}
