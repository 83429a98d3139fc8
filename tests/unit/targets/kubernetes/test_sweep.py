"""What runs have left that may go."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.targets.kubernetes.sweep import Wanted, leftovers
from tests.small_cluster import SmallCluster


def test_a_run_that_argo_drives_goes_only_when_its_workflow_is_over(tmp_path: Path) -> None:
    cluster = SmallCluster(tmp_path / "code.py")
    kube, wanted = Kube(cluster, "here"), Wanted("mine", frozenset(), datetime.now(UTC), older_than=60.0, everyone=True)
    old = {"creationTimestamp": "2020-01-01T00:00:00Z"}
    anchor = {"name": "anchor", "labels": labels("anchor", run="a"), **old}
    kube.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": anchor})
    driven = {"name": "w", "labels": labels("driver", run="a"), **old}
    workflow = {"apiVersion": WORKFLOWS.api_version, "kind": "Workflow", "metadata": driven}
    kube.create(WORKFLOWS, {**workflow, "status": {"phase": "Running"}})
    assert (leftovers(kube, wanted).runs, leftovers(kube, wanted).kept) == ((), ("a",))
    [found] = cluster.of("workflows")
    found["status"] = {"phase": "Succeeded"}
    assert leftovers(kube, wanted).runs == ("a",)
