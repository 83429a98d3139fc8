"""What components of Kubeflow Pipelines take beyond plain values: files of the store, and how earlier tasks ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.engine.run_journal import RunJournal
from jupyter_mlops.engine.state import State
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.kfp.sources import is_artifact


def in_store(value: Any, journal: RunJournal, lost: dict[str, None]) -> Any:
    """The value with the path of its file in each artifact; `lost` gets the names of those that are gone."""
    if is_artifact(value) and value.get("digest"):
        path = journal.artifact(str(value["digest"]))
        if path is None:
            lost[str(value.get("name"))] = None
        return {**value, "path": str(path or "")}
    if isinstance(value, Mapping):
        return {key: in_store(item, journal, lost) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_store(item, journal, lost) for item in value]
    return value


def final_statuses(state: State, step: Step) -> dict[str, Any]:
    """How groups of tasks ended, by the name that the step has for it: what KFP tells an exit task."""
    if not step.component.container:
        return {}
    asked = json.loads(step.component.container).get("statuses", {})
    return {name: _status(state, steps) for name, steps in asked.items()}


def _status(state: State, steps: list[str]) -> dict[str, Any]:
    tasks = [state.tasks[name] for name in steps if name in state.tasks]
    failed = next((task for task in tasks if task.state == "failed"), None)
    canceled = any(task.state == "canceled" for task in tasks)
    word = "FAILED" if failed else "CANCELLED" if canceled else "SUCCEEDED"
    error = {"code": 9, "message": failed.reason} if failed else {}
    return {"state": word, "pipelineJobResourceName": state.plan.pipeline.name, "error": error}
