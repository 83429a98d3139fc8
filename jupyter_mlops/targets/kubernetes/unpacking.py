"""A run's arrival in the cluster: what it takes along is put in its working folder, before anything runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import MlopsError, NotFound, StoreUnwritable
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes.kept import forget_kept, note_kept
from jupyter_mlops.targets.kubernetes.parcel import Arrived, arrive, arrived, joined, results_in
from jupyter_mlops.targets.kubernetes.places import PARCEL, STORE, RunPlace
from jupyter_mlops.targets.kubernetes.shared_results import take_in
from jupyter_mlops.targets.kubernetes.workplace import clear, take_over

WORK, KEPT = Path(STORE, "work"), Path(STORE, "kept")


def working_place(order: Mapping[str, Any]) -> Path:
    """The folder of the run: its files are in `files` below it."""
    return WORK.joinpath(*str(order["folder"]).split("/"))


def unpack(order: Mapping[str, Any], place: RunPlace, kube: Kube) -> Plan:
    """Make the run's working folder, if no driver before has, and give its plan.

    Raises:
        MlopsError: what the run should take along did not arrive, or the volume cannot be written.
    """
    folder = working_place(order)
    try:
        found = arrived(folder) or _unpacked(order, place, kube, folder)
        plan = Plan.from_data(found.order["plan"], found.order["params"])
        make_folders(plan, found.folder, str(order["inside"]))
    except OSError as error:
        raise StoreUnwritable(
            f"The volume of the claim {place.claim} cannot be written: {error.strerror or error}.",
            hint="Is it full, or does it belong to another user? user under [kubernetes] says under which id pods run.",
        ) from error
    return plan


def make_folders(plan: Plan, files: Path, inside: str) -> None:
    """The folders in which steps run: they may have brought no file."""
    for folder in {"", *(step.component.folder for step in plan.pipeline.steps)}:
        path = Path(os.path.normpath(files / inside / folder))
        if path.is_relative_to(files):
            path.mkdir(parents=True, exist_ok=True)


def _unpacked(order: Mapping[str, Any], place: RunPlace, kube: Kube, folder: Path) -> Arrived:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        archive = joined(Path(PARCEL), place.parcel)
        found = arrive(archive, folder, KEPT)
    except NotFound:
        forget_kept(kube, str(order["claim"]))
        raise
    # `verify` begins with what the notebook brings; with a storage no step sees what is here.
    if order.get("final") is not True and not place.storage:
        take_over(folder)
    clear(folder)
    if place.storage:  # its files go there, from their pieces
        return found
    results = take_in(results_in(archive), Project(Path(STORE)))
    note_kept(kube, str(order["claim"]), (*found.kept, *results), found.forgotten)
    for name in place.pieces:  # they are large, and the cluster's own store is small
        with contextlib.suppress(MlopsError):
            kube.delete(CONFIG_MAPS, name)
    return found
