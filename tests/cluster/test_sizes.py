"""A volume of several nodes, and notebooks and values that are larger than what a cluster's objects or logs hold."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PVCS
from jupyter_mlops.targets.kubernetes.claims import ensure_claim
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
from jupyter_mlops.verbs.remote import fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import logs, show
from tests.cluster.person import open_volume
from tests.cluster.test_runs import notebook, states, store
from tests.cluster.watched import folder, project

__all__ = ["folder", "store"]

LARGE = 64 << 20


@pytest.mark.parametrize("attached", [False, True], ids=["driver", "attached"])
def test_a_run_on_a_volume_of_many_nodes(folder: Path, cluster: Any, attached: bool) -> None:
    claim = f"many-{attached}".lower()
    ensure_claim(cluster.kube, ClusterSettings(image=cluster.image, claim=claim, size="1Gi", access="ReadWriteMany"))
    open_volume(cluster, claim)
    project(cluster, folder, claim=claim, access="ReadWriteMany")
    path = notebook(folder, "%%step one --no-cache\nx = [1, 2, 3]", "%%step two --no-cache\nprint('sum', sum(x))")
    answer = run(path, target="kubernetes", attached=attached)
    assert states(answer) == {"one": "succeeded", "two": "succeeded"}
    assert "sum 6" in logs(answer["run"], "two", folder=folder)["logs"][0]["text"]
    made = cluster.kube.get(PVCS, claim)
    assert made["spec"]["accessModes"] == ["ReadWriteMany"]
    for job in cluster.kube.list(JOBS, labels=f"jupyter-mlops.io/run={answer['run']}").items:
        # Nothing ties pods to one node, as a volume of one node would.
        assert "podAffinity" not in job["spec"]["template"]["spec"].get("affinity", {})


def test_a_notebook_of_two_thousand_cells_and_twenty_megabytes_of_outputs(folder: Path, cluster: Any) -> None:
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "id": f"c{at}",
            "source": f"%%step s{at // 500}\nx{at} = {at}" if at % 500 == 0 else f"x{at} = x{at - 1} + 1",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "an old output" * 800}],
        }
        for at in range(2000)
    ]
    cells.append({**cells[-1], "id": "last", "source": "print('last', x1999)", "outputs": []})
    path = folder / "huge.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert path.stat().st_size > 20 << 20
    answer = run(path, target="kubernetes")
    assert states(answer) == dict.fromkeys(["s0", "s1", "s2", "s3"], "succeeded")
    assert "last 1999" in logs(answer["run"], "s3", folder=folder)["logs"][0]["text"]
    executed = json.loads(Path(answer["notebook"]).read_text())
    assert len(executed["cells"]) == 2001
    assert "an old output" not in json.dumps(executed)
    sent = cluster.kube.list(CONFIG_MAPS, labels=f"jupyter-mlops.io/run={answer['run']}").items
    assert sum(len(json.dumps(item)) for item in sent) < 1 << 20, "outputs stay here"


@pytest.mark.parametrize("attached", [False, True], ids=["driver", "attached"])
def test_a_large_value_stays_there_and_comes_home_whole_when_it_is_asked_for(
    folder: Path, cluster: Any, attached: bool
) -> None:
    path = notebook(
        folder,
        "%%step make --no-cache\nimport numpy as np\nimport hashlib\n"
        f"large = np.random.default_rng(7).integers(0, 256, {LARGE}, dtype=np.uint8)\n"
        "print('made', hashlib.sha256(large.tobytes()).hexdigest())",
        "%%step use --no-cache\nprint('used', hashlib.sha256(large.tobytes()).hexdigest())",
    )
    answer = run(path, target="kubernetes", attached=attached)
    assert states(answer) == {"make": "succeeded", "use": "succeeded"}
    words = {part["task"]: part["text"].split() for part in logs(answer["run"], folder=folder)["logs"]}
    assert words["make"][1] == words["use"][1]

    here = sum(path.stat().st_size for path in (folder / ".jupyter_mlops").rglob("*") if path.is_file())
    assert here < LARGE // 8, "it stays in the cluster"
    assert show(answer["run"], folder=folder)["state"] == "succeeded"
    found = fetch(answer["run"], "large", folder=folder)
    assert found["bytes"] >= LARGE
    content = Path(found["path"]).read_bytes()
    # The array is in the bundle as it is in memory.
    assert words["make"][1] in {
        hashlib.sha256(content[at : at + LARGE]).hexdigest() for at in range(0, len(content) - LARGE + 1, 64)
    }
