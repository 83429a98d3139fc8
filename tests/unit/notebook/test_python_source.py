"""A cell's Python with its magics left out."""

from __future__ import annotations

import ast

import pytest

from jupyter_mlops.notebook.python_source import cell_magic, line_magics, module_of

SOURCES = {
    "x = 1": "x = 1",
    "%matplotlib inline\nx = 1": "pass\nx = 1",
    "!ls\nx = 1": "pass\nx = 1",
    "x?\ny.z??": "pass\npass",
    "?x": "pass",
    "files = !ls\na = %time f()": "files = __magic__()\na = __magic__()",
    "if x:\n    %time y()\n    !ls": "if x:\n    pass\n    pass",
    "%%time\nx = 1": "x = 1",
    "\n%%step a --cpu 2\n%%time\nx = 1": "x = 1",
    "%%bash\nls": "",
    "%%capture out\nx": "x",
    "x = '''\n%not a magic\n'''": "x = '\\n%not a magic\\n'",
    "await x": "await x",
    "x = '\\d'[0]": "x = '\\\\d'[0]",
}


@pytest.mark.parametrize("source", SOURCES)
def test_magics_are_left_out(source: str) -> None:
    tree = module_of(source)
    assert tree is not None and ast.unparse(tree) == SOURCES[source]


@pytest.mark.parametrize("source", ["x = (", "x = 1\n  y", "\0", "(" * 5000])
def test_what_is_no_python_gives_nothing(source: str) -> None:
    assert module_of(source) is None


def test_lines_keep_their_numbers() -> None:
    tree = module_of("%%time\n%config x\n\ny = 1")
    assert tree is not None and tree.body[-1].lineno == 4


@pytest.mark.parametrize(
    ("source", "names", "cell"),
    [
        ("x = 1 % 2", [], ""),
        ("%a\n!b\n?c\nd?", ["a", "!", "?", "d"], ""),
        ("%%time\n%load_ext x", ["load_ext"], "time"),
        ("%%bash\n%x", [], "bash"),
    ],
)
def test_magics_are_named(source: str, names: list[str], cell: str) -> None:
    assert line_magics(source) == names
    assert cell_magic(source) == cell
