"""From a plan here to a run in the cluster: the objects of the run, made in the order in which they need each other."""

from __future__ import annotations

import base64
import contextlib
import functools
import getpass
import hashlib
import json
import os
import posixpath
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Conflict, MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.code_bundle import PIECE, CodeBundle, bundle
from jupyter_mlops.kube.failures import Absent, AlreadyThere
from jupyter_mlops.kube.labels import PREFIX, labels, owned, selector
from jupyter_mlops.kube.names import digest, dns_name
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS, PVCS
from jupyter_mlops.targets.kubernetes.adopting import owner_of
from jupyter_mlops.targets.kubernetes.claims import ensure_claim, is_of_one_node
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.driver_account import ensure_driver_account
from jupyter_mlops.targets.kubernetes.following import has_ended, newest_driver
from jupyter_mlops.targets.kubernetes.kept import kept_name, kept_on
from jupyter_mlops.targets.kubernetes.own_volume import CLAIM, STORAGE, volume_said
from jupyter_mlops.targets.kubernetes.packing import Luggage, gather, in_cluster
from jupyter_mlops.targets.kubernetes.parcel import pack, pieces
from jupyter_mlops.targets.kubernetes.places import ORDER_FILE, STORE, RunPlace, driver_job
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
from jupyter_mlops.targets.kubernetes.shared_results import Offer
from jupyter_mlops.targets.kubernetes.storage import Storage
from jupyter_mlops.targets.kubernetes.unseen_files import for_unseen_files
from jupyter_mlops.targets.kubernetes.workplace import place_of

__all__ = ["Asked", "ClusterSettings", "anchor_name", "ask_to_stop", "bare", "drive_again", "submit"]

HOME = PREFIX + "home"
# Seconds. A pod whose process has just ended may be said to run for a moment.
_SETTLED_WITHIN_S, _ENDS_WITHIN_S, _LOOK_EVERY_S = 15.0, 3.0, 0.3


@dataclass(frozen=True)
class Prepared:
    """What runs of a namespace share: the ConfigMaps of the code and their digest, the drivers' account, the claim
    (empty where they have none).
    """

    code: tuple[str, ...]
    digest: str
    service_account: str
    claim: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """How a run is asked for. `root` is the project's folder, of which files may travel; `final` and `attached` as in
    `RunOptions`. `store` is where pods have the volume.

    A run that no laptop starts has its `schedule`, the `luggage` that was packed for it, and what was `shared` then;
    `piece` is how many bytes go into one ConfigMap. Results of the `offer` travel, too, if the volume lacks them.
    """

    experiment: str = ""
    parallel: int | None = None
    root: Path | None = None
    final: bool = False
    schedule: str = ""
    shared: Prepared | None = None
    luggage: Luggage | None = None
    piece: int = PIECE
    attached: bool = False
    store: str = STORE
    offer: Offer | None = None


def submit(kube: Kube, plan: Plan, run: str, settings: ClusterSettings, asked: Asked) -> None:
    """Make the objects of a run; the last one is the Job of its driver.

    Raises:
        MlopsError: the server refused one of them, or a file cannot travel, and nothing of the run is left.
    """
    if settings.storage:
        plan = for_unseen_files(plan, otherwise="Leave out storage under [kubernetes].")
    ready = prepare(kube, plan, run, settings, asked)
    place = ready.place
    order = {
        "place": place.to_data(),
        "anchor": anchor_name(run),
        "patience": float(settings.patience),
        "folder": ready.folder,
        "inside": ready.inside,
        "claim": kept_name(ready.claim),
        "carries": ready.carries,
        "experiment": asked.experiment,
        "parallel": asked.parallel,
        "final": asked.final,
        "user": _user(),
    }
    try:
        told = config_map(order_name(run), labels("plan", run=run), {ORDER_FILE: json.dumps(order)})
        kube.create(CONFIG_MAPS, owned(told, place.owner))
        kube.create(JOBS, driver_job(place, 1, order_name(run)))
    except BaseException:
        kube.delete(CONFIG_MAPS, anchor_name(run))
        raise


@dataclass(frozen=True)
class Ready:
    """A run whose volume, code and luggage are in the cluster. `plan` is as pods have it; its working folder is
    `folder`, below that of all runs, and `inside` is where in it the notebook is. `carries`: steps need some of it.
    """

    place: RunPlace
    plan: Plan
    claim: Mapping[str, Any]
    folder: str
    inside: str
    carries: bool


def prepare(kube: Kube, plan: Plan, run: str, settings: ClusterSettings, asked: Asked) -> Ready:
    """Make what a run needs before anything of it begins.

    Raises:
        MlopsError: the server refused a part, or a file cannot travel, and nothing of the run is left.
    """
    plan = settings.plan(plan)
    claim = asked.shared.claim if asked.shared else claim_of(kube, settings, driven=not asked.attached)
    luggage = asked.luggage or pack_up(kube, plan, settings, claim, asked.root)
    is_carried = carries(luggage, plan)
    marks = labels("anchor", run=run, schedule=asked.schedule)
    marks.update({HOME: home_mark(asked.root)} if asked.root else {})
    storage, claimed = settings.at_url, settings.claim if claim else ""
    known = {"pipeline": plan.pipeline.name, CLAIM: claimed, STORAGE: json.dumps(storage and storage.to_data())}
    # What others have looked at before may have changed since.
    known.update({} if asked.shared else volume_said(claim))
    anchor = kube.create(CONFIG_MAPS, config_map(anchor_name(run), marks, known))
    try:
        shared = asked.shared or share(kube, settings, claim, driven=not asked.attached)
        folder = place_of(plan.pipeline.name, run)
        work = posixpath.join(asked.store, "work", folder, "files", luggage.folder)
        there = in_cluster(plan, posixpath.normpath(work), pip=settings.pip)
        sends = is_carried or not asked.attached
        results = asked.offer.packed(kept_on(kube, claim)) if asked.offer and asked.offer.entries else {}
        told = {"plan": there.to_data(), "params": dict(plan.params)}
        archive = pack(told, luggage.files, luggage.contents, results)
        place = RunPlace(
            run=run,
            image=settings.image,
            claim=claimed,
            code=shared.code,
            digest=shared.digest,
            owner=bare(anchor),
            python=settings.python,
            settings=settings.pods,
            service_account=shared.service_account,
            driver_queue=settings.driver_queue,
            pieces=send(kube, ("parcel", run), archive, anchor, asked.piece) if sends else (),
            parcel=hashlib.sha256(archive).hexdigest(),
            one_node=is_of_one_node(claim),
            storage=storage,
            work=folder,
        )
    except BaseException:
        kube.delete(CONFIG_MAPS, anchor_name(run))
        raise
    return Ready(place, there, claim, folder, luggage.folder, is_carried)


def carries(luggage: Luggage, plan: Plan) -> bool:
    """Whether steps may need a file that travels: the notebook itself is there for the merged one."""
    own = posixpath.join(luggage.folder, os.path.basename(plan.pipeline.notebook))
    whole = any(step.component.kind == "notebook" for step in plan.pipeline.steps)
    return whole or any(item.name != own for item in luggage.files)


def driven_place(kube: Kube, run: str) -> RunPlace:
    """The place of a run that drivers in the cluster have driven; none is at work.

    Raises:
        Conflict: a driver is at work.
        NotFound: nothing is left of the run.
    """
    ended_drivers(kube, run)
    return RunPlace.from_data(json.loads(kube.get(CONFIG_MAPS, order_name(run))["data"][ORDER_FILE])["place"])


def share(
    kube: Kube, settings: ClusterSettings, claim: Mapping[str, Any] | None = None, *, driven: bool = True
) -> Prepared:
    """Make what is missing of what runs share: the volume, the code, and if runs are `driven` there the account."""
    claim = claim_of(kube, settings, driven=driven) if claim is None else claim
    code = ensure_code(kube)
    account = ensure_driver_account(kube, settings.service_account) if driven else settings.service_account
    return Prepared(code.names, code.digest, account, claim)


def claim_of(kube: Kube, settings: ClusterSettings, *, driven: bool) -> Mapping[str, Any]:
    """The claim of the volume that runs need, made if it is not there. With a storage only drivers have one."""
    return {} if settings.storage and not driven else ensure_claim(kube, settings)


def pack_up(
    kube: Kube | None, plan: Plan, settings: ClusterSettings, claim: Mapping[str, Any], root: Path | None
) -> Luggage:
    """The files that the plan needs; without the contents that the claim's volume has, if `kube` is there to ask, and
    they are wanted there: not with a storage.

    Raises:
        Refused: a file cannot travel.
    """
    known = kept_on(kube, claim) if kube and not settings.storage else ()
    return gather(plan, root or Path(plan.pipeline.cwd or os.getcwd()), known=known, leave_out=settings.leave_out)


def courier_place(kube: Kube, run: str, settings: ClusterSettings) -> RunPlace:
    """Where couriers of a run are made with the code of this version, which is sent there if need be. What the run
    began with counts, not what is set now.
    """
    code, one_node = ensure_code(kube), False
    owner: dict[str, Any] = {}
    claim, storage = settings.claim, settings.at_url
    if run:
        with contextlib.suppress(Absent):
            anchor = kube.get(CONFIG_MAPS, anchor_name(run))
            owner, known = bare(anchor), anchor.get("data") or {}
            claim = known.get(CLAIM, claim)
            storage = Storage.from_data(json.loads(known[STORAGE])) if STORAGE in known else storage
    try:
        one_node = bool(claim) and is_of_one_node(kube.get(PVCS, claim))
    except Absent:
        claim = "" if storage else claim  # its values are not lost with it
    except MlopsError:  # it may not be for us to see
        pass
    return RunPlace(
        run=run,
        image=settings.image,
        claim=claim,
        code=code.names,
        digest=code.digest,
        owner=owner,
        python=settings.python,
        settings=settings.pods,
        service_account=settings.service_account,
        one_node=one_node,
        storage=storage,
    )


def drive_again(kube: Kube, run: str, *, over: bool = False) -> int:
    """Make one more driver for a run whose last one has ended, and give its number.

    Of two who ask at once, one gets a Conflict. `over`: as for `ended_drivers`.

    Raises:
        Conflict: a driver is at work.
        NotFound: nothing is left of the run.
    """
    jobs = ended_drivers(kube, run, over=over)
    order = json.loads(kube.get(CONFIG_MAPS, order_name(run))["data"][ORDER_FILE])
    kube.patch(CONFIG_MAPS, anchor_name(run), {"data": {"cancel": None}})
    number = newest_driver(jobs) + 1
    try:
        place = RunPlace.from_data(order["place"])
        place = replace(place, owner=owner_of(kube, place.owner, run))
        kube.create(JOBS, driver_job(place, number, order_name(run)))
    except AlreadyThere as error:
        raise Conflict(f"Another driver of the run {run} has just been started.", hint="Follow that one.") from error
    return number


def ended_drivers(kube: Kube, run: str, *, over: bool = False) -> tuple[dict[str, Any], ...]:
    """The Jobs of drivers, none at work. Of one that has just ended the cluster may say so a moment later.

    `over`: the run is known to be, so its driver is about to end if it has not.

    Raises:
        Conflict: one is at work.
    """
    began = time.monotonic()
    while True:
        jobs = kube.list(JOBS, labels=selector(labels("driver", run=run))).items
        at_work = [job["metadata"]["name"] for job in jobs if not has_ended(job)]
        if not at_work:
            return jobs
        pods = kube.list(PODS, labels=selector(labels("driver", run=run))).items
        running = any(pod.get("status", {}).get("phase") == "Running" for pod in pods)
        if time.monotonic() - began > (_ENDS_WITHIN_S if running and not over else _SETTLED_WITHIN_S):
            raise Conflict(f"The run {run} is driven by the Job {at_work[0]}.", hint="Cancel it first.")
        time.sleep(_LOOK_EVERY_S)


def ask_to_stop(kube: Kube, run: str, *, by: str) -> None:
    """Have the driver of a run stop it cleanly; one that has not begun never will.

    Raises:
        NotFound: nothing is left of the run.
    """
    wanted = selector(labels("driver", run=run))
    kube.patch(CONFIG_MAPS, anchor_name(run), {"data": {"cancel": by}})
    phases = {str(pod.get("status", {}).get("phase")) for pod in kube.list(PODS, labels=wanted).items}
    if phases <= {"Pending"}:
        for job in kube.list(JOBS, labels=wanted).items:
            if not has_ended(job):
                kube.delete(JOBS, job["metadata"]["name"])


def anchor_name(run: str) -> str:
    """The ConfigMap that owns all else of the run."""
    return dns_name("mlops", run[-8:], "anchor", run)


def order_name(run: str) -> str:
    """The ConfigMap with what drivers of the run are told."""
    return dns_name("mlops", run[-8:], "order", run)


def home_mark(root: Path) -> str:
    """What tells the runs of one project of one person from those of others in the same namespace."""
    return digest([_user(), socket.gethostname(), str(root)], 20)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def bare(item: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object tells which one it is."""
    metadata = {key: item["metadata"][key] for key in ("name", "uid")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def send(
    kube: Kube, name: tuple[str, str], archive: bytes, owner: Mapping[str, Any], piece: int = PIECE
) -> tuple[str, ...]:
    """The archive in the cluster: the names of the ConfigMaps with its pieces, which go with their owner.

    `name` is what it is, and whose: a run's id, or a schedule's name.
    """
    kind, whose = name
    names = []
    for index, part in enumerate(pieces(archive, piece)):
        found = dns_name("mlops", whose[-8:], kind, f"{index:03}", whose)
        marks = labels("plan", run=whose) if kind == "parcel" else labels("schedule", schedule=whose)
        data = {f"{index:03}": base64.b64encode(part).decode()}
        kube.create(CONFIG_MAPS, owned({**config_map(found, marks, {}), "immutable": True, "binaryData": data}, owner))
        names.append(found)
    return tuple(names)


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
    code = _code()
    for body in code.config_maps:
        with contextlib.suppress(AlreadyThere):
            kube.create(CONFIG_MAPS, body)
    return code


@functools.lru_cache(maxsize=1)
def _code() -> CodeBundle:
    """It takes a while to pack."""
    return bundle(code_zip())
