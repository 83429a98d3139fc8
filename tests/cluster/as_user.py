"""Who works under a Role and no more: a kubeconfig of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.kube.rbac import DRIVER, Subject, manifests
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.resource import ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS

RESOURCES = {item.kind: item for item in (SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS)}


def grant(cluster: Any, user: str, purposes: Iterable[str], *, without: Mapping[str, str] | None = None) -> None:
    """Give a service account exactly the rights for these purposes; `without` takes some back: resource -> verb.

    A key `driver:RESOURCE` takes one from the driver.
    """
    cluster.kube.apply(SERVICE_ACCOUNTS, {"metadata": {"name": user}})
    for item in manifests(purposes, cluster.namespace, Subject("ServiceAccount", user)):
        if item["kind"] == "Role":
            of_driver = item["metadata"]["name"].endswith("-driver")
            for key, verb in (without or {}).items():
                whose, _, resource = key.rpartition(":")
                if bool(whose) == of_driver:
                    item = {**item, "rules": [part for rule in item["rules"] for part in _less(rule, resource, verb)]}
        cluster.kube.apply(RESOURCES[item["kind"]], item)
    for key, verb in (without or {}).items():
        whose, _, resource = key.rpartition(":")
        _until_taken(cluster, DRIVER if whose else user, resource, verb)


def _until_taken(cluster: Any, account: str, resource: str, verb: str) -> None:
    """Until the API server goes by the Role: its authorizer hears of changes a moment later."""
    name, _, below = resource.partition("/")
    group = "batch" if name in ("jobs", "cronjobs") else ""
    asked = {"namespace": cluster.namespace, "verb": verb, "group": group, "resource": name, "subresource": below}
    spec = {"user": f"system:serviceaccount:{cluster.namespace}:{account}", "resourceAttributes": asked}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    end = time.monotonic() + 30.0
    while True:
        request = Request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {}, review)
        if not json.loads(cluster.kube.transport.send(request).body)["status"]["allowed"]:
            return
        assert time.monotonic() < end, f"{account} may still {verb} {resource}"
        time.sleep(0.1)


def _less(rule: Mapping[str, Any], resource: str, verb: str) -> list[dict[str, Any]]:
    """The rule, without one verb for one resource."""
    others = [name for name in rule["resources"] if name != resource]
    left = [word for word in rule["verbs"] if word != verb]
    parts = [{**rule, "resources": others}] if others else []
    return parts + (
        [{**rule, "resources": [resource], "verbs": left}] if resource in rule["resources"] and left else []
    )


def kubeconfig(cluster: Any, user: str, path: Path, *, token: str = "") -> Path:
    """A kubeconfig with which the service account gets in, in the namespace of the test."""
    place = SERVICE_ACCOUNTS.path(cluster.namespace, user, "token")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    made = token or json.loads(cluster.kube.transport.send(Request("POST", place, {}, body)).body)["status"]["token"]
    server = {"server": cluster.access.server, "certificate-authority": cluster.access.ca_file}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": user,
        "clusters": [{"name": "here", "cluster": server}],
        "users": [{"name": user, "user": {"token": made}}],
        "contexts": [{"name": user, "context": {"cluster": "here", "user": user, "namespace": cluster.namespace}}],
    }
    path.write_text(json.dumps(content))
    return path
