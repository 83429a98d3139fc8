"""What a Workflow cannot say of a pipeline, as sentences with the reason: nothing is left out silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.model import Pipeline, Step

TAG = "{{"
"""What begins a word that Argo puts something else in place of, in any text of a Workflow."""


def refuse_unsayable(pipeline: Pipeline) -> None:
    """Go on only if a Workflow can say all that the steps ask for.

    Raises:
        Refused: it cannot.
    """
    for step in pipeline.steps:
        for message, hint in _one(step):
            raise Refused(f"Argo Workflows cannot run {step.name!r}: {message}", hint=hint)


def reason_against(template: Mapping[str, Any]) -> str:
    """Why Argo would not hand on the template of a pod as it is; empty if it does."""
    found = next((text for text in _texts(template) if TAG in text), "")
    return (
        f"it has {found[:60]!r}, and Argo takes what is between {TAG} and }}}} for its own variables" if found else ""
    )


def _one(step: Step) -> Iterator[tuple[str, str]]:
    if TAG in step.name:
        yield f"its name has {TAG}, which Argo takes for the beginning of a variable.", "Give it another name."
    if step.component.container:
        yield "it is a component of Kubeflow Pipelines.", "Run the file with --target kubernetes."
    if step.options.gpu and not float(step.options.gpu).is_integer():
        yield "a part of a GPU cannot be asked for.", "Ask for whole ones."


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (str(key), *_texts(item))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
