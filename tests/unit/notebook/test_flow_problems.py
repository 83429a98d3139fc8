"""Every kind of problem a notebook's flow may have: where it is said to be, and where it is not said at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.notebook.problems import Problem
from tests.unit.notebook.pipelines import SETUP, notebook

Cells = tuple[tuple[str, str], ...]


def problems(*cells: tuple[str, str], **more: Any) -> list[Problem]:
    return list(notebook(*cells, **more).problems)


def found(*cells: tuple[str, str], **more: Any) -> list[tuple[str, str, str, int | None, int | None]]:
    return [(item.kind, item.name, item.step, item.cell, item.line) for item in problems(*cells, **more)]


NAMES: dict[str, tuple[Cells, list[tuple[str, str, str, int | None, int | None]]]] = {
    "a name nobody sets": ((("a", "x = 1\ny = x + missing"),), [("undefined", "missing", "a", 0, 2)]),
    "each name once in a cell": (
        (("a", "print(gone)\nprint(gone)"), ("b", "print(gone)")),
        [("undefined", "gone", "a", 0, 1), ("undefined", "gone", "b", 1, 1)],
    ),
    "a name a later step sets": (
        (("a", "print(model)"), ("b", "model = 1")),
        [("set_later", "model", "a", 0, 1)],
    ),
    "a name only a branch reads": (
        (("a", "flag = input()"), ("b", "if flag:\n    print(gone)")),
        [("undefined_maybe", "gone", "b", 1, 2)],
    ),
    "a name only a branch reads, and a later step sets": (
        (("a", "flag = input()"), ("b", "if flag:\n    print(gone)"), ("c", "gone = 1")),
        [("undefined_maybe", "gone", "b", 1, 2)],
    ),
    "a name a called function reads": (
        (("a", "def f():\n    return gone"), ("b", "f()")),
        [("undefined_in_function", "gone", "b", 1, 1)],
    ),
    "a name a called function reads before a later step sets it": (
        (("a", "def f():\n    return late"), ("b", "f()"), ("c", "late = 1")),
        [("undefined_in_function", "late", "b", 1, 1)],
    ),
    "a name in a function nobody calls": ((("a", "def f():\n    return gone"), ("b", "print(1)")), []),
    "a function called after the name is set": (
        (("a", "def f():\n    return late"), ("b", "late = 1"), ("c", "print(f())")),
        [],
    ),
    "a name a setup cell reads and nobody sets": (
        ((SETUP, "base = gone + 1"), ("a", "print(base)")),
        [("undefined", "gone", "", 0, 1)],
    ),
    "a name deleted before it is read": (
        (("a", "x = 1"), ("b", "del x"), ("c", "print(x)")),
        [("undefined", "x", "c", 2, 1)],
    ),
    "names that Python and IPython give": ((("a", "print(__name__, In, get_ipython, len, _, __file__)"),), []),
    "a name that names its own step's loop": ((("a", "for i in range(3):\n    print(i)"),), []),
}


@pytest.mark.parametrize(("cells", "expected"), NAMES.values(), ids=NAMES.keys())
def test_names_that_nothing_above_sets(cells: Cells, expected: list[Any]) -> None:
    assert found(*cells) == expected


@pytest.mark.parametrize(
    ("cells", "kind", "hint"),
    [
        ((("a", "print(gone)"),), "undefined", "Set it in a cell above, or correct the name."),
        ((("a", "print(x)"), ("b", "y = 1"), ("b", "x = 1")), "set_later", "It is set later, in cell 2: move that"),
        ((("a", "def f():\n    return x"), ("a", "f()")), "undefined_in_function", "Set it in a cell above"),
    ],
)
def test_the_hint_says_where_a_missing_name_is_set(cells: Cells, kind: str, hint: str) -> None:
    (problem,) = problems(*cells)
    assert problem.kind == kind
    assert problem.hint.startswith(hint)


def test_the_message_names_the_function_that_reads_a_missing_name() -> None:
    (problem,) = problems(("a", "def area():\n    return width * 2"), ("b", "area()"))
    assert problem.message == "`area`, used here, reads 'width', which nothing above sets."


MAGICS = {
    "%%cython": ("%%cython\ndef f(): pass", "magic_defines_names", "cython"),
    "%store": ("%store x", "magic_defines_names", "store"),
    "%pylab": ("%pylab inline", "magic_defines_names", "pylab"),
    "%%R": ("%%R\nx <- 1", "magic_defines_names", "R"),
    "%debug": ("%debug", "magic_unsupported", "debug"),
    "%reset": ("x = 1\n%reset -f", "magic_unsupported", "reset"),
    "%whos": ("%whos", "magic_unsupported", "whos"),
}


@pytest.mark.parametrize(("source", "kind", "name"), MAGICS.values(), ids=MAGICS.keys())
def test_a_magic_that_keeps_state_elsewhere_is_told(source: str, kind: str, name: str) -> None:
    line = source.split("\n").index(next(text for text in source.split("\n") if text.startswith("%"))) + 1
    assert found(("a", source)) == [(kind, name, "a", 0, line)]


@pytest.mark.parametrize("source", ["%time x = 1", "%matplotlib inline", "!ls", "%%time\nx = 1"])
def test_a_harmless_magic_is_no_problem(source: str) -> None:
    assert found(("a", source)) == []


@pytest.mark.parametrize("source", ["%run gone.py", "%load_ext autoreload\n%store -r x", "from secret_lab import *"])
def test_a_missing_name_is_only_perhaps_missing_where_names_come_unseen(source: str) -> None:
    kinds = {item.name: item.kind for item in problems(("a", source), ("b", "print(x)"))}
    assert kinds["x"] == "undefined_maybe"


def test_names_that_a_run_file_sets_are_known(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text("width = 3\ndef area(): return width * 2\n")
    cells = (("a", "%run first.py"), ("b", "print(width, area())"))
    flow = notebook(*cells, path=tmp_path / "n.ipynb")
    assert [item.name for item in flow.problems] == []
    assert {item.name: item.sources for item in flow.steps[1].inputs} == {"area": ("a",), "width": ("a",)}


def test_a_run_file_that_is_not_there_sets_nothing(tmp_path: Path) -> None:
    assert found(("a", "%run gone.py"), ("b", "print(x)"), path=tmp_path / "n.ipynb") == [
        ("undefined_maybe", "x", "b", 1, 1)
    ]


def test_a_star_import_that_cannot_be_known_is_told_with_its_module() -> None:
    assert ("star_import", "secret_lab", "a", 0, 2) in found(("a", "x = 1\nfrom secret_lab import *"))


def test_a_star_import_of_a_known_module_is_no_problem() -> None:
    assert found(("a", "from math import *"), ("b", "print(sqrt(2), pi)")) == []


@pytest.mark.parametrize("source", ["x = (", "def f(:\n    pass", "return return"])
def test_what_is_not_python_is_a_syntax_problem(source: str) -> None:
    (problem,) = problems(("a", "y = 1"), ("b", source))
    assert (problem.kind, problem.step, problem.cell, problem.line) == ("syntax", "b", 1, 1)
    assert problem.message.startswith("Not Python: ")


@pytest.mark.parametrize("call", ["exec('x = 1')", "eval('x')", "globals()['x']", "locals()", "vars()"])
def test_a_call_that_may_set_any_name_is_dynamic(call: str) -> None:
    name = call.partition("(")[0]
    assert ("dynamic", name, "a", 0, 2) in found(("a", f"y = 1\n{call}"))


def test_what_looks_dynamic_but_says_its_object_is_not() -> None:
    assert found(("a", "class K: pass\nk = K()\nprint(vars(k))")) == []


def test_a_setup_cell_that_reads_what_a_step_makes() -> None:
    cells = (("a", "x = 1"), (SETUP, "z = 1\ny = x + 1"), ("b", "print(y)"))
    assert ("setup_reads_step", "x", "", 1, 2) in found(*cells)


def test_a_setup_cell_that_reads_what_another_setup_cell_sets_anew_is_no_problem() -> None:
    cells = (("a", "x = 1"), (SETUP, "x = 2"), (SETUP, "y = x + 1"), ("b", "print(y)"))
    assert not any(item.kind == "setup_reads_step" for item in problems(*cells))


def test_an_unknown_step_in_after() -> None:
    (problem,) = problems(("a", "x = 1"), ("b", "print(2)"), options={"b": {"after": ["a", "prepare"]}})
    assert (problem.kind, problem.name, problem.step, problem.cell) == ("unknown_after", "prepare", "b", 1)
    assert problem.hint == "There are: a, b."


CYCLES = {
    "two steps after each other": ({"a": ["b"], "b": ["a"]}, ["'a' after 'b' after 'a'"]),
    "a step after itself": ({"b": ["b"]}, ["'b' after 'b'"]),
    "three steps in a ring": ({"a": ["c"], "b": ["a"], "c": ["b"]}, ["'a' after 'c' after 'b' after 'a'"]),
    "a diamond is no ring": ({"b": ["a"], "c": ["a"], "d": ["b", "c"]}, []),
    "a step that waits for a ring": ({"a": ["b"], "b": ["a"], "d": ["a"]}, ["'a' after 'b' after 'a'"]),
}


@pytest.mark.parametrize(("after", "rings"), CYCLES.values(), ids=CYCLES.keys())
def test_steps_that_wait_for_each_other(after: dict[str, list[str]], rings: list[str]) -> None:
    cells = tuple((name, f"print({name!r})") for name in "abcd")
    told = problems(*cells, options={name: {"after": names} for name, names in after.items()})
    assert [(item.kind, item.message) for item in told] == [
        ("cycle", f"Steps wait for each other: {ring}.") for ring in rings
    ]


def test_an_after_against_the_data_is_a_cycle() -> None:
    told = problems(("a", "x = 1"), ("b", "print(x)"), options={"a": {"after": ["b"]}})
    assert [item.kind for item in told] == ["cycle"]


INTERLEAVED = {
    "a cell that needs the step between": (
        (("a", "x = 1"), ("b", "x = x + 1"), ("a", "x = x * 5")),
        [("interleaved", "", "a", 2, 1)],
    ),
    "cells that may be brought together": ((("a", "x = 1"), ("b", "y = 2"), ("a", "z = x")), []),
    "cells that stand together": ((("a", "x = 1"), ("a", "x += 1"), ("b", "print(x)")), []),
    "a cell that only gives to the step between": ((("a", "x = 1"), ("b", "print(x)"), ("a", "w = x")), []),
}


@pytest.mark.parametrize(("cells", "expected"), INTERLEAVED.values(), ids=INTERLEAVED.keys())
def test_cells_of_a_step_that_stand_apart(cells: Cells, expected: list[Any]) -> None:
    assert found(*cells) == expected


SETTINGS = {
    "an option from data": ("import pandas as pd\npd.set_option('display.width', wide)", "pandas.set_option"),
    "an item from data": ("import os\nos.environ['WIDE'] = str(wide)", "os.environ"),
    "a path from data": ("import sys\nsys.path.insert(0, wide)", "sys.path.insert"),
    "a setting in a function that is called": (
        "import pandas as pd\ndef prepare():\n    pd.set_option('display.width', 3)\nprepare()",
        "pandas.set_option",
    ),
}


@pytest.mark.parametrize(("source", "name"), SETTINGS.values(), ids=SETTINGS.keys())
def test_a_setting_that_cannot_be_carried_is_hidden(source: str, name: str) -> None:
    told = problems(("a", "wide = int(input())"), ("b", source), ("c", "print(wide)"))
    assert [(item.kind, item.name, item.step, item.cell) for item in told] == [("hidden_configuration", name, "b", 1)]


@pytest.mark.parametrize(
    "source",
    ["import pandas as pd\npd.set_option('display.width', 3)", "import os\nos.environ['WIDE'] = '1'"],
)
def test_a_setting_made_of_literals_is_carried_and_no_problem(source: str) -> None:
    flow = notebook(("a", source), ("b", "print(1)"))
    assert flow.problems == ()
    assert [item.names for item in flow.steps[1].definitions if item.wanted][-1:] == [()]


CONTROLS = {
    "a condition on what a step makes": ((("a", "x = 1"), ("b", "y = 2")), {"b": {"when": "x > 0"}}, []),
    "a condition on nothing": (
        (("a", "x = 1"), ("b", "y = 2")),
        {"b": {"when": "gone > 0"}},
        [("unknown_in_control", "gone", "b", 1, 1)],
    ),
    "a condition on what only a later step makes": (
        (("a", "x = 1"), ("b", "y = 2")),
        {"a": {"when": "y > 0"}},
        [("unknown_in_control", "y", "a", 0, 1)],
    ),
    "a condition on a parameter": ((("a", "x = 1"),), {"a": {"when": "k > 0"}}, []),
    "a condition on a parameter by its full name": ((("a", "x = 1"),), {"a": {"when": "params.k > 0"}}, []),
    "a condition on a metric": ((("a", "x = 1"),), {"a": {"when": "metrics.auc > 0.5"}}, []),
    "a condition on a setup cell's name": (
        ((SETUP, "limit = 3"), ("a", "x = 1")),
        {"a": {"when": "limit > 2"}},
        [],
    ),
    "a loop over nothing": (
        (("a", "print(d)"),),
        {"a": {"for_each": "d in depths"}},
        [("unknown_in_control", "depths", "a", 0, 1)],
    ),
    "a loop over literals": ((("a", "print(d)"),), {"a": {"for_each": "d in [2, 4]"}}, []),
    "a loop as a mapping": ((("a", "print(d)"),), {"a": {"for_each": {"variable": "d", "items": [2, 4]}}}, []),
    "a condition that cannot be read": (
        (("a", "x = 1"),),
        {"a": {"when": "x >"}},
        [("unreadable_control", "", "a", 0, 1)],
    ),
    "a condition that calls something": (
        (("a", "x = 1"),),
        {"a": {"when": "open('f').read()"}},
        [("unreadable_control", "", "a", 0, 1)],
    ),
}


@pytest.mark.parametrize(("cells", "options", "expected"), CONTROLS.values(), ids=CONTROLS.keys())
def test_conditions_and_loops(cells: Cells, options: dict[str, Any], expected: list[Any]) -> None:
    assert found(*cells, options=options, params={"k": 1}) == expected
