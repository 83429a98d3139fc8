"""From a plan here to a run of Kubeflow Pipelines: the compiled pipeline, its parameters, the ConfigMap of its pods."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.pipeline.kfp import Compiled, compile_pipeline, read_files
from jupyter_mlops.pipeline.kfp.kinds import encoded, kind_of_parameter
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.runtime.kfp_frames import VARIABLE
from jupyter_mlops.targets.kfp.settings import KfpSettings


@dataclass(frozen=True)
class Submission:
    """All that a run is made of, before anything is sent."""

    compiled: Compiled
    parameters: Mapping[str, Any]
    name: str
    settings: KfpSettings

    def body(self, experiment: str) -> dict[str, Any]:
        """What is posted."""
        settings = self.settings
        config: dict[str, Any] = {"parameters": dict(self.parameters)}
        if settings.pipeline_root:
            config["pipeline_root"] = settings.pipeline_root
        spec = {"pipeline_spec": _telling(self.compiled.spec), "platform_spec": dict(self.compiled.platform)}
        made = {"display_name": self.name, "experiment_id": experiment, "pipeline_spec": spec, "runtime_config": config}
        return {**made, **({"service_account": settings.service_account} if settings.service_account else {})}

    def put_code(self, kube: Kube) -> None:
        """See to it that the ConfigMap is there: it is named by its content, so one that is there is the same."""
        with contextlib.suppress(AlreadyThere):
            kube.create(CONFIG_MAPS, self.compiled.code.manifest())


def prepare(plan: Plan, run: str, settings: KfpSettings) -> Submission:
    """Compile a plan.

    Raises:
        Refused: Kubeflow Pipelines cannot do something of it.
    """
    if plan.selected != frozenset(plan.by_name):
        raise Refused(
            "Kubeflow Pipelines runs whole pipelines, not some of their steps.",
            hint="Leave out --from and --only: its own cache spares what has not changed.",
        )
    pipeline = plan.pipeline
    if plan.selection.no_cache:
        steps = (replace(step, options=replace(step.options, cache=False)) for step in pipeline.steps)
        pipeline = replace(pipeline, steps=tuple(steps))
    compiled = compile_pipeline(pipeline, image=settings.image, files=read_files(pipeline))
    return Submission(compiled, parameters_of(pipeline, plan.params), f"{pipeline.name} {run}", settings)


def parameters_of(pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the parameters, as the compiled pipeline has their types.

    Raises:
        Refused: a value is nothing that JSON or the type can say.
    """
    found: dict[str, Any] = {}
    for parameter in pipeline.parameters:
        if parameter.name not in given:
            continue
        value, kind = given[parameter.name], kind_of_parameter(parameter)
        if value is None and parameter.default is None and not parameter.required:
            continue
        if value is None and kind.made != "json":
            raise Refused(
                f"The parameter {parameter.name!r} cannot be None in Kubeflow Pipelines: its default is another value.",
                hint="Make None its default.",
            )
        try:
            found[parameter.name] = encoded(value, kind, f"The parameter {parameter.name!r}")
        except (TypeError, ValueError) as error:
            raise Refused(f"The parameter {parameter.name!r} cannot be {value!r}: {error}.") from error
    return found


def _telling(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The pipeline, whose steps print what is to come home."""
    made: dict[str, Any] = copy.deepcopy(dict(spec))
    for executor in made["deploymentSpec"]["executors"].values():
        container = executor["container"]
        container["env"] = [*container.get("env", ()), {"name": VARIABLE, "value": "1"}]
    return made
