"""A real Kubernetes, that of KUBECONFIG. Every module has a namespace that enforces Pod Security `restricted`."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.kubeconfig import transport_for
from jupyter_mlops.kube.labels import selector
from jupyter_mlops.kube.reason import when
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.resource import NAMESPACES, NODES, PODS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.kube.watch import Selection, changes_of
from tests.cluster.by_kubectl import ENFORCE, MADE_BY_TESTS
from tests.conftest import CLUSTER
from tests.unit.kube.api_double import Fixed

# On the nodes already, as nothing is pulled: with what the examples import, and with Python (3.9 or newer) alone.
IMAGE = os.environ.get("JUPYTER_MLOPS_TEST_IMAGE", "mlops/examples:1")
BARE_IMAGE = os.environ.get("JUPYTER_MLOPS_TEST_BARE_IMAGE", "mlops/bare:1")
SETTLED = {"Running", "Succeeded", "Failed"}
OVER = {"Succeeded", "Failed"}
# Seconds: no session takes so long.
LEFT_S = 2 * 3600.0
# What only a session that has the cluster for itself may do: stop the process of its API server for a while.
SERVER_PID = "JUPYTER_MLOPS_TEST_API_SERVER_PID"


@dataclass(frozen=True)
class Cluster:
    """A client for the namespace of this module, as its administrator, and what tests of a cluster often do."""

    kube: Kube
    kubeconfig: str
    image: str = IMAGE

    @property
    def namespace(self) -> str:
        return self.kube.namespace

    @property
    def access(self) -> Access:
        """How the administrator gets in."""
        return self.kube.transport._login.current()

    def pod(self, name: str, code: str, **spec: Any) -> dict[str, Any]:
        """A pod that Pod Security `restricted` takes and that runs Python code; not created."""
        security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        container = {
            "name": "main",
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["/bin/sh", "-c", 'PATH="/opt/venv/bin:$PATH" exec python3 -uc "$CODE"'],
            "env": [{"name": "CODE", "value": code}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
            "securityContext": security,
            **spec.pop("container", {}),
        }
        all_pods = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
        return {
            "metadata": {"name": name},
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "securityContext": all_pods,
                "containers": [container],
                **spec,
            },
        }

    def wait_for(self, name: str, phases: set[str] = SETTLED) -> dict[str, Any]:
        """The pod, once it is in one of the phases."""
        stop = Stop()
        for change in changes_of(self.kube, Selection(PODS, fields=f"metadata.name={name}"), stop):
            if change.kind in {"added", "modified"} and change.object["status"].get("phase") in phases:
                return change.object
            assert change.kind != "deleted", f"the pod {name} was deleted"
        raise AssertionError

    def needs(self, image: str, what: str) -> str:
        """The image, which has `what`; skips where the nodes are not known to have it, as nothing is pulled."""
        try:
            nodes = self.kube.list(NODES).items
        except MlopsError as failure:
            pytest.skip(f"needs an image with {what}: {failure.message}")
        found = {name for node in nodes for one in node["status"].get("images", ()) for name in one.get("names") or ()}
        if image not in {name.removeprefix("docker.io/") for name in found}:
            pytest.skip(f"needs an image with {what}: the nodes have no {image}")
        return image

    def account(self, name: str, rules: list[dict[str, Any]]) -> Access:
        """A service account with just these rules; how it gets in."""
        me = {"metadata": {"name": name}}
        self.kube.apply(SERVICE_ACCOUNTS, me)
        self.kube.apply(ROLES, {**me, "rules": rules})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subjects = [{"kind": "ServiceAccount", "name": name, "namespace": self.namespace}]
        self.kube.apply(ROLE_BINDINGS, {**me, "roleRef": role, "subjects": subjects})
        return self.token_of(name)

    def token_of(self, name: str) -> Access:
        """How a service account gets in."""
        path = SERVICE_ACCOUNTS.path(self.namespace, name, "token")
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        token = json.loads(self.kube.transport.send(Request("POST", path, {}, body)).body)["status"]["token"]
        return Access(self.access.server, f"Bearer {token}", ca_file=self.access.ca_file, verify=self.access.verify)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What stops the API server of everybody is no part of a session that does not say which process that is."""
    if SERVER_PID not in os.environ:
        left_out = [item for item in items if item.get_closest_marker("stops_the_server")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="module", autouse=True)
def _seen() -> Iterator[None]:
    """What these tests start finds the cluster as a user's commands do."""
    with pytest.MonkeyPatch.context() as environment:
        if CLUSTER:
            environment.setenv("KUBECONFIG", CLUSTER)
        yield


@pytest.fixture(scope="session")
def _administrator() -> Iterator[tuple[Kube, str]]:
    path = CLUSTER
    if not path:
        pytest.skip("needs a Kubernetes cluster: KUBECONFIG is not set")
    try:
        connection = transport_for(kubeconfig=path)
        kube = Kube(connection.transport, connection.namespace)
        kube.read("/version")
    except MlopsError as failure:
        pytest.skip(f"needs a Kubernetes cluster: {failure.message}")
    _remove_old_namespaces(kube)
    yield kube, path
    connection.transport.close()


def _remove_old_namespaces(kube: Kube) -> None:
    """Those of sessions that were killed; others may be at work in the same cluster."""
    for item in kube.list(NAMESPACES, labels=selector(MADE_BY_TESTS)).items:
        made = when(item["metadata"], "creationTimestamp")
        if made is not None and (datetime.now(UTC) - made).total_seconds() > LEFT_S:
            kube.delete(NAMESPACES, item["metadata"]["name"])


@pytest.fixture(scope="module")
def cluster(_administrator: tuple[Kube, str]) -> Iterator[Cluster]:
    """The cluster, with a fresh namespace that is removed at the end."""
    kube, path = _administrator
    name = f"mlops-test-{uuid.uuid4().hex[:8]}"
    labels = {**MADE_BY_TESTS, ENFORCE: "restricted"}
    kube.create(NAMESPACES, {"metadata": {"name": name, "labels": labels}})
    try:
        yield Cluster(kube.within(name), path)
    finally:
        kube.delete(NAMESPACES, name)


@pytest.fixture
def enter():
    """A client that gets in as an `Access` says, for the time of the test."""
    opened = []

    def start(access: Access, namespace: str) -> Kube:
        opened.append(HttpTransport(Fixed(access)))
        return Kube(opened[-1], namespace)

    yield start
    for transport in opened:
        transport.close()
