"""Who gets rights: as a person writes it, and as the cluster knows us."""

from __future__ import annotations

from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.rbac import Subject
from jupyter_mlops.kube.resource import Resource

SUBJECT_REVIEWS = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False)
_ACCOUNT = "system:serviceaccount:"


def read_subject(text: str) -> Subject:
    """`user:NAME`, `group:NAME`, `serviceaccount:NAME` or `serviceaccount:NAMESPACE:NAME`.

    Raises:
        Usage: it is none of these.
    """
    kind, _, name = text.partition(":")
    if name and kind == "user":
        return _of_user(name)
    if name and kind == "group":
        return Subject("Group", name)
    if name and kind == "serviceaccount":
        namespace, _, account = name.rpartition(":")
        return Subject("ServiceAccount", account, namespace)
    raise Usage(
        f"{text!r} does not say who gets the rights.",
        hint="Write user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME.",
    )


def who_am_i(kube: Kube, name: str) -> Subject:
    """Who the cluster says we are; where it does not say, `name`, as the kubeconfig has it.

    Raises:
        Unreachable: the cluster does not answer, or not as `name` is empty.
    """
    try:
        found = kube.review(SUBJECT_REVIEWS, {}).get("userInfo")
    except Unreachable:
        raise
    except MlopsError:
        found = None
    said = found.get("username") if isinstance(found, dict) else None
    return _of_user(said if isinstance(said, str) and said else name)


def shown(subject: Subject) -> str:
    """As `read_subject` reads it."""
    place = f"{subject.namespace}:" if subject.namespace else ""
    return f"{subject.kind.lower()}:{place}{subject.name}"


def _of_user(name: str) -> Subject:
    if name.startswith(_ACCOUNT):
        namespace, _, account = name[len(_ACCOUNT) :].partition(":")
        return Subject("ServiceAccount", account, namespace)
    return Subject("User", name)
