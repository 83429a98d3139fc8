"""Code nested or linked deeper than is usual: it is understood, or said not to be; never silently taken as empty."""

from __future__ import annotations

import sys
import time

import pytest

from jupyter_mlops.notebook.depth import with_room
from jupyter_mlops.notebook.scopes import read_scopes
from tests.unit.notebook.pipelines import notebook

DEEP = {
    "a long sum": "x = a" + " + a" * 1500,
    "a long chain of attributes": "x = a" + ".b" * 1500,
    "a long chain of calls": "x = a" + ".f()" * 300,
    "a long condition": "x = " + " and ".join(["a"] * 1500),
    "a long comparison": "x = a" + " < a" * 1500,
    "many cases": "if a: x = 1\n" + "".join(f"elif a == {i}: x = {i}\n" for i in range(1500)) + "else: x = 0",
    "lists in lists": "x = " + "[" * 150 + "a" + "]" * 150,
    "a chain of objects": "x = [a]\n" + "x = [x]\n" * 5000,
    "a function that makes a chain of objects": "def f(x):\n" + "    x = [x]\n" * 5000 + "    return x\nx = f(a)",
    "a chain of functions": "def f0(x): return [x]\n"
    + "".join(f"def f{i}(x): return [f{i - 1}(x)]\n" for i in range(1, 500))
    + "x = f499(a)",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_code_is_understood(name: str) -> None:
    flow = notebook(("a", "a = [1]"), ("b", DEEP[name]), ("c", "print(x)"))
    taken = {step.name: {item.name: item.sources for item in step.inputs} for step in flow.steps}
    assert taken["b"]["a"] == ("a",)
    assert taken["c"]["x"] == ("b",)
    assert not [problem for problem in flow.problems if problem.kind == "syntax"]


def test_what_a_deep_chain_holds_is_shared() -> None:
    flow = notebook(("a", "a = [1]\nx = [a]\n" + "x = [x]\n" * 300), ("b", "a.append(2)"), ("c", "print(x)"))
    assert {step.name: [item.name for item in step.inputs] for step in flow.steps}["c"] == ["x"]
    assert "x" in flow.steps[1].outputs


def test_deeper_than_the_parser_goes_is_a_problem() -> None:
    source = "x = " + "+".join(["1"] * 5000)
    try:
        compile(source, "", "exec")  # how deep that is depends on the version of Python
    except (RecursionError, MemoryError):
        assert read_scopes(source).syntax_error is not None
    facts = read_scopes(source)
    assert (facts.syntax_error is None) == (set(facts.stores) == {"x"})


def test_classes_that_make_one_another_are_followed_in_little_time() -> None:
    """Each call copied all that the functions called by it make: ten in a row made more than ten million objects."""
    source = "class C0:\n    def __init__(self, v):\n        self.v = [v, [], {}]\n"
    for i in range(1, 14):
        source += f"class C{i}:\n    def __init__(self, v):\n        self.v = [C{i - 1}(v), C{i - 1}(v), C{i - 1}(v)]\n"
        source += f"    def again(self):\n        return C{i}(self.v), C{i - 1}(self)\n"
    started = time.process_time()
    flow = notebook(("a", source), ("b", "held = []\nx = C13(held)"), ("c", "held.append(1)"), ("d", "print(x)"))
    assert time.process_time() - started < 5
    assert "x" in flow.steps[2].outputs


def test_the_limit_is_as_before_afterwards() -> None:
    before = sys.getrecursionlimit()

    def deep(left: int) -> int:
        return deep(left - 1) + 1 if left else 0

    assert with_room(lambda: deep(5000)) == 5000
    assert sys.getrecursionlimit() == before


def test_endless_recursion_ends() -> None:
    def endless() -> int:
        return endless() + 1

    before = sys.getrecursionlimit()
    with pytest.raises(RecursionError):
        with_room(endless)
    assert sys.getrecursionlimit() == before


def test_functions_that_may_call_one_another_in_any_order_are_followed_in_little_time() -> None:
    """Each order was followed: ten objects with functions inside took longer than anybody waits."""
    kinds = "\n".join(
        f"class K{i}:\n    def __init__(self, v): self.v = v; self.f = lambda x: self.v(x)\n"
        f"    def go(self, x): self.x = x; return self.f(x)\n"
        for i in range(12)
    )
    net = "net = []\n" + "\n".join(f"net.append(K{i}(lambda x: [n.go(x) for n in net]))" for i in range(12))
    train = "best = None\nfor e in range(3):\n    for n in reversed(net): g = n.go(e)\n    best = list(map(str, net))"
    started = time.process_time()
    flow = notebook(("a", kinds), ("b", net), ("c", train), ("d", "print(net[0].x, best)"))
    assert time.process_time() - started < 5
    assert {item.name: item.sources for item in flow.steps[-1].inputs}["net"] == ("c",)
