"""Events of a small run, as the engine sends them."""

from __future__ import annotations

import pytest

from jupyter_mlops.store import events as ev


@pytest.fixture
def run_events() -> list:
    """load, then a loop over train whose second item fails, then a skipped report."""
    plan = {
        "name": "iris",
        "steps": [
            {"name": name, "component": {"kind": "cells", "cells": [{}, {}]}} for name in ("load", "train", "report")
        ],
    }
    return [
        ev.RunCreated(0.0, "r1", "iris", "default", {}, "local", "nb.ipynb", plan, {}),
        ev.RunStarted(0.0, {"pid": 1}),
        ev.TaskFinished(1.0, "load", "load", 0, "cached", cached_from="r0/load"),
        ev.TaskExpanded(1.0, "train", (2, 4)),
        ev.TaskStarted(2.0, "train[0]", "train", 1, "tasks/train0/1"),
        ev.TaskStarted(2.0, "train[1]", "train", 1, "tasks/train1/1"),
        ev.CellFinished(2.4, "train[0]", 3, 0.4, "succeeded"),
        ev.MetricLogged(2.5, "acc", 0.875, task="train[0]"),
        ev.TaskFinished(3.0, "train[0]", "train", 1, "succeeded", seconds=1.0),
        ev.TaskFinished(3.0, "train[1]", "train", 1, "failed", seconds=1.0, reason="killed", final=False),
        ev.TaskStarted(3.5, "train[1]", "train", 2, "tasks/train1/2"),
        ev.TaskFinished(4.0, "train[1]", "train", 2, "failed", seconds=0.5, reason="ValueError: bad depth"),
        ev.TaskFinished(4.0, "report", "report", 0, "skipped", reason="needs train, which failed"),
        ev.RunFinished(4.3, "failed", "train[1] failed"),
    ]
