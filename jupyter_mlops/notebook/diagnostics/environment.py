"""Environment: what the notebook needs and this machine does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.notebook import document
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.document import Cell, Document
from jupyter_mlops.notebook.include import inclusion
from jupyter_mlops.notebook.kernel_specs import OURS, how_to_install, is_missing
from jupyter_mlops.notebook.libraries import how_to_get, is_installed
from jupyter_mlops.notebook.per_source import per_source
from jupyter_mlops.notebook.python_source import is_python, module_of

# From such a line on it is not known what can be imported.
_CHANGES = re.compile(
    r"^[^#\n]*(?:\b(?:pip3?|conda|mamba|micromamba|poetry|apt|apt-get)\b.*\binstall\b|\buv\s+add\b|\bgit\s+clone\b"
    r"|\bsys\.path\b|\baddsitedir\b|\bchdir\b|^\s*%cd\b)",
    re.MULTILINE,
)


@rule("MLO901", severity="error")
def missing_kernel(flow: Dataflow) -> Iterator[Finding]:
    """The kernel that the notebook names, or one that it includes whole, is not installed on this machine.

    The usual names of Python (`python3`) mean the environment that `jupyter mlops` runs in; any other name must be
    among those that `jupyter kernelspec list` shows. Install that kernel, or give the notebook another one.
    """
    yield from missing_kernel_of(flow.document)
    folder = flow.document.path.parent if flow.document.path else None
    for cell in flow.document.cells if folder else ():
        included = inclusion(cell)  # those that are no whole notebooks stand here as their cells
        if included and folder:
            yield from _missing(_kernel_of(folder / Path(cell.notebook).parent / included.path), cell.index)


@rule("MLO902", severity="warning")
def missing_library(flow: Dataflow) -> Iterator[Finding]:
    """A cell imports a library that is not installed in this environment, and that is no file beside the notebook.

    The step fails there. What may be missing is not told: imports in `try`, in a condition, in a function. After a cell
    that installs packages, or that changes `sys.path` or the folder, nothing is told.
    """
    if flow.document.kernel not in OURS:
        return  # another environment has other libraries
    told: set[str] = set()
    for cell in flow.document.code_cells:
        if flow.annotations.roles.get(cell.index) == "skip":
            continue
        imports, last = _imports(cell.source)
        for module, line in imports if imports and "raises-exception" not in cell.tags else ():
            if module in told or (last and line > last):
                continue
            told.add(module)
            if not is_installed(module) and not _is_local(module, cell, flow.document):
                yield Finding(
                    message=f"{module!r} is not installed in this environment: importing it fails.",
                    hint=how_to_get(module),
                    name=module,
                    cell=cell.index,
                    line=line,
                )
        if last:
            return


@per_source
def _imports(source: str) -> tuple[tuple[tuple[str, int], ...], int]:
    """(top-level name, line) of what a cell surely imports, and the line from which it may be otherwise; 0: none."""
    change = _CHANGES.search(source)
    tree = module_of(source) if "import" in source and is_python(source) else None
    found: list[tuple[str, int]] = []
    for node in tree.body if tree else ():
        if isinstance(node, ast.Import):
            found += [(item.name.partition(".")[0], node.lineno) for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module.partition(".")[0], node.lineno))
    return tuple(found), source.count("\n", 0, change.end()) + 1 if change else 0


def _is_local(module: str, cell: Cell, source: Document) -> bool:
    """Whether it is a file or a folder beside the notebook, or a cell mentions such a file: it may write it."""
    base = source.path.parent if source.path else None
    for folder in (base, base / Path(cell.notebook).parent) if base else ():
        if (folder / module).is_dir() or any(
            (folder / f"{module}{end}").is_file() for end in (".py", *EXTENSION_SUFFIXES)
        ):
            return True
    return any(f"{module}.py" in other.source for other in source.code_cells)


def missing_kernel_of(source: Document) -> Iterator[Finding]:
    """The finding about the notebook's own kernel."""
    yield from _missing(source.kernel)


def _missing(kernel: str, cell: int | None = None) -> Iterator[Finding]:
    if is_missing(kernel):
        yield Finding(
            message=f"The kernel {kernel!r} is not installed here.",
            hint=how_to_install(kernel),
            name=kernel,
            cell=cell,
        )


def _kernel_of(path: Path) -> str:
    try:
        return document.read(path).kernel
    except (MlopsError, OSError):
        return ""  # that it cannot be read is another finding
