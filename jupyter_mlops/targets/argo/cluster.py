"""The target `argo`: Workflows in a namespace, driven by the controller of Argo Workflows and followed here."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.environment import environment
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.resume import plan_of
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, Refused, Usage, WorkFailed
from jupyter_mlops.kube.capability import Capability
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.discovery import Right, may, rights, served
from jupyter_mlops.kube.kubeconfig import transport_for
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS, PVCS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.argo import graph_of, refuse_unsayable
from jupyter_mlops.pipeline.model import Options, Pipeline
from jupyter_mlops.store.events import CancelRequested, RunCreated, RunFinished, TaskFinished
from jupyter_mlops.store.events_file import EventWriter, Unknown, read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo.following import OVER, Followed, failed_nodes
from jupyter_mlops.targets.argo.order import Order
from jupyter_mlops.targets.argo.submit import next_began, placed, settings_of, submit, submit_again
from jupyter_mlops.targets.argo.workflow import WORKFLOWS, Making, step_template
from jupyter_mlops.targets.attending import attend
from jupyter_mlops.targets.base import Capabilities
from jupyter_mlops.targets.kubernetes.places import RunPlace
from jupyter_mlops.targets.kubernetes.submit import anchor_name

_LOOK_EVERY_S = 0.3
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


class ArgoWorkflows:
    """Runs pipelines as Workflows in a namespace of a cluster. `settings` are the keys of `ClusterSettings`.

    `service_account` is that of the pods: Argo's own container in them reports with it how they ended.

    Raises:
        Usage: no image is set, or a setting is not known.
    """

    name = "argo"

    def __init__(self, *, context: str = "", namespace: str = "", kube: Kube | None = None, **settings: Any) -> None:
        self._settings = settings_of(settings, "")
        if kube is None:
            connection = transport_for(context or None)
            kube = Kube(connection.transport, namespace or connection.namespace)
        self._kube = kube

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
        making = Making(Plan(_NOTHING), graph_of(_NOTHING, ()), place, "order", {})
        try:
            step_template(making, found.options(options))
        except (Usage, Refused) as error:
            return str(error)
        return ""

    def drive(self, plan: Plan, project: Project, options: RunOptions) -> Path:
        """Have Argo run a plan, follow it to its end, and give the run's folder here.

        Raises:
            Refused: Argo Workflows is not there, a step's options cannot be honoured, or the pods cannot start.
            WorkFailed: the Workflow was removed before the run was over.
        """
        self._refuse_early(plan)
        project.ensure()
        run = options.run or new_run_id()
        began = time.time()
        folder = project.run_directory(run)
        order = Order(placed(plan, self._settings), run, options.experiment, began)
        name = submit(self._kube, order, self._settings, options.parallel)
        with EventWriter(folder) as writer:
            writer.append(_created(plan, run, options.experiment, began))
        try:
            return self._follow(run, name, folder, options)
        except Refused:
            self.forget(run)
            raise

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Have another Workflow go on with the run, without the steps that are done, and follow it here.

        Raises:
            Conflict: a Workflow of the run is at work.
            NotFound: nothing is left of the run in the namespace.
        """
        folder = project.run_directory(run)
        events = read_run(folder).events
        plan = plan_of(events, run)
        record = load_run(folder)
        mine = selector(labels("driver", run=run))
        for item in self._kube.list(WORKFLOWS, labels=mine).items:
            if (item.get("status") or {}).get("phase") not in OVER:
                raise Conflict(
                    f"The run {run} is driven by the Workflow {item['metadata']['name']}.", hint="Cancel it."
                )
        order = Order(placed(plan, self._settings), run, record.experiment, next_began(events))
        name = submit_again(self._kube, order, record, self._settings, options.parallel)
        return self._follow(run, name, folder, options)

    def forget(self, run: str) -> None:
        """Remove the anchor of the run, and with it all that the run has in the namespace."""
        self._kube.delete(CONFIG_MAPS, anchor_name(run))

    def cancel(self, workflow: str) -> None:
        """Ask Argo to stop a Workflow: what runs is ended, and exit steps do not run."""
        self._kube.patch(WORKFLOWS, workflow, {"spec": {"shutdown": "Stop"}})

    def close(self) -> None:
        """Free the connection; runs go on."""
        self._kube.transport.close()

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

    def _follow(self, run: str, name: str, folder: Path, options: RunOptions) -> Path:
        stop = Stop()
        followed = Followed(self._kube, name, folder, stop)
        told: dict[str, int] = {}
        asked = created = False

        def look() -> None:
            nonlocal told, asked, created
            found = read_run(folder, told)
            told = dict(found.offsets)
            for event in found.events:
                # The record on the volume has its own beginning, which comes here too.
                again, created = isinstance(event, RunCreated) and created, created or isinstance(event, RunCreated)
                if not isinstance(event, Unknown) and not again:
                    for listener in options.listeners:
                        listener(event)
            wanted = options.stop.is_set() or any(
                isinstance(event, CancelRequested) and event.at >= began for event in found.events
            )
            if (wanted or followed.hopeless) and not asked:
                asked = True
                self.cancel(name)

        began = time.time()
        try:
            attend(followed.follow, look, _LOOK_EVERY_S)
        finally:
            stop.set()
        self._end(run, followed, folder, options)
        return folder

    def _end(self, run: str, followed: Followed, folder: Path, options: RunOptions) -> None:
        """Where the last pod could not say that the run is over, say it for it."""
        record = load_run(folder)
        if record.over:
            return
        if followed.gone:
            raise WorkFailed(
                f"The Workflow of the run {run} was removed before the run was over.",
                hint=f"Go on with it: jupyter mlops retry {run}",
            )
        if followed.hopeless and not any(task.attempt for task in record.tasks.values()):
            raise Refused(f"The run cannot begin in the cluster: {followed.hopeless.said}", hint=followed.hopeless.hint)
        why = [f"{task}: {message}" for task, message in failed_nodes(followed.seen)]
        said = followed.hopeless.said if followed.hopeless else next(iter(why), followed.message)
        stopped = options.stop.is_set() or "shutdown" in (followed.seen.get("spec") or {})
        state = "canceled" if stopped and not followed.hopeless else "failed"
        at = time.time()
        reason = "the run was canceled" if state == "canceled" else said or f"Argo says: {followed.phase}"
        # Of a Workflow that is stopped, Argo may end even the task that closes the record before it begins.
        left = [task for task in record.tasks.values() if task.state in ("pending", "running")]
        ends = [
            TaskFinished(
                at, task.task, task.step, task.attempt if task.state == "running" else 0, "canceled", 0.0, reason
            )
            for task in left
        ]
        over = RunFinished(at, state, reason)  # type: ignore[arg-type]
        with EventWriter(folder) as writer:
            writer.append(*ends, over)
        for listener in options.listeners:
            for end in ends:
                listener(end)
            listener(over)


def _created(plan: Plan, run: str, experiment: str, began: float) -> RunCreated:
    pipeline = plan.pipeline
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = ""
    return RunCreated(
        at=began,
        run=run,
        pipeline=pipeline.name,
        experiment=experiment or pipeline.experiment,
        params=plan.params,
        target="argo",
        notebook=pipeline.notebook,
        plan=plan.to_data(),
        environment=environment(),
        user=user,
    )
