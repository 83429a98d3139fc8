"""What is seen of the pod that puts a run's files on the volume."""

from __future__ import annotations

import pytest

from jupyter_mlops.kube.watch import Change
from jupyter_mlops.targets.kubernetes.arrival import _last_seen


@pytest.mark.parametrize(
    ("kind", "phase", "seen"),
    [
        ("modified", "Running", "Running"),
        ("deleted", "Running", "Failed"),
        ("deleted", "Pending", "Failed"),
        ("deleted", "Succeeded", "Succeeded"),
    ],
)
def test_a_pod_that_is_deleted_before_its_end_is_not_waited_for(kind, phase: str, seen: str) -> None:
    pod = {"metadata": {"name": "p"}, "status": {"phase": phase}}
    assert _last_seen(Change(kind, pod)) == {**pod, "status": {"phase": seen}}
