"""`run`: a notebook, a pipeline file or a plan as a run, from start to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.engine.run import RunOptions, start_run
from jupyter_mlops.notebook.parameters import bind
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.store.events import Event
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import load_target
from jupyter_mlops.verbs.check import refuse_errors
from jupyter_mlops.verbs.pipelines import Loaded, load_pipeline
from jupyter_mlops.verbs.summary import summary


def run(
    source: str | Path | Pipeline,
    *,
    params: Mapping[str, object] | None = None,
    target: str = "local",
    experiment: str | None = None,
    from_step: str | None = None,
    only: str | None = None,
    cache: bool = True,
    parallel: int | None = None,
    detach: bool = False,
    on_event: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Run `source` to its end and return the run as `show` does; with `detach`, return once it has begun.

    `params` override parameters; text is read by the parameter's type. `from_step` runs that step and all that needs
    it, `only` that step alone: both reuse the rest. `cache=False` runs everything. `on_event` gets each event of the
    run as it is written, from this thread; `stop` cancels the run once it is set.

    Raises:
        NotebookHasErrors: a diagnostic is an error; nothing ran.
        Usage, NotFound: the request makes no sense; nothing ran.
        Refused: the target cannot honour an option; nothing ran.
    """
    loaded = load_pipeline(source)
    if loaded.path:
        refuse_errors(list(loaded.diagnostics), loaded.path)
    selection = Selection(from_step or "", only or "", not cache)
    plan = make_plan(loaded.pipeline, bind(loaded.pipeline.parameters, params or {}), selection)
    project = project_of(loaded)
    if detach:
        from jupyter_mlops.verbs.detached import start_detached

        return start_detached(plan, project, target=target, parallel=parallel, experiment=experiment or "")
    options = RunOptions(
        parallel=parallel,
        stop=stop or threading.Event(),
        listeners=(on_event,) if on_event else (),
        experiment=experiment or "",
    )
    return drive_to_end(plan, project, target, options)


def drive_to_end(plan: Plan, project: Project, target: str, options: RunOptions) -> dict[str, Any]:
    """Run a plan on a target that is opened for it, and describe the run."""
    place = load_target(target, **({"slots": options.parallel} if options.parallel else {}))
    try:
        finished = start_run(plan, project, place, options)
    finally:
        place.close()
    return summary(load_run(finished.directory), project)


def project_of(loaded: Loaded) -> Project:
    """The project that what was loaded belongs to: by its file, else by the folder its steps run in."""
    return Project.find(loaded.path or loaded.pipeline.cwd or ".")
