"""A pipeline as Kubeflow Pipelines' IR: two documents and the ConfigMap that its pods mount."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.block_yaml import to_yaml
from jupyter_mlops.pipeline.kfp import executors
from jupyter_mlops.pipeline.kfp.carried import ConfigMap, Tasks, config_map
from jupyter_mlops.pipeline.kfp.graph import Graph
from jupyter_mlops.pipeline.kfp.kinds import encoded, kind_of_parameter, may_be_none
from jupyter_mlops.pipeline.kfp.layout import lay_out
from jupyter_mlops.pipeline.kfp.names import slugged
from jupyter_mlops.pipeline.kfp.refusals import refuse_unsayable
from jupyter_mlops.pipeline.kfp.semantics import problems
from jupyter_mlops.pipeline.model import Parameter, Pipeline
from jupyter_mlops.runtime.package import runtime_zip

SCHEMA_VERSION, SDK_VERSION = "2.1.0", "kfp-2.17.0"


@dataclass(frozen=True)
class Compiled:
    """`spec` is the IR (PipelineSpec as JSON data), `platform` its second document, `code` what pods mount."""

    spec: Mapping[str, Any]
    platform: Mapping[str, Any]
    code: ConfigMap

    def to_yaml(self) -> str:
        """Both documents as YAML, with a comment for readers before them."""
        return "".join(f"# {line}\n" for line in self._comment()) + to_yaml(self.spec, self.platform)

    def code_yaml(self) -> str:
        """The ConfigMap as `kubectl apply` takes it."""
        return to_yaml(self.code.manifest())

    def _comment(self) -> Iterator[str]:
        yield "PIPELINE DEFINITION"
        yield f"Name: {self.spec['pipelineInfo']['name']}"
        given = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        for name, item in given.items():
            default = f" [Default: {item['defaultValue']!r}]" if "defaultValue" in item else ""
            yield f"Input: {name}: {item['parameterType']}{default}".replace("\n", " ")
        yield f"Its pods mount the ConfigMap {self.code.name}."


def compile_pipeline(pipeline: Pipeline, *, image: str = "", files: Mapping[str, bytes] | None = None) -> Compiled:
    """The pipeline as IR. `image` runs the steps that name none; `files` are the project's, by relative path.

    The pipeline is valid (`pipeline.validate`).

    Raises:
        Refused: the IR cannot say something of it; the message says what and why.
    """
    refuse_unsayable(pipeline, image)
    layout = lay_out(pipeline)
    tasks = Tasks(pipeline, files or {})
    graph = Graph(pipeline, layout, tasks, image)
    graph.build()
    code = config_map({executors.RUNTIME: runtime_zip(), executors.STEPS: tasks.archive()})
    inputs = {item.name: _root_parameter(item) for item in pipeline.parameters}
    spec = {
        "components": dict(sorted(graph.components.items())),
        "deploymentSpec": {"executors": dict(sorted(graph.executors.items()))},
        "pipelineInfo": _info(pipeline),
        "root": {
            "dag": {"tasks": layout.root.tasks},
            **({"inputDefinitions": {"parameters": inputs}} if inputs else {}),
        },
        "schemaVersion": SCHEMA_VERSION,
        "sdkVersion": SDK_VERSION,
    }
    settings = {label: executors.platform(options, code.name) for label, options in sorted(graph.options.items())}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": settings}}}}
    wrong = next(iter(problems(spec)), None)
    if wrong:
        raise Refused(f"KFP cannot order these steps: {wrong}", hint="Give the steps the same condition, or none.")
    return Compiled(spec, platform, code)


def _info(pipeline: Pipeline) -> dict[str, Any]:
    name = slugged(pipeline.name) or "pipeline"
    display = {"displayName": pipeline.name} if pipeline.name != name else {}
    return {"name": name, **display, **({"description": pipeline.description} if pipeline.description else {})}


def _root_parameter(parameter: Parameter) -> dict[str, Any]:
    kind = kind_of_parameter(parameter)
    made: dict[str, Any] = {"parameterType": kind.ir}
    if not parameter.required:
        made["isOptional"] = True
        if not may_be_none(parameter):
            made["defaultValue"] = encoded(parameter.default, kind, f"the default of {parameter.name!r}")
    return {**made, **({"description": parameter.help} if parameter.help else {})}
