"""A target whose engine cannot see the volume keeps the protocol, on a cluster whose pods are processes here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets.kubernetes.attached_target import AttachedTarget
from tests.conformance.target_suite import TargetSuite, bench
from tests.conformance.test_kubernetes_target import PLACE, code
from tests.told_cluster import ToldCluster

__all__ = ["bench", "code"]


class TestAttachedTarget(TargetSuite):
    @pytest.fixture
    def target(self, code: Path, tmp_path: Path) -> Iterator[AttachedTarget]:
        pods, volume = tmp_path / "pods", tmp_path / "volume"
        pods.mkdir()
        volume.mkdir()
        cluster = ToldCluster(code, pods)
        target = AttachedTarget(Kube(cluster, "here"), PLACE, "here/claim", store=str(volume))
        yield target
        target.close()
        cluster.close()

    @pytest.fixture
    def refused(self) -> Options:
        return Options(memory="much")
