from __future__ import annotations

import collections
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import jupyter_mlops as mlops
from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.api import first, subpipeline
from jupyter_mlops.pipeline.model import Loop, Parameter, Pipeline, Retries, validate
from tests.unit.pipeline.interpret import interpret

FACTOR = 10


class Scores(NamedTuple):
    low: int
    high: int


@mlops.step
def load(n: int) -> list[int]:
    return list(range(n))


@mlops.step
def double(data, factor=2):
    return [factor * item for item in data]


@mlops.step(outputs=("total", "count"))
def both(data):
    return sum(data), len(data)


@mlops.step(outputs=("count", "total"))
def as_dict(data):
    return {"total": sum(data), "count": len(data)}


@mlops.step
def named(data) -> Scores:
    return Scores(low=min(data), high=max(data))


@mlops.step
def show(*, value: Any = None, **more: Any) -> Any:
    return (value, more)


def sound(pipeline: Pipeline) -> Pipeline:
    assert validate(pipeline) == []
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    return pipeline


def test_a_step_outside_a_pipeline_is_the_function() -> None:
    assert load(3) == [0, 1, 2]
    assert load.__name__ == "load"


def test_calls_of_steps_make_a_pipeline() -> None:
    @mlops.pipeline
    def main(n: int = 4):
        """Doubles."""
        double(load(n), factor=FACTOR)

    pipeline = sound(main())
    assert (pipeline.name, pipeline.description, pipeline.cwd) == ("main", "Doubles.", str(Path(__file__).parent))
    assert pipeline.parameters == (Parameter("n", "int", 4),)
    assert [step.needs for step in pipeline.steps] == [(), ("load",)]
    assert interpret(pipeline, n=3)["double"] == {"result": [0, 10, 20]}


def test_a_pipeline_is_called_with_other_defaults() -> None:
    @mlops.pipeline(name="named", experiment="e", description="d")
    def main(n: int, path: str | None = None):
        load(n)

    pipeline = sound(main(n=7))
    assert (pipeline.name, pipeline.experiment, pipeline.description) == ("named", "e", "d")
    assert pipeline.parameters == (Parameter("n", "int", 7), Parameter("path", "str | None", None))
    assert main.build().parameters[0].required


@pytest.mark.parametrize("defaults", [{"n": "three"}, {"zz": 1}, {"n": object()}])
def test_wrong_defaults_are_refused(defaults: dict[str, Any]) -> None:
    @mlops.pipeline
    def main(n: int = 1):
        load(n)

    with pytest.raises(Usage):
        main(**defaults)


@pytest.mark.parametrize(("step", "total", "count"), [(both, "total", "count"), (as_dict, "total", "count")])
def test_several_outputs_are_taken_by_name_by_key_or_in_order(step: Any, total: str, count: str) -> None:
    @mlops.pipeline
    def main():
        result = step(load(4))
        show(value=result.total, by_key=result[count], by_place=result[0])
        one, two = result
        show(value=one, other=two)

    found = interpret(sound(main()))
    value, more = found["show"]["result"]
    assert (value, more["by_key"]) == (6, 4)
    assert more["by_place"] == found[step.__name__][step._given["outputs"][0]]


def test_a_named_tuple_names_the_outputs() -> None:
    @mlops.pipeline
    def main():
        show(value=named(load(4)).high)

    assert interpret(sound(main()))["show"]["result"] == (3, {})


def test_results_may_be_inside_lists_and_dicts() -> None:
    @mlops.pipeline
    def main(n: int = 2):
        data = load(n)
        show(value=[data, {"n": n, "const": 5}, (data, 1)])

    assert interpret(sound(main()))["show"]["result"] == ([[0, 1], {"n": 2, "const": 5}, ([0, 1], 1)], {})


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", collections.Counter, 1j])
def test_values_that_are_not_plain_cannot_be_passed(value: Any) -> None:
    @mlops.pipeline
    def main():
        show(value=value)

    with pytest.raises(Usage, match="cannot be a"):
        main()


def test_a_step_called_twice_has_two_names() -> None:
    @mlops.pipeline
    def main():
        load(1)
        load(2)
        load.with_options(name="other")(3)

    assert [step.name for step in sound(main()).steps] == ["load", "load-2", "other"]


def test_options_are_those_of_a_step() -> None:
    @mlops.pipeline
    def main():
        data = load.with_options(retries=3, cpu=2, env={"A": "b"}, exit=False)(1)
        show.with_options(exit=True)(value=data)

    first_step, last = sound(main()).steps
    assert (first_step.options.retries, first_step.options.cpu) == (Retries(3), 2.0)
    assert last.options.exit


def test_a_wrong_option_is_refused_where_it_is_written() -> None:
    with pytest.raises(Usage, match="no option 'cpus'"):
        mlops.step(cpus=2)
    with pytest.raises(Usage, match="no setting 'title'"):
        mlops.pipeline(title="x")


@pytest.mark.parametrize("after", ["result", "list", "name"])
def test_after_orders_steps_without_a_value(after: str) -> None:
    @mlops.pipeline
    def main():
        before = load(1)
        show(value=1, after={"result": before, "list": [before], "name": "load"}[after])

    assert sound(main()).steps[1].after == ("load",)


@pytest.mark.parametrize(
    "call",
    [
        lambda: load(),
        lambda: load(1, 2),
        lambda: load(zz=1),
    ],
)
def test_a_call_that_does_not_fit_is_refused(call: Any) -> None:
    @mlops.pipeline
    def main():
        call()

    with pytest.raises(Usage, match="cannot be called like this"):
        main()


def test_functions_with_star_arguments_are_refused() -> None:
    @mlops.step
    def many(*items):
        return items

    @mlops.pipeline
    def main():
        many(1, 2)

    with pytest.raises(Usage, match=r"takes \*args"):
        main()


@pytest.mark.parametrize(("n", "ran"), [(1, False), (9, True)])
def test_steps_under_a_condition_run_if_it_holds(n: int, ran: bool) -> None:
    @mlops.pipeline
    def main(n: int = 1):
        total, _ = both(load(n))
        with mlops.when(total > 20) as big:
            show(value="big")
        with mlops.when(~big):
            show(value="small")
        with mlops.when("total > limits[0] and n > 5", total=total, limits=double([10])):
            show(value="text")

    found = interpret(sound(main()), n=n)
    assert ("show" in found, "show-2" in found, "show-3" in found) == (ran, not ran, ran)


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda n, r: r.total > 3, "total > 3"),
        (lambda n, r: r.total == r["count"], "total == count"),
        (lambda n, r: (r.total > 3) & (n <= 2), "(total > 3) and (n <= 2)"),
        (lambda n, r: (r.total != "a") | ~(n >= 2), "(total != 'a') or (not (n >= 2))"),
        (lambda n, r: r.metric("acc") >= 0.9, "metrics.acc >= 0.9"),
        (lambda n, r: r.metric("val loss") < n, "metrics['val loss'] < n"),
        (lambda n, r: n, "n"),
    ],
)
def test_comparisons_become_expressions(build: Any, text: str) -> None:
    @mlops.pipeline
    def main(n: int = 1):
        result = both(load(n))
        with mlops.when(build(n, result)):
            show(value=1)

    step = main().steps[-1]
    assert step.options.when == text
    assert ("both" in step.needs) == ("total" in text or "metrics" in text)


def test_conditions_inside_conditions_must_all_hold() -> None:
    @mlops.pipeline
    def main(n: int = 1):
        with mlops.when(n > 1), mlops.when(n < 9):
            load.with_options(when="n != 5")(n)

    assert sound(main()).steps[0].options.when == "((n != 5) and (n > 1)) and (n < 9)"


def test_a_condition_cannot_be_tested_while_building() -> None:
    @mlops.pipeline
    def main(n: int = 1):
        if n > 3:
            load(n)

    with pytest.raises(Usage, match="known only when the pipeline runs"):
        main()


@pytest.mark.parametrize("use", [lambda result: bool(result), lambda result: list(result), lambda result: result.zz])
def test_a_result_says_what_cannot_be_done_with_it(use: Any) -> None:
    @mlops.pipeline
    def main():
        use(load(1))

    with pytest.raises((Usage, AttributeError), match=r"known only|not 'zz'"):
        main()


def test_the_first_of_several_takes_the_branch_that_ran() -> None:
    @mlops.pipeline
    def main(n: int = 1):
        data = load(n)
        with mlops.when(n > 3):
            data = first(double(data), data)
        show(value=data)

    assert interpret(sound(main()), n=2)["show"]["result"] == ([0, 1], {})
    assert interpret(main(), n=4)["show"]["result"] == ([0, 2, 4, 6], {})


def test_a_loop_runs_its_steps_an_item_and_collects() -> None:
    @mlops.pipeline
    def main():
        with mlops.for_each([2, 3], name="n") as n:
            data = load(n)
        show(value=data)

    pipeline = sound(main())
    assert pipeline.steps[0].options.for_each == Loop("n", values=(2, 3))
    assert interpret(pipeline)["show"]["result"] == ([[0, 1], [0, 1, 2]], {})


@pytest.mark.parametrize("items", ["literal", "parameter", "result"])
def test_inside_a_loop_a_result_is_that_of_the_same_item(items: str) -> None:
    @mlops.pipeline
    def main(sizes: list[int] = [1, 2]):  # noqa: B006 a default of a pipeline
        chosen = {"literal": [1, 2], "parameter": sizes, "result": double([1, 2], 1)}[items]
        with mlops.for_each(chosen, name="n") as n:
            data = load(n)
            doubled = double(data, factor=n)
        show(value=doubled)

    assert interpret(sound(main()))["show"]["result"] == ([[0], [0, 2]], {})


def test_items_of_a_loop_may_be_tuples_and_dicts() -> None:
    @mlops.pipeline
    def main():
        with mlops.for_each([(1, "a"), {"b": 2}]) as item:
            show(value=item)

    assert interpret(sound(main()))["show"]["result"] == [([1, "a"], {}), ({"b": 2}, {})]


LONG = [f"item {number:015}" for number in range(5_000)]


@pytest.mark.parametrize("items", [LONG, range(100_000), [float("inf"), -0.0], (n for n in [1, 2]), []])
def test_items_that_are_written_out_are_data_of_any_size(items: Any) -> None:
    kept = list(items)

    @mlops.pipeline
    def main():
        with mlops.for_each(kept) as item:
            show(value=item)

    pipeline = sound(main())
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    assert pipeline.steps[0].options.for_each == Loop("item", values=tuple(kept))


def test_steps_of_one_long_loop_take_values_from_each_other() -> None:
    @mlops.pipeline
    def main():
        with mlops.for_each(LONG) as item:
            shown = show(value=item)
            show(value=shown, more=item)

    pipeline = sound(main())
    assert pipeline.steps[1].options.for_each == Loop("item_index", values=tuple(range(5_000)))


@pytest.mark.parametrize(
    ("loop", "text"),
    [
        (Loop("n", "range(3)"), "n in range(3)"),
        (Loop("n", values=(1, "a")), "n in [1, 'a']"),
        (Loop("n", values=tuple(range(9))), "n in [0, 1, 2, 3, 4, ...]"),
        (Loop("n", values=("x" * 100,)), f"n in ['{'x' * 12}...{'x' * 13}']"),
        (Loop("n", values=()), "n in []"),
    ],
)
def test_a_loop_is_shown_as_it_would_be_written(loop: Loop, text: str) -> None:
    assert loop.text == text


def test_loops_refuse_what_they_cannot_do() -> None:
    @mlops.pipeline
    def nested():
        with mlops.for_each([1]), mlops.for_each([2]):
            load(1)

    @mlops.pipeline
    def outside():
        with mlops.for_each([1]) as item:
            load(item)
        load(item)

    @mlops.pipeline
    def odd():
        with mlops.for_each([object()]):
            load(1)

    for build, text in ((nested, "inside another loop"), (outside, "only inside its"), (odd, "An item of a loop")):
        with pytest.raises(Usage, match=text):
            build()


@pytest.mark.parametrize(
    "use",
    [lambda: mlops.notebook("a.ipynb"), lambda: mlops.when("x").__enter__(), lambda: mlops.for_each([1]).__enter__()],
)
def test_blocks_belong_inside_a_pipeline(use: Any) -> None:
    with pytest.raises(Usage, match="inside a function decorated"):
        use()


def test_a_whole_notebook_is_a_step() -> None:
    @mlops.pipeline
    def main(n: int = 1):
        total, _ = both(load(n))
        report = mlops.notebook("sub/report.ipynb", n=n, total=total, title="T", options={"timeout": 9})
        mlops.notebook("last.ipynb", after=report, name="end")
        with mlops.when(report.metric("acc") > 0.9):
            load(3)

    report, end, last = sound(main()).steps[2:]
    assert (report.name, report.component.kind, report.component.notebook) == ("report", "notebook", "sub/report.ipynb")
    assert (report.params, report.arguments, report.options.timeout) == ({"n": "n"}, {"title": "T"}, 9.0)
    assert report.inputs[0].sources == (("both", "total"),)
    assert (end.name, end.after) == ("end", ("report",))
    assert (last.options.when, last.after) == ("metrics.acc > 0.9", ("report",))
    assert main().steps[1].exports == ("total",)


def test_a_notebook_in_a_loop_takes_the_item_by_its_name() -> None:
    @mlops.pipeline
    def main():
        with mlops.for_each([1, 2], name="depth") as depth:
            mlops.notebook("a.ipynb", depth=depth)

    @mlops.pipeline
    def other():
        with mlops.for_each([1, 2]) as depth:
            mlops.notebook("a.ipynb", depth=depth)

    assert sound(main()).steps[0].options.for_each == Loop("depth", values=(1, 2))
    with pytest.raises(Usage, match="name='depth'"):
        other()


@mlops.pipeline
def inner(n: int = 2, limit: int = 100):
    total, _ = both(load(n))
    with mlops.when(total < limit):
        show(value=total)


def test_a_pipeline_inside_another_is_a_group_of_steps() -> None:
    @mlops.pipeline
    def outer(n: int = 3, m: int = 4):
        inner(n=n)
        group = subpipeline(inner, name="second", n=m, limit=0)
        load.with_options(name="end")(1, after=group)

    pipeline = sound(outer())
    assert [step.name for step in pipeline.steps] == [
        "inner.load",
        "inner.both",
        "inner.show",
        "second.load",
        "second.both",
        "second.show",
        "end",
    ]
    assert {step.group for step in pipeline.steps} == {"inner", "second", ""}
    found = interpret(pipeline, n=5)
    assert found["inner.show"]["result"] == (10, {})
    assert found["second.load"]["result"] == [0, 1, 2, 3]
    assert "second.show" not in found
    assert pipeline.steps[-1].after == ("second.show",)


def test_values_go_into_a_group_and_come_out_of_it() -> None:
    @mlops.pipeline
    def outer():
        total, count = both(load(4))
        group = subpipeline(inner, n=count, limit=total)
        show(value=group["total"])

    pipeline = sound(outer())
    found = interpret(pipeline)
    assert found["show"]["result"] == (6, {})
    assert "inner.show" not in found


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"zz": 1}, "no parameter 'zz'"),
        ({"n": "three"}, "'n' takes int, not 'three'"),
        ({"n": object()}, "cannot be a object"),
    ],
)
def test_wrong_parameters_of_a_group_are_refused(arguments: dict[str, Any], text: str) -> None:
    @mlops.pipeline
    def outer():
        inner(**arguments)

    with pytest.raises(Usage, match=text):
        outer()
