"""A notebook as a pipeline that is driven elsewhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Unavailable, WorkFailed
from jupyter_mlops.pipeline.model import Options, Pipeline
from jupyter_mlops.store.project import Project
from jupyter_mlops.verbs.two_ways import as_pipeline


class Dies:
    """A target whose driver dies."""

    name = "elsewhere"

    def __init__(self) -> None:
        self.driven: list[str] = []
        self.forgotten: list[str] = []

    def refusal(self, options: Options) -> str:
        return ""

    def drive(self, plan: Plan, project: Project, options: RunOptions) -> Path:
        self.driven.append(options.run)
        raise WorkFailed("The driver died.")

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        raise NotImplementedError

    def forget(self, run: str) -> None:
        self.forgotten.append(run)
        raise Unavailable("Nobody answers.")

    def close(self) -> None:
        """Nothing is held."""


def test_a_run_whose_driver_died_leaves_nothing_there_and_its_end_is_said(tmp_path: Path) -> None:
    target = Dies()
    with pytest.raises(WorkFailed, match="The driver died"):
        as_pipeline(Plan(Pipeline("work", ())), Project(tmp_path), target, threading.Event())
    assert target.driven
    assert target.forgotten == target.driven
