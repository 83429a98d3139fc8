"""A run as the manifests of all its objects, for who applies them without this software at hand.

They are what a submission makes, taken down instead of made. What is not known before the anchor is on the cluster, its
uid, is a word for which the driver looks: it then makes the anchor the owner of the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.code_bundle import bundle
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.rbac import DRIVER, driver_manifests
from jupyter_mlops.kube.request import Request, Response, Stream
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.kubernetes.adopting import UNKNOWN
from jupyter_mlops.targets.kubernetes.claims import ensure_claim
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.submit import Asked, ClusterSettings, Prepared, submit

# `kubectl apply` keeps what it was given in an annotation, whose most is 256 KiB; text in base64 is a third longer.
_PIECE = 180_000


def run_manifests(
    plan: Plan, settings: ClusterSettings, namespace: str, root: Path
) -> tuple[str, list[dict[str, Any]]]:
    """The id of a new run, and all its objects in the order in which they need each other.

    Files below `root` that the steps need are in them.

    Raises:
        Usage: an option of a step cannot be.
        Refused: a file cannot travel.
    """
    run, paper = new_run_id(), _Paper()
    kube = Kube(paper, namespace)
    code = bundle(code_zip(), _PIECE)
    account = settings.service_account or DRIVER
    shared = Prepared(code.names, code.digest, account, ensure_claim(kube, settings))
    submit(kube, plan, run, settings, Asked(root=root, shared=shared, piece=_PIECE))
    accounts = [] if settings.service_account else driver_manifests(namespace)
    return run, [_for_all(item, namespace) for item in (*accounts, *code.config_maps, *paper.taken)]


class _Paper:
    """A `Transport` that takes down what is to be made."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def send(self, request: Request) -> Response:
        """Answer as a cluster that has nothing yet."""
        if request.method != "POST" or request.body is None:
            return Response(404, {}, json.dumps({"kind": "Status", "code": 404, "reason": "NotFound"}).encode())
        body: dict[str, Any] = json.loads(json.dumps(request.body))
        self.taken.append(body)
        return Response(201, {}, json.dumps({**body, "metadata": {**body["metadata"], "uid": UNKNOWN}}).encode())

    def stream(self, request: Request) -> Stream:
        """There is nothing to follow."""
        raise Unreachable(f"Nobody is there to be asked for {request.path}.")

    def close(self) -> None:
        """Nothing is held."""


def _for_all(item: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """The object in its namespace, without owners: none has a uid yet."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "ownerReferences"}
    return {**item, "metadata": {"name": metadata.pop("name"), "namespace": namespace, **metadata}}
