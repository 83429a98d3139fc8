"""The rights are the least, and what is missing of them is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.rbac import PURPOSES, Rule, Subject, as_yaml, driver_rules, manifests, missing, rules

GOLDEN = Path(__file__).parent / "golden"
ME = Subject("User", "ada@example.org")


def _review(given: tuple[Rule, ...]) -> list[dict[str, Any]]:
    return [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in given]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_right_is_wider_than_needed(purpose: str) -> None:
    for rule in (*rules(purpose), *driver_rules(optional=True)):
        assert "*" not in (rule.group, rule.resource, *rule.verbs)
        assert rule.resource not in ("secrets", "pods/exec", "pods/attach", "pods/portforward", "serviceaccounts/token")
        assert rule.resource != "pods" or set(rule.verbs) <= {"get", "list", "watch"}
        assert not {"escalate", "bind", "impersonate", "deletecollection"} & set(rule.verbs)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_text_is_as_its_golden_file(purpose: str) -> None:
    made = as_yaml([purpose], "team", ME)
    file = GOLDEN / f"rbac-{purpose}.yaml"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(made)
    assert made == file.read_text()
    assert list(yaml.safe_load_all(made)) == manifests([purpose], "team", ME)


def test_who_only_follows_changes_nothing() -> None:
    assert {verb for rule in rules("follow") for verb in rule.verbs} == {"get", "list", "watch"}


def test_a_driver_in_the_cluster_gets_an_account_of_its_own_where_one_is_needed() -> None:
    kinds = {purpose: [item["kind"] for item in manifests([purpose], "team", ME)] for purpose in PURPOSES}
    alone = ["Role", "RoleBinding"]
    assert kinds["follow"] == kinds["attached"] == kinds["check"] == alone
    assert kinds["run"] == kinds["schedules"] == [*alone, "ServiceAccount", *alone, *alone]


def test_what_the_driver_can_do_without_has_a_role_of_its_own_at_the_end() -> None:
    *others, role, binding = manifests(["run"], "team", ME)
    assert role["rules"] == [{"apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list"]}]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "jupyter-mlops-driver", "namespace": "team"}]
    assert "metrics.k8s.io" not in str(others)
    assert "optional" in as_yaml(["run"], "team", ME)


def test_purposes_add_up_in_one_role() -> None:
    role = manifests(["follow", "check", "follow"], "team", ME)[0]
    assert role["metadata"]["name"] == "jupyter-mlops-follow-check"
    assert {resource for rule in role["rules"] for resource in rule["resources"]} >= {"pods", "limitranges"}


def test_a_service_account_is_bound_in_its_own_namespace() -> None:
    here, elsewhere = (
        manifests(["follow"], "team", Subject("ServiceAccount", "notebook", place))[1]["subjects"]
        for place in ("", "hub")
    )
    assert here == [{"kind": "ServiceAccount", "name": "notebook", "namespace": "team"}]
    assert elsewhere == [{"kind": "ServiceAccount", "name": "notebook", "namespace": "hub"}]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_nothing_is_missing_of_what_was_granted(purpose: str) -> None:
    assert missing(purpose, _review(rules(purpose))) == ()
    assert missing(purpose, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]) == ()
    assert missing(purpose, []) == rules(purpose)


def test_what_is_missing_is_named() -> None:
    granted = [rule for rule in _review(rules("run")) if rule["resources"] != ["pods/log"]]
    granted = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "delete"]} for rule in granted]
    assert missing("run", granted) == (
        Rule("", "configmaps", ("delete",)),
        Rule("", "pods/log", ("get",)),
        Rule("batch", "jobs", ("delete",)),
    )


def test_a_right_to_one_object_by_name_is_not_the_right() -> None:
    granted = [{**rule, "resourceNames": ["mine"]} for rule in _review(rules("follow"))]
    assert missing("follow", granted) == rules("follow")


def test_any_sub_resource_of_that_name_is_enough() -> None:
    granted = [{"apiGroups": [""], "resources": ["*/log"], "verbs": ["get"]}]
    assert Rule("", "pods/log", ("get",)) not in missing("follow", granted)


@pytest.mark.parametrize("answer", [[None], ["x"], [{}], [{"verbs": "get", "apiGroups": 3, "resources": {"a": 1}}]])
def test_an_answer_that_makes_no_sense_grants_nothing(answer: Any) -> None:
    assert missing("follow", answer) == rules("follow")


@pytest.mark.parametrize(
    ("purposes", "namespace", "subject"),
    [
        ([], "team", ME),
        (["everything"], "team", ME),
        (["run"], "Team", ME),
        (["run"], "", ME),
        (["run"], "team", Subject("User", "")),
        (["run"], "team", Subject("ServiceAccount", "a b")),
        (["run"], "team", Subject("ServiceAccount", "a", "b/c")),
    ],
)
def test_what_makes_no_sense_is_told(purposes: list[str], namespace: str, subject: Subject) -> None:
    with pytest.raises(Usage):
        manifests(purposes, namespace, subject)


def test_no_object_that_is_printed_takes_the_place_of_another() -> None:
    made = [(item["kind"], item["metadata"]["name"]) for item in manifests(PURPOSES, "team", ME)]
    for purpose in PURPOSES:
        made += [(item["kind"], item["metadata"]["name"]) for item in manifests([purpose], "team", ME)[:2]]
    rights = [name for name in made if name[0] != "ServiceAccount"]
    assert len(rights) == len(set(rights))
