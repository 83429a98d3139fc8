"""From a plan here to a Workflow in the cluster; and the same objects as documents that `kubectl` makes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Conflict, NotFound, Refused, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.code_bundle import bundle
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.labels import ATTEMPT, PREFIX, full_names, labels, named, owned, selector
from jupyter_mlops.kube.names import digest, dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.pipeline.argo import Graph, graph_of
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.targets.argo.order import Order, joined, shown
from jupyter_mlops.targets.argo.workflow import WORKFLOWS, Making, workflow
from jupyter_mlops.targets.kubernetes.claims import claim_body, ensure_claim, is_of_one_node
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.packing import in_cluster
from jupyter_mlops.targets.kubernetes.parcel import pack, pieces
from jupyter_mlops.targets.kubernetes.places import ORDER_FILE, RunPlace
from jupyter_mlops.targets.kubernetes.settings import read_settings
from jupyter_mlops.targets.kubernetes.submit import (
    Asked,
    ClusterSettings,
    anchor_name,
    bare,
    carries,
    config_map,
    ensure_code,
    pack_up,
    prepare,
)

PIECES = PREFIX + "pieces"
"""The annotation of a Workflow that names the ConfigMaps of what its run takes along: not needed once that is there."""
# The cluster's own store takes 1.5 MB, and Argo writes into the Workflow what becomes of it.
_MOST_BYTES = 1_000_000
NO_IMAGE = "The target argo needs an image for its steps."
IMAGE_HINT = (
    'Give --image, or set image = "..." under [argo] in jupyter_mlops.toml. '
    "Any image with Python 3.9 or newer and the libraries of the notebook will do."
)


def submit(
    kube: Kube, plan: Plan, run: str, settings: ClusterSettings, asked: Asked, began: float | None = None
) -> None:
    """Make the objects of a run; the last one is its Workflow.

    Raises:
        MlopsError: the server refused one of them, or a file cannot travel, and nothing of the run is left.
    """
    # The volume's list of contents is kept by drivers, of which there is none here: all is sent.
    luggage = pack_up(None, settings.plan(plan), settings, {}, asked.root)
    ready = prepare(kube, plan, run, settings, replace(asked, luggage=luggage, attached=True))
    place, there = ready.place, ready.plan
    order = Order(there, run, asked.experiment, time.time() if began is None else began, final=asked.final)
    parcel = place.parcel if place.pieces else ""
    order = replace(order, inside=ready.inside, pieces=place.pieces, parcel=parcel)
    graph = graph_of(there.pipeline, there.selected, files=_moves_files(order))
    try:
        _Submission(kube, order, graph, place, asked.parallel).create()
    except BaseException:
        kube.delete(CONFIG_MAPS, anchor_name(run))
        raise


def submit_again(kube: Kube, record: RunRecord, began: float, settings: ClusterSettings, parallel: int | None) -> int:
    """Make another Workflow for the steps of a run that are not done, and give its number.

    Raises:
        NotFound: nothing is left of the run in the namespace.
    """
    run = record.run
    anchor = kube.get(CONFIG_MAPS, anchor_name(run))
    number, order = _last_order(kube, run)
    order = replace(order, began=began)
    # Who has begun to work had its files; but an exit step begins without them.
    exits = {step.name for step in order.plan.steps if step.options.exit}
    begun = any(task.attempt for task in record.tasks.values() if task.step not in exits)
    files = _moves_files(order) and not begun
    graph = graph_of(order.plan.pipeline, order.plan.selected, _done(order.plan, record), files=files)
    code = ensure_code(kube)
    place = RunPlace(run, settings.image, settings.claim, code.names, code.digest, bare(anchor))
    place = replace(place, python=settings.python, settings=settings.pods, service_account=settings.service_account)
    one_node = is_of_one_node(ensure_claim(kube, settings))
    place = replace(place, pieces=order.pieces, parcel=order.parcel, one_node=one_node)
    try:
        _Submission(kube, order, graph, place, parallel, number + 1).create()
    except AlreadyThere as error:
        raise Conflict(f"Another Workflow of the run {run} has just been started.", hint="Follow that one.") from error
    return number + 1


def _last_order(kube: Kube, run: str) -> tuple[int, Order]:
    """The newest order of the run that is whole, and the number of the newest. They stay where a Workflow was removed.

    Raises:
        NotFound: none is there, or none is whole.
    """
    by_number: dict[int, dict[str, str]] = {}
    for item in kube.list(CONFIG_MAPS, labels=selector(labels("plan", run=run))).items:
        files = {name: text for name, text in (item.get("data") or {}).items() if name.startswith(ORDER_FILE)}
        number = named(item, ATTEMPT)
        if files:
            by_number.setdefault(int(number) if number.isdecimal() else 0, {}).update(files)
    if not by_number:
        raise NotFound(f"The cluster has no order of the run {run} any more.", hint="Run the notebook again.")
    for known in sorted(by_number, reverse=True):
        # Of one that was about to be made, pieces may be missing: whoever made them died.
        with contextlib.suppress(ValueError, LookupError, TypeError):
            order = Order.from_json(joined(by_number[known]))
            return max(by_number) or 1, order  # those of an earlier version have no number
    raise NotFound(
        f"The order of the run {run} is in several ConfigMaps of the cluster, and not all of them are there any more.",
        hint="Run the notebook again: what the cache has of this run is not made again.",
    )


def _moves_files(order: Order) -> bool:
    """Whether a task has to bring files: those that travel, or those that steps of the last run have written."""
    selected = order.plan.selected
    return bool(order.parcel) or any(step.files_out for step in order.plan.steps if step.name in selected)


def next_began(events: Iterable[Any]) -> float:
    """The time of a next beginning: after all that was written."""
    return max([time.time(), *(float(event.at) + 1e-3 for event in events)])


def settings_of(table: Any, image: str) -> ClusterSettings:
    """The settings of the table `[argo]`, with this image if one is given.

    Raises:
        Usage: no image is set, or a setting is not known.
        Refused: values are to be kept elsewhere than on a volume.
    """
    found = {key: value for key, value in dict(table).items() if key not in ("context", "namespace")}
    if image:
        found["image"] = image
    if not found.get("image"):
        raise Usage(NO_IMAGE, hint=IMAGE_HINT)
    if found.get("storage"):
        raise Refused(
            "The target argo keeps its values on a volume: pods of a Workflow tell their files to each other there.",
            hint="Leave out storage under [argo]; the target kubernetes has it.",
        )
    return read_settings(found)


@dataclass(frozen=True)
class Documents:
    """A Workflow, which is made anew for each run; its code, order and files, made once; and the claim of the store."""

    workflow: dict[str, Any]
    needed: list[dict[str, Any]]
    claim: dict[str, Any]


def documents_of(
    plan: Plan, settings: ClusterSettings, root: Path | None = None, *, parallel: int | None = None
) -> Documents:
    """A plan as documents that `kubectl` makes. Of the folder `root` the files travel that steps need.

    Raises:
        Refused, Usage: as for `workflow`; or a file cannot travel.
    """
    plan, claim = settings.plan(plan), claim_body(settings)
    luggage = pack_up(None, plan, settings, {}, root)
    archive = pack({}, luggage.files, luggage.contents) if carries(luggage, plan) else b""
    parcel = _parcel_maps(archive)
    code, names = bundle(code_zip()), tuple(str(item["metadata"]["name"]) for item in parcel)
    place = RunPlace("", settings.image, settings.claim, code.names, code.digest, {}, settings.python, settings.pods)
    place = replace(place, service_account=settings.service_account, pieces=names, one_node=is_of_one_node(claim))
    # The working folder is that of each run: its pods know which one it is.
    order = Order(in_cluster(plan, ""), inside=luggage.folder, pieces=names, code=code.names)
    order = replace(order, parcel=hashlib.sha256(archive).hexdigest() if archive else "")
    graph = graph_of(plan.pipeline, plan.selected, files=_moves_files(order))
    order = _completed(order, graph)
    orders = _order_maps(order, lambda part: dns_name(plan.pipeline.name, digest([order.to_json(), part])), {})
    making = Making(order.plan, graph, place, tuple(item["metadata"]["name"] for item in orders), order.shown, parallel)
    made = workflow(making, {"generateName": f"{dns_name(plan.pipeline.name)[:40]}-", "labels": labels("driver")})
    _refuse_too_large(made)
    return Documents(made, [*code.config_maps, *parcel, *({**item, "immutable": True} for item in orders)], claim)


def _parcel_maps(archive: bytes) -> list[dict[str, Any]]:
    """The archive as ConfigMaps that are named by what they hold."""
    stem, made = hashlib.sha256(archive).hexdigest()[:32], []
    for index, part in enumerate(pieces(archive)):
        body = config_map(f"mlops-parcel-{stem}-{index:03}", labels("plan"), {})
        made.append({**body, "immutable": True, "binaryData": {f"{index:03}": base64.b64encode(part).decode()}})
    return made


def _order_maps(order: Order, name: Callable[[str], str], marks: Mapping[str, str]) -> list[dict[str, Any]]:
    """The ConfigMaps of an order: one, unless it is large."""
    files = order.to_files()
    marks = marks or labels("plan")
    return [config_map(name(key.removeprefix(ORDER_FILE)), marks, {key: text}) for key, text in files.items()]


def _refuse_too_large(made: Mapping[str, Any]) -> None:
    size = len(json.dumps(made))
    if size > _MOST_BYTES:
        raise Refused(
            f"The Workflow of these steps takes {size / 1e6:.1f} MB, and a cluster takes {_MOST_BYTES / 1e6:.0f} MB.",
            hint="Run it on the target kubernetes, or as several notebooks.",
        )


@dataclass(frozen=True)
class _Submission:
    """A Workflow on its way; `number` says which of the run it is."""

    kube: Kube
    order: Order
    graph: Graph
    place: RunPlace
    parallel: int | None
    number: int = 1

    def create(self) -> None:
        place, kube, anchor = self.place, self.kube, self.place.owner
        order = _completed(replace(self.order, code=place.code), self.graph)
        run, number = order.run, str(self.number)
        marks = labels("plan", run=run, attempt=self.number)
        orders = _order_maps(order, lambda part: dns_name("mlops", run[-8:], "order", run, number + part), marks)
        names = tuple(str(item["metadata"]["name"]) for item in orders)
        making = Making(order.plan, self.graph, place, names, order.shown, self.parallel)
        metadata = {
            "name": dns_name("mlops", run[-8:], order.plan.pipeline.name, run, number, most=50),
            "labels": labels("driver", run=run, attempt=self.number),
            "annotations": {**full_names(run=run), PIECES: ",".join(place.pieces)},
        }
        made = workflow(making, metadata)
        _refuse_too_large(made)
        for item in orders:
            kube.create(CONFIG_MAPS, owned(item, anchor))
        kube.create(WORKFLOWS, owned(made, anchor))


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
