"""A run that an MLflow client began itself: nested in a step, or of a script."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_mlops.store.events import Event, RunCreated, RunFinished, RunStarted, RunState, TagsLogged
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.liveness import driving, engine_identity
from jupyter_mlops.store.mlflow_api.forms import NAME_TAG, PARENT_TAG
from jupyter_mlops.store.mlflow_api.request import Caller
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import CHILD_NAME, new_run_id

PIPELINE = "mlflow"


@dataclass(frozen=True)
class NewRun:
    """What is known of a run before it begins. `notebook` is the one whose step begins it."""

    experiment: str
    tags: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    notebook: str = ""


class OwnRun:
    """Such a run while it is open: this process drives it."""

    def __init__(self, project: Project, caller: Caller, run: str) -> None:
        """Raises `Conflict` if another process drives it."""
        self.run, self.caller = run, caller
        directory = project.run_directory(run)
        with contextlib.ExitStack() as stack:
            stack.enter_context(driving(directory))
            self._writer = stack.enter_context(EventWriter(directory))
            self._open = stack.pop_all()

    @classmethod
    def begin(cls, project: Project, caller: Caller, new: NewRun, at: float) -> OwnRun:
        """A new one, under way."""
        own = cls(project, caller, new_run_id())
        if PARENT_TAG in new.tags:
            (project.run_directory(own.run) / CHILD_NAME).touch()
        created = RunCreated(
            at,
            own.run,
            new.tags.get(NAME_TAG) or PIPELINE,
            new.experiment,
            params={},
            target="local",
            notebook=new.notebook,
            plan={},
            environment={},
            user=new.user,
        )
        own.log(created, RunStarted(at, engine_identity()), TagsLogged(at, new.tags))
        return own

    @classmethod
    def resume(cls, project: Project, caller: Caller, run: str, at: float) -> OwnRun:
        """One that was over, under way again."""
        own = cls(project, caller, run)
        own.log(RunStarted(at, engine_identity()))
        return own

    def log(self, *events: Event) -> None:
        """Append events."""
        self._writer.append(*events)
        self._writer.close()  # a client may keep hundreds of runs open

    def end(self, at: float, state: RunState, reason: str = "") -> None:
        """Say how it ended, and let go of it."""
        with self._open:
            self._writer.append(RunFinished(at, state, reason))
