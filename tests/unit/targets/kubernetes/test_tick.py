"""What a schedule's pod does each time, and schedules as a cluster keeps them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.errors import Conflict, NotFound, Unavailable, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Forbidden
from jupyter_mlops.kube.labels import RUN, SCHEDULE, named
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.schedules import in_cluster
from jupyter_mlops.schedules.in_cluster import Timing
from jupyter_mlops.targets.kubernetes.kept import kept_name, note_kept
from jupyter_mlops.targets.kubernetes.packing import Luggage
from jupyter_mlops.targets.kubernetes.parcel import Carried, inside
from jupyter_mlops.targets.kubernetes.schedule_order import (
    ScheduleOrder,
    check_name,
    object_name,
    pack_plan,
    read_plan,
)
from jupyter_mlops.targets.kubernetes.submit import Prepared
from jupyter_mlops.targets.kubernetes.tick import start_due
from tests.small_cluster import SmallCluster

CLAIM = {"metadata": {"name": "store", "uid": "u"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
SHARED = Prepared(("code-1-0",), "abc", "driver", CLAIM)
LUGGAGE = Luggage((Carried("data/a.csv", "0" * 64, 3),), {"0" * 64: b"abc"})


def plan(source: str = "x = 1") -> Plan:
    step = Step("a", Component("cells", (CellSource(0, "c", source, 1),)))
    return make_plan(Pipeline("report", (step,), cwd="/home/me/work"), {})


def order(**changes) -> ScheduleOrder:
    asked = {"name": "nightly", "settings": {"image": "i"}, "shared": SHARED, "parcel": "1" * 64, **changes}
    return ScheduleOrder(**asked)


def due(kube: Kube, asked: ScheduleOrder, **more) -> str:
    return start_due(kube, asked, plan(), LUGGAGE, **more)


def make(kube: Kube, asked: ScheduleOrder, timing: Timing) -> None:
    in_cluster.create(kube, asked, timing, pack_plan(plan(), LUGGAGE), pipeline="report", source="/desk/a.ipynb")


@pytest.fixture
def cluster(tmp_path: Path) -> SmallCluster:
    code = tmp_path / "code.py"
    code.write_text("")
    return SmallCluster(code)


@pytest.fixture
def kube(cluster: SmallCluster) -> Kube:
    return Kube(cluster, "here")


@pytest.fixture
def runs(cluster: SmallCluster) -> Callable[[], list[str]]:
    """The runs of the schedule that have objects, the oldest first."""
    marks = {SCHEDULE: "nightly", "jupyter-mlops.io/part": "anchor"}
    return lambda: sorted(named(item, RUN) for item in cluster.of("configmaps", **marks))


def ended(cluster: SmallCluster) -> None:
    for job in cluster.of("jobs"):
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}


def test_a_run_of_a_schedule_is_as_one_from_a_laptop_but_for_its_label(cluster, kube, runs) -> None:
    said = due(kube, order(experiment="e", parallel=2))
    [run] = runs()
    assert said == f"Started the run {run}."
    [job] = cluster.of("jobs")
    assert named(job, RUN) == run
    *parcels, told = cluster.of("configmaps", **{"jupyter-mlops.io/part": "plan"})
    given = json.loads(told["data"]["order.json"])
    archive = b"".join(base64.b64decode(text) for item in parcels for text in item["binaryData"].values())
    assert inside(archive)[1:] == (LUGGAGE.files, LUGGAGE.contents)
    assert (given["experiment"], given["parallel"], given["place"]["service_account"]) == ("e", 2, "driver")
    # What was there when the schedule was made is not made again: its pod has no rights for that.
    made = {request.path.rpartition("/")[2] for request in cluster.asked if request.method == "POST"}
    assert made == {"configmaps", "jobs"}
    assert not cluster.of("configmaps", **{"jupyter-mlops.io/part": "code"})


def test_what_the_volume_has_is_not_sent_again(cluster, kube) -> None:
    note_kept(kube, kept_name(CLAIM), ["0" * 64], [])
    due(kube, order())
    parcel, _ = cluster.of("configmaps", **{"jupyter-mlops.io/part": "plan"})
    [text] = parcel["binaryData"].values()
    assert inside(base64.b64decode(text))[1:] == (LUGGAGE.files, {})


def test_a_run_that_is_not_over_forbids_the_next(cluster, kube, runs) -> None:
    due(kube, order())
    assert due(kube, order()) == f"No run was started: {runs()[0]} is not over."
    assert len(runs()) == 1
    ended(cluster)
    due(kube, order())
    assert len(runs()) == 2


def test_runs_may_overlap_if_that_is_allowed(kube, runs) -> None:
    due(kube, order(overlap="allow"))
    due(kube, order(overlap="allow"))
    assert len(runs()) == 2


def test_a_run_is_replaced_once_it_was_canceled(cluster, kube, runs, monkeypatch: pytest.MonkeyPatch) -> None:
    due(kube, order())
    monkeypatch.setattr("jupyter_mlops.targets.kubernetes.tick.time.sleep", lambda _: ended(cluster))
    due(kube, order(overlap="replace"))
    first, second = runs()
    canceled = [item for item in cluster.of("configmaps", **{SCHEDULE: "nightly"}) if item["data"].get("cancel")]
    assert [named(item, RUN) for item in canceled] == [first]
    assert named(cluster.of("jobs")[-1], RUN) == second


def test_a_run_whose_driver_cannot_begin_is_replaced_at_once(cluster, kube, runs) -> None:
    cluster.hold = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    due(kube, order())
    [first] = runs()
    due(kube, order(overlap="replace"), wait_s=-1.0)
    assert runs()[0] == first
    assert [named(job, RUN) for job in cluster.of("jobs")] == runs()[1:]


def test_a_run_that_does_not_end_is_not_replaced(kube, runs) -> None:
    due(kube, order())
    with pytest.raises(Unavailable, match=f"The run {runs()[0]} did not end"):
        due(kube, order(overlap="replace"), wait_s=-1.0)
    assert len(runs()) == 1


def test_of_runs_that_are_over_only_the_newest_stay(cluster, kube, runs) -> None:
    for _ in range(5):
        due(kube, order(keep=3))
        ended(cluster)
    kept = runs()
    assert len(kept) == 3
    assert {named(job, RUN) for job in cluster.of("jobs")} == set(kept)


def test_another_schedules_run_forbids_nothing(kube) -> None:
    due(kube, order(name="other"))
    assert due(kube, order()).startswith("Started")


@given(st.text(), st.integers(1, 9), st.sampled_from(["forbid", "allow", "replace"]))
def test_an_order_is_read_as_it_was_written(experiment: str, keep: int, overlap) -> None:
    given = order(experiment=experiment, keep=keep, overlap=overlap)
    assert ScheduleOrder.from_json(given.to_json()) == given


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "nonsense", '{"name": 1}', order().to_json().replace("forbid", "hope")]
)
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="cannot be read"):
        ScheduleOrder.from_json(text)


def test_a_plan_and_its_files_are_read_as_they_were_packed() -> None:
    assert read_plan(pack_plan(plan("x = 'é'"), LUGGAGE)) == (plan("x = 'é'"), LUGGAGE)
    with pytest.raises(Usage, match="cannot be read"):
        read_plan(b"nonsense")


@pytest.mark.parametrize("name", ["", "Nightly", "a_b", "a.b", "-a", "x" * 41, "ä"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(Usage, match="cannot be the name of a schedule"):
        check_name(name)


def test_a_schedule_is_made_listed_paused_and_deleted(cluster, kube, runs) -> None:
    timing = Timing("0 6 * * 1-5", "Europe/Berlin", 900)
    make(kube, order(overlap="replace"), timing)
    [made] = cluster.of("cronjobs")
    spec = made["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["suspend"]) == ("0 6 * * 1-5", "Europe/Berlin", False)
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Replace", 900)
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("driver", True)
    assert pod["containers"][0]["command"][-2:] == ["tick", "/mlops/order/schedule.json"]
    assert not any("persistentVolumeClaim" in volume for volume in pod["volumes"])
    due(kube, order())
    [state] = in_cluster.schedules(kube)
    assert (state.name, state.timing, state.overlap, state.source) == ("nightly", timing, "replace", "/desk/a.ipynb")
    assert state.runs == state.active == tuple(runs())
    in_cluster.pause(kube, "nightly", paused=True)
    assert in_cluster.schedules(kube)[0].timing.paused
    assert in_cluster.delete(kube, "nightly") == ()
    assert (in_cluster.schedules(kube), cluster.of("cronjobs"), len(runs())) == ([], [], 1)


def test_a_schedule_goes_with_its_runs_if_that_is_wanted(cluster, kube, runs) -> None:
    make(kube, order(), Timing("@daily"))
    due(kube, order())
    assert list(in_cluster.delete(kube, "nightly", runs=True)) != runs() == []
    assert cluster.of("configmaps") == []


def test_two_schedules_of_one_name_are_a_conflict(kube) -> None:
    make(kube, order(), Timing("@daily"))
    with pytest.raises(Conflict, match="There is a schedule 'nightly' in the namespace here"):
        make(kube, order(), Timing("@daily"))


def test_a_schedule_that_is_refused_leaves_nothing(cluster, kube) -> None:
    cluster.refuse["cronjobs"] = (403, "cronjobs.batch is forbidden")
    with pytest.raises(Forbidden):
        make(kube, order(), Timing("@daily"))
    assert cluster.of("configmaps") == []


@pytest.mark.parametrize(
    "ask", [in_cluster.start_now, in_cluster.delete, lambda kube, name: in_cluster.pause(kube, name, paused=True)]
)
def test_a_schedule_that_is_not_there_is_said_with_those_that_are(kube, ask) -> None:
    make(kube, order(), Timing("@daily"))
    with pytest.raises(NotFound, match="There is no schedule 'nihtly'") as refused:
        ask(kube, "nihtly")
    assert refused.value.hint == "There are: nightly."


def test_a_schedule_can_start_a_run_now(cluster, kube) -> None:
    make(kube, order(), Timing("@daily", paused=True))
    name = in_cluster.start_now(kube, "nightly")
    [job] = cluster.of("jobs")
    assert job["metadata"]["name"] == name
    assert job["metadata"]["labels"][SCHEDULE] == "nightly"
    assert job["metadata"]["ownerReferences"][0]["name"] == object_name("nightly")


@given(st.text(min_size=1, max_size=80))
def test_any_file_has_a_name_for_its_schedule(stem: str) -> None:
    assert check_name(in_cluster.default_name(stem))
