"""From cells to steps: inputs with their sources, outputs, final values, definitions, parameters, files and order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.notebook.dataflow import Dataflow, StepFlow
from tests.unit.notebook.pipelines import PARAMETERS, SETUP, SKIP, notebook, run_linear, run_pipeline, with_params

Cells = tuple[tuple[str, str], ...]
Steps = dict[str, tuple[dict[str, tuple[str, ...]], tuple[str, ...], tuple[str, ...]]]


def step(flow: Dataflow, name: str) -> StepFlow:
    return next(item for item in flow.steps if item.name == name)


def prints_the_same(flow: Dataflow) -> dict[int, str]:
    """Run it both ways; give what the steps printed."""
    linear, pipeline = run_linear(flow, with_params(flow)), run_pipeline(flow, with_params(flow))
    assert pipeline.printed == {index: linear.printed[index] for index in pipeline.printed}
    assert pipeline.final == {name: linear.final.get(name) for name in pipeline.final}
    return pipeline.printed


# Of each step: what it takes from whom, what it hands on, what it sets last.
WHOLE: dict[str, tuple[Cells, Steps]] = {
    "a chain": (
        (("a", "x = 1"), ("b", "y = x + 1"), ("c", "print(y)")),
        {"a": ({}, ("x",), ("x",)), "b": ({"x": ("a",)}, ("y",), ("y",)), "c": ({"y": ("b",)}, (), ())},
    ),
    "a fan": (
        (("a", "x = 1"), ("b", "y = x"), ("c", "z = x"), ("d", "print(y, z)")),
        {
            "a": ({}, ("x",), ("x",)),
            "b": ({"x": ("a",)}, ("y",), ("y",)),
            "c": ({"x": ("a",)}, ("z",), ("z",)),
            "d": ({"y": ("b",), "z": ("c",)}, (), ()),
        },
    ),
    "a value that is only changed": (
        (("a", "x = [1]"), ("b", "x.append(2)"), ("c", "print(x)")),
        {"a": ({}, ("x",), ()), "b": ({"x": ("a",)}, ("x",), ("x",)), "c": ({"x": ("b",)}, (), ())},
    ),
    "names that nobody reads": ((("a", "x = 1"), ("b", "y = 2")), {"a": ({}, (), ("x",)), "b": ({}, (), ("y",))}),
    "a name set anew": (
        (("a", "x = 1"), ("b", "x = 2"), ("c", "print(x)")),
        {"a": ({}, (), ()), "b": ({}, ("x",), ("x",)), "c": ({"x": ("b",)}, (), ())},
    ),
    "several cells in one step": (
        (("a", "x = 1"), ("a", "y = x"), ("b", "z = y"), ("b", "print(z, x)")),
        {"a": ({}, ("x", "y"), ("x", "y")), "b": ({"x": ("a",), "y": ("a",)}, (), ("z",))},
    ),
    "a skipped cell is not there": (
        (("a", "x = 1"), (SKIP, "x = 9"), ("b", "print(x)")),
        {"a": ({}, ("x",), ("x",)), "b": ({"x": ("a",)}, (), ())},
    ),
    "a change by another name that nobody reads": (
        (("a", "x = [1]; y = x"), ("b", "y.append(2)")),
        {"a": ({}, ("y",), ()), "b": ({"y": ("a",)}, (), ("y",))},
    ),
    "two names unpacked": (
        (("a", "x, *y = [1, 2, 3]"), ("b", "print(x)"), ("c", "print(y)")),
        {"a": ({}, ("x", "y"), ("x", "y")), "b": ({"x": ("a",)}, (), ()), "c": ({"y": ("a",)}, (), ())},
    ),
}


@pytest.mark.parametrize(("cells", "expected"), WHOLE.values(), ids=WHOLE.keys())
def test_what_flows_between_steps(cells: Cells, expected: Steps) -> None:
    flow = notebook(*cells)
    assert flow.problems == ()
    assert {
        one.name: ({item.name: item.sources for item in one.inputs}, one.outputs, one.final) for one in flow.steps
    } == expected
    assert {name: set(flow.after[name]) for name in expected} == {
        name: {source for sources in inputs.values() for source in sources} for name, (inputs, _, _) in expected.items()
    }
    prints_the_same(flow)


def test_a_name_that_setup_sets_too_is_no_final_value_of_a_step_that_only_may_set_it() -> None:
    cells = (SETUP, "n = 0\ng = 5"), ("a", "g = 7"), ("b", "if n:\n    g = 8")
    flow = notebook(*cells)
    assert [one.final for one in flow.steps] == [(), ()]
    assert notebook(cells[0], cells[2]).steps[0].final == ("g",)
    prints_the_same(flow)


# What parts of what is unpacked share: whether "c" takes x from "b", which changes y in place, or from "a".
PARTS: dict[str, tuple[str, str, str]] = {
    "places of a pair": ("x = [1]; w = [2]\npair = (x, w)", "v, y = pair\ny.append(3)", "a"),
    "the other place of a pair": ("x = [1]; w = [2]\npair = (x, w)", "y, v = pair\ny.append(3)", "b"),
    "columns of zip": ("x = [[1]]; w = [[2]]", "for v, y in zip(x, w):\n    y.append(3)", "a"),
    "the other column of pairs": ("x = [1]; w = [2]\npairs = [(x, w)]", "for y, v in pairs:\n    y.append(3)", "b"),
    "pairs of unknown length": ("x = [1]; w = [2]\npairs = [[x, w][:]]", "for v, y in pairs:\n    y.append(3)", "b"),
    "a row counted": ("x = [[1]]", "for i, y in enumerate(x):\n    y.append(i)", "b"),
    "a slice that is a copy": ("x = [1]", "y = list(x)[:]\ny.append(3)", "a"),
    "nested lists": ("x = [[[1]]]", "y = x[0]\ny[0].append(2)", "b"),
    "a sum of lists": ("x = [[1]]", "y = x + [[2]]\ny[0].append(2)", "b"),
    "a sum of numbers": ("x = 1", "y = x + 1\ny += 1", "a"),
    "either of two": ("x = [1]; w = [2]", "y = w and x\ny.append(3)", "b"),
}


@pytest.mark.parametrize(("makes", "does", "giver"), PARTS.values(), ids=PARTS.keys())
def test_what_is_taken_out_of_a_value_shares_only_what_it_must(makes: str, does: str, giver: str) -> None:
    flow = notebook(("a", makes), ("b", does), ("c", "print(x)"))
    assert {item.name: item.sources for item in step(flow, "c").inputs}["x"] == (giver,)
    prints_the_same(flow)


# ------------------------------------------------------------------------------------------------------- definitions


def definitions(flow: Dataflow, name: str) -> dict[str, tuple[bool, int]]:
    """By defined name: whether the step wants the last definition of it, and its cell."""
    return {one: (item.wanted, item.cell) for item in step(flow, name).definitions for one in item.names}


def test_a_step_has_all_definitions_so_far_and_wants_those_it_uses() -> None:
    flow = notebook(
        ("a", "import math\ndef area(r): return math.pi * r\ndef other(): return 1"),
        ("b", "print(area(2))"),
        ("c", "def last(): return 2"),
    )
    assert definitions(flow, "b") == {"math": (True, 0), "area": (True, 0), "other": (False, 0)}
    assert definitions(flow, "c")["last"] == (False, 2)
    assert "last" not in definitions(flow, "a")
    needs = {item.names[0]: item.needs for item in step(flow, "b").definitions}
    math = next(item.id for item in step(flow, "b").definitions if item.names == ("math",))
    assert needs["area"] == (math,)
    prints_the_same(flow)


def test_a_function_uses_what_another_cell_defines_later() -> None:
    flow = notebook(
        ("a", "def f(): return g()"),
        ("b", "def g(): return 3"),
        ("c", "print(f())"),
        ("d", "def g(): return 4\nprint(f())"),
    )
    assert definitions(flow, "c") == {"f": (True, 0), "g": (True, 1)}
    assert prints_the_same(flow)[3] == "4\n"


ONE_CELL: dict[str, tuple[str, set[str]]] = {
    "two statements on a line": ("import math; def_ = 1", {"math"}),
    "a function set anew in its cell": ("def f(): return 1\nf = [f]", set()),
    "a class upon one that is no definition": ("class A: pass\nA.n = [1]\nclass B(A): pass\nB = [B]", set()),
    "a function and one decorated by it": ("def d(f): return f\n@d\ndef g(): return 1", {"d"}),
    "a cached function": ("import functools\n@functools.cache\ndef f(): return 1", {"functools", "f"}),
    "a timed cell": ("%%timeit\ndef f(): return 1", set()),
    "an import by a magic": ("%time import math\ndef f(): return 1", {"f"}),
    "an import on a branch": ("if len('x'):\n    import math", set()),
    "an enumeration": ("from enum import Enum\nC = Enum('C', 'r g')", {"Enum", "C"}),
    "a new type": ("from typing import NewType\nU = NewType('U', int)", {"NewType", "U"}),
    "a call that makes no type": ("C = dict(a=1)", set()),
    "a decorated method": (
        "class A:\n    @property\n    def p(self): return 1\n    @staticmethod\n    def q(): return 2",
        {"A"},
    ),
}


@pytest.mark.parametrize(("source", "names"), ONE_CELL.values(), ids=ONE_CELL.keys())
def test_which_statements_of_a_cell_are_definitions(source: str, names: set[str]) -> None:
    found = definitions(notebook(("a", source), ("b", "print(1)")), "b")
    assert found.keys() == names


SETTINGS = {
    "a call": ("import pandas as pd\npd.set_option('display.width', 9)", ["pd.set_option('display.width', 9)"]),
    "an item": ("import os\nos.environ['A'] = 'b'", ["os.environ['A'] = 'b'"]),
    "a magic": ("%matplotlib inline", ["%matplotlib inline"]),
    "a magic with data": ("n = 'x'\n%env A=$n", []),
    "our own magic": ("%load_ext jupyter_mlops", []),
    "a call of something else": ("import os\nos.getcwd()", []),
    "an item of a value": ("d = {}\nd['a'] = 1", []),
    "an item of what is no name": ("[1][0] = 2", []),
}


@pytest.mark.parametrize(("source", "settings"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_of_the_process_go_to_every_later_step(source: str, settings: list[str]) -> None:
    flow = notebook(("a", source), ("b", "print(1)"))
    assert [item.source for item in step(flow, "b").definitions if not item.names and item.wanted] == settings


def test_a_definition_upon_a_function_of_setup_is_made_from_source() -> None:
    flow = notebook(
        (SETUP, "def base(): return 2\nclass Base: pass"),
        ("a", "class Own(Base):\n    n = base()"),
        ("b", "print(Own.n, issubclass(Own, Base))"),
    )
    assert definitions(flow, "b") == {"Own": (True, 1)}
    assert prints_the_same(flow)[2] == "2 True\n"


def test_a_definition_upon_data_of_setup_is_a_value() -> None:
    flow = notebook((SETUP, "base = [2]"), ("a", "def own(v=base): return v"), ("b", "print(own())"))
    assert definitions(flow, "b") == {}
    assert [item.name for item in step(flow, "b").inputs] == ["own"]
    prints_the_same(flow)


def test_a_class_made_from_one_of_setup_that_a_step_defines_anew_keeps_the_old_one() -> None:
    flow = notebook(
        (SETUP, "class Base:\n    n = 1"),
        ("a", "class Own(Base): pass"),
        ("b", "class Base:\n    n = 2"),
        ("c", "print(Own.n, Base.n)"),
    )
    assert prints_the_same(flow)[3] == "1 2\n"


def test_a_name_that_stops_being_a_definition_is_taken_as_a_value() -> None:
    flow = notebook(("a", "def f(): return 1\ndef g(): return f"), ("b", "f = 5"), ("c", "print(f, g())"))
    assert {item.name: item.sources for item in step(flow, "c").inputs} == {"f": ("b",)}
    assert prints_the_same(flow)[2] == "5 5\n"


def test_a_class_that_is_changed_in_place_travels_by_value() -> None:
    flow = notebook(("a", "class K:\n    n = 1"), ("b", "K.n = 2"), ("c", "print(K.n)"))
    (made,) = (item.id for item in step(flow, "b").definitions if item.names == ("K",))
    assert step(flow, "b").by_value == (made,)
    assert {item.name: item.sources for item in step(flow, "c").inputs} == {"K": ("b",)}
    assert prints_the_same(flow)[2] == "2\n"


# --------------------------------------------------------------------------------------------------------- parameters


def test_what_a_parameters_cell_computes_is_computed_again_where_it_is_used() -> None:
    flow = notebook(
        (PARAMETERS, "k = 2\nsquare = k * k\nprint('given')"),
        ("a", "print(square)"),
        ("b", "print(3)"),
        params={"k": 2},
    )
    assert definitions(flow, "a") == {"square": (True, 0)}
    assert definitions(flow, "b") == {"square": (False, 0)}
    assert (step(flow, "a").params, step(flow, "b").params) == (("k",), ())


def test_a_parameter_that_setup_reads_is_given_to_every_later_step() -> None:
    flow = notebook((PARAMETERS, "k = 2"), (SETUP, "width = k * 2"), ("a", "print(width)"), params={"k": 2})
    assert step(flow, "a").params == ("k",)
    assert prints_the_same(flow) == {2: "4\n"}


def test_a_parameter_that_a_called_function_reads_is_given() -> None:
    flow = notebook(
        (PARAMETERS, "k = 2"), ("a", "def f(): return k"), ("b", "print(f())"), ("c", "print(1)"), params={"k": 2}
    )  # fmt: skip
    assert [one.params for one in flow.steps] == [(), ("k",), ()]
    prints_the_same(flow)


def test_a_parameter_that_may_be_set_anew_is_handed_on_by_the_step() -> None:
    flow = notebook(
        (PARAMETERS, "k = 2"), ("a", "if len('x') > 3:\n    k = 5"), ("b", "print(k)"), params={"k": 2}
    )  # fmt: skip
    assert (step(flow, "a").params, step(flow, "a").outputs) == (("k",), ("k",))
    assert prints_the_same(flow)[2] == "2\n"


# ------------------------------------------------------------------------------------------------------------- random

SEED = "import random\nrandom.seed(1)"
RANDOM: dict[str, tuple[Cells, dict[str, Any], tuple[str, ...]]] = {
    "a draw after the seed": ((("a", SEED), ("c", "x = random.random()")), {}, ("a",)),
    "a draw after a draw that may be skipped": (
        (("a", SEED), ("b", "y = random.random()"), ("c", "x = random.random()")),
        {"b": {"when": "k > 1"}},
        ("b", "a"),
    ),
    "a draw after a loop": (
        (("a", SEED), ("b", "y = random.random()"), ("c", "x = random.random()")),
        {"b": {"for_each": "i in [1, 2]"}},
        ("a",),
    ),
    "its own seed": ((("a", SEED), ("c", "random.seed(2)\nx = random.random()")), {}, ()),
    "a seed that may be skipped": (
        (("a", SEED), ("b", "random.seed(2)"), ("c", "x = random.random()")),
        {"b": {"when": "k > 1"}},
        ("b", "a"),
    ),
    "a generator of its own": (
        (("a", "import random\nr = random.Random(1)"), ("c", "x = r.random()")),
        {},
        (),
    ),
}


@pytest.mark.parametrize(("cells", "options", "sources"), RANDOM.values(), ids=RANDOM.keys())
def test_from_whom_a_step_takes_the_state_of_the_generator(
    cells: Cells, options: dict[str, Any], sources: tuple[str, ...]
) -> None:
    flow = notebook(*cells, options=options, params={"k": 2})
    found = {item.name: item.sources for item in step(flow, "c").inputs}
    assert found.get("random.state", ()) == sources


# -------------------------------------------------------------------------------------------------------------- files


def test_a_step_that_mentions_a_file_comes_after_the_one_that_writes_it() -> None:
    flow = notebook(
        ("a", "with open('out/r.txt', 'w') as f:\n    f.write('1')"),
        ("b", "print(1)"),
        ("c", "print(open('out/r.txt').read())"),
    )
    assert (step(flow, "a").files_out, step(flow, "c").order_after) == (("out/r.txt",), ("a",))
    assert dict(flow.after) == {"a": (), "b": (), "c": ("a",)}


def test_a_path_in_a_name_is_known() -> None:
    flow = notebook(
        ("a", "folder = 'out'\nfile = f'{folder}/r.csv'"), ("b", "open(file, 'w').close()"), ("c", "print(open(file))")
    )
    assert (step(flow, "b").files_out, step(flow, "c").order_after) == (("out/r.csv",), ("b",))


def test_a_path_given_to_a_function_that_writes_is_known() -> None:
    flow = notebook(
        ("a", "def save(name):\n    open(name, 'w').close()"), ("b", "save('r.csv')"), ("c", "print(open('r.csv'))")
    )
    assert (step(flow, "b").files_out, step(flow, "c").order_after) == (("r.csv",), ("b",))


def test_files_and_modules_beside_the_notebook_count(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1")
    (tmp_path / "helper.py").write_text("import deeper\n")
    (tmp_path / "deeper.py").write_text("")
    flow = notebook(
        ("a", "import helper\nopen('data.csv')"), ("b", "helper.f()"), ("c", "print(1)"), path=tmp_path / "n.ipynb"
    )
    assert (step(flow, "a").files_in, step(flow, "a").modules) == (
        ("data.csv", "helper.py"),
        ("deeper.py", "helper.py"),
    )
    assert (step(flow, "b").modules, step(flow, "c").modules) == (("deeper.py", "helper.py"), ())


# -------------------------------------------------------------------------------------------------------------- order


def test_cells_of_a_step_that_stand_apart_are_brought_together() -> None:
    flow = notebook(("a", "x = [1]"), ("b", "y = 2"), ("a", "x.append(2)"), ("c", "print(x, y)"))
    assert [one.name for one in flow.steps] == ["a", "b", "c"]
    assert {item.name: item.sources for item in step(flow, "c").inputs} == {"x": ("a",), "y": ("b",)}
    prints_the_same(flow)


def test_what_code_inside_a_value_reads_comes_along() -> None:
    flow = notebook(
        ("a", "rate = 2\ndef make():\n    return lambda v: v * rate\nf = make()"),
        ("b", "rate = 3"),
        ("c", "fs = [f]"),
        ("d", "print(fs[0](1))"),
    )
    assert prints_the_same(flow)[3] == "3\n"
