"""Definitions: made once, in the right surroundings, and known again by what they made."""

from __future__ import annotations

import inspect
import traceback
from typing import Any

import pytest

from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.errors import BundleRefused
from jupyter_mlops.runtime.namespace import remember_source, remembered_source
from jupyter_mlops.runtime.spec import CellSource, Definition


def _definitions(*items: Definition, **options: Any) -> Definitions:
    return Definitions({"__name__": "__main__"}, items, **options)


def D(id: str, names: str, source: str, *needs: str, **more: Any) -> Definition:
    return Definition(id, tuple(names.split()), source, needs, **more)


def test_a_definition_in_force_stays_bound_and_an_older_one_does_not_disturb_it() -> None:
    made = _definitions(D("old", "f", "def f(): return 1"), D("new", "f", "def f(): return 2"))
    assert made.resolve("new", "f")() == 2
    assert made.resolve("old", "f")() == 1
    assert made.namespace["f"]() == 2


def test_a_variable_of_the_user_is_not_overwritten() -> None:
    made = _definitions(D("d", "f", "def f(): return 1"))
    made.namespace["f"] = "mine"
    assert made.resolve("d", "f")() == 1
    assert made.namespace["f"] == "mine"


def test_an_older_definition_leaves_no_trace() -> None:
    made = _definitions(D("old", "f", "def f(): return 1"), D("new", "f", "def f(): return 2"))
    made.resolve("old", "f")
    assert "f" not in made.namespace


def test_what_a_definition_needs_has_the_version_it_needs() -> None:
    made = _definitions(
        D("a1", "A", "class A: k = 1"),
        D("b", "B", "class B(A): pass", "a1"),
        D("a2", "A", "class A: k = 2", wanted=True),
    )
    made.make_wanted()
    assert made.resolve("b", "B").k == 1
    assert made.namespace["A"].k == 2


def test_functions_may_need_each_other() -> None:
    made = _definitions(
        D("even", "even", "def even(n): return n == 0 or odd(n - 1)", "odd", wanted=True),
        D("odd", "odd", "def odd(n): return n != 0 and even(n - 1)", "even", wanted=True),
    )
    made.make_wanted()
    assert made.namespace["even"](10)


def test_an_unknown_definition_is_refused() -> None:
    with pytest.raises(BundleRefused, match="does not know"):
        _definitions().resolve("nowhere", "f")


def test_objects_are_known_by_the_definition_that_made_them() -> None:
    source = "class A:\n def m(self): pass\n @classmethod\n def c(cls): pass\n class In:\n  def n(self): pass"
    made = _definitions(D("a", "A", source, wanted=True), D("i", "math", "import math", wanted=True))
    made.make_wanted()
    cls = made.namespace["A"]
    assert made.origin(cls) == ("a", "A")
    assert made.origin(cls.m) == ("a", "A.m")
    assert made.origin(vars(cls)["c"].__func__) == ("a", "A.c")
    assert made.origin(cls.In) == ("a", "A.In")
    assert made.origin(cls.In.n) == ("a", "A.In.n")
    assert made.origin(made.namespace["math"]) is None
    assert made.origin(lambda: 1) is None
    for path in ("A.m", "A.In.n"):
        assert made.origin(made.resolve("a", path)) == ("a", path)


def test_names_by_value_are_not_known() -> None:
    made = _definitions(D("f", "f", "def f(): pass", wanted=True), by_value=("f",))
    made.make_wanted()
    assert made.origin(made.namespace["f"]) is None


def _ran(source: str, *items: Definition) -> Definitions:
    made = _definitions(*items)
    exec(compile(source, "<cell 3>", "exec", dont_inherit=True), made.namespace)
    made.ran(CellSource(3, "c", source, 1))
    return made


@pytest.mark.parametrize(
    ("source", "item", "known"),
    [
        ("def f(): pass", D("d", "f", "def f(): pass", cell=3), True),
        ("class A: pass", D("d", "A", "class A: pass", cell=3), True),
        ("def f(): pass\nf = len", D("d", "f", "def f(): pass", cell=3), False),
        ("def f(): pass\nf = lambda: 1", D("d", "f", "def f(): pass", cell=3), False),
        ("class A: pass\nB = A\nclass A2: pass\nA = A2", D("d", "A", "class A: pass", cell=3), False),
        ("import math", D("d", "math", "import math", cell=3), False),
        ("def f(): pass", D("d", "f", "def f(): pass", cell=4), False),
        (
            "from functools import lru_cache\n@lru_cache\ndef f(): pass",
            D("d", "f", "@lru_cache\ndef f(): pass", cell=3, line=2),
            True,
        ),
        (
            "from collections import namedtuple\nP = namedtuple('P', 'x')",
            D("d", "P", "P = namedtuple('P', 'x')", cell=3, line=2),
            True,
        ),
    ],
)
def test_what_a_cell_of_the_step_defined_is_known(source: str, item: Definition, known: bool) -> None:
    made = _ran(source, item)
    assert made.origin(made.namespace[item.names[0]]) == (("d", item.names[0]) if known else None)


def test_setup_cells_are_known_by_their_own_id() -> None:
    cell = CellSource(0, "abc", "", 1)

    def after_setup() -> Definitions:
        made = _definitions()
        exec("class A: pass\ndef f(): pass\nx = 1", made.namespace)
        made.ran_setup(cell)
        return made

    writer, reader = after_setup(), after_setup()
    origin = writer.origin(writer.namespace["A"])
    assert origin == ("setup::abc", "A")
    assert reader.resolve(*origin) is reader.namespace["A"]


def test_a_setup_cell_does_not_claim_what_a_definition_made_to_travel_by_value() -> None:
    made = Definitions({"__name__": "__main__"}, [D("a", "A", "class A: pass", wanted=True)], by_value=["a"])
    made.make_wanted()
    made.ran_setup(CellSource(0, "abc", "", 1))
    assert made.origin(made.namespace["A"]) is None


def test_missing_names_of_functions_are_made() -> None:
    made = _definitions(D("h", "h", "def h(): return 1"), D("g", "g", "def g(): return 2"))
    made.make_names(["h", "print"])
    assert "h" in made.namespace
    assert "g" not in made.namespace


def test_sources_and_lines_are_those_of_the_cell() -> None:
    made = _definitions(
        D("f", "f", "def f():\n    1 / 0", cell=9, line=4, wanted=True),
        D("g", "g", "def g(): pass", cell=9, line=2, wanted=True),
    )
    made.make_wanted()
    assert inspect.getsource(made.namespace["g"]) == "def g(): pass\n"
    assert inspect.getsource(made.namespace["f"]) == "def f():\n    1 / 0\n"
    with pytest.raises(ZeroDivisionError) as caught:
        made.namespace["f"]()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == ("<cell 9>", 5, "1 / 0")


def test_parts_of_a_cells_source_are_laid_over_each_other() -> None:
    remember_source("<cell 50>", "c = 3", 3)
    remember_source("<cell 50>", "a = 1\nb = 2")
    assert remembered_source("<cell 50>") == "a = 1\nb = 2\nc = 3\n"
    assert remembered_source(__file__) == ""


def test_settings_of_the_steps_own_cells_are_left_to_these() -> None:
    items = [Definition(f"s{cell}", (), f"seen.append({cell})", cell=cell, wanted=True) for cell in (1, 2, 3)]
    seen: list[int] = []
    Definitions({"seen": seen}, items, own_cells=[2]).make_wanted()
    assert seen == [1, 3]
