"""Runs: what an MLflow client asks about them and logs into them, a function an endpoint."""

from __future__ import annotations

from typing import Any

from jupyter_mlops.store.events import Event, MetricLogged, ParamsLogged, RunState, TagsLogged
from jupyter_mlops.store.mlflow_api.experiments import DEFAULT_ID
from jupyter_mlops.store.mlflow_api.filters import our_filter, our_order
from jupyter_mlops.store.mlflow_api.forms import NAME_TAG, experiment_of, metric_form, run_form
from jupyter_mlops.store.mlflow_api.request import MAX_PARAM, Caller, Fields, Problem
from jupyter_mlops.store.mlflow_api.tracker import Tracker
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.store.search import search_index

ENDS: dict[str, RunState] = {"FINISHED": "succeeded", "FAILED": "failed", "KILLED": "canceled"}
MAX_PAGE = 50_000


def create(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """A new run: of a script, or within a step."""
    experiment = tracker.experiments.name_of(asked.text("experiment_id", DEFAULT_ID))
    tags = _tags(asked.items("tags"))
    name = asked.name("run_name", "") or tags.get(NAME_TAG, "")
    user = asked.name("user_id", "")
    if name:
        tags[NAME_TAG] = name
    return {"run": _form(tracker, tracker.create(caller, experiment, tags, user))}


def get(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """All about one run."""
    return {"run": _form(tracker, tracker.record(caller, asked.run()), caller)}


def update(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """The beginning or the end of a run, and its name. The state of a pipeline's run is its engine's to say."""
    run, status, name = asked.run(), asked.text("status", ""), asked.name("run_name", "")
    if status not in ("", "RUNNING", "SCHEDULED", *ENDS):
        raise Problem("INVALID_PARAMETER_VALUE", f"{status[:40]!r} is not the status of a run.")
    tags = {NAME_TAG: name} if name else {}
    if status == "RUNNING":
        tags |= tracker.begin(caller, run)
    if tags:
        tracker.log(caller, run, TagsLogged(tracker.now(), tags))
    if status in ENDS:
        tracker.end(caller, run, ENDS[status])
    return {"run_info": _form(tracker, tracker.record(caller, run), caller)["info"]}


def search(tracker: Tracker, _caller: Caller, asked: Fields) -> dict[str, Any]:
    """A page of the runs of some experiments for which a filter holds."""
    experiments = [name for name in map(tracker.experiments.find, asked.texts("experiment_ids")) if name is not None]
    limit = asked.whole("max_results", 1000, low=1, high=MAX_PAGE)
    offset = asked.whole("page_token", 0, low=0) if asked.text("page_token", "") else 0
    if not experiments or asked.text("run_view_type", "ACTIVE_ONLY") == "DELETED_ONLY":
        return {"runs": []}
    found = search_index(
        tracker.index(),
        our_filter(asked.text("filter", ""), experiments),
        order_by=our_order(asked.texts("order_by")),
        limit=limit + 1,
        offset=offset,
    )
    page = [run_form(run, tracker.experiments.id_of(experiment_of(run))) for run in found[:limit]]
    more = {"next_page_token": str(offset + limit)} if len(found) > limit else {}
    return {"runs": page, **more}


def log_metric(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """A point of a curve."""
    tracker.log(caller, asked.run(), _metric(tracker, asked))
    return {}


def log_param(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """A parameter; a later value replaces an earlier one."""
    tracker.log(caller, asked.run(), ParamsLogged(tracker.now(), _params([asked])))
    return {}


def set_tag(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """A tag; a later value replaces an earlier one."""
    tracker.log(caller, asked.run(), TagsLogged(tracker.now(), _tags([asked])))
    return {}


def log_batch(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Metrics, parameters and tags: all or, if one of them is wrong, none."""
    run = asked.run()
    events: list[Event] = [_metric(tracker, item) for item in asked.items("metrics")]
    if params := _params(asked.items("params")):
        events.append(ParamsLogged(tracker.now(), params))
    if tags := _tags(asked.items("tags")):
        events.append(TagsLogged(tracker.now(), tags))
    tracker.log(caller, run, *events)
    return {}


def log_inputs(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Data sets that a run used: their names and MLflow's digests, as tags."""
    run = asked.run()
    found = [item.object("dataset") for item in asked.items("datasets")]
    tags = {f"mlflow.dataset.{item.name('name')}": item.text("digest", "") for item in found}
    if tags:
        tracker.log(caller, run, TagsLogged(tracker.now(), tags))
    return {}


def history(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """All points of a metric, in the order in which they were logged."""
    name = asked.name("metric_key")
    points = tracker.record(caller, asked.run()).series.get(name, ())
    return {"metrics": [metric_form(name, point) for point in points]}


def _form(tracker: Tracker, record: RunRecord, caller: Caller | None = None) -> dict[str, Any]:
    chosen = tracker.chosen_experiment(caller, record.run) if caller else ""
    return run_form(record, tracker.experiments.id_of(chosen or experiment_of(record)))


def _metric(tracker: Tracker, asked: Fields) -> MetricLogged:
    # The time is ours: events of a run are put in order by it.
    return MetricLogged(tracker.now(), asked.name("key"), asked.number("value"), asked.whole("step", 0))


def _params(items: list[Fields]) -> dict[str, str]:
    return {item.name("key"): item.text("value", "", limit=MAX_PARAM) for item in items}


def _tags(items: list[Fields]) -> dict[str, str]:
    return {item.name("key"): item.text("value", "") for item in items}
