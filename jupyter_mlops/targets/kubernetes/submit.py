"""From a plan here to a run in the cluster: the objects of the run, made in the order in which they need each other."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Conflict
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.code_bundle import CodeBundle, bundle
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.labels import labels, owned, selector
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS, PVCS
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.places import ORDER_FILE, STORE, RunPlace, driver_job

_SETTLED_WITHIN_S, _LOOK_EVERY_S = 15.0, 0.3


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


def submit(
    kube: Kube, plan: Plan, run: str, settings: ClusterSettings, *, experiment: str, parallel: int | None
) -> None:
    """Make the objects of a run; the last one is the Job of its driver.

    Raises:
        MlopsError: the server refused one of them, and nothing of the run is left.
    """
    name = anchor_name(run)
    anchor = kube.create(CONFIG_MAPS, config_map(name, labels("anchor", run=run), {"pipeline": plan.pipeline.name}))
    try:
        ensure_claim(kube, settings)
        code = ensure_code(kube)
        place = RunPlace(
            run=run,
            image=settings.image,
            claim=settings.claim,
            code=code.names,
            digest=code.digest,
            owner=bare(anchor),
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
        told = config_map(order_name(run), labels("plan", run=run), {ORDER_FILE: text})
        kube.create(CONFIG_MAPS, owned(told, anchor))
        kube.create(JOBS, driver_job(place, 1, order_name(run)))
    except BaseException:
        kube.delete(CONFIG_MAPS, name)
        raise


def drive_again(kube: Kube, run: str) -> int:
    """Make one more driver for a run whose last one has ended, and give its number.

    Of two who ask at once, one gets a Conflict.

    Raises:
        Conflict: a driver is at work.
        NotFound: nothing is left of the run.
    """
    jobs = _ended_drivers(kube, run)
    order = json.loads(kube.get(CONFIG_MAPS, order_name(run))["data"][ORDER_FILE])
    kube.patch(CONFIG_MAPS, anchor_name(run), {"data": {"cancel": None}})
    number = len(jobs) + 1
    try:
        kube.create(JOBS, driver_job(RunPlace.from_data(order["place"]), number, order_name(run)))
    except AlreadyThere as error:
        raise Conflict(f"Another driver of the run {run} has just been started.", hint="Follow that one.") from error
    return number


def _ended_drivers(kube: Kube, run: str) -> tuple[dict[str, Any], ...]:
    """The Jobs of drivers, none at work. Of one that has just died the cluster may say so a moment later."""
    deadline = time.monotonic() + _SETTLED_WITHIN_S
    while True:
        jobs = kube.list(JOBS, labels=selector(labels("driver", run=run))).items
        at_work = [job["metadata"]["name"] for job in jobs if not _has_ended(job)]
        if not at_work:
            return jobs
        pods = kube.list(PODS, labels=selector(labels("driver", run=run))).items
        if time.monotonic() > deadline or any(pod.get("status", {}).get("phase") == "Running" for pod in pods):
            raise Conflict(f"The run {run} is driven by the Job {at_work[0]}.", hint="Cancel it first.")
        time.sleep(_LOOK_EVERY_S)


def _has_ended(job: Mapping[str, Any]) -> bool:
    conditions = job.get("status", {}).get("conditions") or ()
    return any(item.get("type") in ("Complete", "Failed") and item.get("status") == "True" for item in conditions)


def anchor_name(run: str) -> str:
    """The ConfigMap that owns all else of the run."""
    return dns_name("mlops", run[-8:], "anchor", run)


def order_name(run: str) -> str:
    """The ConfigMap with the order of the run."""
    return dns_name("mlops", run[-8:], "order", run)


def bare(item: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object tells which one it is."""
    metadata = {key: item["metadata"][key] for key in ("name", "uid")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def in_cluster(plan: Plan) -> Plan:
    """The plan with the working folder that its steps have there."""
    folder = f"{STORE}/work/{dns_name(plan.pipeline.name)}"
    return replace(plan, pipeline=replace(plan.pipeline, cwd=folder, kernel=""))


def config_map(name: str, marks: Mapping[str, str], data: Mapping[str, str]) -> dict[str, Any]:
    """A ConfigMap with these labels."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": dict(marks)},
        "data": dict(data),
    }


def ensure_code(kube: Kube) -> CodeBundle:
    """The code of this version, kept in the cluster for all runs."""
    code = bundle(code_zip())
    for body in code.config_maps:
        with contextlib.suppress(AlreadyThere):
            kube.create(CONFIG_MAPS, body)
    return code


def ensure_claim(kube: Kube, settings: ClusterSettings) -> None:
    """Make the claim of the store if there is none."""
    with contextlib.suppress(AlreadyThere):
        kube.create(PVCS, claim_body(settings))


def claim_body(settings: ClusterSettings) -> dict[str, Any]:
    """The claim of the store, as it is made where there is none."""
    spec: dict[str, Any] = {
        "accessModes": [settings.access],
        "resources": {"requests": {"storage": settings.size}},
    }
    if settings.storage_class:
        spec["storageClassName"] = settings.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": settings.claim, "labels": labels("store")},
        "spec": spec,
    }
