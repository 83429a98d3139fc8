"""What the pod of a schedule does each time: it makes a run, as a laptop does, and is over before the run has begun.

Whether the run before is still going on is decided here: what the CronJob starts is over long before its run is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import MlopsError, Unavailable
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.in_cluster import in_cluster
from jupyter_mlops.kube.labels import RUN, labels, named, selector
from jupyter_mlops.kube.patience import Patient
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.kubernetes.following import has_ended
from jupyter_mlops.targets.kubernetes.kept import kept_on
from jupyter_mlops.targets.kubernetes.packing import Luggage
from jupyter_mlops.targets.kubernetes.parcel import joined
from jupyter_mlops.targets.kubernetes.places import PARCEL
from jupyter_mlops.targets.kubernetes.schedule_order import ScheduleOrder, read_plan
from jupyter_mlops.targets.kubernetes.settings import read_settings
from jupyter_mlops.targets.kubernetes.submit import Asked, ask_to_stop, submit

_PATIENCE_S = 120.0
_CANCELED_WITHIN_S = 300.0
_LOOK_EVERY_S = 2.0


def tick(order_path: str) -> int:
    """Start the run that is due; 0 if it was started, or if it was not as the one before is still going on."""
    try:
        order = ScheduleOrder.from_json(Path(order_path).read_text(encoding="utf-8"))
        connection = in_cluster()
        kube = Kube(Patient(connection.transport, _PATIENCE_S), connection.namespace)
        plan, luggage = read_plan(joined(Path(PARCEL), order.parcel))
        said = start_due(kube, order, plan, luggage)
    except MlopsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{said}\n")
    return 0


def start_due(
    kube: Kube, order: ScheduleOrder, plan: Plan, luggage: Luggage, *, wait_s: float = _CANCELED_WITHIN_S
) -> str:
    """Make a run of the schedule, unless the one before forbids it; what was done, in a sentence.

    Raises:
        MlopsError: the cluster refused an object, and nothing of the run is left.
        Unavailable: the run that is to be replaced did not end within `wait_s` seconds.
    """
    anchors = kube.list(CONFIG_MAPS, labels=selector(labels("anchor", schedule=order.name))).items
    going_on = active_runs(kube, anchors)
    if going_on and order.overlap == "forbid":
        return f"No run was started: {', '.join(going_on)} is not over."
    if going_on and order.overlap == "replace":
        _cancel(kube, {name: anchor for name, anchor in _by_run(anchors).items() if name in going_on}, wait_s)
    run = new_run_id()
    known = kept_on(kube, order.shared.claim)
    missing = {digest: content for digest, content in luggage.contents.items() if digest not in known}
    asked = Asked(
        experiment=order.experiment,
        parallel=order.parallel,
        schedule=order.name,
        shared=order.shared,
        luggage=replace(luggage, contents=missing),
    )
    submit(kube, plan, run, read_settings(order.settings), asked)
    over = [anchor for name, anchor in sorted(_by_run(anchors).items()) if name not in going_on]
    for anchor in over[: max(0, len(over) - order.keep + 1)]:
        kube.delete(CONFIG_MAPS, anchor["metadata"]["name"])
    return f"Started the run {run}."


def active_runs(kube: Kube, anchors: tuple[Mapping[str, Any], ...]) -> tuple[str, ...]:
    """The runs of these anchors that a driver is at work on, the oldest first."""
    wanted = _by_run(anchors)
    drivers = kube.list(JOBS, labels=selector(labels("driver"))).items
    return tuple(sorted({named(job, RUN) for job in drivers if not has_ended(job)} & set(wanted)))


def _by_run(anchors: tuple[Mapping[str, Any], ...]) -> dict[str, Mapping[str, Any]]:
    return {named(anchor, RUN): anchor for anchor in anchors if named(anchor, RUN)}


def _cancel(kube: Kube, anchors: Mapping[str, Mapping[str, Any]], wait_s: float) -> None:
    for run in anchors:
        ask_to_stop(kube, run, by="schedule")
    ends = time.monotonic() + wait_s
    while left := active_runs(kube, tuple(anchors.values())):
        if time.monotonic() > ends:
            raise Unavailable(f"The run {', '.join(left)} did not end within {wait_s:.0f} s.", hint="Cancel it.")
        time.sleep(_LOOK_EVERY_S)
