"""Changes of a cell's source: names, imports, single lines. What is not surely right is no change at all."""

from __future__ import annotations

import ast
import importlib.util
import sys
import warnings
from collections.abc import Iterable

from jupyter_mlops.notebook.cell_syntax import cell_syntax
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.fixes.fix import Edit
from jupyter_mlops.notebook.python_source import cell_magic, module_of

# Names that everybody gives these libraries.
_USUAL = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "mpl": "import matplotlib as mpl",
    "sns": "import seaborn as sns",
    "tf": "import tensorflow as tf",
    "xgb": "import xgboost as xgb",
    "lgb": "import lightgbm as lgb",
    "torch": "import torch",
    "nn": "from torch import nn",
    "sklearn": "import sklearn",
    "scipy": "import scipy",
    "mlops": "import jupyter_mlops as mlops",
    "Path": "from pathlib import Path",
    "partial": "from functools import partial",
    "defaultdict": "from collections import defaultdict",
    "Counter": "from collections import Counter",
    "tqdm": "from tqdm.auto import tqdm",
}


def parsed(source: str) -> ast.Module | None:
    """The cell as it is written; None where it is no plain Python: its columns are then not those of a tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def lines_of(source: str) -> list[str]:
    """The lines as the tree counts them."""
    return source.split("\n")


def first_line(cell: Cell) -> int:
    """The line before which code can be put: behind a cell magic and what comes from `__future__`."""
    lines = lines_of(cell.source)
    code = next((number for number, text in enumerate(lines, 1) if text.strip()), len(lines) + 1)
    line = code
    while cell_magic(cell.source) and code <= len(lines) and (lines[code - 1].startswith("%%") or not lines[code - 1]):
        line = code + 1 if lines[code - 1] else line
        code += 1
    tree = parsed(cell.source)
    future = [node.end_lineno or 0 for node in (tree.body if tree else ()) if _is_future(node)]
    return max([min(line, len(lines) + 1), *(end + 1 for end in future)])


def renamed(cell: Cell, old: str, new: str) -> tuple[Edit, ...]:
    """Edits that give a global name another spelling in the whole cell; none if that cannot be done surely."""
    tree = parsed(cell.source)
    if tree is None or _is_local_somewhere(tree, old):
        return ()
    lines = [line.encode() for line in lines_of(cell.source)]
    places = [
        (node.lineno, node.col_offset) for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == old
    ]
    changed: dict[int, bytes] = {}
    for line, column in sorted(places, reverse=True):
        text = changed.get(line, lines[line - 1])
        if text[column : column + len(old.encode())] != old.encode():
            return ()
        changed[line] = text[:column] + new.encode() + text[column + len(old.encode()) :]
    return tuple(Edit(cell.id, line=line, replace=text.decode()) for line, text in sorted(changed.items()))


def import_of(name: str, cells: Iterable[Cell], *, dotted: bool) -> str:
    """The statement that imports a name: as another cell does, or as everybody does; empty if there is none.

    `dotted`: the name is only used as `name.something`, as modules are.
    """
    for cell in cells:
        for node in getattr(parsed(cell.source), "body", ()):
            for item in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
                if (item.asname or item.name) == name and item.name != "*" and not getattr(node, "level", 0):
                    return _written(node, item)
    statement = _USUAL.get(name, "")
    if not statement and dotted and name in sys.stdlib_module_names and not name.startswith("_"):
        statement = f"import {name}"
    return statement if statement and _is_there(statement.split()[1]) else ""


def reads(cell: Cell, name: str) -> list[ast.AST]:
    """What surrounds each place where a cell reads a name."""
    tree = module_of(cell.source)
    return [
        parent
        for parent in (ast.walk(tree) if tree else ())
        for child in ast.iter_child_nodes(parent)
        if isinstance(child, ast.Name) and child.id == name and isinstance(child.ctx, ast.Load)
    ]


def sets(cell: Cell, name: str) -> bool:
    """Whether a cell sets a name anywhere."""
    syntax = cell_syntax(cell.source)
    return name in syntax.stored or name in syntax.imported


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_local_somewhere(tree: ast.Module, name: str) -> bool:
    """Whether the name may mean another thing in a part of the cell, or is written where no `Name` stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
            return True
        own = (
            node.arg
            if isinstance(node, ast.arg)
            else (node.asname or node.name)
            if isinstance(node, ast.alias)
            else node.name
            if isinstance(node, _NAMED)
            else ""
        )
        if own == name:
            return True
        if isinstance(node, _SCOPES) and _stores(node, name):
            return True
    return False


_NAMED = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler),
    *(ast.MatchAs, ast.MatchStar),
)
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _stores(scope: ast.AST, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(scope)
    )


def _written(node: ast.Import | ast.ImportFrom, item: ast.alias) -> str:
    one = ast.Import([item]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [item], 0)
    return ast.unparse(one)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError, AttributeError):
        return False
