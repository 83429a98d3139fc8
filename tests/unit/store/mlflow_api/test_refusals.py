from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlops.store.mlflow_api import Tracker
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from tests.unit.store.conftest import Written
from tests.unit.store.mlflow_api.calls import Calls

Make = Callable[..., Written]


# What is wrong.

MISSING = new_run_id()
WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("runs/log-metric", {"run_id": MISSING, "key": "a", "value": 1}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ("runs/log-metric", {"key": "a", "value": 1}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ("runs/log-metric", {"run_id": "../../etc", "key": "a", "value": 1}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ("runs/log-metric", {"run_id": "last", "key": "a", "value": 1}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ("runs/log-metric", {"run_id": ["x"], "key": "a", "value": 1}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ("runs/log-metric", {"run_id": "RUN", "key": "", "value": 1}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": " ", "value": 1}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "\x1b[2J", "value": 1}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a" * 251, "value": 1}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": 5, "value": 1}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a", "value": True}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a", "value": 10**400}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a", "value": 1, "step": 1.5}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a", "value": 1, "step": 1 << 63}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-metric", {"run_id": "RUN", "key": "a", "value": 1, "step": "NaN"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-parameter", {"run_id": "RUN", "key": "a", "value": "x" * 6001}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-parameter", {"run_id": "RUN", "key": "a", "value": {"b": 1}}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/set-tag", {"run_id": "RUN", "key": "a", "value": "x" * 8001}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-batch", {"run_id": "RUN", "metrics": {"a": 1}}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-batch", {"run_id": "RUN", "tags": ["a"]}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/log-inputs", {"run_id": "RUN", "datasets": [{"dataset": 1}]}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/update", {"run_id": "RUN", "status": "DONE"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/create", {"experiment_id": "77"}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ("runs/create", {"experiment_id": 0}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/create", {"tags": [{"key": "a", "value": 1}]}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/create", {"run_name": "a\nb"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": ["0"], "filter": "metrics.acc >"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": ["0"], "filter": "size > 1"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": ["0"], "filter": "((((" * 20}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": ["0"], "order_by": ["metrics.a; DROP"]}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": ["0"], "max_results": 0}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": ["0"], "page_token": "-5"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/search", {"experiment_ids": "0"}, 400, "INVALID_PARAMETER_VALUE"),
    ("experiments/create", {"name": ""}, 400, "INVALID_PARAMETER_VALUE"),
    ("experiments/search", {"filter": "name = 'a'"}, 400, "INVALID_PARAMETER_VALUE"),
    ("runs/delete", {"run_id": "RUN"}, 404, "ENDPOINT_NOT_FOUND"),
    ("traces", {}, 404, "ENDPOINT_NOT_FOUND"),
    ("logged-models/m-1/params/x", {}, 404, "ENDPOINT_NOT_FOUND"),
]


@pytest.mark.parametrize(("endpoint", "fields", "status", "word"), WRONG)
def test_a_wrong_request_is_refused_in_mlflows_words(
    script: Calls, make_run: Make, endpoint: str, fields: dict[str, Any], status: int, word: str
) -> None:
    run = make_run().created().started().finished()
    asked = {name: run.run if value == "RUN" else value for name, value in fields.items()}

    assert script.refused(endpoint, **asked) == (status, word)
    record = load_run(run.directory)
    assert (record.metrics, record.params, record.tags, record.unknown) == ({}, {}, {}, 0)


BODIES = [b"[]", b"null", b"{", b"\xff", b'"a"', b"1", b"[" * 100_000, b'{"run_id": ' + b"[" * 100_000]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_a_body_that_is_no_object_is_refused(script: Calls, body: bytes) -> None:
    found = script.ask("POST", "/api/2.0/mlflow/runs/log-batch", body)

    assert found.data["error_code"] in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")
    assert found.status in (400, 404)


def test_a_body_that_is_too_long_is_refused(script: Calls) -> None:
    found = script.ask("POST", "/api/2.0/mlflow/runs/log-batch", b" " * ((16 << 20) + 1))

    assert (found.status, found.data["error_code"]) == (413, "INVALID_PARAMETER_VALUE")


def test_a_mistake_of_ours_is_an_answer_too(project: Project, make_run: Make, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> float:
        raise RuntimeError("secret detail")

    run = make_run().created().started().finished().run
    tracker = Tracker(project, clock=broken)
    caplog.set_level("DEBUG", "jupyter_mlops")

    found = Calls(tracker).ask(
        "POST", "/api/2.0/mlflow/runs/set-tag", json.dumps({"run_id": run, "key": "a", "value": "b"}).encode()
    )

    assert (found.status, found.data["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret detail" not in found.data["message"]
    assert "could not be answered" in caplog.text
