"""`run`: a notebook, a pipeline file or a plan as a run, from start to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.engine.run import RunOptions, start_run
from jupyter_mlops.errors import NotFound, WorkFailed
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.store.events import Event
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import RunTarget, default_target, open_target, refuse_attached, target_settings
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.pipelines import Loaded, load_pipeline
from jupyter_mlops.verbs.summary import summary


class RunRequest(TypedDict, total=False):
    """What may be asked of a run, all optional.

    `params` override parameters; text is read by the parameter's type. `from_step` runs that step and all that needs
    it, `only` that step alone: both reuse the rest. `cache=False` runs everything. `parallel` is how many steps run at
    once (default: one a core). `detach` returns once the run has begun. `attached`: a target that would drive the run
    itself has it driven from here. `on_event` gets each event of the run as it is written, from the calling thread;
    `stop` cancels the run once it is set. `target` is where it runs (default: the project's); `context`, `namespace`
    and `image` override what the project says of that target.
    """

    params: Mapping[str, object] | None
    target: str
    context: str
    namespace: str
    image: str
    experiment: str | None
    from_step: str | None
    only: str | None
    cache: bool
    parallel: int | None
    detach: bool
    attached: bool
    on_event: Callable[[Event], None] | None
    stop: threading.Event | None


def run(source: str | Path | Pipeline, **asked: Unpack[RunRequest]) -> dict[str, Any]:
    """Run a notebook, a pipeline file, a plan or a pipeline to its end and return the run as `show` does.

    Raises:
        NotebookHasErrors: a diagnostic is an error; nothing ran.
        Usage, NotFound: the request makes no sense; nothing ran.
        Refused: the target cannot honour an option; nothing ran.
    """
    loaded = load_pipeline(source)
    if loaded.path:
        refuse_errors(list(loaded.diagnostics), loaded.path)
    plan = _plan(loaded.pipeline, asked)
    project = project_of(loaded)
    target, given = asked.get("target") or default_target(project), given_place(asked)
    target_settings(target, project, given)
    parallel, experiment = asked.get("parallel"), asked.get("experiment") or ""
    if asked.get("detach"):
        from jupyter_mlops.verbs.detached import start_detached

        options = RunOptions(parallel=parallel, experiment=experiment, attached=asked.get("attached", False))
        return start_detached(plan, project, target=target, given=given, options=options)
    listener = asked.get("on_event")
    options = RunOptions(
        parallel=parallel,
        stop=asked.get("stop") or threading.Event(),
        listeners=(listener,) if listener else (),
        experiment=experiment,
        attached=asked.get("attached", False),
    )
    return drive_to_end(plan, project, target, options, given)


def _plan(pipeline: Pipeline, asked: RunRequest) -> Plan:
    selection = Selection(asked.get("from_step") or "", asked.get("only") or "", not asked.get("cache", True))
    return make_plan(pipeline, asked.get("params"), selection)


def given_place(asked: Mapping[str, Any]) -> dict[str, str]:
    """What of a request says where in a target it goes."""
    return {name: str(asked[name]) for name in ("context", "namespace", "image") if asked.get(name)}


def drive_to_end(
    plan: Plan, project: Project, target: str, options: RunOptions, given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a plan on a target that is opened for it, with what was `given` over its settings, and describe the run."""
    place = open_target(target, project, parallel=options.parallel, given=given)
    try:
        if isinstance(place, RunTarget):
            directory = place.drive(plan, project, options)
        elif options.attached:
            raise refuse_attached(target)
        else:
            directory = start_run(plan, project, place, options).directory
    finally:
        place.close()
    try:
        return summary(load_run(directory), project)
    except NotFound as error:
        raise WorkFailed(
            f"The folder of the run was removed while it ran: {directory}.",
            hint="Does a step remove the store, or all that is in its folder? Run the notebook again after mending it.",
        ) from error


def project_of(loaded: Loaded) -> Project:
    """The project that what was loaded belongs to: by its file, else by the folder its steps run in."""
    return Project.find(loaded.path or loaded.pipeline.cwd or ".")
