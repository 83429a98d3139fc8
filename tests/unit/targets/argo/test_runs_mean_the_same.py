"""Whatever the pipeline and the fates of its steps: what Argo makes of it is what the engine makes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.state import AttemptEnded, State, Task
from jupyter_mlops.engine.transitions import end_of
from jupyter_mlops.pipeline.argo import graph_of
from jupyter_mlops.store.events import TaskStarted
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo import pod_main
from jupyter_mlops.targets.argo.order import Order
from jupyter_mlops.targets.argo.record import Record
from jupyter_mlops.targets.argo.submit import _completed
from jupyter_mlops.targets.argo.workflow import Making, workflow
from jupyter_mlops.targets.kubernetes.places import RunPlace
from tests.unit.engine.play import Play, failed, plan, step, succeeded
from tests.unit.targets.argo.small_argo import SmallArgo

RUN = "01a20047-7f5b-7d03-96e3-dd7cfaad91c1"
PLACE = RunPlace(RUN, "image", "claim", ("code",), "d" * 64, {})


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to seven steps: values with fall-backs, order, conditions on values, loops, retries, exit steps."""
    steps = []
    count = draw(st.integers(1, 7))
    exits = {index for index in range(count) if draw(st.integers(0, 6)) == 0}
    for index in range(count):
        earlier = [other for other in range(index) if other not in exits or index in exits]
        takes = []
        for other in draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else ():
            lower = [name for name in earlier if name < other]
            fall_back = f",s{draw(st.sampled_from(lower))}" if lower and draw(st.booleans()) else ""
            takes.append(f"x{'?' if draw(st.booleans()) else ''}<s{other}{fall_back}")
        after = [f"s{other}" for other in draw(st.lists(st.sampled_from(earlier), max_size=1))] if earlier else []
        when, reads = draw(st.sampled_from(["", "", "True", "False"])), ""
        if earlier and draw(st.integers(0, 2)) == 0:
            when, reads = draw(st.sampled_from(["x", "not x"])), f"x<s{draw(st.sampled_from(earlier))}"
        over = draw(st.sampled_from(["", "", "", "k in []", "k in [1, 2]"]))
        options = {"retries": draw(st.integers(0, 1)), "exit": index in exits, "after": after, "exports": "x"}
        steps.append(step(f"s{index}", *takes, gives="x", when=when, reads=reads, over=over, **options))
    return plan(*steps)


def argo(drawn: Plan, fates: Mapping[str, bool], folder: Path, choose) -> tuple[dict[str, str], SmallArgo]:
    """Play a plan as a Workflow, each pod in this process; no step's code runs."""
    project = Project(folder / "store").ensure()
    graph = graph_of(drawn.pipeline, drawn.selected)
    order = _completed(Order(drawn, RUN, "", 1.0), graph)
    told = folder / "told"

    def run_task(record: Record, state: State, task: Task) -> bool:
        at = record.clock()
        record.append(TaskStarted(at, task.name, task.step, task.attempt + 1, f"tasks/{task.name}"))
        outcome = succeeded(state.step(task.name), task.name) if fates.get(task.step, True) else failed("bad luck")
        counting = state.with_task(replace(task, attempt=task.attempt + 1, tries=task.tries + 1))
        event, _ = end_of(counting, AttemptEnded(at, task.name, task.attempt + 1, outcome))
        record.append(event)
        return event.state == "succeeded"

    def pod(verb: str, arguments: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        rest = [arguments["step"], arguments["item"]] if arguments else []
        worked = pod_main.work(project, order, verb, rest) == 0
        written = {path.name.removeprefix("told."): path.read_text() for path in folder.glob("told.*")}
        for path in folder.glob("told.*"):
            path.unlink()
        return worked, written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pod_main, "run_task", run_task)
        patch.setattr(pod_main, "TOLD", str(told))
        played = SmallArgo(workflow(Making(drawn, graph, PLACE, ("order",), {}), {"name": "w"}), pod, choose)
        played.run()
    record = load_run(project.run_directory(RUN))
    assert record.over
    return {name: task.state for name, task in record.tasks.items()} | {"run": record.state}, played


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), st.data())
def test_every_task_ends_as_with_the_engine_and_no_more_pods_start_than_tries(drawn: Plan, data: st.DataObject) -> None:
    fates = {name.name: data.draw(st.integers(0, 3)) > 0 for name in drawn.steps}
    with tempfile.TemporaryDirectory() as folder:
        found, played = argo(drawn, fates, Path(folder), lambda ready: data.draw(st.sampled_from(sorted(ready))))
    outcomes = {}
    for item in drawn.steps:
        if not fates[item.name]:
            names = [item.name, *(f"{item.name}[{index}]" for index in range(2))]
            outcomes |= {name: [failed("bad luck"), failed("bad luck")] for name in names}
    play = Play(drawn, 3, outcomes).run()
    # In the store's words the items of a loop stand in its place.
    wanted = {name: state for name, state in play.states().items() if not play.state.items.get(name)}
    assert found == {**wanted, "run": play.state.outcome}
    assert len([name for name in played.started if name == "s0"]) <= 2


def test_a_condition_that_one_step_decides_starts_no_pod(tmp_path: Path) -> None:
    drawn = plan(step("a", gives="x", exports="x"), step("b", when="not x", reads="x<a"), step("c", after=["b"]))
    found, played = argo(drawn, {}, tmp_path, min)
    assert found == {"a": "succeeded", "b": "skipped", "c": "succeeded", "run": "succeeded"}
    assert played.started == ["a", "c", "end-of-the-run"]
    assert played.phases["b"] == "Skipped"


def test_what_needs_a_step_that_failed_starts_no_pod(tmp_path: Path) -> None:
    drawn = plan(step("a", gives="x"), step("b", "x<a", gives="x"), step("c", "x<b"), step("d"))
    found, played = argo(drawn, {"a": False}, tmp_path, min)
    assert found == {"a": "failed", "b": "skipped", "c": "skipped", "d": "succeeded", "run": "failed"}
    assert played.started == ["a", "d", "end-of-the-run"]
