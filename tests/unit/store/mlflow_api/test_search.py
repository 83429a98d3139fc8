from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.store.conftest import Written
from tests.unit.store.mlflow_api.calls import Calls

Make = Callable[..., Written]


# Experiments.


def test_experiments_have_numbers_that_depend_on_nothing_but_their_names(script: Calls, make_run: Make) -> None:
    make_run().created(experiment="sales").started().finished()
    made = script.post("experiments/create", name="churn")["experiment_id"]

    found = {item["name"]: item["experiment_id"] for item in script.post("experiments/search")["experiments"]}

    assert set(found) == {"default", "churn", "sales"}
    assert found["default"] == "0"
    assert found["churn"] == made
    assert all(id.isdigit() for id in found.values())
    for name, id in found.items():
        assert script.get("experiments/get", experiment_id=id)["experiment"]["name"] == name
        assert script.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"] == id


def test_mlflows_default_experiment_is_ours(script: Calls) -> None:
    found = script.get("experiments/get-by-name", experiment_name="Default")["experiment"]

    assert (found["experiment_id"], found["name"]) == ("0", "default")


def test_an_experiment_that_nobody_made_is_none_for_a_script(script: Calls) -> None:
    found = script.ask("GET", "/api/2.0/mlflow/experiments/get-by-name", query={"experiment_name": "churn"})

    assert (found.status, found.data["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_an_experiment_is_made_once(script: Calls) -> None:
    script.post("experiments/create", name="churn")

    assert script.refused("experiments/create", name="churn") == (400, "RESOURCE_ALREADY_EXISTS")
    assert script.refused("experiments/create", name="default") == (400, "RESOURCE_ALREADY_EXISTS")


# Search.


@pytest.fixture
def three(make_run: Make) -> dict[str, str]:
    """Runs by name, begun one after the other."""
    found = {}
    for at, (name, acc, state) in enumerate([("a", 0.5, "succeeded"), ("b", 0.9, "failed"), ("c", 0.7, "succeeded")]):
        run = make_run(at=1_700_000_000.0 + 1000 * at).created(name).started()
        found[name] = run.metrics(acc=acc).params(model=f"rf{name}", depth=at).finished(state).run
    return found


SEARCHES: list[tuple[str, dict[str, Any], str]] = [
    ("nothing: the newest first", {}, "cba"),
    ("a metric", {"filter": "metrics.acc > 0.6"}, "cb"),
    ("a metric and a param", {"filter": "metrics.acc > 0.6 and params.model = 'rfb'"}, "b"),
    ("the singular and capitals", {"filter": "metric.`acc` > 0.6 AND param.model LIKE 'rf%'"}, "cb"),
    ("other names of the tables", {"filter": "parameter.depth = '1' or attr.status = 'FINISHED'"}, "cba"),
    ("a status", {"filter": "attributes.status = 'FINISHED'"}, "ca"),
    ("a status without a prefix", {"filter": "status != 'FINISHED'"}, "b"),
    ("some statuses", {"filter": "status IN ('FAILED', 'KILLED')"}, "b"),
    ("a time in milliseconds", {"filter": "attributes.start_time > 1700000500000"}, "cb"),
    ("the end", {"filter": "end_time < 1700000500000"}, "a"),
    ("a pattern in any case", {"filter": "params.model ILIKE 'RF%'"}, "cba"),
    ("an order", {"order_by": ["metrics.acc DESC"]}, "bca"),
    ("an order by time", {"order_by": ["attributes.start_time ASC"]}, "abc"),
    ("two orders", {"order_by": ["attributes.status DESC", "metrics.acc DESC"]}, "cab"),
    ("a page", {"max_results": 2}, "cb"),
    ("the next page", {"max_results": 2, "page_token": "2"}, "a"),
    ("only what was deleted", {"run_view_type": "DELETED_ONLY"}, ""),
]


@pytest.mark.parametrize(("asked", "expected"), [case[1:] for case in SEARCHES], ids=[case[0] for case in SEARCHES])
def test_searching_in_mlflows_words(script: Calls, three: dict[str, str], asked: dict[str, Any], expected: str) -> None:
    found = script.post("runs/search", experiment_ids=["0"], **asked)["runs"]

    assert "".join(run["info"]["run_name"] for run in found) == expected


def test_a_page_says_whether_there_is_another(script: Calls, three: dict[str, str]) -> None:
    first = script.post("runs/search", experiment_ids=["0"], max_results=2)
    second = script.post("runs/search", experiment_ids=["0"], max_results=2, page_token=first["next_page_token"])

    assert len(second["runs"]) == 1
    assert "next_page_token" not in second


def test_a_run_is_found_by_its_number_its_name_and_its_parent(task: Calls, pipeline: Written) -> None:
    child = task.post("runs/create", run_name="trial 1")["run"]["info"]["run_id"]

    for filter in (
        f"attributes.run_id = '{child}'",
        "run_name = 'trial 1'",
        f"tags.mlflow.parentRunId = '{pipeline.run}'",
        f"tags.`mlflow.parentRunId` = '{pipeline.run}'",
        "tags.\"mlflow.runName\" = 'trial 1'",
    ):
        found = task.post("runs/search", experiment_ids=["0"], filter=filter)["runs"]
        assert [run["info"]["run_id"] for run in found] == [child], filter


def test_a_filter_cannot_leave_its_experiments(script: Calls, make_run: Make, three: dict[str, str]) -> None:
    make_run().created("secret", experiment="o'hara").started().metrics(acc=1).finished()

    assert script.refused("runs/search", experiment_ids=["0"], filter="metrics.acc = 0) or (metrics.acc > 0")[0] == 400
    found = script.post("runs/search", experiment_ids=["0"], filter="metrics.acc = 0 or metrics.acc > 0")["runs"]
    assert "secret" not in {run["info"]["run_name"] for run in found}
    (quoted,) = [e for e in script.post("experiments/search")["experiments"] if e["name"] == "o'hara"]
    assert len(script.post("runs/search", experiment_ids=[quoted["experiment_id"]])["runs"]) == 1
