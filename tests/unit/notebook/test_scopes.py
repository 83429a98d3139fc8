"""What a cell reads, sets, changes and shows, one row a piece of Python's syntax.

The columns are those of `scope_facts`.
"""

from __future__ import annotations

import sys

import pytest

from jupyter_mlops.notebook.facts import Identity, Value
from jupyter_mlops.notebook.scopes import read_scopes
from tests.unit.notebook.scope_facts import loads_of, stores_of, written

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
    [pytest.param(*row[1:], id=row[0]) for table in (ASSIGNMENTS, IMPORTS, EXPRESSIONS) for row in table],
)
def test_a_cell_reads_and_sets(source: str, loads: str, stores: str | None) -> None:
    facts = read_scopes(source)
    assert facts.syntax_error is None
    assert sorted(loads_of(facts)) == sorted(loads.split())
    assert stores is None or sorted(stores_of(facts)) == sorted(stores.split())


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
        written(use.name, sure=use.sure, line=use.line, function=use.function) for use in read_scopes(source).dynamic
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
    assert (loads_of(facts), stores_of(facts)) == ([], ["X"])


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
    assert sorted(loads_of(facts)) == ["f:2(<timeit>)", "y:2(<timeit>)"]


def test_an_empty_timed_cell_is_read() -> None:
    assert read_scopes("%%timeit").loads == ()


def test_a_shell_line_reads_names_that_need_not_be_there() -> None:
    (use,) = (use for use in read_scopes("!ls $where").loads if use.name == "where")
    assert use.function == "!"
