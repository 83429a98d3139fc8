"""What calls do to values: who takes what from whom, and that step by step prints what the notebook prints."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlops.notebook.dataflow import Dataflow
from tests.unit.notebook.pipelines import PARAMETERS, SETUP, notebook, run_linear, run_pipeline, with_params

Cells = tuple[tuple[str, str], ...]


def taken(flow: Dataflow, step: str) -> dict[str, tuple[str, ...]]:
    """What a step takes: the sources of each name."""
    return {item.name: item.sources for one in flow.steps if one.name == step for item in one.inputs}


def prints_the_same(flow: Dataflow) -> dict[int, str]:
    """Run it both ways; give what the steps printed."""
    assert not flow.problems
    linear, pipeline = run_linear(flow, with_params(flow)), run_pipeline(flow, with_params(flow))
    assert pipeline.printed == {index: linear.printed[index] for index in pipeline.printed}
    assert pipeline.final == {name: linear.final.get(name) for name in pipeline.final}
    return pipeline.printed


# Cells "a" (makes), "b" (does something), "c" (prints): whether c takes the name from b or still from a.
CHANGES: dict[str, tuple[str, str, str]] = {
    # methods of containers
    "append": ("x = [1]", "x.append(2)", "b"),
    "extend": ("x = [1]; y = [[2]]", "x.extend(y)", "b"),
    "dictionary update": ("x = {}", "x.update(k=1)", "b"),
    "setdefault": ("x = {}", "x.setdefault('k', []).append(1)", "b"),
    "pop": ("x = [1, 2]", "y = x.pop()", "b"),
    "sort": ("x = [2, 1]", "x.sort()", "b"),
    "add to a set": ("x = {1}", "x.add(2)", "b"),
    "count": ("x = [1]", "print(x.count(1))", "a"),
    "get": ("x = {'k': [1]}", "print(x.get('k'))", "a"),
    "change of what get gives": ("x = {'k': [1]}", "x.get('k').append(2)", "b"),
    "join of a string": ("x = ['1', '2']", "print(', '.join(x))", "a"),
    "copy and change of the copy": ("x = [1]", "y = x.copy()\ny.append(2)\nprint(y)", "a"),
    # statements
    "an item": ("x = [1]", "x[0] = 5", "b"),
    "an item of an item": ("x = [[1]]", "x[0][0] = 5", "b"),
    "a deleted item": ("x = [1, 2]", "del x[0]", "b"),
    "an augmented assignment": ("x = [1]", "x += [2]", "b"),
    "an augmented number": ("x = 1", "x += 2", "b"),
    "a read": ("x = [1]", "print(x[0])", "a"),
    "a loop over it": ("x = [[1]]", "for v in x:\n    v.append(2)", "b"),
    "a loop over rows": ("x = [[1]]; y = [2]", "for v, w in zip(x, y):\n    v.append(w)", "b"),
    "a loop with numbers": ("x = [[1]]", "for i, v in enumerate(x):\n    v.append(i)", "b"),
    # aliases
    "another name for it": ("x = [1]; y = x", "y.append(2)", "b"),
    "a part of it": ("x = [[1]]; y = x[0]", "y.append(2)", "b"),
    "a list that holds it": ("x = [1]; y = [x]", "y[0].append(2)", "b"),
    "a name in a tuple": ("x, y = [1], [2]", "y.append(3)", "a"),
    "a name that was given away": ("x = [1]; y = x\ny = []", "y.append(2)", "a"),
    # builtins and libraries
    "setattr": ("class P:\n    def __repr__(self): return str(self.v)\nx = P()", "setattr(x, 'v', 3)", "b"),
    "len": ("x = [1]", "print(len(x))", "a"),
    "sorted": ("x = [2, 1]", "print(sorted(x))", "a"),
    "sorted with a changing key": ("x = [[2], [1]]", "sorted(x, key=lambda v: v.append(0) or v[0])", "b"),
    "map with a changing function": ("x = [[1]]", "def f(v): v.append(2)\nlist(map(f, x))", "b"),
    "next": ("x = iter([1, 2, 3])", "print(next(x))", "b"),
    "random.shuffle": ("x = [1]", "import random\nrandom.shuffle(x)", "b"),
    "heapq.heappush": ("x = [1]", "import heapq\nheapq.heappush(x, 0)", "b"),
    "bisect.insort": ("x = [1]", "import bisect\nbisect.insort(x, 0)", "b"),
    "heapq.nsmallest": ("x = [1]", "import heapq\nprint(heapq.nsmallest(1, x))", "a"),
    "math.fsum": ("x = [1]", "import math\nprint(math.fsum(x))", "a"),
    "json.dumps": ("x = [1]", "import json\nprint(json.dumps(x))", "a"),
    "copy.deepcopy and a change": ("x = [[1]]", "import copy\ny = copy.deepcopy(x)\ny[0].append(2)", "a"),
    "copy.copy and a change inside": ("x = [[1]]", "import copy\ny = copy.copy(x)\ny[0].append(2)", "b"),
    "itertools.chain and a change inside": (
        "x = [[1]]",
        "import itertools\nfor v in itertools.chain(x):\n    v.append(2)",
        "b",
    ),
    # functions of the notebook
    "a function that changes its argument": ("x = [1]\ndef f(v): v.append(2)", "f(x)", "b"),
    "a function that reads its argument": ("x = [1]\ndef f(v): return len(v)", "print(f(x))", "a"),
    "a function that gives its argument": ("x = [1]\ndef f(v): return v", "f(x).append(2)", "b"),
    "a function that gives a copy": ("x = [1]\ndef f(v): return list(v)", "f(x).append(2)", "a"),
    "a function that calls one": ("x = [1]\ndef f(v): v.append(2)\ndef g(v): f(v)", "g(x)", "b"),
    "a function that calls itself": (
        "x = [1]\ndef f(v, n):\n    if n:\n        v.append(n)\n        f(v, n - 1)",
        "f(x, 2)",
        "b",
    ),
    "a keyword argument": ("x = [1]\ndef f(*, v): v.append(2)", "f(v=x)", "b"),
    "starred arguments": ("x = [1]\ndef f(*vs): vs[0].append(2)", "f(x)", "b"),
    "more keywords": ("x = [1]\ndef f(**vs): vs['k'].append(2)", "f(k=x)", "b"),
    "a default": ("x = [1]", "def f(v=x): v.append(2)\nf()", "b"),
    "a global that is changed": ("x = [1]\ndef f(): x.append(2)", "f()", "b"),
    "a global that is set": ("x = [1]\ndef f():\n    global x\n    x = [3]", "f()", "b"),
    "a global that is deleted and set": (
        "x = [1]\ndef f():\n    global x\n    del x",
        "f()\nx = [4]",
        "b",
    ),
    "a closure": ("x = [1]\ndef make(v):\n    return lambda: v.append(2)\ng = make(x)", "g()", "b"),
    "a lambda": ("x = [1]\nf = lambda v: v.append(2)", "f(x)", "b"),
    "a function in a list": ("x = [1]\ndef f(v): v.append(2)\nfs = [f]", "fs[0](x)", "b"),
    # classes of the notebook
    "a method that changes what it was given": (
        "x = [1]\nclass K:\n    def put(self, v): v.append(2)\nk = K()",
        "k.put(x)",
        "b",
    ),
    "a method that changes what it keeps": (
        "x = [1]\nclass K:\n    def __init__(self, v): self.v = v\n    def grow(self): self.v.append(2)\nk = K(x)",
        "k.grow()",
        "b",
    ),
    "an inherited method": (
        "x = [1]\nclass K:\n    def put(self, v): v.append(2)\nclass L(K): pass\nk = L()",
        "k.put(x)",
        "b",
    ),
    "a method of what is above": (
        (
            "x = [1]\nclass K:\n    def put(self, v): v.append(2)\n"
            "class L(K):\n    def put(self, v): super().put(v)\nk = L()"
        ),
        "k.put(x)",
        "b",
    ),
    "a method through its class": (
        "x = [1]\nclass K:\n    def put(self, v): v.append(2)\nk = K()",
        "K.put(k, x)",
        "b",
    ),
    "a static method": ("x = [1]\nclass K:\n    @staticmethod\n    def put(v): v.append(2)", "K.put(x)", "b"),
    "a class method": ("x = [1]\nclass K:\n    @classmethod\n    def put(cls, v): v.append(2)", "K.put(x)", "b"),
    "a method nobody wrote": (
        "x = [1]\nclass K(dict): pass",
        "y = K.fromkeys('ab', x)\ny['a'].append(2)",
        "b",
    ),
    "an object that is called": (
        "x = [1]\nclass K:\n    def __call__(self, v): v.append(2)\nk = K()",
        "k(x)",
        "b",
    ),
    "a pure method": (
        "x = [1]\nclass K:\n    def size(self, v): return len(v)\nk = K()",
        "print(k.size(x))",
        "a",
    ),
    "a method of what a function was given": (
        (
            "class K:\n    n = 0\n    def grow(self): self.n += 1\n    def __repr__(self): return str(self.n)\n"
            "x = K()\ndef f(o): o.grow()"
        ),
        "f(x)",
        "b",
    ),
    # functions handed to somebody else
    "a function handed to a library": (
        "x = [[1]]\nimport functools",
        "print(functools.reduce(lambda v, w: v.append(w) or v, [2], x[0]))",
        "b",
    ),
}


@pytest.mark.parametrize(("makes", "does", "giver"), CHANGES.values(), ids=CHANGES.keys())
def test_who_changed_a_value_hands_it_on(makes: str, does: str, giver: str) -> None:
    flow = notebook(("a", makes), ("b", does), ("c", "print(repr(x))"))
    assert taken(flow, "c")["x"] == (giver,)
    assert "c" not in taken(flow, "c").values()
    if "next" not in does:  # an iterator has no text of its own
        prints_the_same(flow)


SCATTER = (
    "from sklearn.model_selection import train_test_split\nx, y = train_test_split(list(range(8)), random_state=1)"
)


def test_parts_of_a_split_share_nothing() -> None:
    flow = notebook(("a", SCATTER), ("b", "x.append(1)"), ("c", "print(y)"), ("d", "print(x)"))
    assert taken(flow, "c") == {"y": ("a",)}
    assert taken(flow, "d") == {"x": ("b",)}
    prints_the_same(flow)


def test_names_that_share_an_object_travel_together_once_it_changes() -> None:
    flow = notebook(("a", "x = [1]; y = x"), ("b", "x.append(2)"), ("c", "y.append(3)"), ("d", "print(x, x is y)"))
    assert taken(flow, "c") == {"x": ("b",), "y": ("b",)}
    assert taken(flow, "d") == {"x": ("c",), "y": ("c",)}
    assert prints_the_same(flow)[3] == "[1, 2, 3] True\n"


def test_steps_that_only_read_a_name_do_not_wait_for_each_other() -> None:
    flow = notebook(("a", "x = [1]"), ("b", "print(x)"), ("c", "print(len(x))"), ("d", "print(sum(x))"))
    assert dict(flow.after) == {"a": (), "b": ("a",), "c": ("a",), "d": ("a",)}
    prints_the_same(flow)


def test_a_random_generator_that_is_handed_over_goes_on_where_it_stopped() -> None:
    flow = notebook(
        ("a", "import random\nrandom.seed(3)\nx = random.random()"),
        ("b", "y = random.random()"),
        ("c", "print(x, y, random.random())"),
    )
    assert taken(flow, "c")["random.state"] == ("b",)
    prints_the_same(flow)


def test_a_generator_that_no_step_seeds_orders_nothing() -> None:
    flow = notebook(("a", "import random\nx = random.random()"), ("b", "y = random.random()"))
    assert dict(flow.after) == {"a": (), "b": ()}


@pytest.mark.parametrize(
    ("cells", "step", "sources"),
    [
        ((("a", "x = 1"), ("b", "del x"), ("c", "x = 2"), ("d", "print(x)")), "d", ("c",)),
        ((("a", "x = 1"), ("b", "if x:\n    x = 5"), ("d", "print(x)")), "d", ("b",)),
        ((("a", "x = [0]"), ("b", "for x in []:\n    pass"), ("d", "print(x)")), "d", ("b",)),
        ((("a", "x = 1"), ("b", "with open('/dev/null') as x:\n    pass"), ("d", "x = 3\nprint(x)")), "d", ()),
        ((("a", "x = 1"), ("b", "(x := 4)"), ("d", "print(x)")), "d", ("b",)),
        ((("a", "x = 1"), ("b", "[x for x in [5]]"), ("d", "print(x)")), "d", ("a",)),
    ],
    ids=["deleted and set", "set on a branch", "a loop's name", "set before it is read", "a walrus", "a comprehension"],
)  # fmt: skip
def test_the_last_step_that_may_set_a_name_gives_it(cells: Cells, step: str, sources: tuple[str, ...]) -> None:
    flow = notebook(*cells)
    assert taken(flow, step).get("x", ()) == sources
    prints_the_same(flow)


def test_a_deleted_name_is_no_final_value() -> None:
    flow = notebook(("a", "x = 1; y = 2"), ("b", "del x"))
    assert [one.final for one in flow.steps] == [("y",), ()]
    assert "x" not in run_pipeline(flow, {}).final


def test_a_step_that_may_set_a_name_takes_it_too_but_does_not_require_it() -> None:
    flow = notebook(("a", "x = 1"), ("b", "if input:\n    x = 2"), ("c", "print(x)"))
    (given,) = flow.steps[1].inputs
    assert (given.name, given.sources, given.required) == ("x", ("a",), False)
    assert flow.steps[2].inputs[0].required


WHEN = {"b": {"when": "k > 1"}}
FALL_BACKS: dict[str, tuple[Cells, dict[str, Any], tuple[str, ...]]] = {
    "a step that may be skipped, then the one before": (
        (("a", "x = 1"), ("b", "x = 2"), ("c", "print(x)")),
        WHEN,
        ("b", "a"),
    ),
    "two that may be skipped": (
        (("a", "x = 1"), ("b", "x = 2"), ("d", "x = 3"), ("c", "print(x)")),
        {**WHEN, "d": {"when": "k > 2"}},
        ("d", "b", "a"),
    ),
    "one that surely runs hides the others": (
        (("a", "x = 1"), ("b", "x = 2"), ("d", "x = 3"), ("c", "print(x)")),
        WHEN,
        ("d",),
    ),
    "a change in place that may be skipped": (
        (("a", "x = [1]"), ("b", "x.append(2)"), ("c", "print(x)")),
        WHEN,
        ("b", "a"),
    ),
    "a deletion that may be skipped": ((("a", "x = 1"), ("b", "del x"), ("c", "print(x)")), WHEN, ("b", "a")),
}


@pytest.mark.parametrize(("cells", "options", "sources"), FALL_BACKS.values(), ids=FALL_BACKS.keys())
def test_a_skipped_step_leaves_the_value_of_those_before(
    cells: Cells, options: dict[str, Any], sources: tuple[str, ...]
) -> None:
    assert taken(notebook(*cells, options=options, params={"k": 3}), "c")["x"] == sources


def test_a_parameter_that_only_a_skipped_step_sets_is_still_read_as_given() -> None:
    flow = notebook(
        (PARAMETERS, "k = 1"), ("b", "k = 2"), ("c", "print(k)"), params={"k": 1}, options={"b": {"when": "k > 1"}}
    )
    last = flow.steps[-1]
    assert (last.params, taken(flow, "c"), last.inputs[0].required) == (("k",), {"k": ("b",)}, False)


def test_conditions_and_loops_are_told_what_they_read() -> None:
    flow = notebook(
        ("a", "sizes = [1, 2]; ok = True"),
        ("b", "print(n)\nr = n"),
        ("c", "print(r)"),
        options={"b": {"when": "ok", "for_each": "n in sizes"}},
    )
    first, middle, last = flow.steps
    assert first.exports == ("ok", "sizes")
    assert [(item.name, item.sources) for item in middle.controls] == [("ok", ("a",)), ("sizes", ("a",))]
    assert (middle.inputs, last.inputs[0].sources, flow.after["b"]) == ((), ("b",), ("a",))
    assert flow.problems == ()


def test_a_condition_on_a_parameter_that_a_step_set_anew_reads_the_step() -> None:
    flow = notebook(
        (PARAMETERS, "k = 1"), ("a", "k = 5"), ("b", "print(k)"), params={"k": 1}, options={"b": {"when": "k > 1"}}
    )
    assert [(item.name, item.sources) for item in flow.steps[1].controls] == [("k", ("a",))]
    assert flow.steps[1].params == ()


def test_a_parameter_that_a_step_sets_anew_comes_from_it_later() -> None:
    flow = notebook(
        (PARAMETERS, "k = 1"), ("a", "print(k)"), ("b", "k = k + 1"), ("c", "print(k)"), params={"k": 1}
    )  # fmt: skip
    assert [(one.params, taken(flow, one.name)) for one in flow.steps] == [
        (("k",), {}),
        (("k",), {}),
        ((), {"k": ("b",)}),
    ]
    assert prints_the_same(flow) == {1: "1\n", 2: "", 3: "2\n"}


# ------------------------------------------------------------------------------------------------------- definitions

DEFINITIONS: dict[str, tuple[Cells, str, bool]] = {
    "a function": ((("a", "def f(): return 1"), ("b", "print(f())")), "f", True),
    "a class": ((("a", "class f:\n    n = 1"), ("b", "print(f.n)")), "f", True),
    "a class upon another": ((("a", "class g: n = 2\nclass f(g): pass"), ("b", "print(f.n)")), "f", True),
    "an import": ((("a", "import math as f"), ("b", "print(f.pi)")), "f", True),
    "a named tuple": (
        (("a", "from collections import namedtuple\nf = namedtuple('f', 'x y')"), ("b", "print(f(1, 2))")),
        "f",
        True,
    ),
    "a data class": (
        (("a", "from dataclasses import dataclass\n@dataclass\nclass f:\n    x: int = 3"), ("b", "print(f())")),
        "f",
        True,
    ),
    "a lambda": ((("a", "f = lambda: 1"), ("b", "print(f())")), "f", False),
    "a closure": ((("a", "def make():\n    return lambda: 2\nf = make()"), ("b", "print(f())")), "f", False),
    "a default from data": ((("a", "n = [4]\ndef f(v=n): return v"), ("b", "print(f())")), "f", False),
    "a function on a branch": (
        (("a", "n = 4\nif n > 3:\n    def f(): return n"), ("b", "print(f())")),
        "f",
        False,
    ),
    "a decorator of the notebook": (
        (("a", "def d(g): return lambda: g() + 1\n@d\ndef f(): return 1"), ("b", "print(f())")),
        "f",
        False,
    ),
    "a function that keeps something": (
        (("a", "def f(): return f.n\nf.n = 7"), ("b", "print(f())")),
        "f",
        False,
    ),
    "a name that is first a function, then a value": (
        (("a", "def f(): return 1\nf = [f()]"), ("b", "print(f)")),
        "f",
        False,
    ),
}


@pytest.mark.parametrize(("cells", "name", "source"), DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_what_needs_no_data_travels_as_source_and_the_rest_as_a_value(cells: Cells, name: str, source: bool) -> None:
    flow = notebook(*cells)
    defined = {one for item in flow.steps[1].definitions if item.wanted for one in item.names}
    assert (name in defined, name in taken(flow, "b")) == (source, not source)
    prints_the_same(flow)


def test_a_function_that_is_defined_anew_is_another_definition() -> None:
    flow = notebook(
        ("a", "def f(): return 1\ndef g(): return f()\nx = g()"),
        ("b", "def f(): return 2"),
        ("c", "print(x, g())"),
    )
    assert len({item.id for item in flow.steps[2].definitions if item.names == ("f",)}) == 2
    assert prints_the_same(flow)[2] == "1 2\n"


def test_a_function_reads_a_global_of_the_step_that_calls_it() -> None:
    flow = notebook(
        ("a", "n = 1\ndef f(): return n"), ("b", "print(f())"), ("c", "n = 5"), ("d", "print(f())")
    )  # fmt: skip
    assert (taken(flow, "b"), taken(flow, "d")) == ({"n": ("a",)}, {"n": ("c",)})
    assert prints_the_same(flow)[3] == "5\n"


def test_two_imports_of_one_package_are_both_in_force() -> None:
    flow = notebook(
        ("a", "import os.path"), ("b", "import os\nimport xml.dom"), ("c", "import xml.sax\nprint(xml.dom)")
    )
    assert prints_the_same(flow)[2].startswith("<module 'xml.dom'")


# -------------------------------------------------------------------------------------------------------- setup cells


def test_setup_cells_run_in_every_later_step_and_not_before() -> None:
    flow = notebook(("a", "x = 1"), (SETUP, "scale = 3"), ("b", "print(scale)"), (SETUP, "more = 1"), ("c", "print(x)"))
    assert [one.setup for one in flow.steps] == [(), (1,), (1, 3)]
    prints_the_same(flow)


def test_a_value_of_a_setup_cell_that_a_step_changes_comes_from_the_step() -> None:
    flow = notebook((SETUP, "seen = []"), ("a", "seen.append(1)"), ("b", "print(seen)"))
    assert taken(flow, "b") == {"seen": ("a",)}
    assert prints_the_same(flow)[2] == "[1]\n"


def test_a_function_of_a_setup_cell_that_a_step_changes_travels_by_value() -> None:
    flow = notebook((SETUP, "def f(): return f.n"), ("a", "f.n = 4"), ("b", "print(f())"))
    assert flow.steps[1].by_value == ("setup:f",)
    assert prints_the_same(flow)[2] == "4\n"


def test_a_setup_cell_sets_anew_what_a_step_made() -> None:
    flow = notebook(("a", "x = 1"), (SETUP, "x = 2"), ("b", "print(x)"))
    assert taken(flow, "b") == {}
    assert prints_the_same(flow)[2] == "2\n"


# --------------------------------------------------------------------------------------------------- results as shown

SHOWN: dict[str, tuple[Cells, dict[str, tuple[str, ...]]]] = {
    "the last result": ((("a", "x = [1]\nx"), ("b", "print(_)")), {"_": ("a",)}),
    "the last but one": ((("a", "[1]"), ("a", "[2]"), ("b", "print(__)")), {"__": ("a",)}),
    "a result by its number": ((("a", "[1]"), ("c", "[2]"), ("b", "print(_1)")), {"_1": ("a",)}),
    "all results": ((("a", "[1]"), ("c", "[2]"), ("b", "print(Out[1])")), {"_1": ("a",), "_2": ("c",)}),
    "a result that is not shown": ((("a", "[1]"), ("c", "[2];"), ("b", "print(_)")), {"_": ("a",)}),
    "a result that was set by hand": ((("a", "[1]"), ("c", "_ = 3"), ("b", "print(_)")), {"_": ("c",)}),
}


@pytest.mark.parametrize(("cells", "expected"), SHOWN.values(), ids=SHOWN.keys())
def test_results_that_ipython_keeps_are_taken_from_the_step_that_showed_them(
    cells: Cells, expected: dict[str, tuple[str, ...]]
) -> None:
    assert taken(notebook(*cells), "b") == expected


def test_results_are_no_final_values() -> None:
    assert [one.final for one in notebook(("a", "x = 1\nx"), ("b", "print(_)")).steps] == [("x",), ()]


# ------------------------------------------------------------------------------------------------------------- order


def test_an_explicit_after_orders_steps_that_share_no_value() -> None:
    flow = notebook(("a", "print(1)"), ("b", "print(2)"), options={"b": {"after": ["a"]}})
    assert (flow.after["b"], flow.steps[1].order_after, flow.steps[1].inputs) == (("a",), ("a",), ())


def test_an_exit_step_is_linked_as_any_other() -> None:
    flow = notebook(("a", "x = 1"), ("bye", "print(x)"), options={"bye": {"exit": True}})
    assert (taken(flow, "bye"), flow.steps[1].declaration.options["exit"]) == ({"x": ("a",)}, True)


def test_a_notebook_of_one_step_takes_nothing_and_keeps_every_name() -> None:
    flow = notebook(("all", "x = [1]"), ("all", "x.append(2)\ny = x"), ("all", "print(x, y)"))
    (only,) = flow.steps
    assert (only.inputs, only.outputs, only.final) == ((), (), ("x", "y"))
    assert prints_the_same(flow)[2] == "[1, 2] [1, 2]\n"


def test_a_notebook_without_cells_has_no_steps() -> None:
    flow = notebook()
    assert (flow.steps, dict(flow.after), flow.problems) == ((), {}, ())
