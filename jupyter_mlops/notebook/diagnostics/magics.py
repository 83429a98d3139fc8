"""Magics: what an isolated step cannot do, or does differently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule
from jupyter_mlops.notebook.python_source import cell_magic, is_python, line_magics, lines_with_magics

# What lives in the interactive session: its history, its debugger, its event loop, its own store.
_SESSION = frozenset(
    {
        *("autosave", "connect_info", "debug", "doctest_mode", "ed", "edit", "gui", "history", "logstart", "macro"),
        *("notebook", "pastebin", "pdb", "qtconsole", "recall", "rep", "rerun", "reset", "reset_selective", "store"),
    }
)
_OTHER_LANGUAGES = frozenset({"R", "julia", "octave", "matlab", "stata", "sas", "fortran", "ruby", "perl", "js"})
_RUN = re.compile(r"^\s*%run\s+(?:-[A-Za-z]+\s+)*(?P<quote>['\"]?)(?P<path>[^\s'\"$%{]+)(?P=quote)")
INSTALL = re.compile(r"^\s*[!%]\s*(?:\S*python3?\s+-m\s+)?(?:pip3?|conda|mamba|uv\s+pip)\s+install\b")


@rule("MLO601", severity="warning")
def session_magic(flow: Dataflow) -> Iterator[Finding]:
    """A magic needs the interactive session, which a step is not part of: `%debug`, `%store`, `%history`, `%reset`.

    It runs in the step's own fresh session; the other steps do not see what it does.
    """
    for cell in _python_cells(flow):
        for name, line in line_magics(cell.source):
            if name in _SESSION:
                yield Finding(
                    message=f"%{name} works on the interactive session; in a step it has nothing to work on.",
                    hint="Take it out, or give the cell the role `skip`.",
                    name=f"%{name}",
                    cell=cell.index,
                    line=line,
                )


@rule("MLO602", severity="warning")
def run_of_missing_file(flow: Dataflow) -> Iterator[Finding]:
    """`%run` names a file that is not there, and that no cell writes."""
    folder = flow.document.path.parent if flow.document.path else None
    for cell in _python_cells(flow, "%run") if folder else ():
        for number, text in lines_with_magics(cell.source):
            match = _RUN.match(text)
            if match and folder and not _exists(folder / Path(cell.notebook).parent, match["path"], flow, cell):
                yield Finding(
                    message=f"%run: there is no file {match['path']!r}.",
                    hint="The path is relative to the notebook's folder.",
                    name=match["path"],
                    cell=cell.index,
                    line=number,
                )


@rule("MLO603", severity="warning")
def other_language(flow: Dataflow) -> Iterator[Finding]:
    """A cell is in another language by a cell magic such as `%%R`: what it reads and makes is not seen.

    Values that go in or out by its options (`-i`, `-o`) do not order the steps. Keep such cells in the step of the
    cells that they work with.
    """
    for cell in flow.document.code_cells:
        magic = cell_magic(cell.source)
        if magic in _OTHER_LANGUAGES and flow.annotations.roles.get(cell.index) != "skip":
            yield Finding(
                message=f"What the %%{magic} cell reads and makes is not seen.",
                hint="Keep it in one step with the cells that it works with.",
                name=f"%%{magic}",
                cell=cell.index,
                line=1,
            )


@rule("MLO605", severity="warning")
def unseen_names(flow: Dataflow) -> Iterator[Finding]:
    """A magic sets names that cannot be seen in the source: `%%cython`, `%store -r`, `%pylab`.

    What it sets is not known to later steps. Keep it in one step with the cells that use it, or in a setup cell.
    """
    return from_problems(flow, "magic_defines_names")


@rule("MLO606", severity="warning")
def unsupported_magic(flow: Dataflow) -> Iterator[Finding]:
    """A magic that is not supported in a step."""
    return from_problems(flow, "magic_unsupported")


@rule("MLO604", severity="info")
def installs_packages(flow: Dataflow) -> Iterator[Finding]:
    """A cell installs packages: where steps run in pods of their own, only that step has them."""
    for cell in _python_cells(flow, "install"):
        for number, text in lines_with_magics(cell.source):
            if INSTALL.match(text):
                yield Finding(
                    message="Packages that a cell installs are there in its own step only, where steps have pods.",
                    hint="Put them into the environment or the image, and skip this cell.",
                    cell=cell.index,
                    line=number,
                )
                break


def _python_cells(flow: Dataflow, word: str = "") -> Iterator[Cell]:
    """Those that have this word in them."""
    for cell in flow.document.code_cells:
        if word in cell.source and flow.annotations.roles.get(cell.index) != "skip" and is_python(cell.source):
            yield cell


def _exists(folder: Path, path: str, flow: Dataflow, cell: Cell) -> bool:
    candidates = [folder / path, folder / f"{path}.py", folder / f"{path}.ipynb"]
    if any(item.exists() for item in candidates):
        return True
    name = Path(path).name
    return any(other.index != cell.index and name in other.source for other in flow.document.code_cells)
