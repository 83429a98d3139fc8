"""What annotations and diagnostics ask of a cell's source."""

from __future__ import annotations

import ast

import pytest

from jupyter_mlops.notebook.python_source import calls_shell, cell_magic, is_python, line_magics, module_of


@pytest.mark.parametrize("source", ["x = 1", "%time\nawait y", "%%time\nx", "%%bash\nls ((", "'\\d'", "x?"])
def test_python_and_magics_have_a_tree(source: str) -> None:
    assert module_of(source) is not None


@pytest.mark.parametrize("source", ["x = (", "x = 1\n  y", "%%time\n)", "(" * 5000])
def test_what_is_no_python_has_none(source: str) -> None:
    assert module_of(source) is None


def test_lines_keep_their_numbers() -> None:
    tree = module_of("%%time\n%config x\n\ny = 1")
    assert tree is not None
    assert tree.body[-1].lineno == 4


@pytest.mark.parametrize(
    ("source", "lines", "cell", "python"),
    [
        ("x = 1 % 2", [], "", True),
        ("%a\n!b\n?c\nd?", [("a", 1), ("!", 2), ("?", 3), ("?", 4)], "", True),
        ("%%time\n%load_ext x", [("load_ext", 2)], "time", True),
        ("\n%%step a\n%%capture\nx", [], "step", True),
        ("%%bash\n%x", [], "bash", False),
        ("%%time\n%%html\n<b>", [], "time", False),
    ],
)
def test_magics_are_named(source: str, lines: list[tuple[str, int]], cell: str, python: bool) -> None:
    assert (line_magics(source), cell_magic(source), is_python(source)) == (lines, cell, python)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline", True),
        ("!ls", True),
        ("get_ipython().x()", True),
        ("x.y()", False),
        ("f()", False),
        ("pass", False),
    ],
)
def test_what_a_magic_became_is_known(source: str, expected: bool) -> None:
    tree = module_of(source)
    assert tree is not None
    assert calls_shell(tree.body[0]) is expected


def test_any_node_can_be_asked() -> None:
    assert not calls_shell(ast.Name("x"))
