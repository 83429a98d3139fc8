"""What runs have left in a namespace that nobody will ask for: found by labels, and removed with care.

Several people may share a namespace. Of others nothing is touched unless it is asked for, and then only what is over
and old; the mark of a project (`submit.home_mark`) tells whose a run is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, Forbidden
from jupyter_mlops.kube.labels import RUN, Part, labels, named, selector
from jupyter_mlops.kube.reason import part, text, when
from jupyter_mlops.kube.resource import CONFIG_MAPS, CRON_JOBS, JOBS, Resource
from jupyter_mlops.targets.kubernetes.following import has_ended
from jupyter_mlops.targets.kubernetes.submit import HOME

# Seconds: a courier takes less; code may be needed by a run that is just being made.
_COURIER_S, _CODE_S = 2 * 3600.0, 24 * 3600.0
_WORKFLOWS = Resource("argoproj.io", "v1alpha1", "workflows", "Workflow")
_OVER = ("Succeeded", "Failed", "Error")


@dataclass(frozen=True)
class Wanted:
    """What is swept: runs with the `mark` that are not `known` at home; with `everyone` also those of others.

    Of runs with the mark those that are over go, and those older than `older_than` seconds, if that is given. Of others
    only what is both.
    """

    mark: str
    known: frozenset[str]
    now: datetime
    older_than: float | None = None
    everyone: bool = False


@dataclass(frozen=True)
class Leftovers:
    """`runs` whose anchors go, `kept` whose anchors stay; `objects` that belong to no run, by kind and name."""

    runs: tuple[str, ...]
    kept: tuple[str, ...]
    objects: tuple[tuple[Resource, str], ...]


def leftovers(kube: Kube, asked: Wanted) -> Leftovers:
    """What could go."""
    anchors = {named(item, RUN): item for item in _ours(kube, CONFIG_MAPS, "anchor") if named(item, RUN)}
    jobs = (*_ours(kube, JOBS, "driver"), *_ours(kube, JOBS, "step"))
    at_work = {named(job, RUN) for job in jobs if not has_ended(job)} | _driven_by_argo(kube)
    gone = tuple(sorted(run for run, item in anchors.items() if _may_go(run, item, run not in at_work, asked)))
    objects = [*_couriers(kube, asked), *_code(kube, gone, asked)]
    return Leftovers(gone, tuple(sorted(set(anchors) - set(gone))), tuple(objects))


def _driven_by_argo(kube: Kube) -> set[str]:
    """Runs whose Workflow is not over: they have no Jobs."""
    try:
        found = kube.list(_WORKFLOWS, labels=selector(labels("driver"))).items
    except (Absent, Forbidden):  # Argo Workflows is not there, or not for us
        return set()
    return {named(item, RUN) for item in found if text(part(item, "status"), "phase") not in _OVER}


def _may_go(run: str, anchor: Mapping[str, Any], over: bool, asked: Wanted) -> bool:
    old = asked.older_than is not None and _age(anchor, asked.now) > asked.older_than
    if named(anchor, HOME) == asked.mark:
        return run not in asked.known and (over or old)
    return asked.everyone and over and old


def _couriers(kube: Kube, asked: Wanted) -> Iterator[tuple[Resource, str]]:
    for kind in (CONFIG_MAPS, JOBS):
        for item in _ours(kube, kind, "courier"):
            if _age(item, asked.now) > _COURIER_S:
                yield kind, _name(item)


def _code(kube: Kube, gone: Iterable[str], asked: Wanted) -> Iterator[tuple[Resource, str]]:
    """Code that no Job or CronJob mounts, and that no run needs which somebody may go on with."""
    going = set(gone)
    try:
        schedules = kube.list(CRON_JOBS).items
    except Forbidden:
        return  # what schedules need cannot be known
    orders = [item for item in _ours(kube, CONFIG_MAPS, "plan") if named(item, RUN) not in going]
    jobs = [item for item in kube.list(JOBS).items if named(item, RUN) not in going]
    needed = json.dumps([[item.get("data") for item in orders], [item.get("spec") for item in (*jobs, *schedules)]])
    for item in _ours(kube, CONFIG_MAPS, "code"):
        if _name(item) not in needed and _age(item, asked.now) > max(asked.older_than or 0.0, _CODE_S):
            yield CONFIG_MAPS, _name(item)


def _ours(kube: Kube, kind: Resource, which: Part) -> tuple[dict[str, Any], ...]:
    return kube.list(kind, labels=selector(labels(which))).items


def _name(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _age(item: Mapping[str, Any], now: datetime) -> float:
    """Seconds; 0 if the cluster does not say."""
    made = when(item.get("metadata") or {}, "creationTimestamp")
    return 0.0 if made is None else max(0.0, (now - made).total_seconds())
