"""`--attached`: a run that is driven from here, each step a Job. For accounts that may make Jobs, ConfigMaps and PVCs,
and where nobody has given a driver in the cluster its rights. It ends with this process; `retry` goes on with it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions, resume_run, start_run
from jupyter_mlops.errors import Conflict, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.patience import Patient
from jupyter_mlops.kube.resource import CONFIG_MAPS, PVCS
from jupyter_mlops.store.atomic_write import write_atomically
from jupyter_mlops.store.liveness import engine_lives, lock_is_held
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import is_remote
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.kubernetes.arrival import send_ahead
from jupyter_mlops.targets.kubernetes.attached_journal import AttachedJournal
from jupyter_mlops.targets.kubernetes.attached_target import AttachedTarget, bring_ended
from jupyter_mlops.targets.kubernetes.claims import volume_of
from jupyter_mlops.targets.kubernetes.kept import forget_kept, kept_name
from jupyter_mlops.targets.kubernetes.own_volume import refuse_other_volume
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
from jupyter_mlops.targets.kubernetes.submit import Asked, Ready, anchor_name, driven_place, prepare
from jupyter_mlops.targets.kubernetes.target import SLOTS
from jupyter_mlops.targets.kubernetes.unseen_files import for_unseen_files

_PLACE = "attached.json"
# A laptop changes networks.
_PATIENCE_S = 120.0


def drive_attached(
    kube: Kube, plan: Plan, project: Project, options: RunOptions, settings: ClusterSettings, store: str = STORE
) -> Path:
    """Run a plan from here to its end, and give the run's folder. `store` is where pods have the volume.

    Raises:
        MlopsError: the server refused what the run needs, and nothing of the run is left.
    """
    run = options.run or new_run_id()
    patient = _patient(kube)
    asked = Asked(options.experiment, options.parallel, project.root, options.final, attached=True, store=store)
    ready = prepare(patient, for_unseen_files(plan, otherwise="Leave out --attached."), run, settings, asked)
    try:
        if ready.carries:
            _send_ahead(patient, ready, store, options, settings)
        place, volume = ready.place, _volume(kube.namespace, ready.place, ready.claim)
        folder = project.ensure().run_directory(run)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / _PLACE, json.dumps(place.to_data()).encode())
        slots, patience = options.parallel or SLOTS, settings.patience
        target = AttachedTarget(patient, place, volume, slots=slots, store=store, patience=patience)
    except BaseException:
        kube.delete(CONFIG_MAPS, anchor_name(run))
        raise
    journal = functools.partial(AttachedJournal, place=place, volume=volume, store=store)
    try:
        return start_run(ready.plan, project, target, replace(options, run=run, journal=journal)).directory
    except Refused:
        kube.delete(CONFIG_MAPS, anchor_name(run))
        raise
    finally:
        target.close()


def resume_attached(
    kube: Kube, run: str, project: Project, options: RunOptions, settings: ClusterSettings, store: str = STORE
) -> Path:
    """Go on with a run from here. Steps that ended while nobody listened are taken as they are; others begin again.

    Raises:
        Conflict: an engine drives it, here or in the cluster.
        NotFound: nothing is left of the run in the namespace, or its volume is another one.
    """
    folder, patient = project.run_directory(run), _patient(kube)
    if _is_driven(folder):
        raise Conflict(f"The run {run} is driven now.", hint="Cancel it first.")
    place = _known_place(folder) or driven_place(patient, run)
    refuse_other_volume(patient, run, place.claim, patient.get(CONFIG_MAPS, anchor_name(run)))
    bring_ended(patient, run, folder)
    volume = _volume(kube.namespace, place, {} if place.storage else patient.get(PVCS, place.claim))
    journal = functools.partial(AttachedJournal, place=place, volume=volume, store=store)
    slots, patience = options.parallel or SLOTS, settings.patience
    target = AttachedTarget(patient, place, volume, slots=slots, store=store, patience=patience)
    try:
        return resume_run(run, project, target, replace(options, journal=journal)).directory
    finally:
        target.close()


def _send_ahead(kube: Kube, ready: Ready, store: str, options: RunOptions, settings: ClusterSettings) -> None:
    try:
        send_ahead(kube, ready.place, options.stop, settings.patience, store=store)
    except Refused:
        if ready.claim:  # the list of what its volume has may be wrong
            forget_kept(kube, kept_name(ready.claim))
        raise


def is_attached(project: Project, run: str) -> bool:
    """Whether the run was driven from here."""
    return _known_place(project.run_directory(run)) is not None


def _is_driven(folder: Path) -> bool:
    """Whether another engine would lose its Jobs if this one began: one of this machine holds the lock.

    Of a run that was begun in the cluster, whoever looks at the Jobs of its drivers knows more.
    """
    record = load_run(folder)
    unsure = not record.over and not is_remote(folder) and engine_lives(record.engine) is None
    return lock_is_held(folder) or unsure


def _known_place(folder: Path) -> RunPlace | None:
    try:
        data = json.loads((folder / _PLACE).read_bytes())
        return RunPlace.from_data(data) if isinstance(data, Mapping) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _patient(kube: Kube) -> Kube:
    return Kube(Patient(kube.transport, _PATIENCE_S), kube.namespace)


def _volume(namespace: str, place: RunPlace, claim: Mapping[str, Any]) -> str:
    return volume_of(namespace, claim, place.storage.url if place.storage else "")
