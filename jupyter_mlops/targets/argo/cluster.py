"""The target `argo`: Workflows in a namespace, driven by the controller of Argo Workflows and followed here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, NotFound, Refused, Usage
from jupyter_mlops.kube.capability import Capability
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.discovery import Right, may, rights, served
from jupyter_mlops.kube.kubeconfig import connect
from jupyter_mlops.kube.own_pod import own_image
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS, PVCS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.argo import graph_of, refuse_unsayable
from jupyter_mlops.pipeline.model import Options, Pipeline
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo.following import stop_workflow
from jupyter_mlops.targets.argo.homeward import WorkflowHomeward, at_work, workflows_of
from jupyter_mlops.targets.argo.submit import next_began, settings_of, submit, submit_again
from jupyter_mlops.targets.argo.workflow import WORKFLOWS, Making, step_template
from jupyter_mlops.targets.base import Capabilities
from jupyter_mlops.targets.kubernetes.at_home import RunAtHome
from jupyter_mlops.targets.kubernetes.places import RunPlace
from jupyter_mlops.targets.kubernetes.remote_runs import RemoteRuns, refuse_moved
from jupyter_mlops.targets.kubernetes.submit import Asked
from jupyter_mlops.targets.kubernetes.unknown_run import fitting_run

# Seconds.
_SETTLED_WITHIN_S, _LOOK_EVERY_S = 15.0, 0.3
_NOTHING = Pipeline("nothing", ())
_NEEDED = (
    Right("create", WORKFLOWS),
    Right("get", WORKFLOWS),
    Right("watch", WORKFLOWS),
    Right("patch", WORKFLOWS),
    Right("create", CONFIG_MAPS),
    Right("create", PVCS),
    Right("list", PODS),
    Right("get", PODS, "log"),
)


class ArgoWorkflows(RemoteRuns):
    """Runs pipelines as Workflows in a namespace of a cluster. `settings` are the keys of `ClusterSettings`.

    `service_account` is that of the pods: Argo's own container in them reports with it how they ended. `server`: the
    address that the context had when a run began.

    Raises:
        Usage: no image is set, or a setting is not known.
        Refused: the context leads to another cluster.
    """

    name = "argo"

    def __init__(
        self, *, context: str = "", namespace: str = "", server: str = "", kube: Kube | None = None, **settings: Any
    ) -> None:
        found = settings_of(settings, settings.get("image") or own_image())
        there: dict[str, Any] = {}
        if kube is None:
            connection = connect(context)
            refuse_moved(connection, server)
            kube = Kube(connection.transport, namespace or connection.namespace)
            there = {"context": connection.context, "server": connection.server}
        super().__init__(kube, found, {**settings, "image": found.image, "namespace": kube.namespace, **there})

    @property
    def capabilities(self) -> Capabilities:
        """What the cluster can do: whether Argo Workflows is there, and whether we may use it."""
        _, there = served(self._kube).find(self._kube, WORKFLOWS.group, WORKFLOWS.kind, name="pipelines")
        if there.available:
            there = may(self._kube, rights(self._kube), "pipelines", _NEEDED)
        return Capabilities(self.name, (there, Capability("images"), Capability("gpu")))

    def refusal(self, options: Options) -> str:
        """Why the options cannot be honoured there; empty when they can."""
        found = self._settings
        place = RunPlace("run", found.image, found.claim, ("code",), "", {}, found.python, found.pods)
        making = Making(Plan(_NOTHING), graph_of(_NOTHING, ()), place, ("order",), {})
        try:
            step_template(making, found.options(options))
        except (Usage, Refused) as error:
            return str(error)
        return ""

    def drive(self, plan: Plan, project: Project, options: RunOptions) -> Path:
        """Have Argo run a plan, follow it to its end, and give the run's folder here.

        Raises:
            Refused: Argo Workflows is not there, a step's options cannot be honoured, a file cannot travel, or the pods
                cannot start.
            WorkFailed: the Workflow was removed before the run was over.
        """
        if options.attached:
            raise _refuse_attached()
        self._refuse_early(plan)
        project.ensure()
        asked = Asked(options.experiment, options.parallel, project.root, options.final)
        return self._begin(plan, project, options, lambda run: submit(self._kube, plan, run, self._settings, asked))

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Have another Workflow go on with the run, without the steps that are done, and follow it here.

        Raises:
            Conflict: a Workflow of the run is at work.
            NotFound: nothing is left of the run in the namespace.
        """
        if options.attached:
            raise _refuse_attached()

        def again(home: RunAtHome) -> int:
            self._refuse_at_work(run)
            began = next_began(read_run(home.folder).events)
            return submit_again(self._kube, load_run(home.folder), began, self._settings, options.parallel)

        return self._go_on(run, project, options, again)

    def cancel(self, run: str) -> None:
        """Ask Argo to stop a run: what runs is ended, and exit steps do not run.

        Raises:
            NotFound: nothing is left of the run in the namespace.
        """
        found = workflows_of(self._kube, run)
        if not found:
            raise NotFound(f"The run {run} has no Workflow in the namespace {self._kube.namespace}.")
        for name in at_work(found):
            stop_workflow(self._kube, name)

    def _way_home(self, home: RunAtHome, stop: Stop) -> WorkflowHomeward:
        return WorkflowHomeward(home, self._kube, lambda: self._couriers(home.run, stop), stop)

    def _refuse_at_work(self, run: str) -> None:
        """Of a Workflow whose last pod has said that the run is over, Argo may say so some seconds later."""
        began = time.monotonic()
        while left := at_work(workflows_of(self._kube, run)):
            if time.monotonic() - began > _SETTLED_WITHIN_S:
                raise Conflict(f"The run {run} is driven by the Workflow {left[0]}.", hint="Cancel it first.")
            time.sleep(_LOOK_EVERY_S)

    def _full_id(self, run: str) -> str:
        full = fitting_run(self._kube, run)
        if not workflows_of(self._kube, full):
            raise NotFound(
                f"The run {full} is none of Argo's, or its Workflow was removed.",
                hint='With target = "kubernetes" in jupyter_mlops.toml, `attach` finds runs of that target.',
            )
        return full

    def _refuse_early(self, plan: Plan) -> None:
        refuse_unsayable(plan.pipeline)
        for step in plan.steps:
            if step.name in plan.selected and (reason := self.refusal(step.options)):
                raise Refused(f"The target {self.name!r} cannot run {step.name!r}: {reason}")
        _, there = served(self._kube).find(self._kube, WORKFLOWS.group, WORKFLOWS.kind, name="Argo Workflows")
        if there.missing:
            raise Refused(
                "Argo Workflows is not installed in the cluster: it knows no Workflow.",
                hint="Use --target kubernetes, which needs nothing installed, or have Argo Workflows installed.",
            )


def _refuse_attached() -> Usage:
    return Usage(
        "Runs on the target 'argo' are always driven by Argo Workflows, not from here.", hint="Leave out --attached."
    )
