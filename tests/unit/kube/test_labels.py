"""Labels say whose an object is, and owners take what is theirs with them."""

from __future__ import annotations

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube import labels as of

ANCHOR = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "run-1", "uid": "u-1", "namespace": "n"}}


def test_the_labels_of_an_attempt() -> None:
    assert of.labels("step", run="iris-0001", step="fit model", task="fit model[3]", attempt=0) == {
        "app.kubernetes.io/managed-by": "jupyter-mlops",
        "jupyter-mlops.io/run": "iris-0001",
        "jupyter-mlops.io/step": "fit-model-" + of.label_value("fit model").rpartition("-")[2],
        "jupyter-mlops.io/task": of.label_value("fit model[3]"),
        "jupyter-mlops.io/attempt": "0",
        "jupyter-mlops.io/part": "step",
    }


def test_what_is_not_given_is_left_out() -> None:
    assert set(of.labels("code")) == {of.MANAGED_BY, of.PART}
    assert of.full_names(run="r") == {of.RUN: "r"}


def test_the_full_name_comes_back_from_an_object() -> None:
    step = "Schritt für Schritt"
    item = {"metadata": {"labels": of.labels("step", step=step), "annotations": of.full_names(step=step)}}
    assert of.named(item, of.STEP) == step
    assert of.named(item, of.PART) == "step"
    assert of.named(item, of.RUN) == ""
    assert of.is_ours(item)


@pytest.mark.parametrize(
    "item", [{}, {"metadata": None}, {"metadata": {"labels": None}}, {"metadata": {"labels": {of.MANAGED_BY: 1}}}]
)
def test_an_object_of_others_is_not_ours(item: dict[str, object]) -> None:
    assert not of.is_ours(item)


def test_a_selector_is_in_a_stable_order() -> None:
    assert of.selector({"b": "2", "a": "1"}) == "a=1,b=2"


def test_an_object_may_have_several_owners_each_once() -> None:
    second = {**ANCHOR, "metadata": {"name": "run-2", "uid": "u-2"}}
    item = of.owned(of.owned({"kind": "ConfigMap"}, ANCHOR), second, ANCHOR)
    assert [entry["name"] for entry in item["metadata"]["ownerReferences"]] == ["run-1", "run-2"]
    assert item["metadata"]["ownerReferences"][0] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "run-1",
        "uid": "u-1",
    }


def test_an_object_that_is_not_on_the_cluster_owns_nothing() -> None:
    with pytest.raises(Usage, match="on the cluster"):
        of.owner_reference({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
