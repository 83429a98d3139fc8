"""What functions, classes and comprehensions read and set, and what is known of them.

The columns are those of `scope_facts`.
"""

from __future__ import annotations

import ast
from types import SimpleNamespace

import pytest

from jupyter_mlops.notebook.facts import Call, MakeClass, Return
from jupyter_mlops.notebook.ipython_source import PythonSource
from jupyter_mlops.notebook.scopes import facts_of, read_scopes
from tests.unit.notebook.scope_facts import function_of, functions_made, loads_of, plain, stores_of

COMPREHENSIONS = [
    ("a list comprehension surely reads only its first iterable", "[f(x, y) for x in xs]", "xs f? y?", ""),
    ("its variable hides a global one inside only", "[x for x in xs]\nx", "xs x:2", ""),
    ("a condition may not run", "{x for x in xs if ok}", "xs ok?", ""),
    ("a second iterable may not run", "{k: v for k in ks for v in vs}", "ks vs?", ""),
    ("the first iterable is read outside", "[x for x in x]", "x", ""),
    ("a second iterable sees the first variable", "[y for x in xs for y in x]", "xs", ""),
    ("a generator expression too", "g = (a + x for x in xs)", "xs a?", "g"),
    ("comprehensions nest", "[[y + x for y in x] for x in xs]", "xs", ""),
    ("an asynchronous one", "r = [x async for x in xs]", "xs", "r"),
    ("targets of a comprehension come apart", "[a + b for a, (b, *c) in xs]", "xs", ""),
    ("a walrus in one may set a global", "[y := x for x in xs]\ny", "xs y:2", "y?"),
    (
        "a walrus in one is local to the function",
        "def f(xs):\n    [y := x for x in xs]\n    return y",
        "",
        "f/function",
    ),
]

FUNCTIONS = [
    ("a body is read when it runs", "def f(a, /, b, *c, d, **e):\n    return a, b, c, d, e, g", "g:2(f)", "f/function"),
    ("defaults are read when it is made", "def f(x=d, *, y=e): pass", "d e", "f/function"),
    ("a missing keyword default is nothing", "def f(*, x, y=e): pass", "e", "f/function"),
    ("annotations are read when it is made", "def f(x: A, *y: B, **z: C) -> D: pass", "A B C D", "f/function"),
    (
        "but not when they are postponed",
        "from __future__ import annotations\ndef f(x: A) -> B: pass\ny: C = 1",
        "",
        "annotations/import f/function:2 y:3",
    ),
    (
        "another future import postpones nothing",
        "from __future__ import division\ndef f(x: A): pass",
        "A:2",
        "division/import f/function:2",
    ),
    ("decorators are read when it is made", "@d(a)\n@e.g\ndef f(): pass", "d a e:2", "f/function:3"),
    ("an asynchronous function", "async def f(x):\n    await x\n    await y", "y:3(f)", "f/function"),
    ("a local variable is local everywhere", "def f():\n    print(x)\n    x = 1", "print:2(f)", "f/function"),
    ("recursion reads the function", "def f(): return f()", "f(f)", "f/function"),
    ("a lambda reads when it is called", "f = lambda x, y=d: x + y + z", "d z(<lambda>)", "f"),
    ("a lambda in a function sees its variables", "def f(x): return lambda: x + y", "y(<lambda>)", "f/function"),
    (
        "an inner function sees the outer one",
        "def f(x):\n    def g(): return x, y\n    return g",
        "y:2(g)",
        "f/function",
    ),
    (
        "two levels of inner functions pass a variable on",
        "def f(x):\n    def g():\n        def h(): return x\n        return h\n    return g",
        "",
        "f/function",
    ),
    ("a comprehension passes a variable on", "def f(x):\n    def g(): return [x for _ in y]", "y:2(g)", "f/function"),
    ("global sets a global", "def f():\n    global x\n    x = y", "y:3(f)", "f/function"),
    (
        "global of an outer function counts inside",
        "def f(x):\n    def g():\n        global x\n        return x",
        "x:4(g)",
        "f/function",
    ),
    (
        "an inner function of one that says global sees the global",
        "def f():\n    global x\n    def g(): return x",
        "x:3(g)",
        "f/function",
    ),
    (
        "nonlocal is the outer variable",
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g",
        "",
        "f/function",
    ),
    (
        "a decorator or default inside a function may bind",
        "def f():\n    @(d := e)\n    def g(x=(h := 1)): pass\n    return d, h",
        "e:2(f)",
        "f/function",
    ),
    ("a default of a lambda inside may bind", "def f():\n    lambda x=(h := 1): x\n    return h", "", "f/function"),
    (
        "an import inside is local",
        "def f():\n    import a.b, c as d\n    from e import g\n    return a, d, g",
        "",
        "f/function",
    ),
    ("a class inside is local", "def f():\n    class A(B): pass\n    return A", "B:2(f)", "f/function"),
    (
        "names of except are local",
        "def f():\n    try: pass\n    except E as e: print(e)\n    except: pass",
        "E?:3(f) print?:3(f)",
        "f/function",
    ),
    (
        "names of patterns are local",
        "def f(v):\n match v:\n  case [a, *b]: return a, b\n  case {'k': _, **c}: return c\n  case [*_] | {}: return _",
        "_?:5(f)",
        "f/function",
    ),
    (
        "names of with and for are local",
        "def f(c):\n    with c as a: pass\n    for b in a: pass\n    return a, b",
        "",
        "f/function",
    ),
    (
        "what follows a return is not sure",
        "def f():\n    if a: return b\n    return c",
        "a:2(f) b?:2(f) c?:3(f)",
        "f/function",
    ),
    (
        "a yield gives what it reads",
        "def f():\n    x = yield a\n    yield\n    yield from b\n    return x",
        "a:2(f) b:4(f)",
        "f/function",
    ),
    ("an annotation inside a function is not evaluated", "def f():\n    x: A = 1\n    return x", "", "f/function"),
    ("a variable that is deleted stays local", "def f():\n    x = 1\n    del x\n    return x", "", "f/function"),
    (
        "global in an inner function leaves the outer one",
        "def f():\n    x = 1\n    def g():\n        global x\n        x = 2\n    return x",
        "",
        "f/function",
    ),
    ("a global can be deleted", "def f():\n    global x\n    del x", "x:3(f)", "f/function"),
    ("a parameter's annotation may bind", "def f(x: (T := int)): pass\nT", "int", "T f/function"),
    ("a name of a builtin can be read and set", "print(list)\nlist = [1]", "print list", "list:2"),
]

CLASSES = [
    (
        "a class reads its bases, keywords and decorators",
        "@d\nclass A(B, c.D, metaclass=M): pass",
        "d B:2 c:2 M:2",
        "A/class:2",
    ),
    ("its body runs at once", "class A:\n    x = y\n    z = x", "y:2", "A/class"),
    ("its names are not seen in methods", "class A:\n    x = 1\n    def f(self): return x", "x:3(A.f)", "A/class"),
    ("a name not set yet is the global one", "class A:\n    x = x", "x:2", "A/class"),
    (
        "a comprehension sees only its first iterable there",
        "class A:\n    n = 1\n    r = [n for _ in range(n)]",
        "range:3 n?:3",
        "A/class",
    ),
    ("annotations of fields are read", "class A:\n    x: T\n    y: U = v", "T:2 v:3 U:3", "A/class"),
    ("classes nest", "class A:\n    class B:\n        def f(self): return g", "g:3(A.B.f)", "A/class"),
    (
        "private names are mangled with the class",
        "class _A:\n    def f(self): return __x, __y__",
        "_A__x:2(_A.f) __y__:2(_A.f)",
        "_A/class",
    ),
    ("outside a class nothing is mangled", "def f(): return __x", "__x(f)", "f/function"),
    ("a method's default sees the class", "class A:\n    n = 1\n    def f(self, m=n): pass", "", "A/class"),
    (
        "a class in a function sees its variables",
        "def f(x):\n    class A:\n        y = x\n    return A",
        "",
        "f/function",
    ),
]


@pytest.mark.parametrize(
    ("source", "loads", "stores"),
    [pytest.param(*row[1:], id=row[0]) for table in (COMPREHENSIONS, FUNCTIONS, CLASSES) for row in table],
)
def test_a_cell_reads_and_sets(source: str, loads: str, stores: str) -> None:
    facts = read_scopes(source)
    assert facts.syntax_error is None
    assert sorted(loads_of(facts)) == sorted(loads.split())
    assert sorted(stores_of(facts)) == sorted(stores.split())


def test_a_function_knows_its_parameters() -> None:
    code = function_of("def f(a, /, b, *c, d, **e): return a")
    assert [plain(ref) for ref in code.parameters] == ["a", "b"]
    assert [plain(ref) for ref in code.keyword_only] == ["d"]
    assert [plain(ref) for ref in code.variadic] == ["c", "e"]
    assert not code.generator


@pytest.mark.parametrize(
    ("body", "writes"),
    [
        pytest.param("x = 1", {"x"}, id="set"),
        pytest.param("if t: x = 1", set(), id="perhaps set"),
        pytest.param("if t: return\n    x = 1", set(), id="not set after an early return"),
        pytest.param("x = 1\n    return", {"x"}, id="set before the return"),
        pytest.param("x = 1\n    del x", set(), id="deleted again"),
    ],
)
def test_a_function_surely_writes_globals(body: str, writes: set[str]) -> None:
    assert function_of(f"def f(t):\n    global x\n    {body}").sure_writes == writes


@pytest.mark.parametrize("body", ["yield 1", "yield from g()", "x = [(yield)]"])
def test_a_function_that_yields_is_a_generator(body: str) -> None:
    assert function_of(f"def f():\n    {body}").generator


def test_a_function_captures_what_is_around_it() -> None:
    outer = function_of("def f(x):\n    def g():\n        def h(): return x\n        return h\n    return g")
    (g,) = functions_made(outer.events)
    (h,) = functions_made(g.events)
    assert ([plain(ref) for ref in g.captured], [ref[0] for ref in g.captured]) == (["x"], ["."])
    assert ([plain(ref) for ref in h.captured], [ref[0] for ref in h.captured]) == (["x"], ["^"])
    assert not outer.captured


def test_a_function_may_give_what_it_returns() -> None:
    events = function_of("def f(x):\n    if x: return g\n    return").events
    assert [event.value.same for event in events if isinstance(event, Return)] == [("g",), ()]


def test_a_class_knows_its_methods_and_bases() -> None:
    source = (
        "class A(B, c.D, f()):\n    def m(self): pass\n    class I:\n        def n(self): pass\n    k = lambda self: 1"
    )
    classes = {event.code.name: event.code for event in read_scopes(source).events if isinstance(event, MakeClass)}
    assert classes["A"].bases == ("B", "", "")
    assert set(classes["A"].methods) == {"m", "I.n", "<lambda>"}
    assert set(classes["I"].methods) == {"n"}


def test_decorators_are_called_from_the_inside_out() -> None:
    events = read_scopes("@a\n@b\ndef f(): pass").events
    assert [event.receiver.same for event in events if isinstance(event, Call)] == [("b",), ("a",)]


# ------------------------------------------------------------------------------------------------------------ writing


def _with_type_parameters(source: str, names: list[str], bound: str = "") -> ast.Module:
    """The tree that Python 3.12 makes of `def f[T: bound](...)`, in any Python."""
    tree = ast.parse(source)
    expression = ast.parse(bound, mode="eval").body if bound else None
    tree.body[0].type_params = [SimpleNamespace(name=name, bound=expression) for name in names]  # type: ignore[attr-defined]
    return tree


@pytest.mark.parametrize(
    ("source", "loads"),
    [
        pytest.param("def f(x: T) -> T: return [T, g]", ["g(f)"], id="a function"),
        pytest.param("class A(Base[T]):\n    v: T\n    def m(self) -> T: return T", ["Base"], id="a class"),
        pytest.param("def f(x: T = T): pass", ["T"], id="a default knows no parameters"),
        pytest.param("@deco(T)\ndef f(x: T): pass", ["T", "deco"], id="a decorator neither"),
    ],
)
def test_type_parameters_are_no_global_names(source: str, loads: list[str]) -> None:
    facts = facts_of(PythonSource(_with_type_parameters(source, ["T"])))
    assert sorted(f"{use.name}({use.function})" if use.function else use.name for use in facts.loads) == loads
    assert list(facts.stores) in (["f"], ["A"])


def test_the_bound_of_a_type_parameter_may_be_read() -> None:
    facts = facts_of(PythonSource(_with_type_parameters("def f(x: T): pass", ["T"], bound="Limit")))
    assert [(use.name, use.sure) for use in facts.loads] == [("Limit", False)]


def test_a_method_with_type_parameters_is_a_method() -> None:
    tree = ast.parse("class A:\n    def put(self, v): self.seen.append(v)")
    tree.body[0].body[0].type_params = [SimpleNamespace(name="T")]  # type: ignore[attr-defined]
    made = next(event for event in facts_of(PythonSource(tree)).events if isinstance(event, MakeClass))
    assert list(made.code.methods) == ["put"]
