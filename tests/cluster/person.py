"""A person with the least rights to run notebooks in a namespace, and a volume that pods can write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.kube.rbac import DRIVER, Subject, manifests
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.resource import NAMESPACES, PODS, PVCS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, Resource
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from tests.cluster.by_kubectl import MADE_BY_TESTS

EXAMPLES = "mlops/examples:1"
VOLUMES = Resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
_KINDS = {item.kind: item for item in (ROLES, ROLE_BINDINGS, SERVICE_ACCOUNTS)}


def open_store(cluster: Any, claim: str = "mlops-store") -> None:
    """The volume of the namespace, writable: a folder of the node that the cluster made belongs to root."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    cluster.kube.create(PVCS, {"metadata": {"name": claim}, "spec": spec})
    open_volume(cluster, claim)


def open_volume(cluster: Any, claim: str) -> None:
    """Let pods write the volume of a claim that there is."""
    bound: dict[str, Any] = {}
    for change in changes_of(cluster.kube, Selection(PVCS, fields=f"metadata.name={claim}"), Stop()):
        bound = change.object
        if bound.get("status", {}).get("phase") == "Bound":
            break
    volume = cluster.kube.get(VOLUMES, bound["spec"]["volumeName"])
    if "hostPath" not in volume["spec"]:
        return
    path = {"path": volume["spec"]["hostPath"]["path"]}
    container = {
        "name": "main",
        "image": cluster.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["chmod", "0777", "/volume"],
        "volumeMounts": [{"name": "v", "mountPath": "/volume"}],
    }
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "v", "hostPath": path}]}
    privileged = cluster.kube.within(f"{cluster.namespace}-{claim}")
    privileged.create(NAMESPACES, {"metadata": {"name": privileged.namespace, "labels": MADE_BY_TESTS}})
    try:
        privileged.create(PODS, {"metadata": {"name": "open"}, "spec": pod})
        for change in changes_of(privileged, Selection(PODS, fields="metadata.name=open"), Stop()):
            if change.object.get("status", {}).get("phase") == "Succeeded":
                break
    finally:
        privileged.delete(NAMESPACES, privileged.namespace)


def least_rights(cluster: Any, path: Path, name: str = "person") -> str:
    """Write a kubeconfig of an account that may `run`, and no more; gives the name of the driver's account."""
    cluster.kube.apply(SERVICE_ACCOUNTS, {"metadata": {"name": name}})
    for manifest in manifests(["run"], cluster.namespace, Subject("ServiceAccount", name)):
        cluster.kube.apply(_KINDS[manifest["kind"]], manifest)
    where = SERVICE_ACCOUNTS.path(cluster.namespace, name, "token")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    token = json.loads(cluster.kube.transport.send(Request("POST", where, {}, body)).body)["status"]["token"]
    access = cluster.access
    server = {"server": access.server, "certificate-authority": str(access.ca_file)}
    context = {"cluster": "c", "user": "u", "namespace": cluster.namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": server}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": context}],
    }
    path.write_text(json.dumps(config))
    return DRIVER


def project(folder: Path, **settings: Any) -> Path:
    """A project in a folder, whose target kubernetes has these settings."""
    (folder / ".jupyter_mlops").mkdir(exist_ok=True)
    lines = [f"{name} = {_toml(value)}" for name, value in settings.items()]
    (folder / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines]) + "\n")
    return folder


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
