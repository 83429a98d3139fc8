"""Experiments: ours are names, MLflow's are numbers; a number is made from the name and is always the same."""

from __future__ import annotations

from typing import Any

from jupyter_mlops.store.mlflow_api.request import Caller, Fields, Problem
from jupyter_mlops.store.mlflow_api.tracker import Tracker


def create(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Take note of a name; a run will make it last."""
    name = asked.name("name")
    if tracker.experiments.known(name):
        raise Problem("RESOURCE_ALREADY_EXISTS", f"The experiment {name!r} exists.")
    tracker.experiments.add(name)
    tracker.choose_experiment(caller, name)
    return {"experiment_id": tracker.experiments.id_of(name)}


def get(tracker: Tracker, _caller: Caller, asked: Fields) -> dict[str, Any]:
    """By its number."""
    return {"experiment": _form(tracker, tracker.experiments.name_of(asked.text("experiment_id")))}


def get_by_name(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """By its name: what `mlflow.set_experiment` asks for, so that is the one that the caller is in from now on.

    For a task every name is an experiment: whether one was there before would show in what its cell prints.
    """
    name = tracker.experiments.spelled(asked.name("experiment_name"))
    if not tracker.experiments.known(name):
        if not caller.run:
            raise Problem("RESOURCE_DOES_NOT_EXIST", f"There is no experiment {name!r}.")
        tracker.experiments.add(name)
    tracker.choose_experiment(caller, name)
    return {"experiment": _form(tracker, name)}


def search(tracker: Tracker, _caller: Caller, asked: Fields) -> dict[str, Any]:
    """All of them; a filter is refused rather than ignored."""
    if asked.text("filter", ""):
        raise Problem("INVALID_PARAMETER_VALUE", "Experiments cannot be filtered here.")
    return {"experiments": [_form(tracker, name) for name in tracker.experiments.names()]}


def _form(tracker: Tracker, name: str) -> dict[str, Any]:
    return {
        "experiment_id": tracker.experiments.id_of(name),
        "name": name,
        "artifact_location": "mlflow-artifacts:/",
        "lifecycle_stage": "active",
    }
