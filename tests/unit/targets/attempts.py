"""Starting attempts on a target in tests, and waiting for what it reports."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.target import Attempt, Outcome, Report, Target
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.spec import CellSource, TaskSpec
from jupyter_mlops.targets.local.process_tree import alive

PATIENCE_S = 60.0


@dataclass
class Bench:
    """A target and the attempts started on it."""

    target: Target
    folder: Path
    reports: queue.SimpleQueue[tuple[float, Report]] = field(default_factory=queue.SimpleQueue)
    events: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def start(self, *sources: str, task: str = "t", options: Options | None = None, **spec: Any) -> str:
        directory = self.folder / task
        cells = tuple(CellSource(index, f"c{index}", source, index + 1) for index, source in enumerate(sources))
        told = TaskSpec(
            **{
                "run": "r",
                "step": task,
                "task": task,
                "attempt": 1,
                "directory": str(directory),
                "cwd": str(self.folder),
                "cells": cells,
                **spec,
            }
        )
        options = options or Options()
        attempt = Attempt(told, directory, options, options.env)
        self.target.start(attempt, self._report)
        return attempt.id

    def run(self, *sources: str, **options: Any) -> Outcome:
        return self.wait(self.start(*sources, **options))

    def wait(self, attempt: str) -> Outcome:
        while attempt not in self.outcomes:
            self._take()
        return self.outcomes[attempt]

    def wait_event(self, attempt: str, fits: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        while True:
            found = [event for event in self.events.get(attempt, ()) if fits(event)]
            if found:
                return found[0]
            assert attempt not in self.outcomes, self.outcomes[attempt]
            self._take()

    def wait_metric(self, attempt: str, name: str) -> float:
        """The value of a metric that the attempt logs: how a cell says that it has come so far."""
        return float(self.wait_event(attempt, lambda event: event.get("name") == name)["value"])

    def wait_metric_after(self, attempt: str, name: str) -> float:
        """The value of a metric that an attempt which is over has logged."""
        self.wait(attempt)
        return float(next(event["value"] for event in self.events[attempt] if event.get("name") == name))

    def log(self, task: str = "t") -> str:
        return (self.folder / task / "log").read_text()

    def _report(self, report: Report) -> None:
        self.reports.put((time.monotonic(), report))

    def _take(self) -> None:
        _, report = self.reports.get(timeout=PATIENCE_S)
        assert report.attempt not in self.outcomes, "something was reported after the outcome"
        self.events.setdefault(report.attempt, []).extend(report.events)
        if report.outcome is not None:
            self.outcomes[report.attempt] = report.outcome


@contextmanager
def bench(target: Target, folder: Path) -> Iterator[Bench]:
    try:
        yield Bench(target, folder)
    finally:
        target.close()


def gone(pid: float, seconds: float = 3.0) -> bool:
    """Whether the process ends within some seconds."""
    return eventually(lambda: not alive(int(pid)), seconds)


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether a condition of the outside world, which tells nobody when it changes, comes to hold."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


SAY_PID = "import os, jupyter_mlops as mlops\nmlops.log_metric('pid', os.getpid())\n"
WAIT = "import signal\nsignal.pause()\n"
