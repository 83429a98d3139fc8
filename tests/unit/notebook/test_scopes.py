"""What a cell reads, sets and changes: (source, loads, stores).

In loads `x?` is read only on some path, `f:x` in the body of f; in stores `x?` is set only on some path, `-x` deleted.
"""

from __future__ import annotations

import sys

import pytest

from jupyter_mlops.notebook.facts import CellFacts
from jupyter_mlops.notebook.scopes import read_scopes

ORDINARY = {"print", "range", "len", "list", "zip", "open"}


def loads(facts: CellFacts) -> set[str]:
    return {
        (f"{use.function}:" if use.function else "") + use.name + ("" if use.sure else "?")
        for use in facts.loads
        if use.name not in ORDINARY
    }


def stores(facts: CellFacts) -> set[str]:
    return {
        ("-" if store.kind == "delete" else "") + store.name + ("" if store.sure else "?")
        for store in facts.stores.values()
    }


def check(source: str, expected_loads: str, expected_stores: str) -> None:
    facts = read_scopes(source)
    assert facts.syntax_error is None
    assert (loads(facts), stores(facts)) == (set(expected_loads.split()), set(expected_stores.split()))


@pytest.mark.parametrize(
    ("source", "expected_loads", "expected_stores"),
    [
        # assignment
        ("a = 1\nb = a + c", "c", "a b"),
        ("a = b = c", "c", "a b"),
        ("a, (b, *c) = d", "d", "a b c"),
        ("a, b = b, a", "a b", "a b"),
        ("x += 1", "x", "x"),
        ("x.y = 1\nz[i] = 2", "x z i", ""),
        ("x: int = 1", "int", "x"),
        ("x: T", "T", ""),
        ("x.y: T = 1\nz[0]: T", "x z", ""),
        ("from __future__ import annotations\nx: T = 1\ndef f(a: A) -> B: pass", "", "annotations x f"),
        ("x[i] += y", "x i y", ""),
        ("x.a += 1", "x", ""),
        # deletion
        ("del x", "x", "-x"),
        ("x = 1\ndel x", "", "-x"),
        ("x = 1\ndel x\nx", "x", "-x"),
        ("del (a, [b]), c[i], d.e", "a b c i d", "-a -b"),
        ("if c:\n    del x", "c x?", "-x?"),
        # walrus, conditional expressions, short circuits
        ("f(x := 1)\nx", "f", "x"),
        ("a and b or c", "a b? c?", ""),
        ("a if b else c", "b a? c?", ""),
        ("a and (x := 1)\nx", "a x", "x?"),
        ("a < b < c", "a b c", ""),
        ("(x := 1) if a else (x := 2)\nx", "a", "x"),
        # comprehensions
        ("[x for x in y]", "y", ""),
        ("[x for y in z for x in y if y if w]", "z w?", ""),
        ("{k: v for k, v in d.items()}", "d", ""),
        ("{x for x in x}", "x", ""),
        ("any((y := x) for x in xs)", "any xs", "y?"),
        ("[[x for x in y] for y in z]", "z", ""),
        ("[lambda: x + n for x in y]", "y <lambda>:n", ""),
        # names that are builtins, private, not ASCII
        ("id = input\nid", "input", "id"),
        ("max = max(max, 2)", "max", "max"),
        ("_x = __y", "__y", "_x"),
        ("π = 3\nﬁ = π", "", "π fi"),
        ("fi\nﬁ = 1", "fi", "fi"),
        # imports
        ("import a.b.c", "", "a"),
        ("import a.b as c", "", "c"),
        ("from a import b, c as d", "", "b d"),
        ("from . import x", "", "x"),
        ("try:\n    import a\nexcept ImportError:\n    a = None", "ImportError?", "a"),
        ("from bisect import *\nbisect_left(x, y)", "x y", "bisect_left bisect_right bisect insort insort_left insort_right"),
    ],
)
def test_expressions_and_assignments(source: str, expected_loads: str, expected_stores: str) -> None:
    check(source, expected_loads, expected_stores)


@pytest.mark.parametrize(
    ("source", "expected_loads", "expected_stores"),
    [
        ("if a:\n    x = 1\nelse:\n    x = 2\nx", "a", "x"),
        ("if a:\n    x = 1\nx", "a x", "x?"),
        ("if a:\n    raise E\nelse:\n    x = 1\nx", "a E?", "x"),
        ("if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    x = 3\nx", "a b?", "x"),
        ("for i in range(n):\n    t = i + k\nprint(i, t)", "n k? i t", "i? t?"),
        ("for i in a:\n    break\nelse:\n    x = 1", "a", "i? x?"),
        ("for i in a:\n    pass\nelse:\n    x = 1", "a", "i? x"),
        ("for a[0] in b:\n    pass", "b a?", ""),
        ("while a:\n    a = b\nelse:\n    c = 1", "a b?", "a? c"),
        ("while True:\n    if a:\n        continue\n    b = 1", "a?", "b?"),
        ("with a as b, c(b) as (d, e):\n    f = 1", "a c", "b d e f"),
        ("with a:\n    pass", "a", ""),
        ("try:\n    x = f()\nexcept E as e:\n    x = e\nprint(x, e)", "f? E? e", "x -e?"),
        ("try:\n    x = 1\nexcept E:\n    pass\nx", "E? x", "x?"),
        ("try:\n    x = 1\nexcept E:\n    raise\nx", "E?", "x"),
        ("try:\n    x = f()\nfinally:\n    y = 1", "f", "x y"),
        ("try:\n    pass\nexcept* E:\n    pass", "E?", ""),
        ("try:\n    x = 1\nexcept E:\n    x = 2\nelse:\n    y = x", "E?", "x y?"),
        ("assert a, b", "a b?", ""),
        ("raise a from b", "a b", ""),
        ("match p:\n    case {'a': v, **r}:\n        pass\n    case [x, *y]:\n        z = 1", "p", "v? r? x? y? z?"),
        ("match p:\n    case C(a=1, b=c) | c if c > d:\n        x = 1\n    case _:\n        x = 2\nx", "p C? d?", "c? x"),
        ("match p:\n    case A.B:\n        pass\n    case 1 as one:\n        pass\n    case other:\n        pass", "p A?", "one? other?"),
        ("async def f():\n    async with a as b:\n        async for c in b:\n            await d", "f:a f:d?", "f"),
        ("pass\n...", "", ""),
    ],
)
def test_statements(source: str, expected_loads: str, expected_stores: str) -> None:
    check(source, expected_loads, expected_stores)


@pytest.mark.parametrize(
    ("source", "expected_loads", "expected_stores"),
    [
        ("def f(x, y=a, *args, z: T = b, **kw) -> R:\n    return x + y + g", "a T b R f:g", "f"),
        ("@d(a)\ndef f(): pass", "d a", "f"),
        ("def f():\n    x = 1\n    return x\n", "", "f"),
        ("def f():\n    return x\n    x = 1", "", "f"),
        ("def f():\n    global g\n    g = h\n    g", "f:h", "f"),
        ("def f():\n    print(g)\n    global_ = 1", "f:g", "f"),
        ("def f():\n    if a: return\n    b", "f:a f:b?", "f"),
        ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n + G\n    return g", "g:G", "f"),
        ("def f(a):\n    return lambda b: a + b + c", "<lambda>:c", "f"),
        ("def f(a, b=lambda: a): pass", "<lambda>:a", "f"),
        ("def f():\n    [y for y in x]\n    (z := 1)\n    return y, z", "f:x f:y", "f"),
        ("def f():\n    yield a\n    yield from b", "f:a f:b", "f"),
        ("def f():\n    for i in x: pass\n    with o as p: pass\n    try: pass\n    except E as e: pass\n    import q\n    del i\n    match p:\n        case [a, *b, {**c}]: pass\n    return i, p, e, q, a, b, c", "f:x f:o f:E?", "f"),
        ("def f():\n    class C: pass\n    def g(h=C): return C\n    return g", "", "f"),
        ("class A(B, metaclass=M):\n    q = r\n    def m(self): return q\n    z = [q for _ in q]", "B M r A.m:q q?", "A"),
        ("class A:\n    x = x\n    y = x", "x", "A"),
        ("class A:\n    def m(self): return __secret\n    __secret = 1", "A.m:_A__secret", "A"),
        ("class A:\n    global g\n    g = 1", "", "g A"),
        ("class A:\n    class B:\n        def m(self): return x", "A.B.m:x", "A"),
        ("@d\nclass A:\n    @property\n    def p(self): return self.q", "d property", "A"),
        ("def f():\n    x = 1\n    class A:\n        x = x\n    return A", "f:x", "f"),
        ("lambda x=a, *y, z=b: x + w", "a b <lambda>:w", ""),
        ("async def f():\n    return [x async for x in y]", "f:y", "f"),
    ],
)
def test_functions_and_classes(source: str, expected_loads: str, expected_stores: str) -> None:
    check(source, expected_loads, expected_stores)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
def test_type_parameters_and_aliases() -> None:
    check("type X = list[T]\ndef f[T](x: T) -> T: return x\nclass A[T]: pass", "", "X f A")


@pytest.mark.parametrize(
    ("source", "expected_loads", "expected_stores"),
    [
        ("!ls $folder {files[0]}", "get_ipython !:folder !:files", ""),
        ("names = !ls", "get_ipython", "names"),
        ("%%timeit\ny = f(x)", "<timeit>:f <timeit>:x", ""),
        ("%%capture out\nx = y", "get_ipython y", "out x"),
        ("%%bash\necho $HOME", "get_ipython", ""),
        ("%time x = f(y)", "f y", "x"),
    ],
)
def test_ipython(source: str, expected_loads: str, expected_stores: str) -> None:
    check(source, expected_loads, expected_stores)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x.append(1)", "x"),
        ("x.a.b.sort()", "x"),
        ("x.strip()\ny.copy()\nz.head()", ""),
        ("x[0] = 1\ny.a = 2\ndel z[1]\ndel w.v", "x y z w"),
        ("x += 1", "x"),
        ("def f(): x.append(1)", ""),
        ("for q in x:\n    q.append(1)", "q"),
    ],
)
def test_names_whose_object_changes(source: str, names: str) -> None:
    assert {use.name for use in read_scopes(source).mutations} == set(names.split())


def test_lines_are_those_of_the_first_sure_read_and_the_last_store() -> None:
    facts = read_scopes("if a:\n    x\nx\nb = 1\nb = 2")
    assert {use.name: use.line for use in facts.loads} == {"a": 1, "x": 3}
    assert facts.stores["b"].line == 5


def test_calls_that_see_every_name_are_noted() -> None:
    facts = read_scopes("exec(s)\nglobals()['x'] = 1\nvars(o)\nvars()\ndef f(): return locals()")
    assert [(use.name, use.line, use.function) for use in facts.dynamic] == [
        ("exec", 1, ""),
        ("globals", 2, ""),
        ("vars", 4, ""),
        ("locals", 5, "f"),
    ]


@pytest.mark.parametrize(
    "module", ["nowhere_to_be_found", ".relative", "tests.unit.notebook.pipelines", "this", "os.nothing.at.all"]
)
def test_a_star_import_that_cannot_be_known_is_noted(module: str) -> None:
    (star,) = read_scopes(f"from {module} import *").star_imports
    assert (star.module, star.names) == (module, None)


@pytest.mark.parametrize(
    ("module", "name"), [("math", "sqrt"), ("os.path", "join"), ("dataclasses", "field"), ("yaml", "safe_load")]
)
def test_a_star_import_of_an_installed_module_is_known(module: str, name: str) -> None:
    assert name in read_scopes(f"from {module} import *").stores


def test_a_cell_that_is_no_python_has_no_names() -> None:
    facts = read_scopes("x = (\n")
    assert facts.syntax_error is not None
    assert (facts.loads, dict(facts.stores)) == ((), {})


def test_an_expression_too_deep_to_follow_is_no_crash() -> None:
    assert read_scopes("x = " + "-" * 5000 + "1").stores == {} or True


def test_the_last_expression_is_what_ipython_shows() -> None:
    assert read_scopes("x = 1\nx").displays is not None
    assert read_scopes("x\nx = 1").displays is None


def test_facts_are_kept_per_source() -> None:
    assert read_scopes("a = 1") is read_scopes("a = 1")
