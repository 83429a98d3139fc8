"""A tracker over a project, and who asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from jupyter_mlops.store.mlflow_api import Tracker
from jupyter_mlops.store.project import Project
from tests.unit.store.conftest import Written
from tests.unit.store.mlflow_api.calls import Calls, task_in

PLAN = {"steps": [{"name": "train"}, {"name": "test"}]}


@pytest.fixture
def tracker(project: Project) -> Iterator[Tracker]:
    made = Tracker(project)
    yield made
    made.close()


@pytest.fixture
def script(tracker: Tracker) -> Calls:
    """A person's own script, outside of any run."""
    return Calls(tracker)


@pytest.fixture
def pipeline(make_run: Callable[..., Written]) -> Written:
    return make_run().created("iris", plan=PLAN, params={"depth": 3}).started()


@pytest.fixture
def task(tracker: Tracker, pipeline: Written) -> Calls:
    return task_in(tracker, pipeline)
