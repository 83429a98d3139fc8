"""What a run makes in a cluster, in which order, and what is left when something is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.errors import Conflict, NotFound
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Forbidden
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace
from jupyter_mlops.targets.kubernetes.submit import ClusterSettings, anchor_name, drive_again, submit
from tests.small_cluster import SmallCluster

RUN = "01a20047-7f5b-7d03-96e3-dd7cfaad91c1"
SETTINGS = ClusterSettings("image", service_account="driver")


@pytest.fixture
def cluster(tmp_path: Path) -> SmallCluster:
    code = tmp_path / "code.py"
    code.write_text("")
    return SmallCluster(code)


@pytest.fixture
def kube(cluster: SmallCluster) -> Kube:
    return Kube(cluster, "here")


def plan() -> Plan:
    step = Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),)))
    return make_plan(Pipeline("My Pipeline", (step,), cwd="/home/me/work"), {})


def give(kube: Kube) -> None:
    submit(kube, plan(), RUN, SETTINGS, experiment="e", parallel=3)


def ended(cluster: SmallCluster, condition: str) -> None:
    for job in cluster.of("jobs"):
        job["status"] = {"conditions": [{"type": condition, "status": "True"}]}


def test_the_anchor_comes_first_and_the_driver_last(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    kinds = [request.path.rpartition("/")[2] for request in cluster.asked if request.method == "POST"]
    assert kinds == ["configmaps", "persistentvolumeclaims", "configmaps", "configmaps", "jobs"]


def test_all_of_the_run_goes_with_its_anchor(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    kube.delete(CONFIG_MAPS, anchor_name(RUN))
    assert cluster.of("jobs") == []
    assert [item["metadata"]["name"][:5] for item in cluster.of("configmaps")] == ["code-"]
    assert len(cluster.of("persistentvolumeclaims")) == 1


def test_the_order_has_the_plan_with_a_folder_of_the_volume(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    [told] = cluster.of("configmaps", **{"jupyter-mlops.io/part": "plan"})
    order = json.loads(told["data"]["order.json"])
    given = Plan.from_data(order["plan"], order["params"])
    folder = Path(given.pipeline.cwd)
    assert (str(folder.parent), folder.name[:12]) == (f"{STORE}/work", "my-pipeline-")
    assert (order["experiment"], order["parallel"]) == ("e", 3)
    place = RunPlace.from_data(order["place"])
    assert (place.run, place.image, place.service_account) == (RUN, "image", "driver")
    assert RunPlace.from_data(place.to_data()) == place


def test_the_code_and_the_volume_are_shared_by_runs(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    submit(kube, plan(), RUN[:-1] + "2", SETTINGS, experiment="", parallel=None)
    assert len(cluster.of("configmaps", **{"jupyter-mlops.io/part": "code"})) == 1
    assert len(cluster.of("persistentvolumeclaims")) == 1


def test_a_run_that_is_refused_leaves_nothing_of_it(cluster: SmallCluster, kube: Kube) -> None:
    cluster.refuse["jobs"] = (403, "jobs.batch is forbidden")
    with pytest.raises(Forbidden):
        give(kube)
    assert [item["metadata"]["name"][:5] for item in cluster.of("configmaps")] == ["code-"]


def test_a_run_is_driven_by_one_driver_at_a_time(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    with pytest.raises(Conflict, match="is driven by the Job"):
        drive_again(kube, RUN)
    ended(cluster, "Failed")
    assert drive_again(kube, RUN) == 2
    assert len(cluster.of("jobs", **{"jupyter-mlops.io/part": "driver"})) == 2


def test_a_wish_to_cancel_is_forgotten_by_the_next_driver(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    kube.patch(CONFIG_MAPS, anchor_name(RUN), {"data": {"cancel": "user"}})
    ended(cluster, "Complete")
    drive_again(kube, RUN)
    assert "cancel" not in kube.get(CONFIG_MAPS, anchor_name(RUN))["data"]


def test_what_is_gone_cannot_be_driven_again(kube: Kube) -> None:
    with pytest.raises(NotFound):
        drive_again(kube, RUN)
