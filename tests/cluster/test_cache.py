"""The caches at home and on the volume of a real cluster use each other's results, where the keys agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlops.engine import cache_key
from jupyter_mlops.kube.resource import JOBS
from jupyter_mlops.store.events import TaskStarted
from jupyter_mlops.targets.kubernetes import shared_results
from jupyter_mlops.verbs.run import run
from tests.cluster.test_runs import folder, notebook, states, store

__all__ = ["folder", "store"]


def test_results_are_shared_both_ways(folder: Path, cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def hear(event) -> None:
        if isinstance(event, TaskStarted):
            heard.append(event.key["environment"])

    run(notebook(folder, "%%step first\nx = 1"), target="kubernetes", on_event=hear)
    # Have here the Python and the libraries of the image: all else of the keys is as it really is.
    monkeypatch.setattr(cache_key, "environment_digest", lambda: heard[0])
    monkeypatch.setattr(shared_results, "environment_digest", lambda: heard[0])

    home = notebook(folder, "%%step load\nimport os\nx = os.urandom(100)", "%%step size\ny = len(x)\nprint(y)")
    assert states(run(home)) == {"load": "succeeded", "size": "succeeded"}
    there = run(home, target="kubernetes")
    assert states(there) == {"load": "cached", "size": "cached"}
    mine = f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={there['run']}"
    assert cluster.kube.list(JOBS, labels=mine).items == ()

    made = notebook(folder, "%%step load\nimport os\nx = os.urandom(200)", "%%step size\ny = len(x)\nprint(y)")
    assert states(run(made, target="kubernetes")) == {"load": "succeeded", "size": "succeeded"}
    assert states(run(made)) == {"load": "cached", "size": "cached"}
