"""`compile`: a notebook or pipeline file as a plan that runs without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.notebook.diagnostics import OF_THIS_MACHINE
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.output_files import write_output
from jupyter_mlops.verbs.pipelines import load_pipeline, refuse_problems


def compile(path: str | Path, *, output: str | Path, target: str = "local") -> dict[str, Any]:  # noqa: A001 the verb
    """Write the plan of `path` as JSON to `output`; `run` takes it as it takes the notebook.

    Raises:
        Refused: there is no emitter for `target` yet.
        NotebookHasErrors: a diagnostic is an error.
        Usage: the pipeline cannot run, or the file cannot be written.
    """
    if target != "local":
        raise Refused(f"Cannot compile for the target {target!r}.", hint="Targets: local (a plan as JSON).")
    loaded = load_pipeline(path)
    if loaded.path:
        refuse_errors([item for item in loaded.diagnostics if item.code not in OF_THIS_MACHINE], loaded.path)
    refuse_problems(loaded.pipeline)
    text = loaded.pipeline.to_json()
    write_output(output, text)
    return {"output": str(output), "target": target, "steps": len(loaded.pipeline.steps), "bytes": len(text.encode())}
