"""Pipelines of steps in a row, and runs of them whose target needs no processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import Finished, RunOptions, start_run
from jupyter_mlops.store.events import TaskFinished
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.project import Project
from tests.unit.engine.fake_target import Instant
from tests.unit.engine.play import plan, step


def chain(*sources: str, **options: Any) -> Plan:
    steps = [
        step(
            f"s{index}", *([f"x{index - 1}<s{index - 1}"] if index else []), gives=f"x{index}", source=source, **options
        )
        for index, source in enumerate(sources)
    ]
    return plan(*steps)


def within(drawn: Plan, folder: Path) -> Plan:
    return replace(drawn, pipeline=replace(drawn.pipeline, cwd=str(folder)))


def run(drawn: Plan, project: Project, target: Instant | None = None, **options: Any) -> Finished:
    return start_run(within(drawn, project.root), project, target or Instant(), RunOptions(**options))


def states(finished: Finished) -> dict[str, str]:
    return {name: task.state for name, task in finished.state.tasks.items()}


def events(project: Project, finished: Finished) -> tuple[Any, ...]:
    return read_run(project.run_directory(finished.run)).events


def ends(project: Project, finished: Finished) -> list[TaskFinished]:
    return [event for event in events(project, finished) if isinstance(event, TaskFinished)]
