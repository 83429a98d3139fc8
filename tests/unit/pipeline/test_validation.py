from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_mlops.pipeline.model import (
    Component,
    Input,
    Loop,
    Options,
    Parameter,
    Pipeline,
    Retries,
    Step,
    validate,
)

CELLS = Component("cells")
A = Step("a", CELLS, outputs=("x",), exports=("x",))


def takes(name: str, *sources: str) -> tuple[Input, ...]:
    return (Input(name, tuple((source, name) for source in sources)),)


def test_a_sound_pipeline_has_no_problem() -> None:
    b = Step("b", CELLS, takes("x", "a"), params={"n": "n"}, options=Options(when="x > n and metrics.m > params.n"))
    b = replace(b, controls=takes("x", "a"))
    bye = Step("bye", CELLS, takes("x", "a"), options=Options(exit=True))
    later = Step("later bye", CELLS, after=("bye",), options=Options(exit=True))
    assert validate(Pipeline("p", (A, b, bye, later), (Parameter("n", "int", 1),))) == []


@pytest.mark.parametrize(
    ("steps", "code", "says"),
    [
        ((), "empty", "has no step"),
        ((Step("", CELLS),), "bad-name", "has no name"),
        ((Step("x" * 201, CELLS),), "bad-name", "more than 200"),
        ((Step("a/b", CELLS),), "bad-name", "'a/b'"),
        ((Step(" a", CELLS),), "bad-name", "' a'"),
        ((Step("a[0]", CELLS),), "bad-name", "cannot be the name"),
        ((Step("a\nb", CELLS),), "bad-name", "cannot be the name"),
        ((A, A), "duplicate-step", "2 steps are named 'a'"),
        ((Step("b", CELLS, after=("zz",)),), "unknown-step", "'zz'.*Steps: b"),
        ((Step("b", CELLS, takes("x", "zz")),), "unknown-step", "'zz'"),
        ((A, Step("b", CELLS, takes("y", "a"))), "unknown-output", "takes 'y' from 'a'"),
        ((Step("b", CELLS, params={"n": "m"}),), "unknown-parameter", "'m'"),
        ((Step("a", CELLS, after=("b",)), Step("b", CELLS, after=("a",))), "cycle", "-> "),
        (
            (Step("a", CELLS, options=Options(exit=True)), Step("b", CELLS, after=("a",))),
            "after-exit-step",
            "exit step",
        ),
        ((Step("b", CELLS, options=Options(when="zz > 1")),), "bad-expression", "reads 'zz'"),
        ((Step("b", CELLS, options=Options(when="1 +")),), "bad-expression", "cannot be read"),
        ((Step("b", CELLS, options=Options(when="__import__('os')")),), "bad-expression", "cannot be read"),
        ((Step("b", CELLS, options=Options(for_each=Loop("a b", "[1]"))),), "bad-expression", "Python name"),
        ((Step("b", CELLS, options=Options(timeout=0)),), "bad-option", "timeout"),
        ((Step("b", CELLS, options=Options(retries=Retries(-1))),), "bad-option", "retries"),
        ((Step("b", CELLS, options=Options(cpu=0)),), "bad-option", "cpu"),
        ((Step("b", CELLS, options=Options(gpu=-1)),), "bad-option", "gpu"),
    ],
)
def test_each_problem_has_a_code_and_a_sentence(steps: tuple[Step, ...], code: str, says: str) -> None:
    import re

    found = validate(Pipeline("p", steps))
    matching = [problem for problem in found if problem.code == code]
    assert matching, found
    assert re.search(says, str(matching[0])), str(matching[0])


def test_a_control_must_be_exported() -> None:
    made = replace(A, exports=())
    b = Step("b", CELLS, controls=takes("x", "a"), options=Options(when="x"))
    assert [problem.code for problem in validate(Pipeline("p", (made, b)))] == ["unknown-output"]


def test_two_parameters_of_one_name_are_a_problem() -> None:
    parameters = (Parameter("n", "int", 1), Parameter("n", "int", 2))
    assert [problem.code for problem in validate(Pipeline("p", (A,), parameters))] == ["duplicate-parameter"]


def test_names_in_any_script_and_with_spaces_are_fine() -> None:
    steps = tuple(Step(name, CELLS) for name in ("Train Model", "été", "データ", "a.b", "step-1", "x_y"))
    assert validate(Pipeline("p", steps)) == []
