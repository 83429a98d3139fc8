"""What would come from the cache is known before a run, and asking changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jupyter_mlops.engine.foreseen import foresee
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.plan import Plan, Selection
from jupyter_mlops.store.project import Project
from tests.unit.engine.fake_target import Instant
from tests.unit.engine.play import plan, step
from tests.unit.engine.runs import chain, run, states, within


def foreseen(drawn: Plan, project: Project, **more: int) -> list[str]:
    return [item.task for item in foresee(within(drawn, project.root), StoreJournal(project, "new", "p"), **more)]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_what_is_foreseen_is_what_is_cached_then_and_nothing_is_written(project: Project) -> None:
    run(chain("a", "b", "c"), project)
    changed = chain("a", "b", "c + 1")
    before = files(project.root)
    assert foreseen(changed, project) == ["s0", "s1"]
    assert files(project.root) == before
    assert [name for name, state in states(run(changed, project)).items() if state == "cached"] == ["s0", "s1"]


def test_what_needs_a_step_that_has_to_run_is_not_looked_for(project: Project) -> None:
    run(chain("a", "b", "c"), project)
    assert foreseen(chain("a + 1", "b", "c"), project) == []


def test_loops_and_conditions_on_what_was_logged_are_decided(project: Project) -> None:
    drawn = plan(
        step("fit", "n<s", gives="m", over="k in [1, 2, 3]"),
        step("s", gives="n"),
        step("good", when="metrics.loss < 1", after=["s"]),
        step("bad", when="metrics.loss > 1", after=["s"]),
    )
    target = Instant()
    target.lines["s"] = [{"type": "metric", "name": "loss", "value": 0.5}]
    ended = run(drawn, project, target)
    wanted = [name for name, state in states(ended).items() if state == "succeeded" and name != "fit"]
    assert sorted(foreseen(drawn, project)) == sorted(wanted)
    assert len(foreseen(drawn, project, most=2)) == 2


def test_who_wants_no_cache_has_none(project: Project) -> None:
    run(chain("a", "b"), project)
    assert foreseen(replace(chain("a", "b"), selection=Selection(no_cache=True)), project) == []
    assert foreseen(replace(chain("a", "b"), selection=Selection(from_step="s1")), project) == ["s0"]


def test_files_of_a_cached_step_are_not_put_in_their_place(project: Project) -> None:
    def drawn() -> Plan:
        made = plan(step("a", gives="x"))
        steps = tuple(replace(item, files_out=("out.csv",)) for item in made.pipeline.steps)
        return replace(made, pipeline=replace(made.pipeline, steps=steps))

    target = Instant()
    target.files["a"] = {"out.csv": "1,2"}
    run(drawn(), project, target)
    (project.root / "out.csv").unlink()
    assert foreseen(drawn(), project) == ["a"]
    assert not (project.root / "out.csv").exists()
