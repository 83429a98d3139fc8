"""What pods of a Workflow are told: parameters as Argo has them, and which run it is."""

from __future__ import annotations

import json

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.targets.argo.order import Order, shown
from tests.unit.engine.play import plan, step

PARAMS = {"n": 4, "name": "a", "rate": 0.5, "on": True}
ENV = {"ARGO_RUN_BEGAN": "1700000000", "ARGO_RUN_UID": "b15265aa-257c-41cc-b112-6d0e045c77c1"}


def order(**values: object) -> Order:
    drawn = plan(step("a"), params=PARAMS)
    return Order(drawn, shown=shown(drawn), **values)


def said(**changed: str) -> dict[str, str]:
    texts = {**order().shown, **changed}
    return {"ARGO_RUN_PARAMETERS": json.dumps([{"name": name, "value": text} for name, text in texts.items()])}


def test_an_order_reads_back_as_it_was_written() -> None:
    made = order(run="r", experiment="e", began=2.0, tells={"a": {"b": "b"}}, names={"a": "a"})
    assert Order.from_json(made.to_json()) == made


def test_parameters_are_shown_as_text_that_reads_back() -> None:
    assert order().shown == {"n": "4", "name": "a", "rate": "0.5", "on": "true"}
    assert order().in_workflow({**ENV, **said()}).plan.params == PARAMS


def test_a_parameter_that_was_changed_in_the_workflow_is_read_by_its_type() -> None:
    found = order().in_workflow({**ENV, **said(n="7", name="7", on="false")}).plan.params
    assert found == {"n": 7, "name": "7", "rate": 0.5, "on": False}


def test_a_wrong_value_is_refused() -> None:
    with pytest.raises(Usage, match="'n'"):
        order().in_workflow({**ENV, **said(n="many")})


def test_text_that_argo_would_replace_is_not_shown() -> None:
    assert shown(plan(step("a"), params={"text": "{{item}}"})) == {}


def test_every_pod_of_a_workflow_finds_the_same_run_and_another_workflow_is_another_run() -> None:
    first, again = (order().in_workflow(ENV).run for _ in range(2))
    other = order().in_workflow({**ENV, "ARGO_RUN_UID": "b15265aa-257c-41cc-b112-6d0e045c77c2"}).run
    assert is_run_id(first)
    assert first == again != other


def test_a_run_that_has_an_id_keeps_it() -> None:
    assert order(run="mine", began=5.0).in_workflow(ENV).run == "mine"
