"""`compile`: a notebook or pipeline file as a plan that runs without it, or as a pipeline of Kubeflow Pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.notebook.diagnostics import OF_THIS_MACHINE
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.base import target_settings
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.output_files import write_output
from jupyter_mlops.verbs.pipelines import load_pipeline, refuse_problems
from jupyter_mlops.verbs.run import project_of

TARGETS = ("local", "kfp", "kubernetes", "argo")

_HEAD = """\
# The run {run} of the pipeline {name}. Each run has its own file: applied twice, it runs once.
# Who deletes its first ConfigMap with the label jupyter-mlops.io/part=anchor removes this run. `kubectl delete -f` also
# removes the volume, with what all runs have stored there.
"""


def compile(  # noqa: A001 the verb
    path: str | Path,
    *,
    output: str | Path,
    target: str = "local",
    image: str = "",
    namespace: str = "",
    params: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Write `path` to `output` as what `target` runs.

    For `local` that is the plan as JSON; `run` takes it as it takes the notebook. For `kfp` it is the IR of Kubeflow
    Pipelines as YAML, and beside it `NAME.code.yaml`, the ConfigMap that its pods mount; `image` runs steps that name
    none. For `kubernetes` it is all objects of one run as YAML, in `namespace`, with these `params`: whoever applies
    them needs nothing of this software. For `argo` it is a Workflow, and beside it `NAME.code.yaml` and
    `NAME.claim.yaml`, the volume for namespaces that have none.

    Raises:
        Refused: there is no emitter for `target`, or it cannot say something of the pipeline.
        NotebookHasErrors: a diagnostic is an error.
        Usage: the pipeline cannot run, or the file cannot be written.
    """
    if target not in TARGETS:
        raise Refused(
            f"Cannot compile for the target {target!r}.",
            hint="Targets: local (a plan as JSON), kfp (Kubeflow Pipelines), kubernetes (the objects of a run), argo.",
        )
    if image and target == "local":
        raise Usage("The target local has no images.", hint="Leave out --image, or name --target kfp.")
    if target != "kubernetes" and (namespace or params):
        raise Usage(
            f"What is compiled for the target {target} has no namespace, and takes its parameters when it runs.",
            hint="Leave out --namespace and -p, or name --target kubernetes.",
        )
    loaded = load_pipeline(path)
    if loaded.path:
        refuse_errors([item for item in loaded.diagnostics if item.code not in OF_THIS_MACHINE], loaded.path)
    refuse_problems(loaded.pipeline)
    if target == "kubernetes":
        given = {"image": image, "namespace": namespace}
        return _for_kubernetes(make_plan(loaded.pipeline, params), project_of(loaded), output, given)
    files: dict[str, str] = {}
    if target == "kfp":
        files = _for_kfp(loaded.pipeline, Path(output), image)
    elif target == "argo":
        files = _for_argo(make_plan(loaded.pipeline, params), Path(output), image, project_of(loaded))
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


def _for_argo(plan: Plan, output: Path, image: str, project: Project) -> dict[str, str]:
    """The texts to write, by path: the Workflow, then what it needs in the namespace."""
    from jupyter_mlops.kube.yaml_text import documents
    from jupyter_mlops.pipeline.argo import refuse_unsayable
    from jupyter_mlops.targets.argo.submit import documents_of, settings_of

    refuse_unsayable(plan.pipeline)
    found = documents_of(plan, settings_of(project.config.get("argo", {}), image), project.root)
    return {
        str(output): documents([found.workflow]),
        str(output.with_suffix(".code.yaml")): documents(found.needed),
        str(output.with_suffix(".claim.yaml")): documents([found.claim]),
    }


def _for_kubernetes(plan: Plan, project: Project, output: str | Path, given: Mapping[str, str]) -> dict[str, Any]:
    from jupyter_mlops.kube.names import ALLOWED, is_dns_label
    from jupyter_mlops.kube.yaml_text import documents
    from jupyter_mlops.targets.kubernetes.compiled import run_manifests
    from jupyter_mlops.targets.kubernetes.settings import read_settings

    settings = target_settings("kubernetes", project, given)
    namespace = str(settings.pop("namespace", ""))
    settings.pop("context", "")
    if not is_dns_label(namespace):
        said = f"{namespace!r} cannot be the name of a namespace." if namespace else "In which namespace shall it run?"
        raise Usage(said, hint=ALLOWED if namespace else "Give --namespace, or set it under [kubernetes].")
    if not settings.get("image"):
        raise Usage("Steps need an image.", hint='Give --image, or set image = "..." under [kubernetes].')
    run, objects = run_manifests(plan, read_settings(settings), namespace, project.root)
    head = _HEAD.format(run=run, name=" ".join(plan.pipeline.name.split()))
    text = f"{head}{documents(objects)}"
    write_output(output, text)
    return {
        "output": str(output),
        "target": "kubernetes",
        "steps": len(plan.pipeline.steps),
        "bytes": len(text.encode()),
        "run": run,
        "namespace": namespace,
        "objects": [f"{item['kind']}/{item['metadata']['name']}" for item in objects],
    }
