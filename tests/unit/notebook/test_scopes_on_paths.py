"""What is surely read and set where a cell may take several ways.

The columns are those of `scope_facts`.
"""

from __future__ import annotations

import pytest

from jupyter_mlops.notebook.scopes import read_scopes
from tests.unit.notebook.scope_facts import loads_of, stores_of

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


@pytest.mark.parametrize(
    ("source", "loads", "stores"),
    [pytest.param(*row[1:], id=row[0]) for table in (PATHS, PATTERNS) for row in table],
)
def test_a_cell_reads_and_sets(source: str, loads: str, stores: str) -> None:
    facts = read_scopes(source)
    assert facts.syntax_error is None
    assert sorted(loads_of(facts)) == sorted(loads.split())
    assert sorted(stores_of(facts)) == sorted(stores.split())


def test_a_long_loop_body_is_followed_once() -> None:
    short = read_scopes("for i in xs:\n    a = [a]\n").events
    long = read_scopes("for i in xs:\n" + "    a = [a]\n" * 2500).events
    assert len([event for event in short if getattr(event, "name", "") == "a"]) == 3
    assert len([event for event in long if getattr(event, "name", "") == "a"]) == 2501


@pytest.mark.parametrize(
    ("manager", "sure"),
    [("suppress(KeyError)", False), ("contextlib.suppress(KeyError)", False), ("open('f')", True), ("lock", True)],
)
def test_what_a_swallowed_exception_skips_is_not_surely_set(manager, sure):
    assert read_scopes(f"with {manager}:\n    a = d['k']").stores["a"].sure is sure
