"""A run that Argo drives, on its way home: from the pods of its Workflow, and from the volume what was not heard."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import MlopsError, Refused, Unavailable, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.labels import ATTEMPT, labels, named, selector
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.store.events import RunState, TaskFinished
from jupyter_mlops.store.remote import change_remote
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo.following import OVER, Followed, failed_nodes, have_arrived
from jupyter_mlops.targets.argo.submit import PIECES
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.targets.kubernetes.following import Hearing, Landing
from jupyter_mlops.targets.kubernetes.homeward import Homecoming
from jupyter_mlops.targets.kubernetes.submit import anchor_name


@dataclass
class WorkflowHomeward(Homecoming):
    """Brings one run home from the pods of its newest Workflow, for who holds the run's `bringing_home`."""

    def to_the_end(self) -> None:
        """Follow the run until it is over and all of it is here, or `stop` is set.

        Raises:
            Refused: its pods cannot start, and waiting does not help: nothing is left of a run that never began.
            WorkFailed: the Workflow was removed before the run was over.
            Unavailable: it is over, and what became of it does not come home.
        """
        landing = Landing(self.home.project, self.home.run)
        followed = self._followed(landing)
        landing.files.begin()
        followed.follow()
        if self.stop.is_set():
            return
        if followed.given_up and not followed.begun:
            raise self._refused(followed.given_up)
        came = self.conclude(landing, begun=followed.begun)
        if came and not (self.home.over or followed.gone):
            self._end(followed)
        if followed.given_up:
            said = f"The run was stopped, as a pod of it cannot begin: {followed.given_up.said}"
            raise Refused(said, hint=followed.given_up.hint)
        if self.home.over:
            return
        if not came:
            raise Unavailable(
                f"The run {self.home.run} is over in the cluster, and not all of it came home.",
                hint=f"Try again: jupyter mlops attach {self.home.run}",
            )
        raise WorkFailed(
            f"The Workflow of the run {self.home.run} was removed before the run was over.",
            hint=f"Go on with it: jupyter mlops retry {self.home.run}",
        )

    def catch_up(self, *, thorough: bool) -> None:
        """Bring home what there is by now. Not `thorough`: only what comes at once, no Job is made for it."""
        if self.remote().complete:
            return
        landing = Landing(self.home.project, self.home.run)
        followed = self._followed(landing)
        landing.files.begin()
        followed.so_far()
        if (landing.complete and self.home.over) or followed.ended:
            if have_arrived(followed.seen):
                self._unload(followed.seen)
            if landing.complete or thorough:
                came = self.conclude(landing, begun=followed.begun, insists=False)
                if came and not (self.home.over or followed.gone):
                    self._end(followed)
            elif self.home.over:
                change_remote(self.home.folder, state="ended")
            self.home.drop_if_empty()  # whoever made it died before it was made there

    def _followed(self, landing: Landing) -> Followed:
        newest = max(workflows_of(self.kube, self.home.run), key=_number, default=None)
        number = _number(newest) if newest else 0
        if number > self.remote().driver:  # who has made another one may have died before that was written down
            change_remote(self.home.folder, driver=number, state="live", complete=False)
        hearing = Hearing(self.home.run, self.stop, self.home.tell)
        name = str(newest["metadata"]["name"]) if newest else ""
        return Followed(self.kube, name, landing, self.stop, hearing, self._unload)

    def _refused(self, why: Reason) -> Refused:
        """Give up a Workflow whose pods cannot begin. What one before it has done stays, so that it can be retried."""
        if not self.home.began:
            self.kube.delete(CONFIG_MAPS, anchor_name(self.home.run))
        refused = Refused(f"The run cannot begin in the cluster: {why.said}", hint=why.hint)
        self.home.finish("failed", str(refused))
        return refused

    def _unload(self, workflow: Mapping[str, Any]) -> None:
        """Remove what the run took along: it is large, and the cluster's own store is small."""
        pieces = str((workflow["metadata"].get("annotations") or {}).get(PIECES) or "")
        with contextlib.suppress(MlopsError):
            for name in filter(None, pieces.split(",")):
                self.kube.delete(CONFIG_MAPS, name)

    def _end(self, followed: Followed) -> None:
        """Where the last pod could not say that the run is over, say it for it."""
        why = [f"{task}: {message}" for task, message in failed_nodes(followed.seen)]
        said = followed.given_up.said if followed.given_up else next(iter(why), followed.message)
        state: RunState = "canceled" if followed.stopped and not followed.given_up else "failed"
        reason = "the run was canceled" if state == "canceled" else said or f"Argo says: {followed.phase}"
        # Of a Workflow that is stopped, Argo may end even the task that closes the record before it begins.
        left = [task for task in load_run(self.home.folder).tasks.values() if task.state in ("pending", "running")]
        at = time.time()
        ends = [
            TaskFinished(
                at, task.task, task.step, task.attempt if task.state == "running" else 0, "canceled", 0.0, reason
            )
            for task in left
        ]
        self.home.finish(state, reason, *ends)


def workflows_of(kube: Kube, run: str) -> tuple[dict[str, Any], ...]:
    """The Workflows of a run."""
    return kube.list(WORKFLOWS, labels=selector(labels("driver", run=run))).items


def at_work(workflows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of those that are not over."""
    return [str(item["metadata"]["name"]) for item in workflows if not is_over(item)]


def is_over(workflow: Mapping[str, Any]) -> bool:
    """Whether Argo will do nothing more for it."""
    return (workflow.get("status") or {}).get("phase") in OVER


def _number(workflow: Mapping[str, Any]) -> int:
    text = named(workflow, ATTEMPT)
    return int(text) if text.isdecimal() else 0
