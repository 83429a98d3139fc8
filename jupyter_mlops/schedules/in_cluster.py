"""Schedules in a cluster: a ConfigMap with the order owns a CronJob, whose pods make the runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import Conflict, NotFound
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_died
from jupyter_mlops.kube.failures import Absent, AlreadyThere, clean
from jupyter_mlops.kube.labels import PREFIX, SCHEDULE, labels, named, owned, selector
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.reason import condition, part, parts, text
from jupyter_mlops.kube.resource import CONFIG_MAPS, CRON_JOBS, JOBS, PODS
from jupyter_mlops.targets.kubernetes.places import SCHEDULE_FILE, RunPlace, tick_job
from jupyter_mlops.targets.kubernetes.schedule_order import ScheduleOrder, object_name
from jupyter_mlops.targets.kubernetes.settings import read_settings
from jupyter_mlops.targets.kubernetes.submit import send
from jupyter_mlops.targets.kubernetes.tick import active_runs

OVERLAP, SOURCE, PIPELINE = PREFIX + "overlap", PREFIX + "source", PREFIX + "pipeline"
_POLICIES = {"forbid": "Forbid", "allow": "Allow", "replace": "Replace"}
_HISTORY = 3
# A pod that waits for its image or for room longer than this is given up, and told as failed.
_DEADLINE_S = 1800


@dataclass(frozen=True)
class Timing:
    """When a schedule is due: a cron expression of Kubernetes, a zone of the IANA database.

    A time that was missed is made up for within `catch_up` seconds.
    """

    cron: str
    zone: str = "UTC"
    catch_up: int = 600
    paused: bool = False


@dataclass(frozen=True)
class ScheduleState:
    """A schedule as the cluster has it. Times are RFC 3339 or "". `problem`: why its last pod could not make a run."""

    name: str
    timing: Timing
    overlap: str = ""
    source: str = ""
    pipeline: str = ""
    last: str = ""
    active: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    problem: str = ""


def create(
    kube: Kube, order: ScheduleOrder, timing: Timing, archive: bytes, *, pipeline: str = "", source: str = ""
) -> None:
    """Make a schedule; `archive` has its plan and the files that go along.

    Raises:
        Conflict: there is one of that name.
        MlopsError: the cluster refused an object, and nothing of the schedule is left.
    """
    name = object_name(order.name)
    marks = labels("schedule", schedule=order.name)
    body = {"metadata": {"name": name, "labels": marks}, "data": {SCHEDULE_FILE: order.to_json()}}
    try:
        anchor = kube.create(CONFIG_MAPS, body)
    except AlreadyThere as error:
        raise Conflict(
            f"There is a schedule {order.name!r} in the namespace {kube.namespace}.",
            hint="Give another --name, or --replace to make it anew.",
        ) from error
    try:
        made = cron_job(order, timing, send(kube, ("luggage", order.name), archive, anchor))
        made["metadata"]["annotations"].update({SOURCE: source, PIPELINE: pipeline})
        kube.create(CRON_JOBS, owned(made, anchor))
    except BaseException:
        kube.delete(CONFIG_MAPS, name)
        raise


def cron_job(order: ScheduleOrder, timing: Timing, pieces: tuple[str, ...]) -> dict[str, Any]:
    """The CronJob of a schedule; `pieces` are the ConfigMaps of its archive."""
    name, shared, settings = object_name(order.name), order.shared, read_settings(order.settings)
    place = RunPlace(
        run="",
        image=settings.image,
        claim="",
        code=shared.code,
        digest=shared.digest,
        owner={},
        python=settings.python,
        settings=settings.pods,
        service_account=shared.service_account,
        driver_queue=settings.driver_queue,
        pieces=pieces,
    )
    made = tick_job(place, order.name, name)
    made["spec"]["activeDeadlineSeconds"] = _DEADLINE_S
    marks = labels("schedule", schedule=order.name)
    told = {OVERLAP: order.overlap}
    metadata = {"labels": made["metadata"]["labels"]}
    return {
        "apiVersion": CRON_JOBS.api_version,
        "kind": CRON_JOBS.kind,
        "metadata": {"name": name, "labels": marks, "annotations": told},
        "spec": {
            "schedule": timing.cron,
            "timeZone": timing.zone,
            "suspend": timing.paused,
            "concurrencyPolicy": _POLICIES[order.overlap],
            "startingDeadlineSeconds": timing.catch_up,
            "successfulJobsHistoryLimit": _HISTORY,
            "failedJobsHistoryLimit": _HISTORY,
            "jobTemplate": {"metadata": metadata, "spec": made["spec"]},
        },
    }


def schedules(kube: Kube) -> list[ScheduleState]:
    """The schedules of the namespace, by name."""
    found = kube.list(CRON_JOBS, labels=selector(labels("schedule"))).items
    if not found:
        return []
    ticks = kube.list(JOBS, labels=selector(labels("tick"))).items
    pods = kube.list(PODS, labels=selector(labels("tick"))).items
    anchors = kube.list(CONFIG_MAPS, labels=f"{selector(labels('anchor'))},{SCHEDULE}").items
    active = active_runs(kube, anchors)
    states = []
    for item in found:
        name = named(item, SCHEDULE)
        runs = sorted(_run_of(anchor) for anchor in anchors if named(anchor, SCHEDULE) == name)
        own = [job for job in ticks if named(job, SCHEDULE) == name]
        states.append(_state(item, runs, active, _problem(own, pods)))
    return sorted(states, key=lambda state: state.name)


def pause(kube: Kube, name: str, *, paused: bool) -> None:
    """Have a schedule start no more runs, or start them again.

    Raises:
        NotFound: there is none of that name.
    """
    with _known(kube, name):
        kube.patch(CRON_JOBS, object_name(name), {"spec": {"suspend": paused}})


def start_now(kube: Kube, name: str) -> str:
    """Have a schedule make a run now, whether it is due or paused; gives the name of the Job that does.

    Raises:
        NotFound: there is none of that name.
    """
    with _known(kube, name):
        found = kube.get(CRON_JOBS, object_name(name))
    template = part(found, "spec", "jobTemplate")
    metadata = {**part(template, "metadata"), "generateName": f"{object_name(name)[:45]}-now-"}
    body = owned({"metadata": metadata, "spec": part(template, "spec")}, found)
    return text(part(kube.create(JOBS, body), "metadata"), "name")


def delete(kube: Kube, name: str, *, runs: bool = False) -> tuple[str, ...]:
    """Remove a schedule; its runs go on and stay, unless `runs`. Gives the runs that were removed.

    Raises:
        NotFound: there is none of that name.
    """
    with _known(kube, name):
        kube.get(CRON_JOBS, object_name(name))
    # First what makes more runs, then the runs.
    kube.delete(CONFIG_MAPS, object_name(name))
    kube.delete(CRON_JOBS, object_name(name))
    if not runs:
        return ()
    anchors = kube.list(CONFIG_MAPS, labels=selector(labels("anchor", schedule=name))).items
    for anchor in anchors:
        kube.delete(CONFIG_MAPS, text(part(anchor, "metadata"), "name"))
    return tuple(sorted(map(_run_of, anchors)))


def default_name(source: str) -> str:
    """A name for the schedule of a file."""
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in source.lower())
    return "-".join(filter(None, kept.split("-")))[:40].strip("-") or dns_name(source, most=40)


@contextlib.contextmanager
def _known(kube: Kube, name: str) -> Iterator[None]:
    try:
        yield
    except Absent as error:
        there = [named(item, SCHEDULE) for item in kube.list(CRON_JOBS, labels=selector(labels("schedule"))).items]
        hint = f"There are: {', '.join(sorted(there))}." if there else "There is none."
        raise NotFound(f"There is no schedule {name!r} in the namespace {kube.namespace}.", hint=hint) from error


def _run_of(anchor: Mapping[str, Any]) -> str:
    return named(anchor, PREFIX + "run")


def _state(item: Mapping[str, Any], runs: Sequence[str], active: Sequence[str], problem: str) -> ScheduleState:
    spec, status = part(item, "spec"), part(item, "status")
    deadline = spec.get("startingDeadlineSeconds")
    return ScheduleState(
        name=named(item, SCHEDULE),
        timing=Timing(
            cron=clean(spec.get("schedule")),
            zone=clean(spec.get("timeZone")) or "UTC",
            catch_up=deadline if isinstance(deadline, int) else 0,
            paused=spec.get("suspend") is True,
        ),
        overlap=clean(named(item, OVERLAP)),
        source=clean(named(item, SOURCE)),
        pipeline=clean(named(item, PIPELINE)),
        last=clean(status.get("lastScheduleTime")),
        active=tuple(run for run in runs if run in active),
        runs=tuple(runs),
        problem=problem,
    )


def _problem(ticks: Sequence[Mapping[str, Any]], pods: Sequence[Mapping[str, Any]]) -> str:
    """Why the newest of the Jobs of a schedule could not make a run; "" if it could, or is at it."""
    newest = max(ticks, key=lambda job: text(part(job, "metadata"), "creationTimestamp"), default=None)
    if newest is None or condition(newest, "Failed") is None:
        return ""
    uid = part(newest, "metadata").get("uid")
    own = [pod for pod in pods if any(owner.get("uid") == uid for owner in parts(pod, "metadata", "ownerReferences"))]
    why = why_died(own[-1] if own else None, newest)
    return str(why) if why else "Its last Job failed."
