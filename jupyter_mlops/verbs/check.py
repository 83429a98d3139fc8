"""`check`: what is wrong or doubtful in a notebook before it runs."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlops.errors import NotebookHasErrors
from jupyter_mlops.notebook.annotations import By
from jupyter_mlops.notebook.diagnostics import Diagnostic
from jupyter_mlops.verbs.sources import existing, is_ir, is_pipeline_file, read_notebook


def check(path: str | Path, *, by: By = "auto") -> list[Diagnostic]:
    """Every diagnostic of the notebook at `path`, in document order.

    A pipeline file is imported and a plan read: either is right, or it is refused with the reason.

    Raises:
        Usage: a pipeline that cannot run.
    """
    found = existing(path)
    if found.suffix != ".json" and not is_pipeline_file(found) and not is_ir(found):
        return read_notebook(found, by=by).diagnostics()
    from jupyter_mlops.verbs.pipelines import load_pipeline, refuse_problems

    refuse_problems(load_pipeline(found).pipeline)
    return []


def refuse_errors(found: list[Diagnostic], path: Path) -> None:
    """Stop before a run when a diagnostic is an error.

    Raises:
        NotebookHasErrors: naming the first one and how many there are.
    """
    errors = [item for item in found if item.severity == "error"]
    if not errors:
        return
    first = errors[0]
    place = [f"cell {first.cell}" if first.cell is not None else "", f"line {first.line}" if first.line else ""]
    where = ", ".join(part for part in place if part)
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    raise NotebookHasErrors(
        f"{path.name} cannot run as a pipeline: {where + ': ' if where else ''}{first.code} {first.message}{more}",
        hint=f"{first.hint} `jupyter mlops check {path.name}` lists everything.".strip(),
    )
