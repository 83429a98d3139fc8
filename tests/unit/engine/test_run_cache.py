"""What a run takes from earlier runs, and what it makes again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_mlops.engine.plan import Plan, Selection
from jupyter_mlops.store.project import Project
from tests.unit.engine.fake_target import Instant
from tests.unit.engine.play import plan, step
from tests.unit.engine.runs import chain, ends, run, states


def test_an_unchanged_run_starts_nothing(project: Project) -> None:
    run(chain("a", "b", "c"), project)
    target = Instant()
    finished = run(chain("a # only a comment", "b", "c"), project, target)
    assert target.ran == []
    assert set(states(finished).values()) == {"cached"}
    assert [event.cached_from.endswith(f"/s{index}") for index, event in enumerate(ends(project, finished))] == [
        True
    ] * 3


def test_a_change_reruns_what_depends_on_it_and_says_why(project: Project) -> None:
    run(chain("a", "b", "c"), project)
    target = Instant()
    finished = run(chain("a", "b + 1", "c"), project, target)
    assert target.ran == ["s1", "s2"]
    why = {event.task: event.why for event in ends(project, finished)}
    assert why == {"s0": (), "s1": ("source",), "s2": ("inputs",)}


def test_another_kernel_reruns_what_ran_in_this_one(project: Project) -> None:
    def in_kernel(name: str) -> Plan:
        drawn = chain("a", "b")
        return replace(drawn, pipeline=replace(drawn.pipeline, kernel=name))

    run(in_kernel("python3"), project)
    target = Instant()
    assert set(states(run(in_kernel(""), project, target)).values()) == {"cached"}
    finished = run(in_kernel("torch"), project, target)
    assert target.ran[0] == "s0"
    assert ends(project, finished)[0].why == ("options",)


def test_the_same_output_cuts_off_what_comes_after(project: Project) -> None:
    class Constant(Instant):
        def result(self, attempt, fate="succeed"):
            made = super().result(attempt, fate)
            return replace(made, outputs={name: replace(info, digest="same") for name, info in made.outputs.items()})

    run(chain("a", "b", "c"), project, Constant())
    target = Constant()
    run(chain("a", "b + 1", "c"), project, target)
    assert target.ran == ["s1"]


def test_a_parameter_reruns_only_what_reads_it(project: Project) -> None:
    def with_n(n: int) -> Plan:
        return plan(step("a", gives="x"), step("b", params={"n": "n"}), params={"n": n})

    run(with_n(1), project)
    target = Instant()
    run(with_n(2), project, target)
    assert target.ran == ["b"]
    assert target.attempts[0].spec.params == {"n": 2}


def test_an_output_that_is_asked_for_now_and_was_not_kept_reruns_its_step(project: Project) -> None:
    run(plan(step("a", gives="x")), project)
    target = Instant()
    finished = run(plan(step("a", gives="x y"), step("b", "y<a")), project, target)
    assert target.ran == ["a", "b"]
    assert next(event.why for event in ends(project, finished) if event.task == "a") == ("outputs",)


@pytest.mark.parametrize(
    ("selection", "ran"),
    [
        (Selection(no_cache=True), ["s0", "s1", "s2"]),
        (Selection(from_step="s1"), ["s1", "s2"]),
        (Selection(only="s1"), ["s1"]),
    ],
)
def test_a_selection_runs_again_what_it_names(project: Project, selection: Selection, ran: list[str]) -> None:
    run(chain("a", "b", "c"), project)
    target = Instant()
    run(replace(chain("a", "b", "c"), selection=selection), project, target)
    assert target.ran == ran


def test_a_step_without_cache_runs_every_time_and_so_does_an_exit_step(project: Project) -> None:
    drawn = plan(step("a", cache=False), step("b"), step("bye", exit=True))
    run(drawn, project)
    target = Instant()
    run(drawn, project, target)
    assert target.ran == ["a", "bye"]


def test_a_result_whose_values_are_gone_is_made_again(project: Project) -> None:
    run(chain("a"), project)
    for digest in list(project.artifacts.digests()):
        project.artifacts.delete(digest)
    target = Instant()
    run(chain("a"), project, target)
    assert target.ran == ["s0"]


def test_files_of_a_cached_step_are_put_back(project: Project) -> None:
    drawn = plan(replace(step("a"), files_out=("out/model.txt",)))
    target = Instant()
    target.files = {"a": {"out/model.txt": "weights"}}
    run(drawn, project, target)
    made = project.root / "out" / "model.txt"
    made.unlink()
    again = Instant()
    run(drawn, project, again)
    assert (again.ran, made.read_text()) == ([], "weights")
    made.write_text("spoilt")
    run(drawn, project, Instant())
    assert made.read_text() == "weights"


def test_a_step_takes_a_file_away_each_time_that_it_is_there_again(project: Project) -> None:
    """The file is put back for those who read it before."""
    make, drop = (
        replace(step("make"), files_out=("a.txt",)),
        replace(step("drop"), files_gone=("a.txt",), after=("make",)),
    )
    after = step("end", "x<drop")
    file = project.root / "a.txt"

    class Dropping(Instant):
        def result(self, attempt, fate="succeed"):
            if attempt.spec.task == "drop":
                file.unlink()
            return super().result(attempt, fate)

    def ran() -> list[str]:
        target = Dropping()
        target.files = {"make": {"a.txt": "1"}}
        run(plan(make, replace(drop, outputs=("x",)), after), project, target)
        assert not file.exists()
        return target.ran

    assert [ran(), ran(), ran()] == [["make", "drop", "end"], ["drop"], ["drop"]]
    make = step("make")
    run(plan(make, replace(drop, outputs=("x",)), after), project, Instant())
    target = Instant()
    run(plan(make, replace(drop, outputs=("x",)), after), project, target)
    assert target.ran == []


def test_a_step_that_left_a_file_where_it_was_is_taken_from_the_cache(project: Project) -> None:
    file = project.root / "a.txt"
    file.write_text("1")
    drawn = plan(replace(step("a"), files_gone=("a.txt", "b.txt")))
    run(drawn, project)
    target = Instant()
    run(drawn, project, target)
    assert target.ran == []
    (project.root / "b.txt").write_text("2")
    finished = run(drawn, project, target)
    assert (target.ran, ends(project, finished)[0].why) == (["a"], ("files",))


def test_a_file_that_a_step_reads_counts(project: Project) -> None:
    drawn = plan(replace(step("a"), files_in=("data.csv",)))
    data = project.root / "data.csv"
    data.write_text("1")
    run(drawn, project)
    data.write_text("2")
    target = Instant()
    finished = run(drawn, project, target)
    assert target.ran == ["a"]
    assert ends(project, finished)[0].why == ("files",)
