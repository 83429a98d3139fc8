"""A run followed from here: asked for again and again, with growing pauses, until it is over."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from jupyter_mlops.errors import MlopsError, Unavailable, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kfp.api import KfpApi
from jupyter_mlops.targets.kfp.pods import PodLogs
from jupyter_mlops.targets.kfp.sightings import Names, Seen, place_of_pod, seen
from jupyter_mlops.targets.kfp.telling import Story


@dataclass(frozen=True)
class Pauses:
    """Seconds between two looks: `first`, then a half more each time that nothing is new, at most `most`."""

    first: float = 1.0
    most: float = 15.0


@dataclass
class Following:
    """One run on its way home, for who holds the run's `bringing_home`. `there` is its id in the backend; `note` tells
    why it is not heard of, or "" that it is again; without `kube` no logs come.
    """

    api: KfpApi
    project: Project
    run: str
    there: str
    note: Callable[[str], None]
    kube: Kube | None = None
    stop: Stop = field(default_factory=Stop)
    pauses: Pauses = Pauses()

    def to_the_end(self) -> None:
        """Bring the run home until it is over, or `stop` is set. While nobody answers, it waits.

        Raises:
            WorkFailed: the run was deleted there.
            Unauthorized, Forbidden: it may not be seen any more.
        """
        pause, before, silent = self.pauses.first, None, False
        with _Home(self) as home:
            while not self.stop.is_set():
                try:
                    found = self._ask(home.names)
                except Unavailable as failure:
                    if not silent:
                        self.note(f"It is not heard of. {failure.message}")
                    silent, pause = True, max(pause, _wanted_rest(failure))
                else:
                    if silent:
                        self.note("")
                    silent = False
                    if home.tell(found, follow=True):
                        return
                    pause = self.pauses.first if found != before else pause
                    before = found
                if self.stop.wait(pause * random.uniform(0.8, 1.0)):  # noqa: S311 - so that many do not ask at once
                    return
                pause = min(pause * 1.5, self.pauses.most)

    def catch_up(self) -> bool:
        """Bring home what there is by now; whether the run is over."""
        with _Home(self) as home:
            return home.tell(self._ask(home.names), follow=False)

    def _ask(self, names: Names) -> Seen:
        try:
            return seen(self.api.run(self.there), names)
        except Absent as error:
            raise WorkFailed(
                f"The run {self.run} is not in Kubeflow Pipelines any more: somebody has deleted it.",
                hint="Run the notebook again.",
            ) from error


class _Home:
    """Where what is seen goes: the run's events, and the logs of its pods."""

    def __init__(self, following: Following) -> None:
        self._stop = Stop()
        self._following = following
        self._logs: PodLogs | None = None
        self._story = Story(following.project, following.run, self._wait)
        self.names = Names.of(self._story.plan.pipeline)
        if following.kube is not None:
            folder = following.project.run_directory(following.run)
            self._logs = PodLogs(following.kube, following.there, folder, self._stop, following.note)

    def __enter__(self) -> _Home:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._logs is not None:
            self._logs.close()
        self._story.close()

    def tell(self, found: Seen, *, follow: bool) -> bool:
        """Write down what is new; whether the run is over. With `follow`, logs are read while they grow."""
        waits = self._read(self._logs, found, follow=follow and not found.over) if self._logs is not None else {}
        over = self._story.tell(found)
        for task, reason in waits.items():
            self._story.wait(task, reason)
        return over

    def _read(self, logs: PodLogs, found: Seen, *, follow: bool) -> dict[str, Reason | None]:
        """Begin to read what can be read; why other tasks have not begun."""
        by_pod = {item.pod: item for item in found.attempts if item.pod and item.attempt}
        tasks: dict[str, str] = {}
        pods = logs.pods()
        for pod in pods:
            name = str(pod["metadata"]["name"])
            item = by_pod.get(name)
            place = place_of_pod(pod, self.names) or ((item.step, item.index, item.attempt) if item else None)
            if place is not None:
                step, index, attempt = place
                tasks[name] = step if index < 0 else f"{step}[{index}]"
                logs.read(pod, tasks[name], self._story.number(tasks[name], attempt), follow=follow)
        why = logs.waits([pod for pod in pods if str(pod["metadata"]["name"]) in tasks])
        return {tasks[name]: reason for name, reason in why.items()}

    def _wait(self, task: str, attempt: int) -> None:
        if self._logs is not None:
            self._logs.wait(task, attempt)


def _wanted_rest(failure: MlopsError) -> float:
    """Seconds for which the server wants to be left alone."""
    return float(getattr(getattr(failure, "status", None), "retry_after", 0.0))
