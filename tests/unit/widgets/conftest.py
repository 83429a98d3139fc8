"""A small graph and the events of a run of it."""

from __future__ import annotations

import pytest

from jupyter_mlops.store import events as ev


def step(name: str, cells=(1,), **more) -> dict:
    return {"name": name, "kind": "cells", "cells": list(cells), "inputs": [], "outputs": [], "group": "", **more}


@pytest.fixture
def graph() -> dict:
    """load -> train (a loop) -> report (conditional), and an exit step."""
    return {
        "name": "iris",
        "steps": [
            step("load", (1, 2), outputs=["df"]),
            step("train", (3,), for_each="depth in [2, 4]", inputs=["df"], outputs=["acc"]),
            step("report", (4,), when="acc > 0.9"),
            step("notify", (5,), exit=True),
        ],
        "edges": [
            {"from": "load", "to": "train", "names": ["df"]},
            {"from": "train", "to": "report", "names": ["acc"]},
            {"from": "report", "to": "notify", "names": []},
        ],
    }


@pytest.fixture
def run_events() -> list:
    """A run of that graph: one loop item fails, the report is skipped."""
    plan = {
        "name": "iris",
        "steps": [
            {"name": "load", "component": {"kind": "cells", "cells": [{}, {}]}},
            {"name": "train", "component": {"kind": "cells", "cells": [{}]}},
            {"name": "report", "component": {"kind": "cells", "cells": [{}]}},
            {"name": "notify", "component": {"kind": "cells", "cells": [{}]}},
        ],
    }
    return [
        ev.RunCreated(0.0, "r1", "iris", "default", {}, "local", "nb.ipynb", plan, {}),
        ev.RunStarted(0.1, {"pid": 1}),
        ev.TaskStarted(1.0, "load", "load", 1, "tasks/load/1"),
        ev.CellFinished(1.5, "load", 1, 0.5, "succeeded"),
        ev.TaskFinished(2.0, "load", "load", 1, "succeeded", seconds=1.0),
        ev.TaskExpanded(2.1, "train", (2, 4)),
        ev.TaskStarted(2.2, "train[0]", "train", 1, "tasks/train0/1"),
        ev.TaskStarted(2.2, "train[1]", "train", 1, "tasks/train1/1"),
        ev.MetricLogged(2.5, "acc", 0.875, task="train[0]"),
        ev.TaskFinished(3.0, "train[0]", "train", 1, "succeeded", seconds=0.8),
        ev.TaskFinished(3.1, "train[1]", "train", 1, "failed", seconds=0.9, reason="killed", final=False),
        ev.TaskStarted(3.2, "train[1]", "train", 2, "tasks/train1/2"),
        ev.TaskFinished(4.0, "train[1]", "train", 2, "failed", seconds=0.8, reason="ValueError: bad depth"),
        ev.TaskFinished(4.0, "report", "report", 0, "skipped", reason="needs train, which failed"),
        ev.TaskStarted(4.1, "notify", "notify", 1, "tasks/notify/1"),
        ev.TaskFinished(4.2, "notify", "notify", 1, "succeeded", seconds=0.1),
        ev.RunFinished(4.3, "failed", "train failed"),
    ]
