"""A run as MLflow's JSON has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jupyter_mlops.store.mlflow_api.experiments import TAG
from jupyter_mlops.store.mlflow_api.request import in_json
from jupyter_mlops.store.run_record import Point, RunRecord
from jupyter_mlops.store.search import RunSummary

NAME_TAG, PARENT_TAG = "mlflow.runName", "mlflow.parentRunId"
MODEL_TAG = "mlflow.model."
# Our states and MLflow's.
STATUS = {
    "pending": "SCHEDULED",
    "running": "RUNNING",
    "succeeded": "FINISHED",
    "failed": "FAILED",
    "canceled": "KILLED",
}


def run_form(run: RunRecord | RunSummary, experiment_id: str) -> dict[str, Any]:
    """`{"info", "data", "inputs"}` of a run."""
    started = run.created if run.started is None else run.started
    info = {
        "run_id": run.run,
        "run_uuid": run.run,
        "run_name": run.tags.get(NAME_TAG) or run.pipeline,
        "experiment_id": experiment_id,
        "user_id": run.user,
        "status": STATUS[run.state],
        "start_time": _milliseconds(started),
        "artifact_uri": f"mlflow-artifacts:/{run.run}/artifacts",
        "lifecycle_stage": "active",
    }
    if run.finished is not None:
        info["end_time"] = _milliseconds(run.finished)
    data = {
        "metrics": list(_last_points(run)),
        "params": [{"key": name, "value": as_text(value)} for name, value in run.params.items()],
        "tags": [{"key": name, "value": value} for name, value in run.tags.items() if not name.startswith(MODEL_TAG)],
    }
    return {"info": info, "data": data, "inputs": {"dataset_inputs": []}}


def metric_form(name: str, point: Point) -> dict[str, Any]:
    """One value of a metric."""
    return {
        "key": name,
        "value": in_json(point.value),
        "timestamp": _milliseconds(point.at),
        "step": point.step or 0,
    }


def experiment_of(run: RunRecord | RunSummary) -> str:
    """The experiment that the run's code chose, else that of its pipeline."""
    return run.tags.get(TAG) or run.experiment


def as_text(value: Any) -> str:
    """A parameter as text: MLflow has no other kind."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _last_points(run: RunRecord | RunSummary) -> Iterator[dict[str, Any]]:
    for name, value in run.metrics.items():
        if isinstance(run, RunRecord):
            yield metric_form(name, run.series[name][-1])
        else:
            yield metric_form(name, Point(run.finished or run.created, value))


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
