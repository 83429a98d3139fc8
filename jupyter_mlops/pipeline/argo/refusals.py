"""What a Workflow cannot say of a pipeline, as sentences with the reason: nothing is left out silently."""

from __future__ import annotations

import posixpath
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
    made = tuple(name for step in pipeline.steps for name in step.files_out)
    for step in pipeline.steps:
        for message, hint in (*_one(step), *_carried(step, made)):
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
    if step.component.kind == "notebook":
        yield "it runs a whole notebook, which does not travel there.", "Include the notebook as a group of steps."
    if step.options.gpu and not float(step.options.gpu).is_integer():
        yield "a part of a GPU cannot be asked for.", "Ask for whole ones."


def _carried(step: Step, made: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Against files of the project; `made` are those that steps write, into a folder that they share."""
    for name in (*step.modules, *step.files_in, *step.options.files):
        if not posixpath.isabs(name) and not any(name == one or name.startswith(f"{one}/") for one in made):
            yield f"it needs {name!r} of the project, and files do not travel there.", "Put it on a volume."


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (str(key), *_texts(item))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
