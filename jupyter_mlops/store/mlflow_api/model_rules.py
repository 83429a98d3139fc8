"""Models that code logs: files below `models/` of their run, and what MLflow knows of them in a tag of it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.store.events import TagsLogged
from jupyter_mlops.store.mlflow_api.forms import MODEL_TAG, experiment_of
from jupyter_mlops.store.mlflow_api.request import MAX_PARAM, Caller, Fields, Problem
from jupyter_mlops.store.mlflow_api.tracker import Tracker
from jupyter_mlops.store.run_record import RunRecord

STATES = ("LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED")
# The number of a model has that of its run in it: nothing else needs to be looked up.
_ID = re.compile(r"m-([0-9a-f-]{36})-[0-9a-f]{8}")
_FILTER = re.compile(r"\s*(name|source_run_id)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")\s*(?:and\b|$)", re.IGNORECASE)


def create(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """A model of a run, before its files come."""
    run = Fields({"run_id": asked.text("source_run_id", "")}).run()
    now = _milliseconds(tracker)
    facts = {
        "model_id": f"m-{run}-{secrets.token_hex(4)}",
        "name": asked.name("name", "model"),
        "model_type": asked.text("model_type", ""),
        "creation_timestamp_ms": now,
        "last_updated_timestamp_ms": now,
        "status": STATES[0],
        "tags": _pairs(asked.items("tags")),
        "params": _pairs(asked.items("params")),
    }
    _write(tracker, caller, facts)
    return {"model": _form(tracker, tracker.record(caller, run), facts)}


def get(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """By its number."""
    record, facts = _read(tracker, caller, asked)
    return {"model": _form(tracker, record, facts)}


def finish(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """All its files are there, or will not come."""
    status = asked.text("status")
    if status not in STATES:
        raise Problem("INVALID_PARAMETER_VALUE", f"{status[:40]!r} is not the status of a model.")
    return _change(tracker, caller, asked, {"status": status})


def set_tags(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Tags of the model; a later value replaces an earlier one."""
    _, facts = _read(tracker, caller, asked)
    return _change(tracker, caller, asked, {"tags": {**facts["tags"], **_pairs(asked.items("tags"))}})


def log_params(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Parameters of the model."""
    _, facts = _read(tracker, caller, asked)
    return _change(tracker, caller, asked, {"params": {**facts["params"], **_pairs(asked.items("params"))}})


def log_outputs(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Which models a run made: the run knows that already."""
    tracker.record(caller, asked.run())
    return {}


def search(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Models of some experiments by name, by run, or all; the newest first."""
    wanted = _wanted(asked.text("filter", ""))
    experiments = asked.texts("experiment_ids")
    if "source_run_id" in wanted:
        runs = [Fields({"run_id": wanted["source_run_id"]}).run()]
    else:
        rows = tracker.index().query(
            "SELECT DISTINCT run FROM runs JOIN tags USING (id) WHERE name >= ? AND name < ? ORDER BY created DESC",
            (MODEL_TAG, f"{MODEL_TAG}~"),
        )
        runs = list(dict.fromkeys([*filter(None, [caller.run]), *(row["run"] for row in rows)]))
    found = (form for run in runs for form in _models_of(tracker, tracker.record(caller, run)))
    return {
        "models": [
            form
            for form in found
            if form["info"]["experiment_id"] in experiments and wanted.get("name") in (None, form["info"]["name"])
        ]
    }


def _wanted(filter: str) -> dict[str, str]:
    """`name = 'a' and source_run_id = 'b'`."""
    found, position = {}, 0
    while position < len(filter.rstrip()):
        match = _FILTER.match(filter, position)
        if match is None:
            raise Problem("INVALID_PARAMETER_VALUE", "Models are found by `name = '...'` and `source_run_id = '...'`.")
        found[match[1].lower()] = match[2] if match[2] is not None else match[3]
        position = match.end()
    return found


def _models_of(tracker: Tracker, record: RunRecord) -> Iterator[dict[str, Any]]:
    for name, text in reversed([*record.tags.items()]):
        facts = _facts(text) if name.startswith(MODEL_TAG) else {}
        if facts:
            yield _form(tracker, record, facts)


def _change(tracker: Tracker, caller: Caller, asked: Fields, new: Mapping[str, Any]) -> dict[str, Any]:
    record, facts = _read(tracker, caller, asked)
    facts = {**facts, **new, "last_updated_timestamp_ms": _milliseconds(tracker)}
    _write(tracker, caller, facts)
    return {"model": _form(tracker, record, facts)}


def _read(tracker: Tracker, caller: Caller, asked: Fields) -> tuple[RunRecord, dict[str, Any]]:
    model = asked.text("model_id")
    match = _ID.fullmatch(model)
    record = tracker.record(caller, match[1]) if match else None
    facts = _facts(record.tags.get(f"{MODEL_TAG}{model}", "")) if record else None
    if record is None or not facts:
        raise Problem("RESOURCE_DOES_NOT_EXIST", f"There is no model {model[:80]!r} in this project.")
    return record, facts


def _facts(text: str) -> dict[str, Any]:
    """From the tag, which any code may have written; empty if it is not ours."""
    try:
        found = json.loads(text)
        kinds = {"model_id": str, "name": str, "status": str, "tags": dict, "params": dict}
        right = all(isinstance(found[name], kind) for name, kind in kinds.items())
        return found if right and _ID.fullmatch(found["model_id"]) else {}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _write(tracker: Tracker, caller: Caller, facts: Mapping[str, Any]) -> None:
    match = _ID.fullmatch(facts["model_id"])
    assert match is not None
    tracker.log(caller, match[1], TagsLogged(tracker.now(), {f"{MODEL_TAG}{facts['model_id']}": json.dumps(facts)}))


def _form(tracker: Tracker, record: RunRecord, facts: Mapping[str, Any]) -> dict[str, Any]:
    info = {name: value for name, value in facts.items() if name not in ("tags", "params")}
    place = {
        "experiment_id": tracker.experiments.id_of(experiment_of(record)),
        "source_run_id": record.run,
        "artifact_uri": f"mlflow-artifacts:/{record.run}/artifacts/models/{facts['model_id']}",
        "tags": _listed(facts["tags"]),
    }
    return {"info": {**info, **place}, "data": {"params": _listed(facts["params"]), "metrics": []}}


def _pairs(items: list[Fields]) -> dict[str, str]:
    return {item.name("key"): item.text("value", "", limit=MAX_PARAM) for item in items}


def _listed(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]


def _milliseconds(tracker: Tracker) -> int:
    return int(tracker.now() * 1000)
