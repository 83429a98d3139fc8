"""Loading what a person wants to run, from a path or an object, into a pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.annotations import By
from jupyter_mlops.notebook.diagnostics import Diagnostic
from jupyter_mlops.pipeline.model import Pipeline, validate
from jupyter_mlops.verbs.sources import existing, is_ir, is_pipeline_file, read_notebook


@dataclass(frozen=True)
class Loaded:
    """A pipeline, where it came from, and what was found on the way."""

    pipeline: Pipeline
    path: Path | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def load_pipeline(source: str | Path | Pipeline, *, by: By = "auto") -> Loaded:
    """Load a notebook, a percent-format script, a pipeline file, a plan (`.json`) or IR of KFP (`.yaml`); a `Pipeline`
    stays as it is.

    Raises:
        NotFound, NotANotebook, Usage: the file is not there, or is none of these.
    """
    if isinstance(source, Pipeline):
        return Loaded(source)
    path = existing(source)
    if is_ir(path):
        from jupyter_mlops.pipeline.kfp.reading import read_ir

        return Loaded(read_ir(path), path)
    if path.suffix == ".json":
        return Loaded(Pipeline.from_json(path.read_bytes()), path)
    if is_pipeline_file(path):
        from jupyter_mlops.pipeline.api import load_pipeline_file

        pipeline = load_pipeline_file(path)
        return Loaded(replace(pipeline, cwd=pipeline.cwd or str(path.parent)), path)
    read = read_notebook(path, by=by)
    return Loaded(read.pipeline(), path, tuple(read.diagnostics()))


def refuse_problems(pipeline: Pipeline) -> None:
    """Stop at the first thing because of which the pipeline cannot run.

    Raises:
        Usage: naming it.
    """
    for problem in validate(pipeline):
        raise Usage(f"The pipeline {pipeline.name!r} cannot run: {problem.message}", hint=problem.hint)
