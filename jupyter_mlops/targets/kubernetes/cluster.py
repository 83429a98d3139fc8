"""The target `kubernetes`, as it is seen from a laptop: a place that drives whole runs, which are followed here."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import MlopsError, NotFound, Refused, Usage, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.kubeconfig import connect
from jupyter_mlops.kube.own_pod import own_image
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.store.events import CancelRequested
from jupyter_mlops.store.events_file import Unknown, read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import Capabilities, Capability
from jupyter_mlops.targets.kubernetes.attached import drive_attached, is_attached, resume_attached
from jupyter_mlops.targets.kubernetes.following import end_of_driver, follow
from jupyter_mlops.targets.kubernetes.places import RunPlace, step_job
from jupyter_mlops.targets.kubernetes.settings import read_settings, setting_names
from jupyter_mlops.targets.kubernetes.submit import Asked, anchor_name, drive_again, submit

_LOOK_EVERY_S = 0.2


class KubernetesCluster:
    """Runs pipelines in a namespace of a cluster. `settings` are the keys of `ClusterSettings`. `attached`: runs are
    driven from here, and not by a driver there.

    Raises:
        Usage: no image is set, or a setting is not known.
    """

    name = "kubernetes"
    SETTINGS = setting_names()

    def __init__(self, *, context: str = "", namespace: str = "", attached: object = False, **settings: Any) -> None:
        self._settings = read_settings({**settings, "image": settings.get("image") or own_image()})
        self._attached = _is_true(attached)
        connection = connect(context)
        self._kube = Kube(connection.transport, namespace or connection.namespace)

    @property
    def capabilities(self) -> Capabilities:
        """What the cluster can do."""
        return Capabilities(self.name, (Capability("pipelines"), Capability("images"), Capability("gpu")))

    def refusal(self, options: Options) -> str:
        """Why the options cannot be honoured there; empty when they can."""
        found = self._settings
        place = RunPlace("run", found.image, found.claim, ("code",), "", {}, found.python, found.pods)
        try:
            step_job(place, "task", "step", 1, found.options(options), "spec.json")
        except Usage as error:
            return str(error)
        return ""

    def drive(self, plan: Plan, project: Project, options: RunOptions) -> Path:
        """Have the cluster run a plan, follow it to its end, and give the run's folder here.

        Setting `options.stop` cancels the run; the events of the run go to `options.listeners`, from this thread.

        Raises:
            Refused: a step's options cannot be honoured, or the driver does not start.
            WorkFailed: the driver died.
        """
        for step in plan.steps:
            if step.name in plan.selected and (reason := self.refusal(step.options)):
                raise Refused(f"The target {self.name!r} cannot run {step.name!r}: {reason}")
        project.ensure()
        if self._attached or options.attached:
            return drive_attached(self._kube, plan, project, options, self._settings)
        run = options.run or new_run_id()
        asked = Asked(options.experiment, options.parallel, project.root, options.final)
        submit(self._kube, plan, run, self._settings, asked)
        try:
            return self._follow(run, 1, project, options)
        except Refused:
            self.forget(run)
            raise

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Have another driver go on with the run, and follow it here.

        Raises:
            Conflict: a driver of the run is at work.
            NotFound: nothing is left of the run in the namespace.
        """
        if self._attached or options.attached or is_attached(project, run):
            return resume_attached(self._kube, run, project, options)
        return self._follow(run, drive_again(self._kube, run), project, options)

    def forget(self, run: str) -> None:
        """Remove the anchor of the run, and with it all that the run has in the namespace."""
        self._kube.delete(CONFIG_MAPS, anchor_name(run))

    def cancel(self, run: str) -> None:
        """Ask the driver of a run to stop it cleanly."""
        self._kube.patch(CONFIG_MAPS, anchor_name(run), {"data": {"cancel": "user"}})

    def close(self) -> None:
        """Free the connection; runs go on."""
        self._kube.transport.close()

    def _follow(self, run: str, driver: int, project: Project, options: RunOptions) -> Path:
        folder = project.run_directory(run)
        stop = Stop()
        faults: list[Exception] = []

        def bring() -> None:
            try:
                follow(self._kube, run, driver, folder, stop)
            except (MlopsError, OSError) as error:
                faults.append(error)

        told = dict(read_run(folder).offsets)
        thread = threading.Thread(target=bring, name="mlops-follow", daemon=True)
        thread.start()
        asked = over = False
        while not over:
            thread.join(_LOOK_EVERY_S)
            over = not thread.is_alive()
            found = read_run(folder, told)
            told = dict(found.offsets)
            for event in found.events:
                if not isinstance(event, Unknown):
                    for listener in options.listeners:
                        listener(event)
            # Whoever asks for it in another process writes so into the run's folder here.
            wanted = options.stop.is_set() or any(isinstance(event, CancelRequested) for event in found.events)
            if wanted and not asked:
                asked = True
                self.cancel(run)
        if faults:
            raise faults[0]
        if not run_is_over(folder):
            died = end_of_driver(self._kube, run, driver)
            raise WorkFailed(
                f"The driver of the run {run} ended before the run was over" + (f": {died.said}" if died else "."),
                hint=f"Go on with it: jupyter mlops retry {run}",
            )
        return folder


def _is_true(said: object) -> bool:
    """The setting `attached`."""
    if said not in (True, False, "true", "false"):
        raise Usage(f"The setting attached of the target kubernetes cannot be {said!r}.", hint="Write true or false.")
    return said in (True, "true")


def run_is_over(folder: Path) -> bool:
    """Whether the events that came home say so."""
    try:
        return load_run(folder).over
    except NotFound:
        return False
