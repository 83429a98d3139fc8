"""The least rights for what one wants to do, as data and as YAML for who may grant them; and what is missing of them.

No rights to secrets, to start a program in a pod, or to make pods; no wildcards. Who may create Jobs can run pods as
any service account of the namespace: keep accounts with more rights in other namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.labels import MANAGED_BY, MANAGER
from jupyter_mlops.kube.names import ALLOWED, is_dns_label, is_object_name
from jupyter_mlops.kube.yaml_text import documents

Purpose = Literal["run", "attached", "follow", "schedules", "argo", "kfp", "check"]
PURPOSES: Mapping[str, str] = {
    "run": "start runs that a driver in the cluster goes on with, follow and stop them",
    "attached": "start runs that are driven from here, follow and stop them",
    "follow": "see runs and their logs",
    "schedules": "start runs at set times",
    "argo": "have Argo Workflows run pipelines, follow and stop them",
    "kfp": "give the pods of Kubeflow Pipelines their code, and read their logs",
    "check": "see quotas and limits in `doctor`",
}
DRIVER = "jupyter-mlops-driver"
"""The service account of the driver in the cluster."""
WORKFLOW_PODS = "jupyter-mlops-argo"
"""The service account of the pods of Workflows: with it Argo's own container says how a pod ended."""
_DRIVEN = {"run", "schedules"}
_OPTIONAL = """\
# The last Role and RoleBinding are optional: with a metrics server, the driver sees by them what cpu and memory
# containers use that are run as they are.
"""
_SEE = ("get", "list", "watch")
# `patch` is server-side apply. Some clusters (OpenShift) let only those name an object's owners who may delete it.
_CHANGE = ("get", "list", "watch", "create", "patch", "delete")


@dataclass(frozen=True)
class Rule:
    """What may be done with one resource."""

    group: str
    resource: str
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """Who gets the rights. `namespace` is that of a service account; "" for the one of the Role."""

    kind: Literal["User", "Group", "ServiceAccount"]
    name: str
    namespace: str = ""


_FOLLOW = (
    Rule("", "pods", _SEE),
    Rule("", "pods/log", ("get",)),
    Rule("", "events", _SEE),
    Rule("", "configmaps", _SEE),
    Rule("batch", "jobs", _SEE),
)
_RUN = (
    *_FOLLOW,
    Rule("", "configmaps", _CHANGE),
    Rule("batch", "jobs", _CHANGE),
    Rule("", "persistentvolumeclaims", ("get", "list", "create")),
)
# No driver there, so no account for it; no list of ConfigMaps, no events.
_ATTACHED = (
    Rule("", "pods", _SEE),
    Rule("", "pods/log", ("get",)),
    Rule("batch", "jobs", (*_SEE, "create", "delete")),
    Rule("", "configmaps", ("get", "create", "delete")),
    Rule("", "persistentvolumeclaims", ("get", "create")),
)
_RULES: Mapping[str, tuple[Rule, ...]] = {
    "run": _RUN,
    "attached": _ATTACHED,
    "follow": _FOLLOW,
    "schedules": (*_RUN, Rule("batch", "cronjobs", _CHANGE)),
    "argo": (
        *_FOLLOW,
        Rule("", "configmaps", _CHANGE),
        Rule("", "persistentvolumeclaims", ("get", "list", "create")),
        # Couriers: what is only on the volume comes home with them, and is removed by them.
        Rule("batch", "jobs", (*_SEE, "create", "delete")),
        Rule("argoproj.io", "workflows", _CHANGE),
    ),
    "kfp": (
        Rule("", "pods", ("get", "list")),
        Rule("", "pods/log", ("get",)),
        Rule("", "events", ("list",)),
        Rule("", "configmaps", ("create",)),
    ),
    "check": (Rule("", "resourcequotas", ("list",)), Rule("", "limitranges", ("list",))),
}
_DRIVER = (
    *_FOLLOW,
    Rule("batch", "jobs", _CHANGE),
    Rule("", "configmaps", _CHANGE),
)
# Optional, and hence a Role of its own: where there is no metrics server nobody may be able to grant it.
_FIGURES = (Rule("metrics.k8s.io", "pods", ("list",)),)
_WORKFLOW_PODS = (Rule("argoproj.io", "workflowtaskresults", ("create", "patch")),)


def rules(*purposes: str) -> tuple[Rule, ...]:
    """The rights for these purposes, each resource once.

    Raises:
        Usage: there is no such purpose.
    """
    for purpose in purposes:
        if purpose not in _RULES:
            raise Usage(f"There is no purpose {purpose!r}.", hint=f"There are: {', '.join(_RULES)}.")
    return _joined(rule for purpose in purposes for rule in _RULES[purpose])


def driver_rules(*, optional: bool = False) -> tuple[Rule, ...]:
    """The rights of the driver in the cluster; with those that it can do without."""
    return _joined((*_DRIVER, *(_FIGURES if optional else ())))


def manifests(purposes: Iterable[str], namespace: str, subject: Subject) -> list[dict[str, Any]]:
    """Role and RoleBinding for the subject; where a driver in the cluster is needed, also its account and rights.

    Raises:
        Usage: no purpose, one that does not exist, or a name that cannot be.
    """
    wanted = tuple(dict.fromkeys(purposes))
    _check(wanted, namespace, subject)
    name = f"jupyter-mlops-{'-'.join(wanted)}"
    made = _granted(name, namespace, rules(*wanted), subject)
    if _DRIVEN & set(wanted):
        made += driver_manifests(namespace) + figures_manifests(namespace)
    if "argo" in wanted:
        # Argo asks for the token by the account alone; the container of a step gets none all the same.
        made += _account(WORKFLOW_PODS, namespace, _WORKFLOW_PODS, token=True)
    return made


def driver_manifests(namespace: str) -> list[dict[str, Any]]:
    """The service account of the driver, its Role and its RoleBinding."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(DRIVER, namespace)}
    granted = _granted(DRIVER, namespace, driver_rules(), Subject("ServiceAccount", DRIVER))
    return [{**account, "automountServiceAccountToken": False}, *granted]


def figures_manifests(namespace: str) -> list[dict[str, Any]]:
    """What the driver may have besides: to see what containers use that cannot measure it themselves."""
    return _granted(f"{DRIVER}-figures", namespace, _FIGURES, Subject("ServiceAccount", DRIVER))


def as_yaml(purposes: Iterable[str], namespace: str, subject: Subject) -> str:
    """The same as text for `kubectl apply -f -`.

    Raises:
        Usage: as for `manifests`.
    """
    wanted = tuple(dict.fromkeys(purposes))
    text = documents(manifests(wanted, namespace, subject))
    head = "".join(f"# {purpose}: {PURPOSES[purpose]}\n" for purpose in wanted)
    if _DRIVEN & set(wanted):
        head += _OPTIONAL
    return f"{head}{text}"


def missing(purpose: str, allowed: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """What is needed for a purpose beyond `allowed`: the `resourceRules` of a SelfSubjectRulesReview's status."""
    known = [rule for rule in allowed if isinstance(rule, Mapping) and not rule.get("resourceNames")]
    found = []
    for rule in rules(purpose):
        verbs = tuple(verb for verb in rule.verbs if not any(_allows(item, rule, verb) for item in known))
        if verbs:
            found.append(Rule(rule.group, rule.resource, verbs))
    return tuple(found)


def _allows(item: Mapping[str, Any], rule: Rule, verb: str) -> bool:
    sub = rule.resource.partition("/")[2]
    resources = {rule.resource, "*", f"*/{sub}"} if sub else {rule.resource, "*"}
    asked = (("apiGroups", {rule.group, "*"}), ("resources", resources), ("verbs", {verb, "*"}))
    return all(_texts(item.get(key)) & wanted for key, wanted in asked)


def _texts(found: Any) -> set[str]:
    return {text for text in found if isinstance(text, str)} if isinstance(found, (list, tuple)) else set()


def _joined(given: Iterable[Rule]) -> tuple[Rule, ...]:
    verbs: dict[tuple[str, str], dict[str, None]] = {}
    for rule in given:
        verbs.setdefault((rule.group, rule.resource), {}).update(dict.fromkeys(rule.verbs))
    return tuple(Rule(group, resource, tuple(found)) for (group, resource), found in sorted(verbs.items()))


def _account(name: str, namespace: str, given: Iterable[Rule], *, token: bool = False) -> list[dict[str, Any]]:
    """A service account with these rights. Their Role has a name of its own: one for people may be called as it is."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(name, namespace)}
    own = Subject("ServiceAccount", name)
    return [{**account, "automountServiceAccountToken": token}, *_granted(f"{name}-pods", namespace, given, own)]


def _granted(name: str, namespace: str, given: Iterable[Rule], subject: Subject) -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": _metadata(name, namespace)}
    binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": _metadata(name, namespace)}
    who: dict[str, Any] = {"kind": subject.kind, "name": subject.name}
    if subject.kind == "ServiceAccount":
        who["namespace"] = subject.namespace or namespace
    else:
        who["apiGroup"] = group
    return [
        {**role, "rules": list(_role_rules(given))},
        {**binding, "subjects": [who], "roleRef": {"apiGroup": group, "kind": "Role", "name": name}},
    ]


def _role_rules(given: Iterable[Rule]) -> Iterator[dict[str, Any]]:
    """Resources of one group with the same verbs in one rule."""
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for rule in given:
        together.setdefault((rule.group, rule.verbs), []).append(rule.resource)
    for (group, verbs), resources in together.items():
        yield {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}


def _metadata(name: str, namespace: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}}


def _check(purposes: tuple[str, ...], namespace: str, subject: Subject) -> None:
    if not purposes:
        raise Usage("Say what the rights are for.", hint=f"There are: {', '.join(PURPOSES)}.")
    if not is_dns_label(namespace):
        raise Usage(f"{namespace!r} cannot be the name of a namespace.", hint=ALLOWED)
    account = subject.kind == "ServiceAccount"
    if not subject.name or (account and not is_object_name(subject.name)):
        raise Usage(f"{subject.name!r} cannot be the name of a {subject.kind}.", hint=ALLOWED if account else "")
    if subject.namespace and not is_dns_label(subject.namespace):
        raise Usage(f"{subject.namespace!r} cannot be the name of a namespace.", hint=ALLOWED)
