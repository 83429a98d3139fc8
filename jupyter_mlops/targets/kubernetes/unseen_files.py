"""Runs whose engine does not see the files of steps: it is not where they are, or they are at a URL."""

from __future__ import annotations

from dataclasses import replace

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.model import Step


def for_unseen_files(plan: Plan, *, otherwise: str) -> Plan:
    """The plan in which a step that reads, writes or imports files is not taken from the cache: they cannot be compared
    from where the engine is. `otherwise` is how to run what cannot be run so.

    Raises:
        Refused: a step is a component of Kubeflow Pipelines, whose files the engine would have to hand on.
    """
    names = [step.name for step in plan.pipeline.steps if step.component.container]
    if names:
        said = f"{names[0]!r} is a component of Kubeflow Pipelines, and these need a driver that sees their files."
        raise Refused(said, hint=otherwise)
    steps = tuple(_uncached(step) if _touches_files(step) else step for step in plan.pipeline.steps)
    return replace(plan, pipeline=replace(plan.pipeline, steps=steps))


def _touches_files(step: Step) -> bool:
    return bool(step.files_in or step.files_out or step.files_gone or step.modules or step.options.files)


def _uncached(step: Step) -> Step:
    return replace(step, options=replace(step.options, cache=False))
