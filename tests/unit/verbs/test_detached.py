"""How long a run that is started in the background may take to begin."""

from __future__ import annotations

import io
import types
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Unavailable
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.project import Project
from jupyter_mlops.verbs import detached


@pytest.mark.parametrize(("target", "seconds"), [("local", 0), ("kubernetes", 1), ("argo", 1)])
def test_files_have_the_time_to_travel_before_a_run_elsewhere_is_given_up(
    target: str, seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detached, "BEGUN_WITHIN_S", 0.0)
    monkeypatch.setattr(detached, "SENT_WITHIN_S", 1.0)
    given_up: list[bool] = []
    engine = types.SimpleNamespace(
        stdin=io.BytesIO(), stderr=None, poll=lambda: None, terminate=lambda: given_up.append(True)
    )
    monkeypatch.setattr(detached.subprocess, "Popen", lambda *_, **__: engine)
    plan = make_plan(Pipeline("p", (Step("a", Component("cells", (CellSource(0, "c", "x = 1", 1),))),)), {})
    with pytest.raises(Unavailable, match=f"within {seconds} s"):
        detached.start_detached(plan, Project(tmp_path), target=target, given={}, options=RunOptions())
    assert given_up == [True]
