"""Syntax: cells that Python cannot read."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.ipython_source import SyntaxProblem, read_source
from jupyter_mlops.notebook.per_source import per_source


@rule("MLO001", severity="error")
def syntax_error(flow: Dataflow) -> Iterator[Finding]:
    """A cell is no Python: it would fail in the notebook too.

    In a cell with the tag `raises-exception`, which is meant to fail, it is only a warning.
    """
    for cell in flow.document.code_cells:
        error = None if flow.annotations.roles.get(cell.index) == "skip" else _error(cell.source)
        if error is not None:
            yield Finding(
                message=f"Syntax error: {error.message}.",
                hint="Correct the line; until then the notebook itself fails here.",
                cell=cell.index,
                line=error.line,
                severity="warning" if "raises-exception" in cell.tags else None,
            )


@per_source
def _error(source: str) -> SyntaxProblem | None:
    read = read_source(source)
    return read.problem or _refused(read.tree)


def _refused(tree: ast.Module) -> SyntaxProblem | None:
    """Why the compiler refuses what the parser took: `return` outside a function, `nonlocal` at the top."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # `await` at the top level is fine in a notebook.
            compile(tree, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return SyntaxProblem(error.msg, error.lineno or 1)
    except RecursionError:
        # A tree is compiled with less depth than its source: a long sum is fine when it runs.
        return None
    return None
