"""Environment: what the notebook needs and this machine does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.notebook import document
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.document import Document
from jupyter_mlops.notebook.include import inclusion
from jupyter_mlops.notebook.kernel_specs import how_to_install, is_missing


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
