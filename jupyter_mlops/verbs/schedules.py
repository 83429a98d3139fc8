"""`schedule` and `schedules`: runs that start by themselves, in a cluster, at set times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from jupyter_mlops.engine.plan import Selection, make_plan
from jupyter_mlops.errors import MlopsError, Refused, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.schedules.cron import read_cron
from jupyter_mlops.schedules.in_cluster import ScheduleState, Timing
from jupyter_mlops.schedules.zones import read_zone
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.base import RunTarget, default_target, open_target, target_settings
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.pipelines import load_pipeline
from jupyter_mlops.verbs.run import given_place, project_of
from jupyter_mlops.verbs.targets import connected, with_own_image

TARGET = "kubernetes"
SHOWN_TIMES = 3


class ScheduleRequest(TypedDict, total=False):
    """What may be asked of a schedule, all optional but `cron`.

    `cron` are five fields, `timezone` a name like Europe/Berlin (default UTC). `name` is by default that of the file.
    `overlap` says what happens when a run is due and the one before is not over: `forbid` starts none, `allow` starts
    it beside the other, `replace` cancels the other first. A time that was missed is made up for within `catch_up`
    seconds. Of runs that are over, the newest `keep` stay in the cluster. `replace` makes a schedule of that name anew;
    a `paused` one waits for `resume`. The others are as for `run`.
    """

    cron: str
    timezone: str
    name: str
    target: str
    context: str
    namespace: str
    image: str
    params: Mapping[str, object] | None
    experiment: str
    parallel: int | None
    cache: bool
    overlap: Literal["forbid", "allow", "replace"]
    catch_up: int
    keep: int
    replace: bool
    paused: bool


class ScheduleData(TypedDict):
    """A schedule. `next` are the next times in its zone, none while it is paused; `runs` begin with the oldest."""

    schedule: str
    cron: str
    timezone: str
    paused: bool
    overlap: str
    catch_up: int
    source: str
    pipeline: str
    next: list[str]
    last: str
    active: list[str]
    runs: list[str]
    problem: str
    target: str
    context: str
    namespace: str


def schedule(source: str | Path | Pipeline, **asked: Unpack[ScheduleRequest]) -> ScheduleData:
    """Have a notebook, a pipeline file or a plan run at set times, in the cluster, whether this machine is on or not.

    Raises:
        Usage: the times, the zone, the name or the request make no sense; nothing was made.
        NotebookHasErrors: a diagnostic is an error.
        Refused: the target has no schedules, or cannot honour an option of a step.
        Conflict: there is a schedule of that name.
    """
    from jupyter_mlops.schedules import in_cluster
    from jupyter_mlops.targets.kubernetes.packing import in_cluster as in_cluster_plan
    from jupyter_mlops.targets.kubernetes.schedule_order import ScheduleOrder, check_name, pack_plan
    from jupyter_mlops.targets.kubernetes.settings import read_settings
    from jupyter_mlops.targets.kubernetes.submit import pack_up, share

    timing = _timing(asked)
    loaded = load_pipeline(source)
    if loaded.path:
        refuse_errors(list(loaded.diagnostics), loaded.path)
    project = project_of(loaded)
    plan = make_plan(loaded.pipeline, asked.get("params"), Selection(no_cache=not asked.get("cache", True)))
    name = asked.get("name") or ""
    name = check_name(name or in_cluster.default_name(loaded.path.stem if loaded.path else plan.pipeline.name))
    settings = _settings_of(project, asked)
    target = open_target(TARGET, project, given=given_place(asked))
    try:
        for step in plan.steps:
            if isinstance(target, RunTarget) and (reason := target.refusal(step.options)):
                raise Refused(f"The target {TARGET!r} cannot run {step.name!r}: {reason}")
    finally:
        target.close()
    table = {key: value for key, value in settings.items() if key not in ("context", "namespace")}
    with _cluster(settings) as (kube, context):
        if asked.get("replace"):
            _remove_if_there(kube, name)
        known = read_settings(table)
        shared = share(kube, known)
        plan = known.plan(plan)
        luggage = pack_up(None, plan, known, shared.claim, project.root)
        archive = pack_plan(in_cluster_plan(plan, luggage.folder), luggage)
        order = ScheduleOrder(
            name=name,
            settings=table,
            shared=shared,
            parcel=sha256(archive).hexdigest(),
            experiment=asked.get("experiment") or "",
            parallel=asked.get("parallel"),
            overlap=asked.get("overlap", "forbid"),
            keep=asked.get("keep", 10),
        )
        where = str(loaded.path) if loaded.path else ""
        in_cluster.create(kube, order, timing, archive, pipeline=plan.pipeline.name, source=where)
        state = ScheduleState(name, timing, order.overlap, where, plan.pipeline.name)
        return _data(state, context, kube.namespace)


def list_schedules(
    project: Project, *, context: str = "", namespace: str = ""
) -> dict[Literal["schedules"], list[ScheduleData]]:
    """The schedules of a namespace, by name."""
    from jupyter_mlops.schedules import in_cluster

    with _opened(project, context, namespace) as (kube, known):
        return {"schedules": [_data(state, known, kube.namespace) for state in in_cluster.schedules(kube)]}


def pause(project: Project, name: str, *, paused: bool = True, context: str = "", namespace: str = "") -> ScheduleData:
    """Have a schedule start no more runs; `paused=False`: start them again.

    Raises:
        NotFound: there is none of that name.
    """
    from jupyter_mlops.schedules import in_cluster

    with _opened(project, context, namespace) as (kube, known):
        in_cluster.pause(kube, name, paused=paused)
        state = next(item for item in in_cluster.schedules(kube) if item.name == name)
        return _data(state, known, kube.namespace)


def delete_schedule(
    project: Project, name: str, *, runs: bool = False, context: str = "", namespace: str = ""
) -> dict[str, Any]:
    """Remove a schedule; its runs go on and stay in the cluster, unless `runs`: `{"deleted", "runs"}`.

    Raises:
        NotFound: there is none of that name.
    """
    from jupyter_mlops.schedules import in_cluster

    with _opened(project, context, namespace) as (kube, _):
        return {"deleted": name, "runs": list(in_cluster.delete(kube, name, runs=runs))}


def start_now(project: Project, name: str, *, context: str = "", namespace: str = "") -> dict[str, Any]:
    """Have a schedule make a run now, also a paused one: `{"started", "job"}`.

    Raises:
        NotFound: there is none of that name.
    """
    from jupyter_mlops.schedules import in_cluster

    with _opened(project, context, namespace) as (kube, _):
        return {"started": name, "job": in_cluster.start_now(kube, name)}


def next_times(
    project: Project, name: str, *, count: int = 10, context: str = "", namespace: str = ""
) -> dict[str, Any]:
    """When a schedule is due next, paused or not: `{"schedule", "timezone", "next"}`.

    Raises:
        NotFound: there is none of that name.
    """
    from jupyter_mlops.errors import NotFound
    from jupyter_mlops.schedules import in_cluster

    with _opened(project, context, namespace) as (kube, _):
        found = {item.name: item for item in in_cluster.schedules(kube)}
    if name not in found:
        hint = f"There are: {', '.join(found)}." if found else "There is none."
        raise NotFound(f"There is no schedule {name!r} in the namespace {kube.namespace}.", hint=hint)
    timing = found[name].timing
    return {"schedule": name, "timezone": timing.zone, "next": _next(timing, count)}


def _timing(asked: ScheduleRequest) -> Timing:
    if not asked.get("cron"):
        raise Usage("When is it due?", hint='Give --cron, as in --cron "0 6 * * 1-5".')
    catch_up, keep, overlap = asked.get("catch_up", 600), asked.get("keep", 10), asked.get("overlap", "forbid")
    if catch_up < 10:
        raise Usage("A schedule has at least 10 s to start late.", hint="For example: --catch-up 10m")
    if keep < 1:
        raise Usage("At least one run is kept.", hint="For example: --keep 10")
    if overlap not in ("forbid", "allow", "replace"):
        raise Usage(f"{overlap!r} is no overlap.", hint="There are: forbid, allow, replace.")
    cron, zone = read_cron(asked["cron"]), asked.get("timezone") or "UTC"
    read_zone(zone)
    return Timing(cron.text, zone, catch_up, bool(asked.get("paused")))


def _settings_of(project: Project, asked: Mapping[str, Any]) -> dict[str, Any]:
    name = asked.get("target") or default_target(project)
    if name != TARGET:
        raise Refused(
            f"The target {name} has no schedules: it could start runs only while it is on."
            if name == "local"
            else f"The target {name} has no schedules.",
            hint=f"Use --target {TARGET}: its cluster starts the runs, whether this machine is on or not.",
        )
    return with_own_image(target_settings(name, project, given_place(asked)))


@contextmanager
def _opened(project: Project, context: str, namespace: str) -> Iterator[tuple[Kube, str]]:
    with _cluster(target_settings(TARGET, project, {"context": context, "namespace": namespace})) as found:
        yield found


@contextmanager
def _cluster(settings: Mapping[str, Any]) -> Iterator[tuple[Kube, str]]:
    """A client, and the name of the context."""
    with connected(settings) as connection:
        yield Kube(connection.transport, connection.namespace), connection.context


def _remove_if_there(kube: Kube, name: str) -> None:
    from jupyter_mlops.errors import NotFound
    from jupyter_mlops.schedules import in_cluster

    try:
        in_cluster.delete(kube, name)
    except NotFound:
        return


def _data(state: ScheduleState, context: str, namespace: str) -> ScheduleData:
    timing = state.timing
    return {
        "schedule": state.name,
        "cron": timing.cron,
        "timezone": timing.zone,
        "paused": timing.paused,
        "overlap": state.overlap,
        "catch_up": timing.catch_up,
        "source": state.source,
        "pipeline": state.pipeline,
        "next": [] if timing.paused else _next(timing, SHOWN_TIMES),
        "last": state.last,
        "active": list(state.active),
        "runs": list(state.runs),
        "problem": state.problem,
        "target": TARGET,
        "context": context,
        "namespace": namespace,
    }


def _next(timing: Timing, count: int) -> list[str]:
    """The next times; none for what somebody else wrote and is not read here."""
    try:
        found = read_cron(timing.cron).times(datetime.now(UTC), read_zone(timing.zone))
    except MlopsError:
        return []
    return [time.isoformat() for time in islice(found, count)]
