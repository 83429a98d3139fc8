"""A cell's Python, as far as its annotations and diagnostics need it."""

from __future__ import annotations

import ast

from jupyter_mlops.notebook.ipython_source import PYTHON_BODY, read_source


def module_of(source: str) -> ast.Module | None:
    """The cell as a syntax tree with the same line numbers, magics as calls; None when it is no Python."""
    read = read_source(source)
    return None if read.problem else read.tree


def line_magics(source: str) -> list[tuple[str, int]]:
    """(name, line) of its line magics; a shell line or a help request is `!` or `?`."""
    return [(magic.name, magic.line) for magic in read_source(source).magics if magic.kind == "line"]


def lines_with_magics(source: str) -> list[tuple[int, str]]:
    """(line, its text) of each line with a line magic: a line of a text that looks like one is none."""
    lines = source.split("\n")
    return [(line, lines[line - 1]) for line in dict.fromkeys(line for _, line in line_magics(source))]


def cell_magic(source: str) -> str:
    """The name of its cell magic; empty when it has none. Of several, the first."""
    return next((magic.name for magic in read_source(source).magics if magic.kind == "cell"), "")


def is_python(source: str) -> bool:
    """Whether the cell's body is Python that runs in the notebook's own namespace."""
    return all(magic.name in PYTHON_BODY for magic in read_source(source).magics if magic.kind == "cell")


def calls_shell(node: ast.AST) -> bool:
    """Whether a statement is what a magic became: a call on `get_ipython()`."""
    if isinstance(node, ast.Expr):
        node = node.value
    function = node.func if isinstance(node, ast.Call) else None
    base = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(base, ast.Call) and isinstance(base.func, ast.Name) and base.func.id == "get_ipython"
