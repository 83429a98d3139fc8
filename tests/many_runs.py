"""A project with more runs than anybody makes in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlops.store import events as e
from jupyter_mlops.store.events_file import to_line
from jupyter_mlops.store.run_ids import new_run_id

if TYPE_CHECKING:
    from jupyter_mlops.store.project import Project

MODELS = ("rf", "svm", "gb")


def write_many_runs(project: Project, count: int, *, began: float = 0.0) -> None:
    """Write the events of finished runs, a second after one another, with three models, ten depths and two metrics."""
    for number in range(count):
        run, at = new_run_id(), began + number
        params = {"model": MODELS[number % 3], "depth": number % 10}
        lines = [
            e.RunCreated(at, run, "p", "x", params, "local", "", {}, {}),
            e.MetricLogged(at, "acc", (number * 7919 % 10_000) / 10_000),
            e.MetricLogged(at, "loss", (number * 104_729 % 10_000) / 10_000),
            e.RunFinished(at, "succeeded"),
        ]
        directory = project.run_directory(run)
        directory.mkdir()
        (directory / "events-a.jsonl").write_text("".join(map(to_line, lines)))
