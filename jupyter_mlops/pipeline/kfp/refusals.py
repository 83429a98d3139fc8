"""What the IR cannot say of a pipeline, as sentences with the reason: nothing is left out silently."""

from __future__ import annotations

import os
from collections.abc import Iterator

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.model import Pipeline, Step


def refuse_unsayable(pipeline: Pipeline, image: str) -> None:
    """Go on only if the IR can say all that the steps ask for.

    Raises:
        Refused: it cannot.
    """
    writers: dict[str, Step] = {}  # of steps before
    for step in pipeline.ordered():
        for message, hint in (*_one(step, image), *_files(step, writers), *_exit(step)):
            raise Refused(f"KFP cannot run {step.name!r}: {message}", hint=hint)
        writers.update({path: step for path in (*step.files_out, *step.files_gone) if not _is_mounted(path, step)})


def _one(step: Step, image: str) -> Iterator[tuple[str, str]]:
    if step.component.container:
        yield "it is a component of Kubeflow Pipelines already.", "Upload its file to Kubeflow Pipelines as it is."
    if step.component.kind == "notebook":
        yield "it runs a whole notebook, which does not travel to KFP.", "Include the notebook as a group of steps."
    if not (step.options.image or image):
        yield "it has no image.", "Name one for all steps (`--image I`), or as the step's option `image`."
    if step.component.folder.startswith(".."):
        yield f"it runs in {step.component.folder!r}, outside the notebook's folder.", "Move the notebook below it."
    paths = [item.path for item in step.options.volumes]
    if len(paths) != len(set(paths)):
        yield "two volumes have the same path.", "Give each a path of its own."
    if step.options.gpu and not float(step.options.gpu).is_integer():
        yield "a part of a GPU cannot be asked for.", "Ask for whole ones."


def _files(step: Step, writers: dict[str, Step]) -> Iterator[tuple[str, str]]:
    """KFP's pods share no folder."""
    for path in step.files_in:
        writer = writers.get(path)
        if writer is not None and not _is_mounted(path, step):
            yield (
                f"it reads the file {path!r} that {writer.name!r} writes, and KFP's pods share no folder.",
                "Hand it over as a value, or write it below a shared volume (`--volume CLAIM:/PATH`).",
            )


def _exit(step: Step) -> Iterator[tuple[str, str]]:
    if not step.options.exit:
        return
    for item in (*step.inputs, *step.controls):
        yield (
            f"it is an exit step and takes {item.name!r} from {item.sources[0][0]!r}; KFP gives it no values.",
            "Read parameters only, or what the others wrote to a shared volume.",
        )


def _is_mounted(path: str, step: Step) -> bool:
    """Whether a path lies below a volume of the step."""
    return any(os.path.normpath(path).startswith(item.path.rstrip("/") + "/") for item in step.options.volumes)
