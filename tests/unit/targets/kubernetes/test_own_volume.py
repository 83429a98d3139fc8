"""A run whose claim was deleted, and maybe made anew: everyone who asks for what was there is told so, at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PVCS
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.kubernetes import compiled
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.targets.kubernetes.own_volume import VolumeGone, refuse_other_volume
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
from jupyter_mlops.targets.kubernetes.submit import Asked, anchor_name, submit
from jupyter_mlops.verbs import remote as verbs
from jupyter_mlops.verbs.runs import delete
from tests.small_cluster import SmallCluster
from tests.unit.kube.fake import FakeTransport
from tests.unit.targets.kubernetes.test_home import code, plan, project, target, there
from tests.unit.targets.remote_home import abandoned, wait_until
from tests.volume_cluster import VolumeCluster

__all__ = ["code", "project", "target", "there"]

LARGE = "import os\ntable = os.urandom(1_500_000)"


def lose_volume(there: VolumeCluster, *, again: bool) -> None:
    """As whoever deletes the claim does it, and makes it `again`."""
    kube = Kube(there, "here")
    [claim] = there.of("persistentvolumeclaims")
    name = claim["metadata"]["name"]
    kube.delete(PVCS, name)
    shutil.rmtree(there.project.root)
    there.project.ensure()
    if again:
        kube.create(PVCS, {"metadata": {"name": name, "labels": {}}, "spec": claim["spec"]})


def couriers(there: VolumeCluster) -> list[str]:
    return [name for name in there.logs if "courier" in name]


@pytest.mark.parametrize(
    ("again", "said"), [(True, "another one was made with its name"), (False, "has left its values and files, was")]
)
def test_it_is_said_of_values_and_retries_and_the_run_can_be_deleted(
    there: VolumeCluster, target: KubernetesCluster, project: Project, again: bool, said: str
) -> None:
    folder = target.drive(plan(LARGE, outputs=("table",)), project, RunOptions())
    lose_volume(there, again=again)
    with pytest.raises(VolumeGone, match=said) as caught:
        verbs.fetch(folder.name, "table", folder=project.root)
    assert "Run the notebook again" in caught.value.hint
    with pytest.raises(VolumeGone, match=said):
        target.resume(folder.name, project, RunOptions())
    assert len(there.of("jobs", **{"jupyter-mlops.io/part": "driver"})) == 1
    delete(folder.name, folder=project.root)
    assert not folder.exists()
    mine = {"jupyter-mlops.io/run": folder.name}
    assert there.of("configmaps", **mine) == there.of("jobs", **mine) == []
    assert couriers(there) == []


def test_what_had_not_come_home_is_lost_and_the_run_is_over(
    there: VolumeCluster, target: KubernetesCluster, project: Project
) -> None:
    there.silent = True
    run = abandoned(target, project, plan("x = 1\nprint(x)"))
    there.wait()
    lose_volume(there, again=True)
    for job in there.of("jobs"):
        Kube(there, "here").delete(JOBS, job["metadata"]["name"])
    wait_until(lambda: not there.of("pods"))
    folder = target.attach(run, project, RunOptions())
    record, remote = load_run(folder), read_remote(folder)
    assert record.state == "failed"
    assert record.reason.startswith("What had not come home by now is lost. The claim")
    assert remote is not None
    assert (remote.live, remote.complete) == (False, True)
    assert couriers(there) == []


def test_of_a_run_that_says_nothing_of_its_volume_nothing_is_known(tmp_path: Path) -> None:
    kube = Kube(SmallCluster(tmp_path / "code"), "here")
    kube.create(PVCS, {"metadata": {"name": "c", "uid": "1"}})
    refuse_other_volume(kube, "r", "c", {})
    refuse_other_volume(kube, "r", "c", {"data": {"volume": "1"}})
    with pytest.raises(VolumeGone):
        refuse_other_volume(kube, "r", "c", {"data": {"volume": "2"}})


def test_who_may_not_see_claims_is_not_hindered() -> None:
    refusing = FakeTransport(lambda _: (403, {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}))
    refuse_other_volume(Kube(refusing, "here"), "r", "c", {"data": {"volume": "2"}})
    assert [request.path for request in refusing.asked] == ["/api/v1/namespaces/here/persistentvolumeclaims/c"]


def test_an_anchor_says_of_a_claim_only_what_was_seen(tmp_path: Path) -> None:
    cluster = SmallCluster(tmp_path / "code.py")
    kube, settings = Kube(cluster, "here"), ClusterSettings(image="i")
    submit(kube, plan("x = 1"), "r1", settings, Asked())
    [claim] = cluster.of("persistentvolumeclaims")
    assert kube.get(CONFIG_MAPS, anchor_name("r1"))["data"]["volume"] == claim["metadata"]["uid"]
    run, manifests = compiled.run_manifests(plan("x = 1"), settings, "here", tmp_path)
    [anchor] = [item for item in manifests if item["metadata"]["name"] == anchor_name(run)]
    assert "volume" not in anchor["data"]
