"""Code nested or linked deeper than is usual: it is understood, or said not to be; never silently taken as empty."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from jupyter_mlops.notebook import applying, heap
from jupyter_mlops.notebook.depth import with_room
from jupyter_mlops.notebook.scopes import read_scopes
from tests.unit.notebook.pipelines import notebook
from tests.unit.notebook.test_random_objects import FIRST as BOXES

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

# Small layers of a network that hold functions, as people write them to learn.
LAYERS = """
import numpy as np, copy, collections
from abc import ABC, abstractmethod
rng = np.random.default_rng(3)
class Layer(ABC):
    count = 0
    def __init__(self): Layer.count += 1; self.id = Layer.count
    @abstractmethod
    def forward(self, x): ...
    @staticmethod
    def clip(g): return np.clip(g, -1, 1)
class Dense(Layer):
    def __init__(self, i, o):
        super().__init__()
        self.W = rng.normal(0, .5, (i, o)); self.b = np.zeros(o)
    def forward(self, x): self.x = x; return x @ self.W + self.b
    def backward(self, g, lr):
        gw, gb, gx = self.x.T @ g, g.sum(0), g @ self.W.T
        self.W -= lr * self.clip(gw); self.b -= lr * self.clip(gb)
        return gx
class Activation(Layer):
    fns = {1: (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.), 2: (np.tanh, lambda x: 1 - np.tanh(x)**2)}
    def __init__(self, kind): super().__init__(); self.kind = kind
    def forward(self, x): self.x = x; return self.fns[self.kind][0](x)
    def backward(self, g, lr): return g * self.fns[self.kind][1](self.x)
"""
FORWARD = "def forward(net, x):\n    for l in net: x = l.forward(x)\n    return x"
TRAIN = """
best, history = None, collections.deque(maxlen=5)
for epoch in range(30):
    p = forward(net, X); g = 2 * (p - y) / len(X)
    for l in reversed(net): g = l.backward(g, .5)
    loss = ((p - y)**2).mean(); history.append(loss)
    if best is None or loss < best[0]: best = (loss, copy.deepcopy(net))
"""


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


@pytest.fixture
def effort(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many abstract objects were made, and how often what a function does was applied. A clock would tell more of
    the machine than of the analysis.
    """
    counted: Counter[str] = Counter()
    for kind, name in ((heap.Object, "objects"), (applying.Application, "applications")):
        before = kind.__init__

        def counting(self, *given, before=before, name=name, **named):
            counted[name] += 1
            before(self, *given, **named)

        monkeypatch.setattr(kind, "__init__", counting)
    return counted


def test_classes_that_make_one_another_are_followed_with_little_effort(effort: Counter[str]) -> None:
    """Each call copied all that the functions called by it make: ten in a row made more than ten million objects."""
    source = "class C0:\n    def __init__(self, v):\n        self.v = [v, [], {}]\n"
    for i in range(1, 14):
        source += f"class C{i}:\n    def __init__(self, v):\n        self.v = [C{i - 1}(v), C{i - 1}(v), C{i - 1}(v)]\n"
        source += f"    def again(self):\n        return C{i}(self.v), C{i - 1}(self)\n"
    flow = notebook(("a", source), ("b", "held = []\nx = C13(held)"), ("c", "held.append(1)"), ("d", "print(x)"))
    assert effort["objects"] < 10_000
    assert effort["applications"] < 1_000
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


def test_what_may_call_one_another_in_any_order_is_followed_with_little_effort(effort: Counter[str]) -> None:
    """All orders were followed, which took 20 seconds."""
    flow = notebook(
        ("layers", LAYERS),
        ("data", "X = rng.uniform(-1, 1, (256, 2)); y = X[:, :1]"),
        ("net", "net = [Dense(2, 8), Activation(2), Dense(8, 1)]"),
        ("forward", FORWARD),
        ("train", TRAIN),
        ("show", "print(forward(best[1], X), list(np.round(history, 4)), [type(l).__name__ for l in net])"),
    )
    assert effort["objects"] < 2_000
    assert effort["applications"] < 5_000
    taken = {item.name: item.sources for item in flow.steps[-1].inputs}
    assert (taken["net"], taken["best"]) == (("train",), ("train",))


def test_what_many_objects_make_when_they_may_be_used_is_bounded(effort: Counter[str]) -> None:
    """Each object that was reached made further ones, cell after cell: such notebooks took minutes."""
    show = "print([b1, b2, b3], r1, r2, max(r1, key=len), sorted(r2, key=len), list(map(g1, [1])), sum(r1, b1))"
    use = f"b1 = b2 + b3\nr1.append(b1)\n{show}"
    flow = notebook(("first", BOXES), *((f"use{number}", use) for number in range(8)))
    assert len(flow.steps) == 9
    assert effort["objects"] < 1_000
    assert effort["applications"] < 30_000
