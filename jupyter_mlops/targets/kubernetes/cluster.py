"""The target `kubernetes`, as it is seen from a laptop: a place that drives whole runs, which are followed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.kubeconfig import connect
from jupyter_mlops.kube.own_pod import own_image
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.base import Capabilities, Capability
from jupyter_mlops.targets.kubernetes.at_home import RunAtHome
from jupyter_mlops.targets.kubernetes.attached import drive_attached, is_attached, resume_attached
from jupyter_mlops.targets.kubernetes.homeward import Homeward
from jupyter_mlops.targets.kubernetes.places import RunPlace, step_job
from jupyter_mlops.targets.kubernetes.remote_runs import RemoteRuns, refuse_moved
from jupyter_mlops.targets.kubernetes.settings import read_settings, setting_names
from jupyter_mlops.targets.kubernetes.shared_results import Offer, remember_run, useful_there
from jupyter_mlops.targets.kubernetes.submit import Asked, ask_to_stop, drive_again, ended_drivers, submit
from jupyter_mlops.targets.kubernetes.unknown_run import run_there


class KubernetesCluster(RemoteRuns):
    """Runs pipelines in a namespace of a cluster. `settings` are the keys of `ClusterSettings`. `attached`: runs are
    driven from here, and not by a driver there.

    `server`: the address that the context had when a run began; another one is another cluster.

    Raises:
        Usage: no image is set, or a setting is not known.
        Refused: the context leads to another cluster.
    """

    name = "kubernetes"
    SETTINGS = setting_names()

    def __init__(
        self, *, context: str = "", namespace: str = "", server: str = "", attached: object = False, **settings: Any
    ) -> None:
        found = read_settings({**settings, "image": settings.get("image") or own_image()})
        self._attached = _is_true(attached)
        connection = connect(context)
        refuse_moved(connection, server)
        kube = Kube(connection.transport, namespace or connection.namespace)
        there = {"context": connection.context, "namespace": kube.namespace, "server": connection.server}
        super().__init__(kube, found, {**settings, "image": found.image, **there})

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

        def send(run: str) -> None:
            offer = self._offer(project, run, plan, options)
            asked = Asked(options.experiment, options.parallel, project.root, options.final, offer=offer)
            submit(self._kube, plan, run, self._settings, asked)

        return self._begin(plan, project, options, send)

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Have another driver go on with the run, and follow it here.

        Raises:
            Conflict: a driver of the run is at work.
            NotFound: nothing is left of the run in the namespace.
        """
        if self._attached or options.attached or is_attached(project, run):
            return resume_attached(self._kube, run, project, options, self._settings)
        return self._go_on(run, project, options, lambda home: drive_again(self._kube, run, over=home.over))

    def fetch(self, run: str, digest: str, project: Project) -> Path:
        """As `RemoteRuns.fetch`; a result that was made there may be in the cache here then."""
        path = super().fetch(run, digest, project)
        if self._shares:
            remember_run(project, run)
        return path

    def cancel(self, run: str) -> None:
        """Ask the driver of a run to stop it cleanly; one that has not begun never will."""
        ask_to_stop(self._kube, run, by="user")

    @property
    def _shares(self) -> bool:
        """Whether results come and go between the cache here and that of the volume."""
        return self._settings.share_cache and not self._settings.storage

    def _offer(self, project: Project, run: str, plan: Plan, options: RunOptions) -> Offer | None:
        """What of the cache here the run takes along."""
        if options.final or not self._shares:
            return None
        return useful_there(project, run, plan, self._settings, self._given)

    def _way_home(self, home: RunAtHome, stop: Stop) -> Homeward:
        return Homeward(home, self._kube, lambda: self._couriers(home.run, stop), stop, self._shares)

    def _refuse_at_work(self, run: str) -> None:
        ended_drivers(self._kube, run, over=True)

    def _full_id(self, run: str) -> str:
        return run_there(self._kube, run)


def _is_true(said: object) -> bool:
    """The setting `attached`."""
    if said not in (True, False, "true", "false"):
        raise Usage(f"The setting attached of the target kubernetes cannot be {said!r}.", hint="Write true or false.")
    return said in (True, "true")
