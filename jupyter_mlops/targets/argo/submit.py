"""From a plan here to a Workflow in the cluster; and the same objects as documents that `kubectl` makes."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.code_bundle import bundle
from jupyter_mlops.kube.labels import labels, owned, selector
from jupyter_mlops.kube.names import digest, dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.pipeline.argo import Graph, graph_of
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.targets.argo.order import Order, shown
from jupyter_mlops.targets.argo.workflow import WORKFLOWS, Making, workflow
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.packing import in_cluster
from jupyter_mlops.targets.kubernetes.places import ORDER_FILE, STORE, RunPlace
from jupyter_mlops.targets.kubernetes.settings import read_settings
from jupyter_mlops.targets.kubernetes.submit import (
    ClusterSettings,
    anchor_name,
    bare,
    claim_body,
    config_map,
    ensure_claim,
    ensure_code,
)

NO_IMAGE = "The target argo needs an image for its steps."
IMAGE_HINT = (
    'Give --image, or set image = "..." under [argo] in jupyter_mlops.toml. '
    "Any image with Python 3.9 or newer and the libraries of the notebook will do."
)


def submit(kube: Kube, order: Order, settings: ClusterSettings, parallel: int | None) -> str:
    """Make the objects of a run; the last one is its Workflow, whose name is the answer.

    Raises:
        MlopsError: the server refused one of them, and nothing of the run is left.
    """
    plan, name = order.plan, anchor_name(order.run)
    body = config_map(name, labels("anchor", run=order.run), {"pipeline": plan.pipeline.name})
    anchor = kube.create(CONFIG_MAPS, body)
    try:
        ensure_claim(kube, settings)
        graph = graph_of(plan.pipeline, plan.selected)
        return _Submission(kube, order, graph, settings, parallel).create(anchor)
    except BaseException:
        kube.delete(CONFIG_MAPS, name)
        raise


def submit_again(kube: Kube, order: Order, record: RunRecord, settings: ClusterSettings, parallel: int | None) -> str:
    """Make another Workflow for the steps that are not done, and give its name.

    Raises:
        NotFound: nothing is left of the run in the namespace.
    """
    anchor = kube.get(CONFIG_MAPS, anchor_name(order.run))
    # Each Workflow had an order, which stays where the Workflow itself was removed.
    number = len(kube.list(CONFIG_MAPS, labels=selector(labels("plan", run=order.run))).items) + 1
    graph = graph_of(order.plan.pipeline, order.plan.selected, _done(order.plan, record))
    return _Submission(kube, order, graph, settings, parallel, number).create(anchor)


def next_began(events: Iterable[Any]) -> float:
    """The time of a next beginning: after all that was written."""
    return max([time.time(), *(float(event.at) + 1e-3 for event in events)])


def settings_of(table: Any, image: str) -> ClusterSettings:
    """The settings of the table `[argo]`, with this image if one is given.

    Raises:
        Usage: no image is set, or a setting is not known.
    """
    found = {key: value for key, value in dict(table).items() if key not in ("context", "namespace")}
    if image:
        found["image"] = image
    if not found.get("image"):
        raise Usage(NO_IMAGE, hint=IMAGE_HINT)
    return read_settings(found)


def placed(plan: Plan, settings: ClusterSettings) -> Plan:
    """The plan as pods have it: with what is set for all steps, in a folder of its own on the volume."""
    return in_cluster(settings.plan(plan), f"{STORE}/work/{dns_name(plan.pipeline.name)}")


def documents_of(
    plan: Plan, settings: ClusterSettings, *, parallel: int | None = None
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """The Workflow, which is made anew for each run; its code and order, made once; and the claim of the store.

    Raises:
        Refused, Usage: as for `workflow`.
    """
    code = bundle(code_zip())
    place = RunPlace("", settings.image, settings.claim, code.names, code.digest, {}, settings.python, settings.pods)
    place = replace(place, service_account=settings.service_account)
    plan = placed(plan, settings)
    graph = graph_of(plan.pipeline, plan.selected)
    order = _completed(Order(plan), graph)
    name = dns_name(plan.pipeline.name, digest([order.to_json()]))
    told = config_map(name, labels("plan"), {ORDER_FILE: order.to_json()})
    making = Making(plan, graph, place, name, order.shown, parallel)
    made = workflow(making, {"generateName": f"{dns_name(plan.pipeline.name)[:40]}-", "labels": labels("driver")})
    return made, [*code.config_maps, {**told, "immutable": True}], claim_body(settings)


@dataclass(frozen=True)
class _Submission:
    """A Workflow on its way; `number` says which of the run it is."""

    kube: Kube
    order: Order
    graph: Graph
    settings: ClusterSettings
    parallel: int | None
    number: int = 1

    def create(self, anchor: Mapping[str, Any]) -> str:
        order, kube, settings = _completed(self.order, self.graph), self.kube, self.settings
        run, number = order.run, str(self.number)
        code = ensure_code(kube)
        own = (code.names, code.digest, bare(anchor), settings.python, settings.pods)
        place = replace(RunPlace(run, settings.image, settings.claim, *own), service_account=settings.service_account)
        name = dns_name("mlops", run[-8:], "order", run, number)
        making = Making(order.plan, self.graph, place, name, order.shown, self.parallel)
        metadata = {
            "name": dns_name("mlops", run[-8:], order.plan.pipeline.name, run, number, most=50),
            "labels": labels("driver", run=run, attempt=self.number),
        }
        made = workflow(making, metadata)
        told = config_map(name, labels("plan", run=run), {ORDER_FILE: order.to_json()})
        kube.create(CONFIG_MAPS, owned(told, anchor))
        created = kube.create(WORKFLOWS, owned(made, anchor))
        return str(created["metadata"]["name"])


def _completed(order: Order, graph: Graph) -> Order:
    nodes = [node for node in (*graph.main, *graph.exits) if node.kind == "step"]
    tells = {node.step: dict(node.tells) for node in nodes if node.tells}
    return replace(order, shown=shown(order.plan), tells=tells, names={node.step: node.name for node in nodes})


def _done(plan: Plan, record: RunRecord) -> Collection[str]:
    """Steps whose tasks have all succeeded; exit steps see the new end."""
    by_step: dict[str, list[str]] = {}
    for task in record.tasks.values():
        by_step.setdefault(task.step, []).append(task.state)
    done = {step for step, states in by_step.items() if all(state in ("succeeded", "cached") for state in states)}
    return {step.name for step in plan.steps if step.name in done and not step.options.exit}
