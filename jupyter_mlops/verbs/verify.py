"""`verify`: does the pipeline mean the same as the notebook run from top to bottom?

Both are run, one after the other, in a scratch copy of the notebook's folder. Then everything is compared that a person
could see: what each cell shows, and the last value of every name.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.errors import Refused, WorkFailed
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.pipeline.from_notebook import from_dataflow
from jupyter_mlops.runtime.compare_outputs import load_notebook, output_differences
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.base import RunTarget, Target, open_target, refuse_attached, target_settings
from jupyter_mlops.targets.local.target import LocalTarget
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.last_values import StepValues, compare_values
from jupyter_mlops.verbs.run import given_place
from jupyter_mlops.verbs.scratch import Scratch
from jupyter_mlops.verbs.sources import existing, is_pipeline_file, read_notebook
from jupyter_mlops.verbs.two_ways import Part, as_pipeline, from_top_to_bottom, reader_spec

Difference = dict[str, Any]


class VerifyRequest(TypedDict, total=False):
    """How a notebook is to be verified, all optional.

    `context`, `namespace` and `image` say where in the `target`, over what the project's settings say. `tell` hears
    what is done now; `stop` ends it once it is set.
    """

    params: Mapping[str, object] | None
    target: str
    context: str
    namespace: str
    image: str
    attached: bool
    stop: threading.Event | None
    tell: Callable[[str], None]


def verify(path: str | Path, **asked: Unpack[VerifyRequest]) -> dict[str, Any]:
    """Run the notebook at `path` both ways and compare.

    The pipeline runs on `target`, driven from here if `attached`; from top to bottom the notebook runs here.

    Returns `{"same", "differences": [{"step", "cell", "name", "linear", "pipeline"}], "steps", "names", "failure"}`:
    how many steps and names were compared, and how the notebook fails (both ways, if it is the same), else None.

    Raises:
        NotebookHasErrors: a diagnostic is an error; nothing ran.
        Refused: it is no notebook, or not in Python.
        WorkFailed: the notebook fails from top to bottom, and not as a pipeline: there is nothing to compare with; or
            it was stopped.
    """
    found = existing(path)
    if found.suffix == ".json" or is_pipeline_file(found):
        raise Refused(
            f"{found.name} is no notebook: it cannot be run from top to bottom.",
            hint="Verify its notebooks one by one.",
        )
    original = read_notebook(found)
    refuse_errors(original.diagnostics(), original.path)
    if original.flow is None:
        raise Refused("Only notebooks in Python can be verified.", hint="Others run whole, through their own kernel.")
    project, target, given = Project.find(original.path), asked.get("target") or "local", given_place(asked)
    target_settings(target, project, given)
    stop, attached = asked.get("stop") or threading.Event(), asked.get("attached", False)
    with tempfile.TemporaryDirectory(prefix="mlops-verify-") as folder:
        scratch = Scratch(Path(folder).resolve(), original.path)
        with contextlib.closing(LocalTarget()) as here:
            work = _Verification(scratch, asked.get("params") or {}, asked.get("tell") or _nobody, here)
            if target == here.name:
                if attached:
                    raise refuse_attached(target)
                return work.run(here, stop)
            with contextlib.closing(open_target(target, project, given=given)) as there:
                return work.run(there, stop, attached=attached)


class _Verification:
    def __init__(
        self, scratch: Scratch, params: Mapping[str, object], tell: Callable[[str], None], here: LocalTarget
    ) -> None:
        self._scratch = scratch
        self._params = params
        self._tell = tell
        self._here = here

    def run(self, target: Target | RunTarget, stop: threading.Event, *, attached: bool = False) -> dict[str, Any]:
        _, plan = self._fresh()
        self._tell("Running it as a pipeline ...")
        parts = as_pipeline(plan, self._scratch.store, target, stop, attached=attached)
        _go_on_unless(stop)
        flow, plan = self._fresh()
        directory = self._scratch.folder / "linear"
        directory.mkdir()
        self._tell("Running it from top to bottom ...")
        linear = from_top_to_bottom(plan, flow, directory, self._here, stop)
        _go_on_unless(stop)
        if linear.reason and not any(part.reason for part in parts):
            raise WorkFailed(
                f"The notebook fails when it runs from top to bottom: {linear.reason}", hint=_place(linear)
            )
        found = [*_failures(parts, linear), *_shown(flow, parts, linear)]
        if not found:
            found = _valued(flow, plan, parts, linear)
        names = sum(len(step.final) for step in plan.pipeline.steps)
        failure = _failure(linear)
        return {"same": not found, "differences": found, "steps": len(plan.steps), "names": names, "failure": failure}

    def _fresh(self) -> tuple[Dataflow, Plan]:
        """The notebook and its plan, in a folder as it was at the start."""
        flow = read_notebook(self._scratch.renewed()).flow
        assert flow is not None
        pipeline = from_dataflow(flow)
        return flow, make_plan(pipeline, self._params, Selection(no_cache=True))


def _nobody(_: str) -> None:
    """Hears what is done now."""


def _go_on_unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise WorkFailed("Stopped before the two ways could be compared.", hint="Nothing of it is kept: start again.")


def _failure(linear: Part) -> str | None:
    """How and where the notebook fails, if it does."""
    if not linear.reason:
        return None
    place = f"cell {linear.error.cell}: " if linear.error and linear.error.cell is not None else ""
    return f"{place}{linear.reason}"


def _place(part: Part) -> str:
    return f"Mend cell {part.error.cell} first." if part.error and part.error.cell is not None else ""


def _failures(parts: Sequence[Part], linear: Part) -> Iterator[Difference]:
    """Tasks that failed, unless the notebook fails in the same cell with the same words."""
    for part in parts:
        if not part.reason or (part.error and linear.error and _words(part) == _words(linear)):
            continue
        cell = part.error.cell if part.error else None
        yield _difference(part.step, cell, None, linear.reason or "succeeds", part.reason)


def _words(part: Part) -> tuple[Any, ...]:
    return (part.error.cell, part.error.kind, part.error.message) if part.error else ()


def _shown(flow: Dataflow, parts: Sequence[Part], linear: Part) -> Iterator[Difference]:
    """Cells that show something else."""
    merged = {"cells": [cell for part in parts for cell in _cells(part)]}
    in_steps = {index for step in flow.steps for index in step.declaration.cells}
    for item in output_differences({"cells": _cells(linear)}, merged):
        if item.cell in in_steps:
            step = flow.annotations.step_of.get(item.cell)
            yield _difference(step, item.cell, None, f"{item.kind}: {item.left}", f"{item.kind}: {item.right}")


def _cells(part: Part) -> list[Any]:
    return list(load_notebook(str(part.notebook))["cells"]) if part.notebook.is_file() else []


def _valued(flow: Dataflow, plan: Plan, parts: Sequence[Part], linear: Part) -> list[Difference]:
    """Names whose last value is another."""
    if linear.values is None:
        return []
    steps = [
        StepValues(
            step.name,
            step.final,
            tuple(part.values for part in parts if part.step == step.name and part.values),
            step.options.for_each is not None,
        )
        for step in plan.pipeline.steps
    ]
    made = [step for step in steps if step.bundles or step.loop]
    found = compare_values(linear.values, made, reader_spec(plan, flow))
    return [_difference(item["step"], None, item["name"], item["linear"], item["pipeline"]) for item in found]


def _difference(step: str | None, cell: int | None, name: str | None, linear: str, pipeline: str) -> Difference:
    return {"step": step, "cell": cell, "name": name, "linear": linear, "pipeline": pipeline}
