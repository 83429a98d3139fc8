"""A target whose engine cannot see the volume keeps the protocol, on a cluster whose pods are processes here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets.kubernetes.attached_target import ENDS, AttachedTarget
from tests.conformance.target_suite import Bench, TargetSuite, bench
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

    def test_last_values_come_here_and_others_stay(self, bench: Bench) -> None:
        attempt, outcome = bench.run("x = [1]", outputs=("x",), final=True)
        assert outcome.result is not None, outcome.reason
        assert outcome.result.facts["final"]["path"] == str(attempt.directory / "final.bundle")
        assert [path.name for path in attempt.directory.glob("*.bundle")] == ["final.bundle"]

    def test_no_more_logs_are_followed_at_once_than_allowed_and_short_work_does_not_wait(
        self, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(AttachedTarget, "follows", 2)
        for name in ("pods", "volume", "work"):
            (tmp_path / name).mkdir()
        cluster = ToldCluster(code, tmp_path / "pods")
        target = AttachedTarget(Kube(cluster, "here"), PLACE, "v", store=str(tmp_path / "volume"))
        bench = Bench(target, tmp_path / "work")
        waits = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
        long = [bench.start(waits, task=f"long{at}") for at in range(3)]
        short = [bench.start(f"x = {at}", task=f"short{at}") for at in range(3)]
        for attempt in short:
            assert bench.reports.outcome(attempt.id).state == "succeeded"
        assert not any(bench.reports.outcomes(attempt.id) for attempt in long)
        assert cluster.most_following <= 2 + ENDS
        (bench.folder / "go").touch()
        for attempt in long:
            assert bench.reports.outcome(attempt.id).state == "succeeded"
        assert sum(request.path.endswith("/log") for request in cluster.asked) == 6, "each is read once"
        target.close()
        cluster.close()
