"""Pods whose only Python for us is 3.9, the oldest that is promised: drivers, steps and couriers, real ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.store.project import Project
from jupyter_mlops.verbs.remote import fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import delete, logs, retry
from tests.cluster.test_runs import notebook, states, store
from tests.cluster.watched import RIGHTS
from tests.cluster.watched import project as project_of

__all__ = ["store"]

IMAGE = os.environ.get("JUPYTER_MLOPS_TEST_OLDEST_IMAGE", "mlops/python39:1")
PYTHON = os.environ.get("JUPYTER_MLOPS_TEST_OLDEST_PYTHON", "/opt/venv/python39/bin/python3.9")


@pytest.fixture(scope="module")
def image(cluster: Any) -> str:
    """An image with it, if the nodes have one."""
    return cluster.needs(IMAGE, "Python 3.9")


@pytest.fixture
def folder(cluster: Any, image: str, store: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cluster.account("driver", RIGHTS)
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    return project_of(cluster, tmp_path, image=image, python=PYTHON)


@pytest.mark.parametrize("attached", [False, True], ids=["driver", "attached"])
def test_a_notebook_runs_and_all_of_it_comes_home(folder: Path, attached: bool) -> None:
    (folder / "data.csv").write_text("a\n1\n2\n")
    (folder / "helper.py").write_text("def twice(number): return 2 * number\n")
    path = notebook(
        folder,
        "%%step load\nimport sys\nfrom dataclasses import dataclass\nprint('python', sys.version_info[:2])\n"
        "rows = [int(row) for row in open('data.csv').read().split()[1:]]\n"
        "@dataclass\nclass Row:\n    value: int\n    def more(self): return Row(self.value + 1)\n"
        "made = [Row(row) for row in rows]",
        "%%step square --for-each 'n in [1, 2, 3]'\ny = n * n",
        "%%step total\nimport helper\nimport jupyter_mlops as mlops\n"
        "total = helper.twice(sum(row.more().value for row in made)) + sum(y)\n"
        "print('total', total)\nmlops.log_metric('t', total)\nblob = bytes(range(256)) * 4096\n"
        "open('left.txt', 'w').write('left'); mlops.log_artifact('left.txt')",
        "%%step fails\nimport os\nassert os.path.exists('/mlops/store/mended-" + f"{attached}'), 'not yet'",
    )
    failed = run(path, target="kubernetes", attached=attached)
    assert states(failed) == {"load": "succeeded", "square": "succeeded", "total": "succeeded", "fails": "failed"}
    text = {part["task"]: part["text"] for part in logs(failed["run"], folder=folder)["logs"]}
    assert "python (3, 9)" in text["load"]
    assert "total 24" in text["total"]
    [fails] = [task for task in failed["tasks"] if task["step"] == "fails"]
    assert "not yet" in fails["reason"]
    executed = json.loads(Path(failed["notebook"]).read_text())
    assert any("total 24" in str(cell.get("outputs")) for cell in executed["cells"])

    mending = notebook(folder, f"%%step mend\nopen('/mlops/store/mended-{attached}', 'w').close()")
    assert run(mending, target="kubernetes", attached=attached)["state"] == "succeeded"
    assert retry(failed["run"], folder=folder)["state"] == "succeeded"
    if not attached:
        found = fetch(failed["run"], "left.txt", folder=folder)  # by a courier, if it has not come by itself
        assert Project.find(folder).artifacts.verify(found["digest"])
        delete(failed["run"], folder=folder)
        assert not Project.find(folder).run_directory(failed["run"]).exists()
