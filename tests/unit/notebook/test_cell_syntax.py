"""One walk of a cell gives what the rules ask of it."""

import ast

import pytest

from jupyter_mlops.notebook.cell_syntax import CellSyntax, cell_syntax, import_aliases, tree_syntax


@pytest.mark.parametrize(
    ("source", "aliases"),
    [
        ("import numpy as np", {"np": "numpy"}),
        ("import os.path", {"os": "os"}),
        ("import os.path as p", {"p": "os.path"}),
        ("from matplotlib import pyplot as plt, cm", {"plt": "matplotlib.pyplot", "cm": "matplotlib.cm"}),
        ("from . import helper", {}),
        ("from .helper import f", {}),
        ("def f():\n    import json as j", {"j": "json"}),
        ("if x:\n    import a as b\nelse:\n    import c as b", {"b": "c"}),
        ("x = 1", {}),
        ("import (", {}),
        ("%matplotlib inline\nimport os", {"os": "os"}),
        ("%%bash\nimport os", {}),
    ],
)
def test_imported_names_stand_for_what_was_imported(source, aliases):
    assert import_aliases([source]) == aliases


def test_the_last_import_of_a_name_counts():
    assert import_aliases(["import a as x", "y = 1", "import b as x"]) == {"x": "b"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np, os.path", {"np", "os"}),
        ("from . import helper", {"helper"}),
        ("def f():\n    from a import b as c", {"c"}),
        ("x = 1", set()),
    ],
)
def test_relative_imports_bind_names_too(source, names):
    assert cell_syntax(source).imported == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = y = z", "x y"),
        ("x, (y, *z) = w", "x y z"),
        ("x += 1", "x"),
        ("for i in x: j = i", "i j"),
        ("with open(p) as f: pass", "f"),
        ("del x", "x"),
        ("(n := 1)", "n"),
        ("[i for i in x]", "i"),
        ("try: pass\nexcept E as e: pass", "e"),
        ("def f():\n    global g, h", "g h"),
        ("match x:\n    case [a, *b] if c: pass\n    case d: pass", "a b d"),
        ("x = 1\nx = 2", "x x"),
        ("x.y = 1\nx['z'] = 2", ""),
        ("def f(a): pass\nclass C: pass\nimport os", ""),
        ("print(x)", ""),
    ],
)
def test_stored_names_are_those_set_or_deleted_anywhere(source, names):
    assert sorted(cell_syntax(source).stored) == sorted(names.split())


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("key = 'v'", [("key", "v", 1)]),
        ("\nkey: str = 'v'", [("key", "v", 2)]),
        ("a = b = 'v'", [("a", "v", 1), ("b", "v", 1)]),
        ("f(key='v', other=1)", [("key", "v", 1)]),
        ("{'key': 'v', x: 'w', 1: 'u'}", [("key", "v", 1), ("1", "u", 1)]),
        ("self.key = 'v'", [("key", "v", 1)]),
        ("env['key'] = 'v'", [("key", "v", 1)]),
        ("env[key] = 'v'", [("", "v", 1)]),
        ("key = b'v'", []),
        ("key: str", []),
        ("f(**'v')", [("", "v", 1)]),
    ],
)
def test_texts_come_with_the_name_that_they_are_given(source, texts):
    assert sorted(cell_syntax(source).texts) == sorted(texts)


@pytest.mark.parametrize("source", ["x = (", "return = 1", "%%html\n<b>x</b>"])
def test_what_is_no_python_has_no_parts(source):
    assert cell_syntax(source) == CellSyntax()


def test_a_part_of_a_cell_has_parts_of_its_own():
    (function,) = ast.parse("def f(a=(x := 1)):\n    y = 2").body
    assert tree_syntax(function.args).stored == ("x",)
