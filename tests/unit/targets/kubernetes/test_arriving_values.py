"""Which values go with the frames of a run."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlops.store.events import TaskFinished
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.kubernetes import arriving_values
from jupyter_mlops.targets.kubernetes.arriving_values import SmallValues

DIGEST = "ab" * 32


def test_what_is_not_in_the_store_is_not_looked_for_as_long_as_the_run_lasts(tmp_path: Path, monkeypatch) -> None:
    project, run, asked = Project(tmp_path).ensure(), new_run_id(), []
    monkeypatch.setattr(project.artifacts, "size", lambda digest: asked.append(digest))
    project.run_directory(run).mkdir()
    with EventWriter(project.run_directory(run)) as file:
        file.append(TaskFinished(1.0, "a", "a", 1, "succeeded", result={"bundle": {"path": DIGEST, "seal": "s"}}))
    values = SmallValues(project, run)
    for _ in range(20):
        assert list(values.look()) == []
    assert asked == [DIGEST] * arriving_values._LOOKS
