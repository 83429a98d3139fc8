from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.engine.damage import lost_inputs
from jupyter_mlops.engine.state import State
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.runtime.bundle import write_bundle
from jupyter_mlops.runtime.spec import BundleRef, ErrorInfo, InputValues, TaskResult
from tests.unit.engine.play import Play, plan, step

REFUSED = Outcome("failed", TaskResult("failed", 0.1, error=ErrorInfo("BundleRefused", "its seal differs")))


@pytest.fixture
def ref(tmp_path: Path) -> BundleRef:
    path = str(tmp_path / ("ab" * 32))
    return write_bundle(path, {"x": "value"}, namespace={})[0]


def read_by_b(ref: BundleRef, *, lost: int = 0) -> State:
    """A run in which b read what a kept under that name in the store."""
    play = Play(plan(step("a", gives="x"), step("z", gives="z"), step("b", "x<a", "z?<z"))).start()
    play.end("a")
    result = TaskResult("succeeded", 0.1, BundleRef(Path(ref.path).name, ref.seal))
    return play.state.with_task(replace(play.state.tasks["a"], result=result, lost=lost))


def lost(state: State, ref: BundleRef, outcome: Outcome = REFUSED) -> tuple[str, ...]:
    return lost_inputs(state, state.tasks["b"], (InputValues({"x": "x"}, (ref, None)),), outcome)


def damage(ref: BundleRef) -> None:
    data = Path(ref.path).read_bytes()
    Path(ref.path).write_bytes(data.replace(b"value", b"other"))


def test_a_bundle_that_was_changed_names_its_task_and_is_removed(ref: BundleRef) -> None:
    damage(ref)
    assert lost(read_by_b(ref), ref) == ("a",)
    assert not Path(ref.path).exists()
    assert lost(read_by_b(ref), ref) == ("a",), "one that is gone is lost, too"


def test_a_bundle_that_is_as_it_was_is_left_alone(ref: BundleRef) -> None:
    """It was refused for another reason: made by another Python, say."""
    assert lost(read_by_b(ref), ref) == ()
    assert Path(ref.path).exists()


def test_a_bundle_that_was_made_again_meanwhile_counts(ref: BundleRef) -> None:
    assert lost(read_by_b(ref, lost=1), ref) == ("a",)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("failed", TaskResult("failed", 0.1, error=ErrorInfo("ValueError", "bad"))),
        Outcome("failed", None, "killed"),
        Outcome("canceled", REFUSED.result),
        Outcome("succeeded", TaskResult("succeeded", 0.1)),
    ],
)
def test_other_ends_say_nothing_about_values(ref: BundleRef, outcome: Outcome) -> None:
    damage(ref)
    assert lost(read_by_b(ref), ref, outcome) == ()
    assert Path(ref.path).exists()


def test_a_reader_that_ends_while_the_value_is_made_again_is_told_so(ref: BundleRef) -> None:
    """Two read it at once; the first to end has it removed."""
    play = Play(plan(step("a", gives="x"), step("b", "x<a"), step("c", "x<a")), parallel=2).start()
    play.end("a")
    result = TaskResult("succeeded", 0.1, BundleRef(Path(ref.path).name, ref.seal))
    play.state = play.state.with_task(replace(play.state.tasks["a"], result=result))
    damage(ref)
    inputs = (InputValues({"x": "x"}, (ref,)),)
    assert lost_inputs(play.state, play.state.tasks["b"], inputs, REFUSED) == ("a",)
    play.lose("b", "a")
    assert play.states()["a"] == "running"
    assert lost_inputs(play.state, play.state.tasks["c"], inputs, REFUSED) == ("a",)
    play.end("a")
    assert lost_inputs(play.state, play.state.tasks["c"], inputs, REFUSED) == ("a",), "as another value, even"
    play.lose("c", "a")
    assert play.go_on().state.outcome == "succeeded"
