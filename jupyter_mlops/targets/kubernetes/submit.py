"""From a plan here to a run in the cluster: the objects of the run, made in the order in which they need each other."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.labels import labels, owned, owner_reference
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PVCS
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.places import CODE_FILE, ORDER_FILE, STORE, RunPlace, driver_job


@dataclass(frozen=True)
class ClusterSettings:
    """What a target is told once: the image of steps, the claim that holds the store, and how large a new one is made.

    `service_account` is that of the driver, which makes Jobs; steps have none.
    """

    image: str
    claim: str = "mlops-store"
    size: str = "10Gi"
    access: str = "ReadWriteOnce"
    storage_class: str = ""
    python: str = "python3"
    service_account: str = ""


@dataclass(frozen=True)
class Submitted:
    """A run that was given to the cluster: its anchor, which owns all else of it, and the Job of its driver."""

    run: str
    anchor: str
    driver: str


def submit(
    kube: Kube, plan: Plan, run: str, settings: ClusterSettings, *, experiment: str, parallel: int | None
) -> Submitted:
    """Make the objects of a run; the last one is the Job of its driver.

    Raises:
        MlopsError: the server refused one of them, and nothing of the run is left.
    """
    name = dns_name("mlops", run[-8:], run)
    anchor = kube.create(CONFIG_MAPS, _config_map(name, labels("anchor", run=run), {"pipeline": plan.pipeline.name}))
    try:
        _ensure_claim(kube, settings)
        place = RunPlace(
            run=run,
            image=settings.image,
            claim=settings.claim,
            code=(_ensure_code(kube),),
            owner=owner_reference(anchor),
            python=settings.python,
            service_account=settings.service_account,
        )
        order = {
            "plan": in_cluster(plan).to_data(),
            "params": dict(plan.params),
            "place": place.to_data(),
            "anchor": name,
            "experiment": experiment,
            "parallel": parallel,
        }
        text = json.dumps(order, ensure_ascii=False)
        told = _config_map(dns_name("mlops", run[-8:], "order"), labels("plan", run=run), {ORDER_FILE: text})
        kube.create(CONFIG_MAPS, owned(told, anchor))
        job = kube.create(JOBS, driver_job(place, 1, told["metadata"]["name"]))
    except BaseException:
        kube.delete(CONFIG_MAPS, name)
        raise
    return Submitted(run, name, job["metadata"]["name"])


def in_cluster(plan: Plan) -> Plan:
    """The plan with the working folder that its steps have there."""
    folder = f"{STORE}/work/{dns_name(plan.pipeline.name)}"
    return replace(plan, pipeline=replace(plan.pipeline, cwd=folder, kernel=""))


def _config_map(name: str, marks: Mapping[str, str], data: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": dict(marks)},
        "data": dict(data),
    }


def _ensure_code(kube: Kube) -> str:
    """The ConfigMap with the code of this version; it is shared by all runs."""
    code = code_zip()
    name = f"mlops-code-{hashlib.sha256(code).hexdigest()[:16]}"
    body = _config_map(name, labels("code"), {})
    body.update(immutable=True, binaryData={CODE_FILE: base64.b64encode(code).decode()})
    with contextlib.suppress(AlreadyThere):
        kube.create(CONFIG_MAPS, body)
    return name


def _ensure_claim(kube: Kube, settings: ClusterSettings) -> None:
    spec: dict[str, Any] = {
        "accessModes": [settings.access],
        "resources": {"requests": {"storage": settings.size}},
    }
    if settings.storage_class:
        spec["storageClassName"] = settings.storage_class
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": settings.claim, "labels": labels("store")},
        "spec": spec,
    }
    with contextlib.suppress(AlreadyThere):
        kube.create(PVCS, body)
