"""Workflows of a run, one after the other."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.targets.argo.order import Order
from jupyter_mlops.targets.argo.submit import placed, settings_of, submit, submit_again
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from tests.small_cluster import SmallCluster


def test_a_run_whose_workflow_was_removed_can_be_gone_on_with(tmp_path: Path) -> None:
    kube, settings = Kube(SmallCluster(tmp_path / "code.py"), "here"), settings_of({"image": "i"}, "")
    steps = (Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),))),)
    plan = make_plan(Pipeline("report", steps, cwd=str(tmp_path)), {})
    order = Order(placed(plan, settings), new_run_id(), "", 1.0)
    first = submit(kube, order, settings, None)
    kube.delete(WORKFLOWS, first)
    assert submit_again(kube, order, RunRecord(order.run), settings, None) != first
