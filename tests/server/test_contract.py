"""The contract and the routes are the same, and answers are as it says."""

from __future__ import annotations

from typing import Any

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator
from tornado.httpclient import HTTPClientError

from jupyter_mlops_server.contract import API, Contract
from jupyter_mlops_server.routes import HANDLERS, pattern
from tests.server.conftest import Ask, notebook
from tests.server.test_runs import WORK, finished, started

DOCUMENT = Contract.load().document
VERBS = ("get", "post", "put", "patch", "delete")


def test_it_is_valid_openapi() -> None:
    openapi_spec_validator.validate(DOCUMENT)


def test_every_route_is_in_it_and_nothing_else() -> None:
    written = {(path, verb) for path, item in DOCUMENT["paths"].items() for verb in item if verb in VERBS}
    there = {(handler.route, verb) for handler in HANDLERS for verb in VERBS if verb in vars(handler)}
    assert there == written


def test_operations_have_names_of_their_own_and_a_summary() -> None:
    operations = [item[verb] for item in DOCUMENT["paths"].values() for verb in VERBS if verb in item]
    assert len({item["operationId"] for item in operations}) == len(operations)
    assert all(item["summary"].endswith(".") for item in operations)


def test_patterns_are_tight() -> None:
    assert pattern("/runs/{run}/cancel") == rf"{API}/runs/([\w-]{{1,64}})/cancel"


def as_written(path: str, verb: str, data: Any, status: str = "200") -> None:
    """Fail if an answer is not as the contract has it."""
    schema = DOCUMENT["paths"][path][verb]["responses"][status]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(data)


async def test_answers_are_as_written(ask: Ask, write) -> None:
    write("work.ipynb", *WORK)
    as_written("/health", "get", (await ask("GET", "health"))[1])
    as_written("/targets", "get", (await ask("GET", "targets"))[1])
    asked = {"path": "work.ipynb", "content": notebook(*WORK)}
    as_written("/analysis", "post", (await ask("POST", "analysis", body=asked))[1])
    wrong = {
        "path": "work.ipynb",
        "content": notebook(("a", "print(prnt)", {"cpu": "x"}), ("b", "x = (")),
        "by": "auto",
    }
    as_written("/analysis", "post", (await ask("POST", "analysis", body=wrong))[1])
    as_written("/conversion", "post", (await ask("POST", "conversion", body={**asked, "by": "cells"}))[1])
    run = await started(ask, "work.ipynb")
    await finished(ask, run)
    as_written("/runs", "get", (await ask("GET", "runs"))[1])
    for path, parts in {
        "/runs/{run}": (),
        "/runs/{run}/graph": ("graph",),
        "/runs/{run}/diff/{other}": ("diff", run),
        "/runs/{run}/tasks/{task}/log": ("tasks", "one", "log"),
        "/runs/{run}/notebook": ("notebook",),
        "/runs/{run}/metrics": ("metrics",),
        "/runs/{run}/artifacts": ("artifacts",),
    }.items():
        status, told = await ask("GET", "runs", run, *parts)
        assert status == 200, (path, told)
        as_written(path, "get", told)


async def test_a_wrong_verb_is_told_which_ones_there_are(jp_fetch: Any) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("jupyter-mlops", "api", "runs", method="DELETE")
    assert caught.value.code == 405
    assert caught.value.response.headers["Allow"] == "GET, POST"


async def test_errors_are_as_written(ask: Ask) -> None:
    validator = Draft202012Validator(DOCUMENT["components"]["schemas"]["Error"])
    for told in (
        (await ask("GET", "runs", "nothing"))[1],
        (await ask("POST", "runs", body={}))[1],
        (await ask("GET", "nowhere"))[1],
        (await ask("PUT", "runs", raw=b"{}"))[1],
    ):
        validator.validate(told)
