"""What flows between steps.

A row of a table has the cells and the expected edges: `a -x-> b`, `a -x?-> b` if it is not required.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlops.notebook.dataflow import Dataflow
from tests.unit.notebook.pipelines import PARAMETERS, SETUP, SKIP, notebook


def edges(flow: Dataflow) -> set[str]:
    return {
        f"{'|'.join(item.sources)} -{item.name}{'' if item.required else '?'}-> {step.name}"
        for step in flow.steps
        for item in step.inputs
    }


def check(cells: list[str], expected: list[str]) -> Dataflow:
    flow = notebook(*[(step.strip(), source) for step, _, source in (cell.partition(": ") for cell in cells)])
    assert edges(flow) == set(expected)
    for step in flow.steps:
        assert set(step.outputs) == {
            item.name for other in flow.steps for item in other.inputs if step.name in item.sources
        }
    return flow


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a: x = 1", "b: y = x", "c: print(x, y)"], ["a -x-> b", "a -x-> c", "b -y-> c"]),
        (["a: x = 1", "b: x = 2", "c: print(x)"], ["b -x-> c"]),
        (["a: x = 1", "b: x = x + 1", "c: x"], ["a -x-> b", "b -x-> c"]),
        (["a: x = 1", "b: print(x)", "c: print(x)"], ["a -x-> b", "a -x-> c"]),
        # may set, so it passes on
        (["a: x = 1; q = 2", "b: if q:\n    x = 3", "c: x"], ["a -q-> b", "a -x?-> b", "b -x-> c"]),
        (["a: x = 1", "b: for x in []:\n    pass", "c: x"], ["a -x?-> b", "b -x-> c"]),
        # ... unless nobody reads it
        (["a: for i in range(3): pass", "b: for i in range(3): pass", "c: i = 0"], []),
        (["a: x = 1", "b: del x", "c: x = 2", "d: x"], ["a -x-> b", "c -x-> d"]),
        (["a: x = 1", "b: try:\n    x\nexcept NameError:\n    x = 2", "c: x"], ["a -x?-> b", "b -x-> c"]),
        # comprehension, lambda and loop variables are nobody's producers
        (["a: x = [1]", "b: y = [x for x in range(3)]", "c: x, y"], ["a -x-> c", "b -y-> c"]),
        (["a: x = 1", "b: f = lambda x: x", "c: print(x, f(2))"], ["a -x-> c", "b -f-> c"]),
        # builtins shadowed, private and non-ASCII names
        (["a: id = 3", "b: print(id)"], ["a -id-> b"]),
        (["a: _x = 1; été = 2", "b: _x + été"], ["a -_x-> b", "a -été-> b"]),
        # changes in place
        (["a: x = []", "b: x.append(1)", "c: x"], ["a -x-> b", "b -x-> c"]),
        (["a: x = {}", "b: x['k'] = 1", "c: x"], ["a -x-> b", "b -x-> c"]),
        (["a: x = o()", "b: x.y.z = 1", "c: x"], ["a -x-> b", "b -x-> c"]),
        (["a: import numpy as np\nx = np.ones(3)", "b: x += 1", "c: x"], ["a -x-> b", "b -x-> c"]),
        (["a: x = [3, 1]", "b: import heapq\nheapq.heapify(x)", "c: x"], ["a -x-> b", "b -x-> c"]),
        (
            ["a: import pandas as pd\nd = pd.read_csv('f')", "b: d.dropna(inplace=True)", "c: d.head()"],
            ["a -d-> b", "b -d-> c"],
        ),
        (
            ["a: from collections import defaultdict\nd = defaultdict(int)", "b: d['k']", "c: d"],
            ["a -d-> b", "b -d-> c"],
        ),
        # reads do not serialise
        (
            ["a: import pandas as pd\nd = pd.read_csv('f')", "b: d.dropna()", "c: d.head(); len(d); sorted(d)"],
            ["a -d-> b", "a -d-> c"],
        ),
        (["a: m = M(); X = 1", "b: m.fit(X)", "c: m.predict(X)"], ["a -m-> b", "a -X-> b", "b -m-> c", "a -X-> c"]),
    ],
)
def test_values(cells: list[str], expected: list[str]) -> None:
    check(cells, expected)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a: x = []; y = x", "b: x.append(1)", "c: y"], ["a -x-> b", "a -y?-> b", "b -y-> c"]),
        (["a: x = []", "b: y = x", "c: x.append(1)\nprint(y)"], ["a -x-> b", "b -x-> c", "b -y-> c"]),
        (["a: x = []; y = [x]", "b: x.append(1)", "c: y"], ["a -x-> b", "a -y?-> b", "b -y-> c"]),
        (["a: x = []; y = [x]", "b: y.append(1)", "c: x"], ["a -y-> b", "a -x-> c"]),
        (["a: x = []; y = {'k': x}", "b: y['k'].append(1)", "c: x"], ["a -y-> b", "a -x?-> b", "b -x-> c"]),
        (
            ["a: x = [[]]", "b: y = list(x)", "c: y[0].append(1)", "d: x"],
            ["a -x-> b", "b -y-> c", "b -x?-> c", "c -x-> d"],
        ),
        (["a: x = []; y = list(x)", "b: x.append(1)", "c: y"], ["a -x-> b", "a -y-> c"]),
        (["a: import copy\nx = [[]]; y = copy.deepcopy(x)", "b: x[0].append(1)", "c: y"], ["a -x-> b", "a -y-> c"]),
        (["a: x, y = [], []", "b: x.append(1)", "c: y"], ["a -x-> b", "a -y-> c"]),
        (["a: x, y = f()", "b: x.append(1)", "c: y"], ["a -x-> b", "a -y?-> b", "b -y-> c"]),
        (
            ["a: t = ([], [])", "b: x, y = t", "c: x.append(1)", "d: y, t"],
            ["a -t-> b", "b -x-> c", "b -t?-> c", "b -y-> d", "c -t-> d"],
        ),
        (
            [
                "a: from sklearn.model_selection import train_test_split\nx, y = train_test_split([1])",
                "b: x.append(1)",
                "c: y",
            ],
            ["a -x-> b", "a -y-> c"],
        ),
        (
            ["a: import matplotlib.pyplot as plt\nfig, ax = plt.subplots()", "b: ax.plot([1])", "c: fig"],
            ["a -ax-> b", "a -fig?-> b", "b -fig-> c"],
        ),
        (["a: x = []\nfor y in [x]:\n    pass", "b: y.append(1)", "c: x"], ["a -y-> b", "a -x?-> b", "b -x-> c"]),
        (
            ["a: x = []; y = []\nfor p, q in zip([x], [y]):\n    pass", "b: p.append(1)", "c: x, y"],
            ["a -p-> b", "a -x?-> b", "b -x-> c", "a -y-> c"],
        ),
        (["a: x = []; y = x if n else []", "b: x.append(1)", "c: y"], ["a -x-> b", "a -y?-> b", "b -y-> c"]),
        (["a: x = 1; y = x", "b: x += 1", "c: y"], ["a -x-> b", "a -y-> c"]),
        (
            ["a: import numpy as np\nx = np.ones(3); y = x * 2; z = x[:2]", "b: x[0] = 5", "c: y, z"],
            ["a -x-> b", "a -z?-> b", "a -y-> c", "b -z-> c"],
        ),
        (["a: x = []; y = x", "b: z = x is y", "c: z"], ["a -x-> b", "a -y-> b", "b -z-> c"]),
        (["a: o = O(); o.part = []; p = o.part", "b: p.append(1)", "c: o"], ["a -p-> b", "a -o?-> b", "b -o-> c"]),
        # what is shared but never changed needs nothing
        (["a: x = []", "b: y = x", "c: print(x, y)"], ["a -x-> b", "a -x-> c", "b -y-> c"]),
        # two models of the same data train at once
        (
            ["a: from s import A, B\nX = load()", "b: p = A()\np.fit(X)", "c: q = B()\nq.fit(X)", "d: p.predict(X), q"],
            ["a -X-> b", "a -X-> c", "a -X-> d", "b -p-> d", "c -q-> d"],
        ),
        # a pipeline fits the parts it was given
        (
            ["a: from s import P\npart = P(); pipe = P([part])", "b: pipe.fit([1])", "c: part"],
            ["a -pipe-> b", "a -part?-> b", "b -part-> c"],
        ),
    ],
)
def test_aliases(cells: list[str], expected: list[str]) -> None:
    check(cells, expected)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a: def f(): return g", "b: g = 1", "c: f()"], ["b -g-> c"]),
        (["a: def f(x): x.append(1)", "b: y = []", "c: f(y)", "d: y"], ["b -y-> c", "c -y-> d"]),
        (["a: def f(x): return len(x)", "b: y = []", "c: f(y)", "d: y"], ["b -y-> c", "b -y-> d"]),
        (["a: def f():\n    global n\n    n = 1", "b: f()", "c: n"], ["b -n-> c"]),
        (["a: n = 0\ndef f():\n    global n\n    n += 1", "b: f()", "c: n"], ["a -n-> b", "b -n-> c"]),
        (["a: def f(): return h()\ndef h(): return g", "b: g = 1", "c: f()"], ["b -g-> c"]),
        (
            ["a: def f(x): return x", "b: y = []; z = f(y)", "c: z.append(1)", "d: y"],
            ["b -z-> c", "b -y?-> c", "c -y-> d"],
        ),
        (
            ["a: def f(x, y): return x, y", "b: p = []; q = []; r, s = f(p, q)", "c: r.append(1)", "d: p, q"],
            ["b -r-> c", "b -p?-> c", "c -p-> d", "b -q-> d"],
        ),
        (["a: def f(x): return list(map(g, x))\ndef g(v): return v * k", "b: k = 1", "c: f([1])"], ["b -k?-> c"]),
        (["a: k = 1", "b: sorted([1], key=lambda v: v + k)"], ["a -k?-> b"]),
        (["a: def f(n): return f(n - 1) if n else g", "b: g = 1", "c: f(3)"], ["b -g?-> c"]),
        (["a: x = []\ndef f(): x.append(1)", "b: f()", "c: x"], ["a -x-> b", "b -x-> c"]),
        (
            [
                "a: def f(*rest, **named):\n    rest[0].append(1)\n    named['k'].append(1)",
                "b: x = []; y = []",
                "c: f(x, k=y)",
                "d: x, y",
            ],
            ["b -x-> c", "b -y-> c", "c -x-> d", "c -y-> d"],
        ),
        (
            ["a: def f(*, key): key.append(1)", "b: x = []; o = {'key': x}", "c: f(**o)", "d: x"],
            ["b -o-> c", "b -x?-> c", "c -x-> d"],
        ),
        # closures, lambdas, what decorators return: by value
        (
            [
                "a: def make():\n  n = []\n  def f(x):\n    n.append(x)\n    return n\n  return f\nf = make()",
                "b: f(1)",
                "c: f(2)",
            ],
            ["a -f-> b", "b -f-> c"],
        ),
        (["a: k = []", "b: f = lambda: k", "c: print(f())"], ["a -k-> c", "b -f-> c"]),
        # methods
        (
            [
                "a: class C:\n def __init__(s, v): s.v = v\n def go(s): return k\n def add(s): s.v.append(1)",
                "b: k = 1; x = []; o = C(x)",
                "c: o.go()",
                "d: o.add()",
                "e: x",
            ],
            ["b -o-> c", "b -k-> c", "b -o-> d", "b -k?-> d", "b -x?-> d", "d -x-> e", "b -k?-> e"],
        ),
        (
            ["a: class C:\n    @property\n    def p(self): return k", "b: k = 1", "c: o = C()", "d: o.p"],
            ["b -k?-> c", "b -k?-> d", "c -o-> d"],
        ),
        (
            [
                "a: class B:\n    def m(self): return k\nclass C(B):\n    def m(self): return super().m()",
                "b: k = 1",
                "c: C().m()",
            ],
            ["b -k?-> c"],
        ),
        (["a: class C:\n    def m(x): return k", "b: k = 1", "c: C.m(1)"], ["b -k-> c"]),
        (["a: class C:\n    def __call__(self): return k", "b: k = 1; o = C()", "c: o()"], ["b -k?-> c", "b -o-> c"]),
        (["a: def f():\n    yield g", "b: g = 1", "c: list(f())"], ["b -g-> c"]),
    ],
)
def test_functions_and_classes(cells: list[str], expected: list[str]) -> None:
    check(cells, expected)


def definitions(flow: Dataflow, step: str) -> dict[str, bool]:
    (found,) = [item for item in flow.steps if item.name == step]
    return {",".join(item.names) or item.source: item.wanted for item in found.definitions}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np, os.path", "np,os"),
        ("from a import b as c, d", "c,d"),
        ("def f(x, y=1): return x", "f"),
        ("async def f(): pass", "f"),
        ("import functools\n@functools.lru_cache(None)\ndef f(): pass", "f"),
        ("class A:\n    x = 1\n    @property\n    def p(self): return data", "A"),
        ("class A: pass\nclass B(A): pass", "B"),
        ("from dataclasses import dataclass, field\n@dataclass\nclass A:\n    x: int = field(default=1)", "A"),
        ("from collections import namedtuple\nP = namedtuple('P', 'x y')", "P"),
        ("from enum import Enum\nE = Enum('E', 'a b')", "E"),
        ("import typing\nT = typing.TypeVar('T')", "T"),
        ("def f(): pass\ndef f(): return 1", "f"),
        ("x = 1; \ndef f(): return x", "f"),
    ],
)
def test_it_travels_as_source(source: str, names: str) -> None:
    flow = notebook(("a", source), ("b", f"print({names.split(',')[0]})"))
    assert definitions(flow, "b")[names]
    assert not {name.split("?")[0] for name in names.split(",")} & {item.name for item in flow.steps[1].inputs}


@pytest.mark.parametrize(
    "source",
    [
        "def f(x=data): pass",
        "@data\ndef f(): pass",
        "def deco(g): return g\n@deco\ndef f(): pass",
        "class f(data): pass",
        "class f:\n    x = data",
        "f = lambda: 1",
        "if data:\n    def f(): pass",
        "try:\n    import f\nexcept ImportError:\n    f = None",
        "def f(): pass\nf = data",
        "def f(): pass\nf.cache = {}",
        "def f(): pass\ndef g():\n    global f\n    f = 1\ng()",
        "def f(x: data): pass",
        "import f\nf = f.x",
        "f = namedtuple('f', data)",
        "class f:\n    @data\n    def m(self): pass",
    ],
)
def test_it_travels_by_value(source: str) -> None:
    flow = notebook(("start", "data = [1]"), ("a", source), ("b", "print(f)"))
    assert "a -f-> b" in edges(flow)


def test_a_definition_that_is_changed_travels_by_value_from_then_on() -> None:
    flow = notebook(("a", "class K: pass"), ("b", "K()"), ("c", "K.tag = 1"), ("d", "K.tag"))
    assert edges(flow) == {"c -K-> d"}
    (known,) = flow.steps[0].definitions
    assert [step.by_value for step in flow.steps] == [(), (), (known.id,), (known.id,)]


def test_what_setup_defines_and_a_step_changes_travels_by_value() -> None:
    flow = notebook((SETUP, "def f(): pass"), ("a", "f.calls = 1"), ("b", "f.calls"))
    assert edges(flow) == {"a -f-> b"}
    assert flow.steps[1].by_value == ("setup:f",)


def test_definitions_need_what_they_use() -> None:
    flow = notebook(
        ("a", "import os\ndef g(): return os.sep\ndef f(): return g()\nclass B: pass\nclass C(B): pass"),
        ("b", "print(f())"),
        ("c", "print(C)"),
    )
    assert definitions(flow, "b") == {"os": True, "g": True, "f": True, "B": False, "C": False}
    assert definitions(flow, "c") == {"os": False, "g": False, "f": False, "B": True, "C": True}
    needs = {item.names[0]: item.needs for item in flow.steps[1].definitions}
    ids = {item.names[0]: item.id for item in flow.steps[1].definitions}
    assert (needs["g"], needs["f"], needs["C"]) == ((ids["os"],), (ids["g"],), (ids["B"],))


def test_functions_may_need_what_is_defined_later() -> None:
    flow = notebook(("a", "def f(): return g()"), ("b", "def g(): return 1"), ("c", "f()"))
    assert definitions(flow, "c") == {"f": True, "g": True}


def test_a_redefinition_has_an_id_of_its_own_and_the_same_source_has_the_same() -> None:
    one = notebook(("a", "def f(): return 1"), ("b", "def f(): return 1\nf()"))
    ids = [item.id for item in one.steps[1].definitions]
    assert len(set(ids)) == 2
    other = notebook(("z", "x = 1\ndef f():   # a comment\n    return 1"))
    assert other.steps[0].definitions[0].id == ids[0]


def test_submodules_of_a_package_are_all_needed() -> None:
    flow = notebook(("a", "import xml.dom"), ("b", "import xml.sax"), ("c", "xml.dom, xml.sax"))
    assert [item.wanted for item in flow.steps[2].definitions] == [True, True]


def test_definitions_have_lines_and_source_of_the_cell() -> None:
    flow = notebook(
        ("a", "x = 1\nimport functools\n@functools.cache\ndef f():\n    '''Doc.'''; return 1\ndef g(): pass; y = 2")
    )
    functools, f, g = flow.steps[0].definitions
    assert (f.line, f.source, f.cell) == (3, "@functools.cache\ndef f():\n    '''Doc.'''; return 1", 0)
    assert (functools.source, g.line) == ("import functools", 6)


def test_statements_on_one_line_are_taken_apart() -> None:
    flow = notebook(("a", "import os; x = os.sep; import sys"), ("b", "sys, x"))
    assert definitions(flow, "b") == {"os": False, "sys": True}


def test_setup_runs_in_every_later_step_and_gives_no_inputs() -> None:
    flow = notebook(
        ("a", "x = 1"),
        (SETUP, "import math\nK = [1]\ndef f(): return K"),
        ("b", "f()\ny = K"),
        ("c", "K.append(2)"),
        ("d", "f()"),
    )
    assert [step.setup for step in flow.steps] == [(), (1,), (1,), (1,)]
    assert edges(flow) == {"c -K-> d"}
    assert [cell.index for cell in flow.setup] == [1]


def test_parameters_are_read_as_given_until_a_step_sets_them() -> None:
    flow = notebook(
        (PARAMETERS, "k = 1\nn = 2\nunused = 3"),
        (SETUP, "def f(): return n"),
        ("a", "k"),
        ("b", "k = k + 1"),
        ("c", "k, f()"),
        params={"k": 1, "n": 2, "unused": 3},
    )
    assert {step.name: step.params for step in flow.steps} == {"a": ("k",), "b": ("k",), "c": ("n",)}
    assert edges(flow) == {"b -k-> c"}


def test_a_setup_cell_that_reads_a_parameter_gives_it_to_every_step() -> None:
    flow = notebook((PARAMETERS, "k = 1"), (SETUP, "import random\nrandom.seed(k)"), ("a", "x = 1"), params={"k": 1})
    assert flow.steps[0].params == ("k",)


def test_what_a_parameters_cell_computes_is_computed_again() -> None:
    flow = notebook((PARAMETERS, "base = 'x'\npath = base + '/y'"), ("a", "path"), ("b", "1"), params={"base": "x"})
    assert [step.params for step in flow.steps] == [("base",), ()]
    assert definitions(flow, "a") == {"path": True}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([("a", "x = 1"), ("b", "x = 2"), ("c", "x")], {"b|a -x-> c", "a -ok-> b"}),
        ([("a", "x = 1"), ("b", "pass"), ("c", "x")], {"a -x-> c", "a -ok-> b"}),
    ],
)
def test_a_step_that_may_be_skipped_has_one_behind_it(cells: list[tuple[str, str]], expected: set[str]) -> None:
    flow = notebook(("a", "ok = 1"), *cells, options={"b": {"when": "ok > 0"}})
    controls = {f"{'|'.join(item.sources)} -{item.name}-> {step.name}" for step in flow.steps for item in step.controls}
    assert edges(flow) | controls == expected
    assert flow.steps[0].exports == ("ok",)


def test_a_parameter_set_by_a_step_that_may_be_skipped_is_also_taken_as_given() -> None:
    flow = notebook(
        (PARAMETERS, "k = 1"), ("b", "k = 2"), ("c", "k"), params={"k": 1}, options={"b": {"when": "k > 0"}}
    )
    assert edges(flow) == {"b -k?-> c"}
    assert [step.params for step in flow.steps] == [("k",), ("k",)]


def test_the_variable_of_a_loop_is_bound_in_the_step() -> None:
    flow = notebook(
        ("a", "depths = [1, 2]"),
        ("b", "score = depth * 2"),
        ("c", "print(score)"),
        options={"b": {"for_each": {"variable": "depth", "items": "depths"}}},
    )
    assert edges(flow) == {"b -score-> c"}
    assert [(item.name, item.sources) for item in flow.steps[1].controls] == [("depths", ("a",))]
    assert flow.after["b"] == ("a",)
    assert not flow.problems


def test_controls_may_read_parameters_setup_and_metrics() -> None:
    flow = notebook(
        (PARAMETERS, "k = 1"),
        (SETUP, "names = ['a']"),
        ("b", "pass"),
        params={"k": 1},
        options={"b": {"when": "metrics.acc > k and params.k", "for_each": "name in names"}},
    )
    assert (flow.steps[0].params, flow.steps[0].controls, flow.problems) == (("k",), (), ())


def test_skipped_cells_are_not_there() -> None:
    flow = notebook(("a", "x = 1"), (SKIP, "x = 2"), ("b", "x"))
    assert edges(flow) == {"a -x-> b"}
    assert set(flow.facts) == {0, 2}


def test_final_names_are_those_whose_last_writer_a_step_is() -> None:
    flow = notebook(
        (SETUP, "import os\ns = 1"),
        ("a", "x = []; y = x; z = 1; w = 2\ndef f(): pass"),
        ("b", "x.append(1); z = 2\ndel w"),
    )
    assert [step.final for step in flow.steps] == [(), ("x", "z")]


def test_explicit_order_holds_beside_what_flows() -> None:
    flow = notebook(("a", "x = 1"), ("b", "y = 1"), ("c", "x"), options={"c": {"after": ["b"]}})
    assert flow.after == {"a": (), "b": (), "c": ("a", "b")}
    assert flow.steps[2].order_after == ("b",)


@pytest.mark.parametrize(
    ("cells", "order", "problems"),
    [
        ([("a", "x = 1"), ("b", "y = 1"), ("a", "z = x"), ("c", "y, z")], "a b c", []),
        ([("a", "x = 1"), ("b", "y = 1"), ("a", "z = y"), ("c", "z")], "b a c", []),
        ([("a", "x = 1"), ("b", "y = x"), ("a", "z = y")], "a b", ["interleaved"]),
        ([("a", "x = 1"), ("b", "x = 2"), ("a", "x")], "a b", ["interleaved"]),
        ([("a", "x = []"), ("b", "x.append(1)"), ("a", "x")], "a b", ["interleaved"]),
        ([("a", "x = 1"), (SETUP, "import os"), ("a", "y = os.sep")], "a", []),
    ],
)
def test_cells_that_stand_apart(cells: list[tuple[str, str]], order: str, problems: list[str]) -> None:
    flow = notebook(*cells)
    assert [step.name for step in flow.steps] == order.split()
    assert [problem.kind for problem in flow.problems if problem.kind != "set_later"] == problems


def test_a_setup_cell_inside_a_step_is_run_before_it() -> None:
    flow = notebook(("a", "x = 1"), (SETUP, "import os"), ("a", "y = os.sep"))
    assert flow.steps[0].setup == (1,)


def test_an_empty_notebook_has_no_flow() -> None:
    flow = notebook()
    assert (flow.steps, flow.after, flow.problems) == ((), {}, ())


def test_the_path_of_the_document_is_not_needed(tmp_path: Path) -> None:
    assert notebook(("a", "open('x.txt')")).steps[0].files_in == ()
