"""The target `kubernetes` keeps the protocol, on a cluster whose pods are processes here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.places import RunPlace
from jupyter_mlops.targets.kubernetes.target import KubernetesTarget
from tests.conformance.target_suite import TargetSuite, bench
from tests.small_cluster import SmallCluster

__all__ = ["bench"]

ANCHOR = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}}
PLACE = RunPlace("run", "image", "claim", ("code",), "digest", ANCHOR)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(code_zip())
    return path


class TestKubernetesTarget(TargetSuite):
    @pytest.fixture
    def target(self, code: Path) -> Iterator[KubernetesTarget]:
        cluster = SmallCluster(code)
        target = KubernetesTarget(Kube(cluster, "here"), PLACE)
        yield target
        target.close()
        cluster.close()

    @pytest.fixture
    def refused(self) -> Options:
        return Options(memory="much")
