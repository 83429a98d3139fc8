"""What a cell reads, sets, changes and shows, one row a piece of Python's syntax.

In the columns `x` is surely read or set on line 1, `x?` perhaps, `x:3` on line 3, `x(f)` in the body of `f`, and
`x/import` is a store of another kind than a value.
"""

from __future__ import annotations

import ast
import sys
from types import SimpleNamespace

import pytest

from jupyter_mlops.notebook.facts import (
    Call,
    CellFacts,
    FunctionFacts,
    Identity,
    MakeClass,
    MakeFunction,
    Return,
    Value,
)
from jupyter_mlops.notebook.ipython_source import PythonSource
from jupyter_mlops.notebook.scopes import facts_of, read_scopes

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

ASSIGNMENTS = [
    ("one value, several targets", "a = b = c", "c", "a b"),
    ("targets come apart", "a, (b, [c, d]) = v", "v", "a b c d"),
    ("a starred target", "a, *b = v", "v", "a b"),
    ("values change places", "a, b = b, a", "b a", "a b"),
    ("starred values", "x = [*a, *b]\nf(*c, **d)", "a b f:2 c:2 d:2", "x"),
    ("an attribute or element is no store", "a.b = c\nd[i] = e", "c a e:2 d:2 i:2", ""),
    ("an augmented assignment reads first", "a += b", "a b", "a"),
    ("an augmented attribute or element", "a.b += c\nd[i] -= e", "a c d:2 i:2 e:2", ""),
    ("what was set is not read from before", "a = 1\na += 1", "", "a:2"),
    ("an annotation without a value sets nothing", "a: T\nb.c: int\nd[e]: int", "T b:2 d:3", ""),
    ("an annotated value", "a: T = v", "v T", "a"),
    ("a walrus", "print(n := len(xs), n)", "print len xs", "n"),
    ("del reads and deletes", "del a, (b, [c]), d.e, f[g]", "a b c d f g", "a/delete b/delete c/delete"),
    ("what is deleted in the cell is not read from before", "a = 1\ndel a", "", "a/delete:2"),
    ("a name can change its type", "x = 1\nx = str(x)\nx = [x]", "str:2", "x:3"),
    ("private names are names", "_a = __b", "__b", "_a"),
    ("names are normalised", "ﬁx = µ", "μ", "fix"),
    ("the value is read before the target", "a[(i := 0)] = i", "i a", "i"),
    ("a walrus counts at once", "x = (y := 1) + y", "", "x y"),
    ("names need not be ASCII", "größe = länge * 2", "länge", "größe"),
]

IMPORTS = [
    ("import binds the first part", "import a.b.c, d", "", "a/import d/import"),
    ("import as binds the name", "import a.b as c", "", "c/import"),
    (
        "from imports",
        "from a import b, c as d\nfrom . import e\nfrom ..f import g",
        "",
        "b/import d/import e/import:2 g/import:3",
    ),
    ("a conditional import is not sure", "try: import a\nexcept ImportError: a = None", "ImportError?:2", "a:2"),
    ("a star import of unknown names sets none", "from .mine import *\nx", "x:2", ""),
    ("a star import of a known module sets its names", "from stat import *\nx = S_ISDIR(m)", "m:2", None),
]

PATHS = [
    ("both branches set", "if c: a = x\nelse: a = y\na", "c x? y?:2", "a:2"),
    ("one branch sets", "if c:\n    a = 1\na", "c a:3", "a?:2"),
    ("elif", "if c: a = 1\nelif d: a = 2\nelse: a = 3", "c d?:2", "a:3"),
    ("a branch that raises does not count", "if c: a = 1\nelse: raise E from e\na", "c E?:2 e?:2", "a"),
    ("a plain raise", "raise", "", ""),
    ("for may not run", "for i in xs: a = i + b", "xs b?", "i? a?"),
    ("for else runs", "for i in xs: pass\nelse: a = b", "xs b:2", "i? a:2"),
    ("for else may not run after a break", "for i in xs:\n    if i: break\nelse: a = b", "xs b?:3", "i? a?:3"),
    ("while surely reads its test", "while t: a = b\nelse: c = d", "t b? d:2", "a? c:2"),
    ("what a loop sets may not be set after it", "while True:\n    a = 1\n    break\na", "a:4", "a?:2"),
    ("del in a branch may leave nothing", "a = 1\nif c: del a\na", "c:2 a:3", "a?/delete:2"),
    ("the name of except is gone after it", "e = 1\ntry: pass\nexcept E as e: pass\ne", "E?:3 e:4", "e?/delete:3"),
    ("a handler that raises does not count", "try: a = 1\nexcept E: raise\na", "E?:2", "a"),
    ("continue leaves the rest", "while t:\n    if c: continue\n    a = b", "t c?:2 b?:3", "a?:3"),
    ("an asynchronous loop", "async for i in xs: f(i)", "xs f?", "i?"),
    ("a target of a loop can be an element", "for a[0], b.c in xs: pass", "xs a? b?", ""),
    ("with binds", "with a as b, c(b) as (d, *e), f: g = b", "a c f", "b d e g"),
    ("an asynchronous with", "async with a as b: await b.c(d)", "a d", "b"),
    (
        "try sets only if every handler does",
        "try: a = b\nexcept E: a = c\nexcept (F, G) as e: a = e",
        "b? E?:2 c?:2 F?:3 G?:3",
        "a:3 e?/delete:3",
    ),
    ("a handler that sets nothing", "try: a = 1\nexcept: pass\na", "a:3", "a?"),
    (
        "else belongs to the body, finally runs",
        "try: a = 1\nexcept E: pass\nelse: b = c\nfinally: d = e",
        "E?:2 c?:3 e:4",
        "a? b?:3 d:4",
    ),
    ("try without handlers runs", "try: a = b\nfinally: c = a", "b", "a c:2"),
    (
        "a branch that raises in try does not count",
        "if t:\n    try: raise E\n    finally: f()\nelse: a = 1\na",
        "t E?:2 f?:3",
        "a:4",
    ),
    ("groups of exceptions", "try: f()\nexcept* E as e: g(e)", "f? E?:2 g?:2", "e?/delete:2"),
    (
        "a function that returns in try runs finally",
        "def f():\n    try: return a\n    finally: print(b)",
        "a:2(f) print:3(f) b:3(f)",
        "f/function",
    ),
    ("assert reads its test, its message only if it fails", "assert a, b", "a b?", ""),
    ("assert without a message", "assert a", "a", ""),
    ("and, or", "a and b or c", "a b? c?", ""),
    ("three operands", "r = a or b or (c := d)", "a b? d?", "r c?"),
    ("a conditional expression", "x = a if t else b", "t a? b?", "x"),
    ("both arms of a conditional expression set", "(n := 1) if t else (n := 2)\nn", "t", "n"),
]

PATTERNS = [
    ("a value", "match s:\n    case m.A: r = 1", "s m?:2", "r?:2"),
    ("a constant", "match s:\n    case 1 | 'a' | -2j: r = 1\n    case None: r = 2", "s", "r?:3"),
    ("a capture is complete", "match s:\n    case 1: r = 1\n    case x: r = x", "s", "r:3 x?:3"),
    ("a wildcard is complete", "match s:\n    case 1: r = 1\n    case _: r = 2\nr", "s", "r:3"),
    ("a guard makes it incomplete", "match s:\n    case x if g: r = 1\nr", "s g?:2 r:3", "x?:2 r?:2"),
    ("a sequence", "match s:\n    case [a, (b, *c)]: pass", "s", "a?:2 b?:2 c?:2"),
    ("a starred wildcard", "match s:\n    case [a, *_]: pass", "s", "a?:2"),
    ("a mapping", "match s:\n    case {'k': a, m.K: [b], **c}: pass", "s m?:2", "a?:2 b?:2 c?:2"),
    ("a class", "match s:\n    case A(x, y=B(z)): pass", "s A?:2 B?:2", "x?:2 z?:2"),
    ("as", "match s:\n    case [1, _] as a: pass", "s", "a?:2"),
    ("alternatives", "match s:\n    case [a, 1] | {'k': a}: pass", "s", "a?:2"),
]

EXPRESSIONS = [
    ("subscripts and slices", "a[b, c:d:e][...]", "a b c d e", ""),
    ("dict and set displays", "{a: b, **c}, {d, *e}, {}", "a b c d e", ""),
    ("arithmetic", "-a + b @ c ** ~d", "a b c d", ""),
    ("comparisons", "a == b\na in c\nd is not e", "a b c:2 d:3 e:3", ""),
    ("not", "not a", "a", ""),
    ("an f-string", "f'{a!r:>{b}} {c=} d'", "a b c", ""),
    ("attributes", "a.b.c(d.e)[0].f", "a d", ""),
    ("a call of a call", "a(b)(c).d(e)", "a b c e", ""),
    ("a call with keywords", "f(x, k=y, **z)", "f x y z", ""),
    ("names are listed once, the sure read first", "if c: a\na\na", "c a:2", ""),
    ("a name is listed once", "a\na", "a", ""),
    ("constants read nothing", "1, 'a', None, ..., b''", "", ""),
]


@pytest.mark.parametrize(
    ("source", "loads", "stores"),
    [
        pytest.param(*row[1:], id=row[0])
        for table in (COMPREHENSIONS, FUNCTIONS, CLASSES, ASSIGNMENTS, IMPORTS, PATHS, PATTERNS, EXPRESSIONS)
        for row in table
    ],
)
def test_a_cell_reads_and_sets(source: str, loads: str, stores: str | None) -> None:
    facts = read_scopes(source)
    assert facts.syntax_error is None
    assert sorted(_loads(facts)) == sorted(loads.split())
    if stores is not None:
        assert sorted(_stores(facts)) == sorted(stores.split())


@pytest.mark.parametrize(
    ("source", "mutations"),
    [
        pytest.param("a.b = 1", "a", id="an attribute is set"),
        pytest.param("a[0].b = 1", "a", id="an attribute of an element is set"),
        pytest.param("a[i] = b", "a", id="an element is set"),
        pytest.param("a.b += c", "a", id="an augmented attribute"),
        pytest.param("a += b", "a", id="an augmented name"),
        pytest.param("del a[0], b.c", "a b", id="an element is deleted"),
        pytest.param("if t: a[0] = 1", "a?", id="perhaps"),
        pytest.param("for a[0] in xs: pass", "a?", id="a target of a loop"),
        pytest.param("a.append(1)", "a", id="a method that is known to change"),
        pytest.param("a.mean()", "", id="a method that is known not to change"),
        pytest.param("a.b\na[0]\nf(a)", "", id="only read"),
        pytest.param("[x.append(1) for x in xs]", "", id="a method of a variable of a comprehension"),
        pytest.param("def f(x): x.a = 1", "", id="only when it is called"),
    ],
)
def test_a_cell_changes_in_place(source: str, mutations: str) -> None:
    found = [f"{use.name}{'' if use.sure else '?'}" for use in read_scopes(source).mutations]
    assert sorted(found) == mutations.split()


@pytest.mark.parametrize(
    ("source", "dynamic"),
    [
        ("exec(code)", "exec"),
        ("x = eval('a')\nglobals()['b'] = 1", "eval globals:2"),
        ("def f(): return locals()", "locals(f)"),
        ("if t: vars()", "vars?"),
        ("vars(a)", ""),
        ("a.eval('b')", ""),
        ("evaluate(a)", ""),
    ],
)
def test_calls_that_see_names_are_dynamic(source: str, dynamic: str) -> None:
    found = [
        _written(use.name, sure=use.sure, line=use.line, function=use.function) for use in read_scopes(source).dynamic
    ]
    assert found == dynamic.split()


@pytest.mark.parametrize(
    ("source", "line"),
    [("x = (", 1), ("a = 1\nb = = 2", 2), ("for x in y:\npass", 2), ("a = 1\n\ndef f(:\n    pass", 3)],
)
def test_a_cell_that_is_no_python_has_no_names_and_says_where(source: str, line: int) -> None:
    facts = read_scopes(source)
    assert facts.syntax_error is not None
    assert facts.syntax_error.line == line
    assert not facts.loads
    assert not facts.stores


@pytest.mark.parametrize(
    ("source", "displays"),
    [
        pytest.param("x", Value(same=("x",), chain=("x",)), id="a name"),
        pytest.param("a.b", Value(same=(1,), part=("a",), chain=("a", "b")), id="an attribute is inside"),
        pytest.param("a[0]", Value(same=(1,), part=("a",)), id="an element is inside"),
        pytest.param("1", Value(), id="a constant"),
        pytest.param("not a", Value(), id="a truth value"),
        pytest.param("a is b", Value(), id="an identity"),
        pytest.param("-a", Value(same=(1,), operands=("a",)), id="the opposite"),
        pytest.param("a == b", Value(operands=("a", "b")), id="a comparison may be an array"),
        pytest.param("a / b", Value(same=(1,), operands=("a", "b")), id="a quotient holds nothing"),
        pytest.param("a + b", Value(same=(1,), inner=("a", "b"), operands=("a", "b")), id="a sum may hold elements"),
        pytest.param("a or b", Value(same=("a", "b")), id="one of two"),
        pytest.param("a if t else b", Value(same=("a", "b")), id="one arm"),
        pytest.param("(n := a)", Value(same=("a",)), id="a walrus"),
        pytest.param("await a", Value(part=("a",)), id="what is awaited"),
        pytest.param("[*a]", Value(held=("a", 1), operands=("a", 1), fresh=True), id="starred"),
        pytest.param("[a]", Value(held=("a",), operands=("a",), fresh=True), id="a list"),
        pytest.param("{a: b}", Value(held=("a", "b"), operands=("a", "b"), fresh=True), id="a dictionary"),
        pytest.param("f'{a}'", Value(), id="a string"),
        pytest.param("a = 1", None, id="an assignment shows nothing"),
        pytest.param("x\nif a: x", None, id="a statement shows nothing"),
        pytest.param("", None, id="an empty cell shows nothing"),
    ],
)
def test_the_last_line_shows(source: str, displays: Value | None) -> None:
    assert read_scopes(source).displays == displays


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` is a statement since Python 3.12")
def test_the_right_side_of_a_type_is_read_when_it_is_asked_for() -> None:
    facts = read_scopes("type X = list[Y]")
    assert (_loads(facts), _stores(facts)) == ([], ["X"])


def test_a_star_import_of_a_known_module_is_not_read_later() -> None:
    facts = read_scopes("from stat import *\nS_ISREG(1)")
    (star,) = facts.star_imports
    assert (star.module, star.line) == ("stat", 1)
    assert star.names is not None
    assert {"S_ISREG", "ST_MODE"} <= set(star.names) == set(facts.stores)


def test_a_star_import_of_a_users_module_has_unknown_names() -> None:
    (star,) = read_scopes("x = 1\nfrom .mine import *").star_imports
    assert (star.module, star.line, star.names) == (".mine", 2, None)


def test_strings_of_a_cell_are_known_but_no_long_ones() -> None:
    facts = read_scopes(f"a = 'one'\nb = f'two{{a}}'\nc = '{'x' * 400}'")
    assert facts.strings == {"one", "two"}


def test_objects_compared_by_identity_are_known() -> None:
    events = read_scopes("a is b\na is None\na == b").events
    (identity,) = (event for event in events if isinstance(event, Identity))
    assert [value.same for value in identity.values] == [("a",), ("b",)]


def test_a_timed_cell_sets_no_names() -> None:
    facts = read_scopes("%%timeit\nx = f(y)")
    assert not facts.stores
    assert sorted(_loads(facts)) == ["f:2(<timeit>)", "y:2(<timeit>)"]


def test_an_empty_timed_cell_is_read() -> None:
    assert read_scopes("%%timeit").loads == ()


def test_a_shell_line_reads_names_that_need_not_be_there() -> None:
    (use,) = (use for use in read_scopes("!ls $where").loads if use.name == "where")
    assert use.function == "!"


def test_a_long_loop_body_is_followed_once() -> None:
    short = read_scopes("for i in xs:\n    a = [a]\n").events
    long = read_scopes("for i in xs:\n" + "    a = [a]\n" * 2500).events
    assert len([event for event in short if getattr(event, "name", "") == "a"]) == 3
    assert len([event for event in long if getattr(event, "name", "") == "a"]) == 2501


def test_a_function_knows_its_parameters() -> None:
    code = _function("def f(a, /, b, *c, d, **e): return a")
    assert [_plain(ref) for ref in code.parameters] == ["a", "b"]
    assert [_plain(ref) for ref in code.keyword_only] == ["d"]
    assert [_plain(ref) for ref in code.variadic] == ["c", "e"]
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
    assert _function(f"def f(t):\n    global x\n    {body}").sure_writes == writes


@pytest.mark.parametrize("body", ["yield 1", "yield from g()", "x = [(yield)]"])
def test_a_function_that_yields_is_a_generator(body: str) -> None:
    assert _function(f"def f():\n    {body}").generator


def test_a_function_captures_what_is_around_it() -> None:
    outer = _function("def f(x):\n    def g():\n        def h(): return x\n        return h\n    return g")
    (g,) = _made(outer.events)
    (h,) = _made(g.events)
    assert ([_plain(ref) for ref in g.captured], [ref[0] for ref in g.captured]) == (["x"], ["."])
    assert ([_plain(ref) for ref in h.captured], [ref[0] for ref in h.captured]) == (["x"], ["^"])
    assert not outer.captured


def test_a_function_may_give_what_it_returns() -> None:
    events = _function("def f(x):\n    if x: return g\n    return").events
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


def _loads(facts: CellFacts) -> list[str]:
    return [_written(use.name, sure=use.sure, line=use.line, function=use.function) for use in facts.loads]


def _stores(facts: CellFacts) -> list[str]:
    return [_written(s.name, sure=s.sure, line=s.line, kind=s.kind) for s in facts.stores.values()]


def _written(name: str, *, sure: bool, line: int, function: str = "", kind: str = "value") -> str:
    kind = "" if kind == "value" else f"/{kind}"
    return f"{name}{'' if sure else '?'}{kind}{'' if line == 1 else f':{line}'}{f'({function})' if function else ''}"


def _made(events: tuple[object, ...]) -> list[FunctionFacts]:
    return [event.code for event in events if isinstance(event, MakeFunction)]


def _function(source: str) -> FunctionFacts:
    (code,) = _made(read_scopes(source).events)
    return code


def _plain(reference: str) -> str:
    return reference.lstrip(".^").partition(":")[0]


@pytest.mark.parametrize(
    ("manager", "sure"),
    [("suppress(KeyError)", False), ("contextlib.suppress(KeyError)", False), ("open('f')", True), ("lock", True)],
)
def test_what_a_swallowed_exception_skips_is_not_surely_set(manager, sure):
    assert read_scopes(f"with {manager}:\n    a = d['k']").stores["a"].sure is sure


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
