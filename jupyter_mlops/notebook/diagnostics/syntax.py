"""Syntax: cells that Python cannot read."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.python_source import PYTHON_CELL_MAGICS, cell_magic, module_of, without_magics


@rule("MLO001", severity="error")
def syntax_error(flow: Dataflow) -> Iterator[Finding]:
    """A cell is no Python: it would fail in the notebook too.

    In a cell with the tag `raises-exception`, which is meant to fail, it is only a warning.
    """
    for cell in flow.document.code_cells:
        error = None if flow.annotations.roles.get(cell.index) == "skip" else _error(cell)
        if error is not None:
            yield Finding(
                message=f"Syntax error: {error.msg}.",
                hint="Correct the line; until then the notebook itself fails here.",
                cell=cell.index,
                line=error.lineno,
                severity="warning" if "raises-exception" in cell.tags else None,
            )


def _error(cell: Cell) -> SyntaxError | None:
    magic = cell_magic(cell.source)
    if magic and magic not in PYTHON_CELL_MAGICS:
        return None
    tree = module_of(cell.source)
    source = without_magics(cell.source) if tree is None else cell.source
    if tree is None and (transformed := _by_ipython(cell.source)) is not None:
        source = transformed
    try:
        _compile(tree or source)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error) or type(error).__name__)
    return None


def _compile(source: ast.Module | str) -> None:
    """Compile without running; `await` at the top level is fine in a notebook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(source, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _by_ipython(source: str) -> str | None:
    """What IPython itself makes of the cell: it knows more forms of magics than we look for."""
    try:
        from IPython.core.inputtransformer2 import TransformerManager

        return str(TransformerManager().transform_cell(source))
    except (ImportError, SyntaxError):
        return None
