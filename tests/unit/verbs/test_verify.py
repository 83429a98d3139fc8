"""A pipeline means the same as its notebook run from top to bottom: one notebook a trap, run both ways for real."""

import threading

import pytest

from jupyter_mlops.errors import NotebookHasErrors, Unavailable, WorkFailed
from jupyter_mlops.runtime.spec import BundleRef, TaskSpec
from jupyter_mlops.verbs.last_values import compare_values
from jupyter_mlops.verbs.verify import verify

CASES = {
    "two names for one object": [("a", "x = []\ny = x"), ("b", "x.append(1)"), ("c", "print(x, y, x is y)")],
    "a class that registers those below it, and is in use by them": [
        (
            "a",
            (
                "class A:\n    below = {}\n    def __init_subclass__(cls, **kw):\n"
                "        super().__init_subclass__(**kw); A.below[cls.__name__] = cls\n"
                "class B(A): pass\nprint(A.below)"
            ),
        ),
        ("b", "x = B()"),
        ("c", "print(sorted(A.below), isinstance(x, A), A.below['B'] is type(x))"),
    ],
    "a part of an object": [("a", "d = {'k': []}\nk = d['k']"), ("b", "k.append(1)"), ("c", "print(d)")],
    "objects that refer to each other": [("a", "a = []\nb = [a]\na.append(b)"), ("b", "print(a[0] is b, b[0] is a)")],
    "an element of a list that a loop changes": [
        ("a", "rows = [[1], [2]]"),
        ("b", "for row in rows:\n    row.append(0)"),
        ("c", "print(rows, row is rows[-1])"),
    ],
    "a function that changes its argument": [
        ("a", "def add(items, x):\n    items.append(x)\nxs = []"),
        ("b", "add(xs, 1)"),
        ("c", "print(xs)"),
    ],
    "a function that returns its argument": [
        ("a", "def same(v):\n    return v\nxs = []"),
        ("b", "ys = same(xs)"),
        ("c", "ys.append(1)"),
        ("d", "print(xs)"),
    ],
    "a function that reads a global set later": [
        ("a", "def show():\n    return level\nlevel = 1"),
        ("b", "level = 2"),
        ("c", "print(show())"),
    ],
    "a function that counts in a global": [
        ("a", "n = 0\ndef count():\n    global n\n    n += 1\n    return n"),
        ("b", "count(); count()"),
        ("c", "print(count(), n)"),
    ],
    "functions that call each other, redefined": [
        ("a", "def f():\n    return g() + 1\ndef g():\n    return 1"),
        ("b", "print(f())"),
        ("c", "def g():\n    return 10"),
        ("d", "print(f())"),
    ],
    "a closure with state": [
        (
            "a",
            (
                "def counter():\n    n = 0\n    def step():\n        nonlocal n\n"
                "        n += 1\n        return n\n    return step"
            ),
        ),
        ("b", "c = counter()\nc()"),
        ("c", "c()\nprint(c())"),
    ],
    "a lambda that captures a loop variable": [
        ("a", "fs = [lambda: i for i in range(3)]\ni = 7"),
        ("b", "print([f() for f in fs], i)"),
    ],
    "a decorator of the user": [
        (
            "a",
            (
                "calls = []\ndef log(f):\n    def inner(*a):\n        calls.append(f.__name__)\n"
                "        return f(*a)\n    return inner"
            ),
        ),
        ("b", "@log\ndef double(x):\n    return 2 * x"),
        ("c", "print(double(2))"),
        ("d", "print(calls, double(3), calls)"),
    ],
    "a default argument that uses data": [
        ("a", "size = 3"),
        ("b", "def take(xs, n=size):\n    return xs[:n]"),
        ("c", "size = 1\nprint(take('abcdef'), size)"),
    ],
    "classes, isinstance, super and properties": [
        (
            "a",
            (
                "class Base:\n    kind = 'base'\n    def __init__(self, x):\n        self.x = x\n"
                "    @property\n    def twice(self):\n        return 2 * self.x\n"
                "class Sub(Base):\n    def __init__(self, x):\n        super().__init__(x + 1)"
            ),
        ),
        ("b", "s = Sub(1)"),
        ("c", "print(isinstance(s, Base), type(s) is Sub, s.twice, s.kind)"),
    ],
    "an instance of a class that was redefined": [
        ("a", "class P:\n    v = 1"),
        ("b", "p = P()"),
        ("c", "class P:\n    v = 2\nq = P()"),
        ("d", "print(p.v, q.v, isinstance(p, P), isinstance(q, P))"),
    ],
    "a class attribute set later": [
        ("a", "class C:\n    seen = 0"),
        ("b", "C.seen += 1"),
        ("c", "print(C.seen, C().seen)"),
    ],
    "namedtuples, enums and dataclasses": [
        (
            "a",
            (
                "from collections import namedtuple\nfrom dataclasses import dataclass\nfrom enum import Enum\n"
                "P = namedtuple('P', 'x y')\nclass E(Enum):\n    A = 1\n@dataclass\nclass D:\n    p: P\n    e: E"
            ),
        ),
        ("b", "d = D(P(1, 2), E.A)"),
        ("c", "print(d, d.e is E.A, d == D(P(1, 2), E.A), isinstance(d.p, P))"),
    ],
    "a cache by decorator": [
        (
            "a",
            (
                "from functools import lru_cache\n@lru_cache\ndef fib(n):\n"
                "    return n if n < 2 else fib(n - 1) + fib(n - 2)"
            ),
        ),
        ("b", "print(fib(20))"),
        ("c", "print(fib(30))"),
    ],
    "a name set on one path only": [
        ("a", "x = 1\nflag = False"),
        ("b", "if flag:\n    x = 2"),
        ("c", "print(x)"),
    ],
    "a loop's variable survives": [("a", "for i in range(3):\n    pass"), ("b", "print(i)")],
    "a comprehension's variable does not": [("a", "x = 5"), ("b", "ys = [x for x in range(3)]"), ("c", "print(x, ys)")],
    "a walrus in a comprehension does": [("a", "ys = [last := v for v in range(3)]"), ("b", "print(last, ys)")],
    "del and set again": [("a", "x = 1\ny = 2"), ("b", "del x"), ("c", "x = 3"), ("d", "print(x, y)")],
    "an exception's name is gone": [
        ("a", "e = 'before'\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    pass\nprint('e' in globals())"),
        ("b", "try:\n    print(e)\nexcept NameError:\n    print('gone')"),
    ],
    "a name like a builtin": [("a", "max = 3\nlist_ = [1]"), ("b", "print(max, min(4, 5))")],
    "names that start with an underscore, and foreign ones": [
        ("a", "_x = 1\n__y = 2\nété = 3\nδ = 4"),
        ("b", "print(_x + __y + été + δ)"),
    ],
    "the last result": [("a", "6 * 7"), ("b", "print(_)"), ("c", "x = Out[1] + 1\nx"), ("d", "print(_3)")],
    "seeded random numbers across steps": [
        ("a", "import random\nrandom.seed(3)\na = random.random()"),
        ("b", "b = random.random()"),
        ("c", "print(a, b, random.random())"),
    ],
    "numpy's seeded state, also inside a library": [
        ("a", "import numpy as np\nnp.random.seed(0)\nx = np.random.rand(3)"),
        ("b", "from sklearn.utils import shuffle\ny = shuffle(x)"),
        ("c", "print(x, y, np.random.rand())"),
    ],
    "a figure and its axes": [
        ("a", "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nplt.close(fig)"),
        ("b", "ax.plot([1, 2])"),
        ("c", "print(len(fig.axes[0].lines), fig.axes[0] is ax)"),
    ],
    "a view of an array": [
        ("a", "import numpy as np\na = np.zeros(6)\nv = a[:3]"),
        ("b", "v += 1"),
        ("c", "v[0] = 7\nprint(a)"),
    ],
    "a frame changed in place, and a column of it": [
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [3, 1, 2]})"),
        ("b", "df.sort_values('a', inplace=True)\ndf['b'] = df.a * 2"),
        ("c", "g = df.groupby('b')\nprint(df.iloc[0].a, g.ngroups)"),
        ("d", "print(g.sum())"),
    ],
    "a transformer of the notebook in a pipeline of the library": [
        (
            "a",
            (
                "from sklearn.base import BaseEstimator, TransformerMixin\nfrom sklearn.pipeline import make_pipeline\n"
                "from sklearn.linear_model import LinearRegression\nimport numpy as np\n"
                "class Square(TransformerMixin, BaseEstimator):\n    def fit(self, X, y=None):\n        return self\n"
                "    def transform(self, X):\n        return np.asarray(X) ** 2"
            ),
        ),
        ("b", "model = make_pipeline(Square(), LinearRegression()).fit([[1], [2], [3]], [1, 4, 9])"),
        ("c", "print(model.predict([[4]]).round(3), isinstance(model[0], Square))"),
    ],
    "a file that one step writes and another reads": [
        ("a", "with open('notes.txt', 'w') as f:\n    f.write('hello')"),
        ("b", "print(open('notes.txt').read())"),
    ],
    "magics": [
        ("a", "%%capture out\nprint('caught')"),
        ("b", "print(out.stdout)"),
        ("c", "%%writefile extra.py\nVALUE = 5"),
        ("d", "import extra\nprint(extra.VALUE)"),
        ("e", "lines = !echo one; echo two\nword = 'three'"),
        ("f", "print(list(lines))\n!echo $word {len(word)}"),
    ],
    "timing a cell keeps what it sets": [("a", "%%time\nx = 1"), ("b", "%time y = x + 1"), ("c", "print(x + y)")],
    "options of libraries": [
        ("a", "import numpy as np\nnp.set_printoptions(precision=2)\nx = np.array([1.23456])"),
        ("b", "print(x)"),
    ],
    "a setup cell that a step changes": [
        ("setup", "state = {'n': 0}"),
        ("a", "state['n'] += 1"),
        ("b", "state['n'] += 1"),
        ("c", "print(state)"),
    ],
    "a parameter that a step sets again": [
        ("parameters", "depth = 2"),
        ("a", "print(depth)\ndepth = depth + 1"),
        ("b", "print(depth)"),
    ],
    "a loop over items, collected": [
        ("a", "base = 10"),
        ("b", "value = base * k\nprint(value)", {"for_each": "k in [1, 2, 3]"}),
        ("c", "print(value, sum(value))"),
    ],
    "a step under a condition": [
        ("a", "acc = 0.95\nlabel = 'none'"),
        ("b", "label = 'good'", {"when": "acc > 0.9"}),
        ("c", "label = 'bad'", {"when": "acc <= 0.9"}),
        ("d", "print(label)"),
    ],
    "names whose type changes": [("a", "x = 'text'"), ("b", "x = [x]"), ("c", "x = {1: x}\nprint(x)")],
    "star imports": [("a", "from math import *\nx = floor(2.5)"), ("b", "print(sqrt(x), pi > 3)")],
    "a generator made and used in one step, its result handed on": [
        ("a", "squares = (n * n for n in range(4))\ntotal = sum(squares)\ndel squares"),
        ("b", "print(total)"),
    ],
    "await at the top": [("a", "import asyncio\nasync def f():\n    return 5\nx = await f()"), ("b", "print(x)")],
}


@pytest.mark.parametrize("name", CASES)
def test_it_means_the_same(name, write_notebook):
    result = verify(write_notebook(*CASES[name]))
    assert result["differences"] == []
    assert result["same"]


def test_it_tells_what_differs(write_notebook):
    path = write_notebook(("a", "import os\nx = os.getpid()\nprint('pid', x)"), ("b", "y = 1"))
    result = verify(path)
    assert not result["same"]
    assert (result["differences"][0]["step"], result["differences"][0]["cell"]) == ("a", 0)


def test_it_tells_of_a_last_value_that_differs(write_notebook):
    path = write_notebook(("a", "import os\nx = os.getpid()"), ("b", "y = 1"))
    assert [(item["step"], item["name"]) for item in verify(path)["differences"]] == [("a", "x")]


def test_a_notebook_that_fails_both_ways_is_the_same_and_it_is_told_how(write_notebook):
    result = verify(write_notebook(("a", "x = 1"), ("b", "1 / 0")))
    assert result["same"]
    assert result["failure"] == "cell 1: ZeroDivisionError: division by zero"


def test_a_notebook_that_succeeds_has_no_failure(write_notebook):
    assert verify(write_notebook(("a", "x = 1")))["failure"] is None


LINEAR_ONLY = "import time\nimport jupyter_mlops as mlops\nif mlops.run_id == 'notebook':\n    time.sleep(600)"


@pytest.mark.parametrize(("source", "at"), [("import time\ntime.sleep(600)", "pipeline"), (LINEAR_ONLY, "bottom")])
def test_it_can_be_stopped_in_either_way(source, at, write_notebook, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stop, told = threading.Event(), []

    def tell(text):
        told.append(text)
        if at in text:
            stop.set()

    with pytest.raises(WorkFailed, match="Stopped"):
        verify(write_notebook(("a", source)), stop=stop, tell=tell)
    assert at in told[-1]
    assert not list(tmp_path.glob("mlops-verify-*"))


def test_values_that_cannot_be_compared_are_said_in_one_sentence(tmp_path):
    nowhere = BundleRef(str(tmp_path / "none.bundle"), "0" * 64)
    spec = TaskSpec(run="r", step="s", task="s", attempt=1, directory="", cwd=str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        compare_values(nowhere, [], spec)
    assert "none.bundle" in caught.value.message
    assert "Traceback" not in caught.value.message
    assert "\n" not in caught.value.message
    assert "jupyter_mlops." not in caught.value.message.partition(": ")[2].partition(": ")[0]
    assert caught.value.hint


def test_it_leaves_nothing_in_the_folder(write_notebook, tmp_path):
    path = write_notebook(("a", "open('made.txt', 'w').close()"))
    before = sorted(item.name for item in tmp_path.iterdir())
    verify(path)
    assert sorted(item.name for item in tmp_path.iterdir()) == before


def test_a_notebook_with_errors_is_refused(write_notebook):
    with pytest.raises(NotebookHasErrors):
        verify(write_notebook(("a", "x = (")))


def test_a_setting_has_its_effect_once_in_its_own_step(write_notebook):
    count = "print(sys.path.count('aaa'), sys.path.count('bbb'), x)"
    path = write_notebook(
        ("one", f"import sys\nx = 1\nsys.path.append('aaa')\n{count}"),
        ("two", f"sys.path.append('aaa')\n{count}"),
        ("two", f"sys.path.insert(0, 'bbb')\n{count}"),
        ("three", f"sys.path.append('aaa')\n{count}"),
    )
    assert verify(path)["same"]
