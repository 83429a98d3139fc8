"""What a run makes in a cluster, in which order, and what is left when something is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.errors import Conflict, NotFound, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Forbidden
from jupyter_mlops.kube.resource import CONFIG_MAPS, PVCS
from jupyter_mlops.pipeline.model import Component, Options, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.targets.kubernetes import submit as submit_module
from jupyter_mlops.targets.kubernetes import unpacking
from jupyter_mlops.targets.kubernetes.courier import Couriers
from jupyter_mlops.targets.kubernetes.kept import kept_name
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace
from jupyter_mlops.targets.kubernetes.submit import (
    Asked,
    ClusterSettings,
    anchor_name,
    courier_place,
    drive_again,
    submit,
)
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


def give(kube: Kube, **settings: Any) -> None:
    submit(kube, plan(), RUN, ClusterSettings("image", service_account="driver", **settings), Asked("e", 3))


def ended(cluster: SmallCluster, condition: str) -> None:
    for job in cluster.of("jobs"):
        job["status"] = {"conditions": [{"type": condition, "status": "True"}]}


def test_the_anchor_comes_first_and_the_driver_last(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    kinds = [request.path.rpartition("/")[2] for request in cluster.asked if request.method == "POST"]
    assert kinds == ["persistentvolumeclaims", *["configmaps"] * 4, "jobs"]
    [first] = [request.body["metadata"]["name"] for request in cluster.asked if request.method == "POST"][1:2]
    assert first == anchor_name(RUN)


def test_all_of_the_run_goes_with_its_anchor(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    kube.delete(CONFIG_MAPS, anchor_name(RUN))
    assert cluster.of("jobs") == []
    assert [item["metadata"]["name"][:5] for item in cluster.of("configmaps")] == ["code-"]
    assert len(cluster.of("persistentvolumeclaims")) == 1


def order_of(cluster: SmallCluster) -> Any:
    [told] = [item for item in cluster.of("configmaps") if "order.json" in item.get("data", {})]
    return json.loads(told["data"]["order.json"])


def parcel_at(cluster: SmallCluster, place: RunPlace, folder: Path) -> None:
    """The pieces as the kubelet mounts them."""
    folder.mkdir()
    for name in place.pieces:
        for key, text in cluster.objects[("configmaps", name)]["binaryData"].items():
            (folder / key).write_bytes(base64.b64decode(text))


def test_the_order_says_where_the_run_is(cluster: SmallCluster, kube: Kube) -> None:
    give(kube, driver_queue="q")
    order = order_of(cluster)
    assert (order["experiment"], order["parallel"], order["final"]) == ("e", 3, False)
    place = RunPlace.from_data(order["place"])
    assert (place.run, place.image, place.service_account, place.driver_queue) == (RUN, "image", "driver", "q")
    assert RunPlace.from_data(place.to_data()) == place
    [driver] = cluster.of("jobs")
    assert driver["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "q"


def unpacked(cluster: SmallCluster, kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(unpacking, "PARCEL", str(tmp_path / "parcel"))
    monkeypatch.setattr(unpacking, "WORK", tmp_path / "work")
    monkeypatch.setattr(unpacking, "KEPT", tmp_path / "kept")
    order = order_of(cluster)
    place = RunPlace.from_data(order["place"])
    parcel_at(cluster, place, tmp_path / "parcel")
    return unpacking.unpack(order, place, kube)


def test_the_driver_gets_the_plan_and_the_files(
    cluster: SmallCluster, kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "large.bin").write_bytes(os.urandom(2_000_000))
    step = Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),)), options=Options(files=("large.bin",)))
    below = Step("b", Component("cells", (CellSource(1, "d", "x = 1", 1),), folder="below"))
    pipeline = Pipeline("My Pipeline", (step, below), cwd=str(home))
    submit(kube, Plan(pipeline, {}), RUN, SETTINGS, Asked(root=home))
    order = order_of(cluster)
    pieces = order["place"]["pieces"]
    assert len(pieces) == 3
    found = unpacked(cluster, kube, tmp_path, monkeypatch)
    assert found.pipeline.cwd == f"{STORE}/work/{order['folder']}/files"
    assert found.by_name["a"].options.files == ("large.bin",)
    work = tmp_path / "work" / order["folder"] / "files"
    assert (work / "below").is_dir()
    assert (work / "large.bin").read_bytes() == (home / "large.bin").read_bytes()
    assert not {("configmaps", name) for name in pieces} & set(cluster.objects)
    [kept] = cluster.of("configmaps", **{"jupyter-mlops.io/part": "store"})
    assert list(kept["data"]) == [hashlib.sha256((home / "large.bin").read_bytes()).hexdigest()]

    submit(kube, Plan(pipeline, {}), RUN[:-1] + "2", SETTINGS, Asked(root=home))
    [again] = [item for item in cluster.of("configmaps") if RUN[:-1] + "2" in str(item.get("data"))]
    assert len(json.loads(again["data"]["order.json"])["place"]["pieces"]) == 1


def test_a_list_of_kept_files_that_is_wrong_is_taken_away(
    cluster: SmallCluster, kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "large.bin").write_bytes(os.urandom(20_000))
    step = Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),)), options=Options(files=("large.bin",)))
    plan = Plan(Pipeline("p", (step,), cwd=str(home)), {})
    claim = kube.create(PVCS, {"metadata": {"name": "mlops-store"}})
    digest = hashlib.sha256((home / "large.bin").read_bytes()).hexdigest()
    kube.create(CONFIG_MAPS, {"metadata": {"name": kept_name(claim), "labels": {}}, "data": {digest: ""}})
    submit(kube, plan, RUN, SETTINGS, Asked(root=home))
    with pytest.raises(NotFound, match="was on the volume"):
        unpacked(cluster, kube, tmp_path, monkeypatch)
    assert ("configmaps", kept_name(claim)) not in cluster.objects


@pytest.mark.parametrize(
    ("modes", "together"), [(["ReadWriteOnce"], True), (["ReadWriteOnce", "ReadWriteMany"], False)]
)
def test_pods_go_to_one_node_where_the_volume_needs_it(
    modes: list[str], together: bool, cluster: SmallCluster, kube: Kube
) -> None:
    kube.create(PVCS, {"metadata": {"name": "mlops-store"}, "spec": {"accessModes": modes}})
    give(kube)
    [driver] = cluster.of("jobs")
    courier = Couriers(kube, courier_place(kube, RUN, SETTINGS))._job("courier", {"a": "b"})
    for template in (driver["spec"]["template"], courier["spec"]["template"]):
        affinity = template["spec"].get("affinity", {}).get("podAffinity", {})
        if not together:
            assert affinity == {}
            continue
        [term] = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        assert term["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()


def test_a_claim_for_one_pod_is_refused(cluster: SmallCluster, kube: Kube) -> None:
    kube.create(PVCS, {"metadata": {"name": "mlops-store"}, "spec": {"accessModes": ["ReadWriteOncePod"]}})
    with pytest.raises(Refused, match="one pod at a time"):
        give(kube)


def test_a_file_that_cannot_travel_leaves_nothing(cluster: SmallCluster, kube: Kube, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1")
    step = Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),)), files_in=(str(tmp_path / "x.csv"),))
    with pytest.raises(Refused, match="absolute path"):
        submit(kube, Plan(Pipeline("p", (step,), cwd=str(tmp_path)), {}), RUN, SETTINGS, Asked(root=tmp_path))
    assert cluster.of("configmaps") == []


def test_the_code_and_the_volume_are_shared_by_runs(cluster: SmallCluster, kube: Kube) -> None:
    give(kube)
    submit(kube, plan(), RUN[:-1] + "2", SETTINGS, Asked())
    assert len(cluster.of("configmaps", **{"jupyter-mlops.io/part": "code"})) == 1
    assert len(cluster.of("persistentvolumeclaims")) == 1


def test_a_run_that_is_refused_leaves_nothing_of_it(cluster: SmallCluster, kube: Kube) -> None:
    cluster.refuse["jobs"] = (403, "jobs.batch is forbidden")
    with pytest.raises(Forbidden):
        give(kube)
    assert [item["metadata"]["name"][:5] for item in cluster.of("configmaps")] == ["code-"]


def test_a_run_is_driven_by_one_driver_at_a_time(
    cluster: SmallCluster, kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("_ENDS_WITHIN_S", "_SETTLED_WITHIN_S"):
        monkeypatch.setattr(submit_module, patience, 0.0)
    (tmp_path / "code.py").write_text("import time\ntime.sleep(20)")  # a driver that is at work
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
