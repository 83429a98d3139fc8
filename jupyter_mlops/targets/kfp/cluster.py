"""The target `kfp`: runs that Kubeflow Pipelines drives, submitted and followed by its REST interface."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, MlopsError, NotFound, Refused, Usage, WorkFailed
from jupyter_mlops.kube.capability import Capability
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.model import Options, Pipeline, Step
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import bringing_home, change_remote, read_remote
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.attending import attend
from jupyter_mlops.targets.base import Capabilities, Sweep
from jupyter_mlops.targets.kfp.api import KfpApi
from jupyter_mlops.targets.kfp.following import Following, Pauses
from jupyter_mlops.targets.kfp.place import Place
from jupyter_mlops.targets.kfp.settings import KfpSettings, read_settings, setting_names
from jupyter_mlops.targets.kfp.sightings import Names, seen
from jupyter_mlops.targets.kfp.submit import prepare
from jupyter_mlops.targets.kfp.telling import KFP, Story
from jupyter_mlops.targets.kubernetes.at_home import RunAtHome, Teller

_LOOK_EVERY_S = 0.3


class KubeflowPipelines:
    """Runs pipelines in Kubeflow Pipelines. `settings` are the keys of `KfpSettings`; `run` is the id that a run, for
    which the target was opened again, has there. `place` and `pauses` are for tests.

    Raises:
        Usage: a setting is not known or makes no sense.
        Refused: the kubeconfig leads elsewhere than when the run began.
    """

    name = "kfp"
    SETTINGS = setting_names()

    def __init__(
        self, *, run: str = "", place: Place | None = None, pauses: Pauses | None = None, **settings: Any
    ) -> None:
        self._place = place or Place.open(read_settings(settings))
        self._pauses = pauses or Pauses()
        self._there = run

    @property
    def _settings(self) -> KfpSettings:
        return self._place.settings

    @property
    def _given(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self._settings).items() if value}

    @property
    def capabilities(self) -> Capabilities:
        """Whether Kubeflow Pipelines answers."""
        try:
            self._api.health()
        except MlopsError as failure:
            return Capabilities(self.name, (Capability("pipelines", missing=failure.message),))
        return Capabilities(self.name, (Capability("pipelines"), Capability("images"), Capability("gpu")))

    def refusal(self, options: Options) -> str:
        """Why the options cannot be honoured there; empty when they can."""
        from jupyter_mlops.pipeline.kfp.refusals import refuse_unsayable
        from jupyter_mlops.pipeline.model import Component

        step = Step("step", Component("cells", ()), options=options)
        try:
            refuse_unsayable(Pipeline("pipeline", (step,)), self._settings.image)
        except Refused as refused:
            return str(refused)
        return ""

    def drive(self, plan: Plan, project: Project, options: RunOptions) -> Path:
        """Have Kubeflow Pipelines run a plan, follow it to its end, and give the run's folder here.

        Raises:
            Usage: it was to be attached.
            Refused: the compiler cannot say something of it, or Kubeflow does not take it.
            WorkFailed: the run was deleted there.
        """
        if options.attached:
            raise _refuse_attached()
        run = options.run or new_run_id()
        ready = prepare(plan, run, self._settings)
        project.ensure()
        self._place.settle()
        home = RunAtHome(project, run)
        home.reserve(self.name, self._given)
        with bringing_home(home.folder):
            try:
                ready.put_code(self._place.pods())
                experiment = options.experiment or self._settings.experiment or plan.pipeline.experiment or "Default"
                known = self._api.experiment(experiment, self._place.namespace_of_experiments)
                home.create(plan, self.name, options.experiment)
                self._there = self._api.create_run(ready.body(known))
            except BaseException as error:
                self._never_began(home, error)
                raise
            change_remote(home.folder, settings={**self._given, "run": self._there})
            self._story(home, lambda story: story.begin({KFP: self._there, "at": self._api.where}, time.time()))
            return self._bring(home, options, Teller(home.folder, options.listeners))

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Have Kubeflow run again what failed, by its own means, and follow it here.

        Raises:
            Conflict: it is at work.
            NotFound: it is not there any more.
        """
        if options.attached:
            raise _refuse_attached()
        there = self._id(run)
        home = RunAtHome(project, run)
        with bringing_home(home.folder) as mine:
            found = seen(self._api.run(there), Names({})) if mine else None
            if found is None or not found.over:
                raise Conflict(f"The run {run} goes on in Kubeflow Pipelines.", hint="Cancel it first.")
            following = Following(self._api, project, run, there, home.tell, self._place.kube)
            following.catch_up()
            teller = Teller(home.folder, options.listeners, from_now=True)
            self._api.retry(there)
            change_remote(home.folder, state="live", complete=False)
            engine = {KFP: there, "at": self._api.where}
            self._story(home, lambda story: story.begin(engine, time.time(), found.latest))
            return self._bring(home, options, teller)

    def attach(self, run: str, project: Project, options: RunOptions) -> Path:
        """Follow a run that goes on there to its end; the listeners get all its events, from the first."""
        home = RunAtHome(project, run)
        teller = Teller(home.folder, options.listeners)
        while True:
            with bringing_home(home.folder) as mine:
                if mine:
                    return self._bring(home, options, teller)
            if teller.look() or options.stop.is_set():
                self.cancel(run)
            if home.settled:
                teller.look()
                return home.folder
            threading.Event().wait(_LOOK_EVERY_S)

    def find(self, run: str, project: Project) -> str:  # noqa: ARG002 - a RemoteTarget has it
        """Runs that others have started stay where they are: nothing there says what their tasks are here."""
        raise NotFound(
            f"There is no run {run!r} here; of Kubeflow's runs only those that were started from here can be followed.",
            hint="`jupyter mlops runs` lists them.",
        )

    def catch_up(self, run: str, project: Project, *, thorough: bool = True) -> None:  # noqa: ARG002 - as above
        """Bring home what there is by now, unless somebody else does that."""
        home = RunAtHome(project, run)
        with bringing_home(home.folder) as mine:
            found = read_remote(home.folder)
            if mine and not (found is not None and found.complete):
                following = Following(self._api, project, run, self._id(run), home.tell, self._place.kube)
                if following.catch_up():
                    change_remote(home.folder, state="ended", complete=True)

    def fetch(self, run: str, digest: str, project: Project) -> Path:
        """Values stay in the run's pipeline root.

        Raises:
            WorkFailed: it is not in the store here.
        """
        if project.artifacts.exists(digest):
            return project.artifacts.path(digest)
        raise WorkFailed(
            f"Values of the run {run} stay in the pipeline root of Kubeflow Pipelines.",
            hint="Its own pages show where: the artifact `bundle` of the task.",
        )

    def forget(self, run: str) -> None:
        """Delete the run there. The ConfigMap of its code stays: other runs may have the same."""
        with contextlib.suppress(NotFound):
            self._api.delete(self._id(run))

    def sweep(self, project: Project, asked: Sweep) -> dict[str, Any]:  # noqa: ARG002 - as above
        """Nothing: Kubeflow Pipelines keeps and lists its runs itself."""
        return {"runs": [], "objects": [], "folders": [], "bytes": 0, "dry_run": asked.dry_run}

    def cancel(self, run: str) -> None:
        """Ask for the run to stop: what runs is ended."""
        self._api.terminate(self._id(run))

    def close(self) -> None:
        """Free the connections; runs go on."""
        self._place.close()

    @property
    def _api(self) -> KfpApi:
        return self._place.api

    def _id(self, run: str) -> str:
        """The id that a run has there: as it was written down, else by its name, which ends with ours."""
        if not self._there:
            self._place.settle()
            self._there = self._api.find(run, self._place.namespace_of_experiments)
        if not self._there:
            raise NotFound(f"The run {run} is not in Kubeflow Pipelines.", hint="Run the notebook again.")
        return self._there

    def _story(self, home: RunAtHome, work: Callable[[Story], None]) -> None:
        story = Story(home.project, home.run, lambda _task, _attempt: None)
        try:
            work(story)
        finally:
            story.close()

    def _never_began(self, home: RunAtHome, error: BaseException) -> None:
        """A run that Kubeflow did not take is over, if it was made known here; else it never was."""
        home.drop_if_empty()
        if home.folder.exists():
            said = error.message if isinstance(error, MlopsError) else "it was stopped before it began"
            home.finish("failed", said)

    def _bring(self, home: RunAtHome, options: RunOptions, teller: Teller) -> Path:
        """Bring a run home in a thread, and tell of it in this one."""
        stop = Stop()
        there = self._id(home.run)
        following = Following(self._api, home.project, home.run, there, home.tell, self._place.kube, stop, self._pauses)
        asked = False

        def look() -> None:
            nonlocal asked
            wanted = teller.look() or options.stop.is_set()
            if wanted and not asked:
                asked = self._ask_to_stop(home)

        try:
            attend(following.to_the_end, look, _LOOK_EVERY_S)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"It goes on in Kubeflow Pipelines: `jupyter mlops attach {home.run}` follows it."
            ) from None
        except WorkFailed as gone:
            home.finish("failed", gone.message)
            raise
        finally:
            stop.set()
            home.close()
        if home.over:
            change_remote(home.folder, state="ended", complete=True)
        return home.folder

    def _ask_to_stop(self, home: RunAtHome) -> bool:
        """Whether it was asked; while nobody answers, it will be asked again."""
        try:
            home.want_stop()
            self.cancel(home.run)
        except (NotFound, Usage):
            return True
        except MlopsError as failure:
            home.tell(f"It cannot be stopped yet. {failure.message}")
            return False
        return True


def _refuse_attached() -> Usage:
    return Usage(
        "Runs on the target 'kfp' are always driven by Kubeflow Pipelines, not from here.", hint="Leave out --attached."
    )
