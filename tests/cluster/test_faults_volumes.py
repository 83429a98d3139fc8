"""A volume that is full, and has room again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Conflict, MlopsError
from jupyter_mlops.kube.resource import NODES, PVCS
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import retry
from tests.cluster.person import VOLUMES
from tests.cluster.test_runs import notebook, states, store
from tests.cluster.watched import (
    folder,
    is_here,
    project,
    until,
)

__all__ = ["folder", "store"]


@pytest.fixture
def small(cluster, folder: Path) -> Iterator[Path]:
    """A claim of a few megabytes, that are memory of this machine."""
    nodes = cluster.kube.list(NODES).items
    if os.geteuid() or len(nodes) > 1 or not is_here(nodes[0]["status"]["addresses"][0]["address"]):
        pytest.skip("needs a cluster whose one node is this machine, and root")
    name = f"small-{uuid.uuid4().hex[:8]}"
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}
    # Not below pytest's folder, which later sessions clear: a mount that is left would be in their way.
    place = Path(tempfile.mkdtemp(prefix="mlops-small-"))
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", str(place)])
    try:
        kept = {"hostPath": {"path": str(place)}, "persistentVolumeReclaimPolicy": "Retain"}
        size = {"storage": "8Mi"}
        cluster.kube.create(VOLUMES, {"metadata": {"name": name}, "spec": {**spec, **kept, "capacity": size}})
        claim = {**spec, "resources": {"requests": size}}
        cluster.kube.create(PVCS, {"metadata": {"name": name}, "spec": claim})
        project(cluster, folder, claim=name)
        yield place
    finally:
        with contextlib.suppress(MlopsError):
            cluster.kube.delete(PVCS, name)
            cluster.kube.delete(VOLUMES, name)
        subprocess.check_call(["umount", "-l", str(place)])
        place.rmdir()


@pytest.mark.parametrize("what", ["values", "a file"])
def test_a_full_volume_fails_the_step_by_that_name_and_with_room_the_run_goes_on(
    folder: Path, small: Path, what: str
) -> None:
    size = "size = (16 << 20) if os.path.exists('/mlops/store/fill') else 10"
    use = {"values": "x = os.urandom(size)", "a file": "x = open('/mlops/store/big', 'wb').write(bytes(size))"}[what]
    path = notebook(folder, f"%%step fills --no-cache\nimport os\n{size}\n{use}", "%%step uses\nprint(x)")
    (small / "fill").touch()
    answer = run(path, target="kubernetes")
    assert (answer["state"], states(answer)["fills"]) == ("failed", "failed")
    assert "the disk is full" in answer["tasks"][0]["reason"]
    (small / "fill").unlink()
    (small / "big").unlink(missing_ok=True)

    def again() -> Any:
        with contextlib.suppress(Conflict):  # its pod may be said to run for a moment after it has ended
            return retry(answer["run"], folder=folder)

    assert until(again, "the end of the driver")["state"] == "succeeded"
