"""What pods of a Workflow are told: parameters as Argo has them, and which run it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.targets.argo.order import PIECE, Order, read_order, shown
from jupyter_mlops.targets.kubernetes.workplace import place_of
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


def test_an_order_that_one_config_map_cannot_hold_is_split_and_read_as_one(tmp_path: Path) -> None:
    large = replace(order(run="r", code=("code-1",)), experiment="ü" * PIECE)
    files = large.to_files()
    assert len(files) > 1
    assert all(len(text.encode()) <= PIECE for text in files.values())
    assert "code-1" in min(files.items())[1]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert read_order(str(tmp_path / "order.json")) == large


def test_an_order_of_an_earlier_version_is_read() -> None:
    data = json.loads(order(run="r").to_json())
    for name in ("code", "pieces", "parcel", "inside", "final"):
        del data[name]
    assert Order.from_json(json.dumps(data)) == order(run="r")


def test_what_pods_should_not_have_to_read_is_refused() -> None:
    with pytest.raises(Refused, match="MB"):
        replace(order(), experiment="x" * (17 * PIECE)).to_files()


def test_each_run_of_what_was_compiled_has_a_folder_of_its_own() -> None:
    found = order(inside="notebooks").in_workflow(ENV)
    assert found.compiled
    assert found.plan.pipeline.cwd == f"/mlops/store/work/{place_of('p', found.run)}/files/notebooks"
    assert not order(run="mine").in_workflow(ENV).compiled
