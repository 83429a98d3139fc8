"""`compile`: a notebook or pipeline file as a plan that runs without it, or as what another system runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.notebook.diagnostics import OF_THIS_MACHINE
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.store.project import Project
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.output_files import write_output
from jupyter_mlops.verbs.pipelines import load_pipeline, refuse_problems

TARGETS = ("local", "kfp", "argo")


def compile(  # noqa: A001 the verb
    path: str | Path, *, output: str | Path, target: str = "local", image: str = ""
) -> dict[str, Any]:
    """Write `path` to `output` as what `target` runs.

    For `local` that is the plan as JSON; `run` takes it as it takes the notebook. For `kfp` it is the IR of Kubeflow
    Pipelines as YAML, and beside it `NAME.code.yaml`, the ConfigMap that its pods mount; `image` runs steps that name
    none. For `argo` it is a Workflow, and beside it `NAME.code.yaml` and `NAME.claim.yaml`, the volume for namespaces
    that have none; other settings are those of the project's table `[argo]`.

    Raises:
        Refused: there is no emitter for `target`, or it cannot say something of the pipeline.
        NotebookHasErrors: a diagnostic is an error.
        Usage: the pipeline cannot run, or the file cannot be written.
    """
    if target not in TARGETS:
        raise Refused(
            f"Cannot compile for the target {target!r}.",
            hint="Targets: local (a plan as JSON), kfp (Kubeflow Pipelines), argo (Argo Workflows).",
        )
    if image and target == "local":
        raise Usage("The target local has no images.", hint="Leave out --image, or name --target kfp.")
    loaded = load_pipeline(path)
    if loaded.path:
        refuse_errors([item for item in loaded.diagnostics if item.code not in OF_THIS_MACHINE], loaded.path)
    refuse_problems(loaded.pipeline)
    files: dict[str, str] = {}
    if target == "kfp":
        files = _for_kfp(loaded.pipeline, Path(output), image)
    elif target == "argo":
        files = _for_argo(loaded.pipeline, Path(output), image, Project.find(loaded.path or loaded.pipeline.cwd or "."))
    text = files.pop(str(output), None) or loaded.pipeline.to_json()
    for name, content in files.items():
        write_output(name, content)
    write_output(output, text)
    more = dict(zip(("code", "claim"), files, strict=False))
    steps = len(loaded.pipeline.steps)
    return {"output": str(output), "target": target, "steps": steps, "bytes": len(text.encode()), **more}


def _for_kfp(pipeline: Pipeline, output: Path, image: str) -> dict[str, str]:
    """The texts to write, by path: the pipeline's, then that of its code."""
    from jupyter_mlops.pipeline.kfp import compile_pipeline, read_files

    compiled = compile_pipeline(pipeline, image=image, files=read_files(pipeline))
    return {str(output): compiled.to_yaml(), str(output.with_suffix(".code.yaml")): compiled.code_yaml()}


def _for_argo(pipeline: Pipeline, output: Path, image: str, project: Project) -> dict[str, str]:
    """The texts to write, by path: the Workflow, then what it needs in the namespace."""
    from jupyter_mlops.engine.plan import make_plan
    from jupyter_mlops.kube.yaml_text import documents
    from jupyter_mlops.pipeline.argo import refuse_unsayable
    from jupyter_mlops.targets.argo.submit import documents_of, settings_of

    settings = settings_of(project.config.get("argo", {}), image)
    refuse_unsayable(pipeline)
    made, code, claim = documents_of(make_plan(pipeline), settings)
    return {
        str(output): documents([made]),
        str(output.with_suffix(".code.yaml")): documents(code),
        str(output.with_suffix(".claim.yaml")): documents([claim]),
    }
