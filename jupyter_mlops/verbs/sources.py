"""What a path or a name given by a person means: a notebook, a pipeline file, or a run."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.notebook import diagnostics, document
from jupyter_mlops.notebook.annotations import By
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics import Diagnostic
from jupyter_mlops.pipeline.from_notebook import analyse, from_dataflow, runs_python, whole_notebook
from jupyter_mlops.pipeline.model import Pipeline, validate

_CELL_MARKER = re.compile(r"^# ?%%", re.MULTILINE)
_CODES = {
    "bad-expression": ("MLO506", "Set it as plain data in a step above, or make it a parameter."),
    "after-exit-step": ("MLO203", "Make it an exit step too."),
    "unknown-step": ("MLO203", "Correct the name."),
    "cycle": ("MLO204", "Take one `after` of them out."),
}
_PIPELINE = re.compile(r"\b[Pp]ipeline\b")


@dataclass(frozen=True)
class NotebookSource:
    """A notebook read and analysed. `flow` is None where its kernel does not speak Python: it then runs as a whole."""

    path: Path
    document: document.Document
    flow: Dataflow | None

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong or doubtful in it; where nothing is wrong in its cells, what is wrong in its pipeline."""
        if self.flow is None:
            return diagnostics.check_whole(self.document)
        found = diagnostics.check(self.flow)
        if any(item.severity == "error" for item in found):
            return found
        return [*found, *_wrong_pipeline(self._built)]

    def pipeline(self) -> Pipeline:
        """The pipeline that it is."""
        return self._built

    @cached_property
    def _built(self) -> Pipeline:
        return from_dataflow(self.flow) if self.flow else whole_notebook(self.document)


def read_notebook(path: str | Path, *, by: By = "auto") -> NotebookSource:
    """Read and analyse a notebook, or a script in percent format.

    Raises:
        NotFound: there is no such file.
        NotANotebook: it cannot be read.
    """
    source = document.read(Path(path).expanduser().absolute())
    return analysed(source, by=by)


def analysed(source: document.Document, *, by: By = "auto") -> NotebookSource:
    """A document that was read from a path, analysed."""
    assert source.path is not None
    return NotebookSource(source.path, source, analyse(source, by=by) if runs_python(source) else None)


def is_pipeline_file(path: Path) -> bool:
    """Whether a `.py` file builds pipelines in code; else it is a notebook: in percent format, or one cell."""
    if path.suffix != ".py":
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return not _CELL_MARKER.search(text) and "jupyter_mlops" in text and bool(_PIPELINE.search(text))


def is_ir(path: Path) -> bool:
    """Whether a file is a pipeline that was compiled for Kubeflow Pipelines."""
    if path.suffix not in (".yaml", ".yml", ".json"):
        return False
    from jupyter_mlops.pipeline.kfp.reading import is_ir

    return is_ir(path)


def existing(path: str | Path) -> Path:
    """The absolute path of a file that exists."""
    found = Path(path).expanduser().absolute()
    _refuse_unreadable_name(found)
    if not found.exists():
        if found.is_symlink():
            raise NotFound(
                f"{str(path)!r} is a link that leads nowhere: it points to {os.readlink(found)!r}.",
                hint="Give the file itself, or mend the link.",
            )
        raise NotFound(f"There is no file {str(path)!r}.", hint="Check the path; it is relative to where you are.")
    if found.is_dir():
        raise Usage(f"{str(path)!r} is a folder.", hint="Give a notebook (.ipynb), a percent-format or a pipeline .py.")
    return found


def _wrong_pipeline(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """What keeps the pipeline from running, as findings in the cells of its steps. That it is empty was said."""
    for problem in validate(pipeline):
        if problem.code == "empty":
            continue
        code, hint = _CODES.get(problem.code, ("MLO501", "Correct the step's options."))
        step = pipeline.by_name.get(problem.step)
        cell = step.component.cells[0] if step and step.component.cells else None
        yield Diagnostic(
            code,
            "error",
            problem.message,
            problem.hint or hint,
            step=problem.step or None,
            cell=cell.index if cell else None,
            cell_id=cell.id if cell else None,
            notebook=cell.notebook if cell else "",
        )


def _refuse_unreadable_name(path: Path) -> None:
    """A path that is no text cannot be written down: into events, notebooks, JSON."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        shown = os.fsencode(path).decode("utf-8", errors="backslashreplace")
        raise Usage(
            f"The path {shown!r} is no text in this locale ({sys.getfilesystemencoding()}).",
            hint="Set a UTF-8 locale (`export LC_ALL=C.UTF-8`), or rename it.",
        ) from error
