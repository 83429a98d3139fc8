"""What a later step gets is what the notebook would have: identity, behaviour, shared memory."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlops.runtime.bundle import bundle_header, read_bundle, write_bundle
from jupyter_mlops.runtime.namespace import fresh_main
from jupyter_mlops.runtime.spec import BundleRef, Definition
from tests.unit.runtime.conftest import Step

HandOver = Callable[..., Step]

# (what the writing step runs, the names it hands on, what must hold in the reading step)
BEHAVIOUR = {
    "aliases stay one object": ("a = [1]; b = a", "a b", "b.append(2); assert a == [1, 2] and a is b"),
    "cycles": ("a = []; a.append(a)", "a", "assert a[0] is a"),
    "aliases inside containers": ("a = []; d = {'x': a}", "a d", "assert d['x'] is a"),
    "a function sees globals set later": ("K = 1\ndef f(): return K", "f", "K = 5; assert f() == 5"),
    "a function writes the reader's globals": ("def f():\n global K\n K = 9", "f", "f(); assert K == 9"),
    "default arguments keep identity": ("a = []\ndef f(x, to=a): to.append(x)", "f a", "f(1); assert a == [1]"),
    "keyword defaults and annotations": (
        "def f(*, x: int = 3) -> str: return x",
        "f",
        "assert f() == 3 and f.__annotations__ == {'x': int, 'return': str}",
    ),
    "attributes of functions": ("def f(): pass\nf.cache = {1: f}", "f", "assert f.cache[1] is f"),
    "lambda": ("k = 2; f = lambda x: x * k", "f k", "assert f(4) == 8"),
    "closures share their cells": (
        (
            "def make():\n n = 0\n def inc():\n  nonlocal n\n  n += 1\n def get(): return n\n return inc, get\n"
            "inc, get = make(); inc()"
        ),
        "inc get",
        "inc(); assert get() == 2",
    ),
    "a closure that refers to itself": (
        "def make():\n def f(n): return 1 if n < 2 else n * f(n - 1)\n return f\nf = make()",
        "f",
        "assert f(5) == 120",
    ),
    "an unbound closure cell": (
        "def make():\n def f(): return later\n if 0: later = 1\n return f\nf = make()",
        "f",
        "try:\n f(); assert False\nexcept NameError: pass",
    ),
    "a generator function": ("def g(n):\n yield from range(n)", "g", "assert list(g(3)) == [0, 1, 2]"),
    "partial": ("import functools\nf = functools.partial(int, base=2)", "f", "assert f('101') == 5"),
    "a decorated function": (
        (
            "import functools\ndef twice(f):\n @functools.wraps(f)\n def w(*a): return 2 * f(*a)\n return w\n"
            "@twice\ndef f(x): return x + K"
        ),
        "f",
        "K = 1; assert f(2) == 6 and f.__name__ == 'f'",
    ),
    "a cached function": (
        "import functools\n@functools.lru_cache(maxsize=3)\ndef f(x): return x + K",
        "f",
        "K = 1; assert f(1) == 2 and f.cache_info().maxsize == 3",
    ),
    "a contextmanager, whose wrapper has a library's globals": (
        "import contextlib\n@contextlib.contextmanager\ndef c(): yield K",
        "c",
        "K = 3\nwith c() as k: assert k == 3",
    ),
    "a class made at run time": (
        (
            "class A:\n def __init__(self): self.v = 1\n def m(self): return K\n"
            "class B(A):\n def m(self): return super().m() + 1\nb = B()"
        ),
        "A B b",
        "K = 1; assert isinstance(b, A) and type(b) is B and b.m() == 2 and b.v == 1",
    ),
    "a class that registers those below it is not told of them twice": (
        (
            "class A:\n seen = []\n def __init_subclass__(cls, tag, **kw):\n"
            "  super().__init_subclass__(**kw); A.seen.append((tag, cls))\n"
            "class B(A, tag=1): pass\nclass C(B, tag=2): pass\nb = B()"
        ),
        "A C b",
        (
            "assert A.seen == [(1, type(b)), (2, C)] and isinstance(b, A)\n"
            "class D(A, tag=3): pass\nassert A.seen[2:] == [(3, D)]"
        ),
    ),
    "a class that a library is told of": (
        "import string\nclass T(string.Template): delimiter = '%'\nt = T('%a')",
        "T t",
        "assert t.substitute(a=1) == '1' and T.pattern.search('%a')",
    ),
    "properties, static and class methods": (
        (
            "class A:\n @property\n def p(self): return 1\n @staticmethod\n def s(): return 2\n"
            " @classmethod\n def c(cls): return cls\na = A()"
        ),
        "A a",
        "assert a.p == 1 and a.s() == 2 and a.c() is A",
    ),
    "cached properties": (
        "import functools\nclass A:\n @functools.cached_property\n def p(self): return []\na = A()",
        "A a",
        "assert a.p is a.p",
    ),
    "slots": ("class A:\n __slots__ = ('x',)\na = A(); a.x = 1", "a", "assert a.x == 1"),
    "bound methods keep their object": (
        "class A:\n def m(self): return self\na = A(); m = a.m",
        "a m",
        "assert m() is a",
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass D:\n x: int\nd = D(1)",
        "D d",
        "assert d == D(1) and hash(d) == hash(D(1))",
    ),
    "enum members are singletons": (
        "import enum\nclass E(enum.Enum):\n A = 1\n B = 2\na = E.A",
        "E a",
        "assert a is E.A and E['B'].value == 2",
    ),
    "namedtuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\np = P(1, 2)",
        "P p",
        "assert p.x == 1 and isinstance(p, P) and p._replace(x=2) == P(2, 2)",
    ),
    "exceptions": ("class E(ValueError): pass\ne = E('x')", "E e", "assert isinstance(e, E) and e.args == ('x',)"),
    "modules by name": ("import math, os.path as p", "math p", "import os.path; assert math.pi > 3 and p is os.path"),
    "the main module itself": ("import sys\nm = sys.modules['__main__']", "m", "assert m.__dict__ is globals()"),
    "views share memory": (
        "import numpy as np\na = np.arange(10.); b = a[2:5]; c = a[::3]; d = a.reshape(2, 5).T; e = a[::-1]",
        "a b c d e",
        "a[3] = -1; assert b[1] == c[1] == d[3, 0] == e[-4] == -1",
    ),
    "a view alone": ("import numpy as np\nb = np.arange(10)[2:4]", "b", "assert b.tolist() == [2, 3]; b[0] = 0"),
    "empty, zero-dimensional, boolean, dates, structured": (
        (
            "import numpy as np\n"
            "a = np.zeros((0, 3)); z = np.array(5.); t = np.array([True]); d = np.array(['2020-01-01'], 'M8[D]')\n"
            "s = np.array([(1, 2.)], dtype=[('x', 'i4'), ('y', 'f8')]); e = np.array([], 'M8[s]'); u = np.array(['é'])"
        ),
        "a z t d s e u",
        "assert a.shape == (0, 3) and z == 5 and t[0] and str(d[0]) == '2020-01-01' and s['y'][0] == 2 and u[0] == 'é'",
    ),
    "object arrays": (
        "import numpy as np\nx = []\no = np.array([1, 'a', None, x], dtype=object)",
        "o x",
        "assert o[3] is x and o.tolist()[:3] == [1, 'a', None]",
    ),
    "read-only arrays stay so": (
        "import numpy as np\na = np.ones(3); a.flags.writeable = False",
        "a",
        "assert not a.flags.writeable",
    ),
    "subclasses and masked arrays": (
        "import numpy as np\nm = np.ma.array([1, 2], mask=[0, 1]); x = np.rec.array([(1, 2)], names='a,b')",
        "m x",
        "assert m.sum() == 1 and x.b[0] == 2",
    ),
    "a numpy generator goes on": (
        "import numpy as np\ng = np.random.default_rng(0); g.random(); h = np.random.default_rng(0); h.random()",
        "g h",
        "assert g.random() == h.random()",
    ),
    "views of bytes": ("b = bytearray(b'abc'); v = bytes(b)", "b v", "b[0] = 0; assert v == b'abc'"),
    "a non-contiguous memoryview": ("v = memoryview(b'abcdef')[::2]", "v", "assert bytes(v) == b'ace'"),
    "frames": (
        (
            "import pandas as pd\n"
            "df = pd.DataFrame({'x': [1, 2], 'y': ['a', None], 't': pd.to_datetime(['2020-01-01'] * 2),"
            " 'c': pd.Categorical(['u', 'v'])})\ng = df.groupby('c', observed=True); alias = df"
        ),
        "df g alias",
        "assert alias is df and g.obj is df and g.x.sum().tolist() == [1, 2] and df.dtypes['c'] == 'category'",
    ),
    "the namespace itself": ("g = globals()", "g", "assert g is globals()"),
    "a weak reference": (
        (
            "import weakref\nclass A: pass\na = A(); r = weakref.ref(a); d = weakref.WeakKeyDictionary({a: 1})\n"
            "dead = weakref.ref(A())"
        ),
        "A a r d dead",
        "assert r() is a and d[a] == 1 and dead() is None",
    ),
    "a generic function with implementations": (
        "import functools\n@functools.singledispatch\ndef f(x): return 'any'\n@f.register\ndef _(x: int): return 'int'",
        "f",
        "assert f(1) == 'int' and f('') == 'any'",
    ),
    "a deep chain": (
        "x = []\nfor _ in range(20000): x = [x]",
        "x",
        "n = 0\nwhile x: x = x[0]; n += 1\nassert n == 20000",
    ),
    "columns do not write through": (
        "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2], 'y': [3, 4]}); s = df['x']; t = df.iloc[:1]",
        "df s t",
        "s.iloc[0] = 9; t.iloc[0, 1] = 9; assert df.x.tolist() == [1, 2] and df.y.tolist() == [3, 4]",
    ),
    "figure and axes": (
        "from matplotlib.figure import Figure\nfig = Figure(); ax = fig.add_subplot(); ax.plot([1, 2])",
        "fig ax",
        "assert fig.axes[0] is ax and ax.lines[0].axes is ax; ax.set_title('t')",
    ),
    "a transformer of the notebook inside a pipeline": (
        (
            "from sklearn.base import BaseEstimator, TransformerMixin\nfrom sklearn.pipeline import make_pipeline\n"
            "from sklearn.linear_model import LinearRegression\n"
            "class Add(TransformerMixin, BaseEstimator):\n"
            " def __init__(self, k=1): self.k = k\n def fit(self, X, y=None): return self\n"
            " def transform(self, X): return [[v + self.k for v in row] for row in X]\n"
            "m = make_pipeline(Add(2), LinearRegression()).fit([[1], [2], [3]], [1, 2, 3])"
        ),
        "m Add",
        (
            "from sklearn.base import clone\n"
            "assert isinstance(m[0], Add) and abs(m.predict([[4]])[0] - 4) < 1e-6 and clone(m)[0].k == 2"
        ),
    ),
}


@pytest.mark.parametrize("case", BEHAVIOUR)
def test_what_is_handed_over_behaves_as_in_the_notebook(case: str, hand_over: HandOver) -> None:
    source, names, check = BEHAVIOUR[case]
    hand_over(Step(source), *names.split()).do(check)


def test_a_global_that_is_redefined_later_is_seen_by_a_function_that_came_before(hand_over: HandOver) -> None:
    step = hand_over(Step("def helper(): return 1\ndef f(): return helper()"), "f", "helper")
    step.do("def helper(): return 2\nassert f() == 2")


def test_a_class_stays_one_over_several_bundles(tmp_path: Path) -> None:
    step = Step("class A: pass\na = A(); b = A()")
    refs = [
        write_bundle(str(tmp_path / name), {name: step[name]}, namespace=step.namespace, origin="task")[0]
        for name in "ab"
    ]
    reader = Step()
    a, b = (read_bundle(ref, namespace=reader.namespace)[name] for ref, name in zip(refs, "ab", strict=True))
    assert type(a) is type(b)


def test_a_reader_does_not_write_into_the_file(tmp_path: Path) -> None:
    ref, _ = write_bundle(str(tmp_path / "b"), {"a": np.arange(5)}, namespace={})
    before = (tmp_path / "b").read_bytes()
    (tmp_path / "b").chmod(0o400)
    array = read_bundle(ref, namespace={})["a"]
    array[:] = 7
    assert array.tolist() == [7] * 5
    assert (tmp_path / "b").read_bytes() == before


def test_a_narrow_view_of_a_wide_array_does_not_drag_it_along(tmp_path: Path) -> None:
    wide = np.arange(1_000_000.0).reshape(1000, 1000)
    ref, _ = write_bundle(str(tmp_path / "b"), {"column": wide[:, 3]}, namespace={})
    assert (tmp_path / "b").stat().st_size < 20_000
    assert (read_bundle(ref, namespace={})["column"] == wide[:, 3]).all()


def test_columns_of_one_wide_array_are_not_dragged_along_either(tmp_path: Path) -> None:
    wide = np.arange(1_000_000.0).reshape(1000, 1000)
    ref, _ = write_bundle(str(tmp_path / "b"), {"a": wide[:, 3], "b": wide[:, 7]}, namespace={})
    assert (tmp_path / "b").stat().st_size < 40_000
    assert (read_bundle(ref, namespace={})["b"] == wide[:, 7]).all()


def test_the_same_work_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom jupyter_mlops.runtime.bundle import write_bundle\n"
        "from jupyter_mlops.runtime.namespace import fresh_main\n"
        "ns = fresh_main().__dict__\n"
        'exec(\'class A:\\n def m(self): return 1\\na = A()\\nf = lambda x: (x, {1, 2})\\ns = {"u", "v"}\', ns)\n'
        "ref, info = write_bundle(sys.argv[1], {n: ns[n] for n in 'afs'}, namespace=ns, origin='t')\n"
        "print(ref.seal, sorted((n, i.digest) for n, i in info.items()))"
    )
    env = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parents[3])}
    answers = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "b")], env=env, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(answers) == 1
    assert answers != {""}


def test_each_value_has_its_own_digest(tmp_path: Path) -> None:
    def digests(**values: Any) -> dict[str, str]:
        _, info = write_bundle(str(tmp_path / "b"), values, namespace={})
        return {name: item.digest for name, item in info.items()}

    big = np.zeros(3_000_000)
    before, after = digests(a=1, b=big, c=big[5:]), digests(a=2, b=big, c=big[5:])
    assert before["a"] != after["a"]
    assert (before["b"], before["c"]) == (after["b"], after["c"])
    big[2_999_999] = 1
    changed = digests(a=2, b=big, c=big[5:])
    assert changed["b"] != after["b"]
    assert changed["c"] != after["c"]


def test_values_are_described(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1], "y": [2.0]})
    _, info = write_bundle(str(tmp_path / "b"), {"df": frame, "n": 3, "a": np.zeros((2, 3))}, namespace={})
    assert (info["df"].type, info["df"].shape, info["df"].text) == ("pandas.DataFrame", (1, 2), "x, y")
    assert (info["n"].type, info["n"].text) == ("int", "3")
    assert (info["a"].type, info["a"].shape, info["a"].bytes) == ("numpy.ndarray", (2, 3), 48)


def test_the_header_says_what_wrote_it(tmp_path: Path) -> None:
    ref, _ = write_bundle(str(tmp_path / "b"), {"df": pd.DataFrame({"x": [1]})}, namespace={})
    header = bundle_header(ref)
    assert header["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert header["libraries"]["pandas"] == pd.__version__
    assert header["names"] == ["df"]
    assert header["code"] is False


def test_the_source_of_a_function_travels_with_it(hand_over: HandOver, tmp_path: Path) -> None:
    from jupyter_mlops.runtime.namespace import remember_source

    source = "def f():\n    return 1\n"
    step = Step()
    remember_source("<cell 77>", source)
    exec(compile(source, "<cell 77>", "exec"), step.namespace)
    ref, _ = write_bundle(str(tmp_path / "b"), {"f": step["f"]}, namespace=step.namespace)
    code = (
        "import inspect, sys\nfrom jupyter_mlops.runtime.bundle import *\n"
        "from jupyter_mlops.runtime.spec import BundleRef\n"
        "print(inspect.getsource(read_bundle(BundleRef(*sys.argv[1:]), namespace={})['f']), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ref.path, ref.seal], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout == source


DEFINED = Definition("d1", ("Model",), "class Model:\n    def m(self): return K\n    class Inner: pass", cell=3, line=2)


def test_objects_of_definitions_are_made_again_from_source(hand_over: HandOver, tmp_path: Path) -> None:
    wanted = Definition(**{**vars(DEFINED), "wanted": True})
    step = Step("K = 1\nm = Model(); inner = Model.Inner(); method = Model.m", (wanted,))
    reader = hand_over(step, "m", "inner", "method", definitions=(DEFINED,))
    reader.do("K = 2\nassert isinstance(m, Model) and m.m() == 2 and type(inner) is Model.Inner and method is Model.m")
    ref = BundleRef(
        str(tmp_path / "b.bundle"),
        write_bundle(
            str(tmp_path / "b.bundle"), {"m": step["m"]}, namespace=step.namespace, definitions=step.definitions
        )[0].seal,
    )
    assert bundle_header(ref)["definitions"] == ["d1"]
    assert bundle_header(ref)["code"] is False


def test_only_the_names_that_are_asked_for_come_back(tmp_path: Path) -> None:
    ref, _ = write_bundle(str(tmp_path / "b"), {"a": 1, "b": 2}, namespace={})
    assert read_bundle(ref, namespace={}, names=("b", "missing")) == {"b": 2}


@st.composite
def graphs(draw: st.DrawFn) -> list[Any]:
    """Containers that hold each other at random: aliases and cycles of every length."""
    nodes: list[Any] = [draw(st.sampled_from([list, dict]))() for _ in range(draw(st.integers(1, 6)))]
    leaves = st.one_of(st.integers(), st.text(max_size=5), st.none(), st.floats(allow_nan=False), st.binary(max_size=4))
    for node in nodes:
        for position in range(draw(st.integers(0, 4))):
            pick = draw(st.one_of(leaves, st.integers(0, len(nodes) - 1).map(lambda i: ("node", i))))
            item = nodes[pick[1]] if isinstance(pick, tuple) else pick
            item = (item, 1) if draw(st.booleans()) else item
            node.append(item) if isinstance(node, list) else node.__setitem__(position, item)
    return nodes


def shape(root: Any) -> list[Any]:
    """A graph as a list: every container by the number of its first visit."""
    numbers: dict[int, int] = {}
    found: list[Any] = []
    todo = [root]
    while todo:
        item = todo.pop()
        if not isinstance(item, (list, dict, tuple)):
            found.append(item)
        elif id(item) in numbers:
            found.append(("seen", numbers[id(item)]))
        else:
            numbers[id(item)] = len(numbers)
            found.append((type(item).__name__, len(item)))
            todo.extend(item.values() if isinstance(item, dict) else item)
    return found


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_any_graph_of_containers_keeps_its_shape(tmp_path_factory: pytest.TempPathFactory, nodes: list[Any]) -> None:
    path = tmp_path_factory.mktemp("graph") / "b"
    ref, _ = write_bundle(str(path), {"nodes": nodes}, namespace={})
    assert shape(read_bundle(ref, namespace={})["nodes"]) == shape(nodes)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_views_of_an_array_share_what_they_shared(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = np.arange(60).reshape(6, 10)
    arrays = {"base": base} if data.draw(st.booleans()) else {}
    for number in range(data.draw(st.integers(1, 4))):
        rows, columns = (
            slice(data.draw(st.integers(0, 5)), data.draw(st.integers(0, 10)), data.draw(st.sampled_from([1, 2, -1])))
            for _ in range(2)
        )
        arrays[f"v{number}"] = base[rows, columns]
    ref, _ = write_bundle(str(tmp_path_factory.mktemp("views") / "b"), arrays, namespace={})
    back = read_bundle(ref, namespace={})
    for name, array in arrays.items():
        assert (back[name] == array).all()
        if not array.size:
            continue
        expected = {other: copy.copy(item) for other, item in arrays.items()}
        array.flat[0], back[name].flat[0] = -1, -1
        expected = {other: item.tolist() for other, item in arrays.items()}
        assert {other: item.tolist() for other, item in back.items()} == expected


def test_a_namespace_without_main_module_is_enough(tmp_path: Path) -> None:
    namespace = fresh_main().__dict__
    ref, _ = write_bundle(str(tmp_path / "b"), {}, namespace=namespace)
    assert read_bundle(ref, namespace={}) == {}
