"""Clusters whose steps are no processes: their pods run until a test ends them, and leave the result of an empty step.

So many of them cost nothing, and what is asked of the API server can be counted.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from jupyter_mlops.runtime.spec import TaskResult, TaskSpec
from jupyter_mlops.runtime.task import RESULT
from jupyter_mlops.store.mirror import Sender
from jupyter_mlops.targets.kubernetes.told_step import END
from tests.small_cluster import SmallCluster
from tests.told_cluster import ToldCluster
from tests.volume_cluster import VolumeCluster

DONE = TaskResult("succeeded", 0.1).to_json()


class IdlePods(SmallCluster):
    """`running` are the pods of steps that run now."""

    running: dict[str, dict[str, Any]]

    def finish(self) -> None:
        """End all of them well."""
        with self._guard:
            ended, self.running = self.running, {}
            for pod in ended.values():
                self._leave_result(pod)
                states = [{"name": "main", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]
                pod["status"] = {"phase": "Succeeded", "containerStatuses": states}
                self._told("pods", "MODIFIED", pod)
                self._job_over(pod)

    def counted(self) -> Counter[str]:
        """What was asked of the API server since the last call: METHOD kind, and what of it."""
        with self._guard:
            asked, self.asked = self.asked, []
        return Counter(f"{one.method} {_what(one)}" for one in asked)

    def _run(self, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        pod["status"] = {"phase": "Running"}
        self._prepare(pod)
        self._put("pods", pod, "MODIFIED" if ("pods", name) in self.objects else "ADDED")
        self.running[name] = pod

    def _prepare(self, pod: dict[str, Any]) -> None:
        """Before it is said to run."""

    def _leave_result(self, pod: dict[str, Any]) -> None:
        raise NotImplementedError


class IdleVolumeCluster(IdlePods, VolumeCluster):
    """With drivers, in threads; results are on the volume."""

    def __init__(self, code: Path, volume: Path) -> None:
        super().__init__(code, volume)
        self.running = {}

    def _leave_result(self, pod: dict[str, Any]) -> None:
        [container] = pod["spec"]["containers"]
        spec = TaskSpec.from_json(Path(self._arguments(pod, container)[-1]).read_text())
        Path(spec.directory, RESULT).write_text(DONE)


class IdleToldCluster(IdlePods, ToldCluster):
    """For engines elsewhere; results are in the logs of pods."""

    def __init__(self, code: Path, folder: Path) -> None:
        super().__init__(code, folder)
        self.running = {}

    def close(self) -> None:
        self._processes.clear()  # type: ignore[attr-defined]
        super().close()

    def _prepare(self, pod: dict[str, Any]) -> None:
        Path(self._stdout_of(pod)).touch()
        self._processes[pod["metadata"]["name"]] = _NoProcess()  # type: ignore[assignment]

    def _leave_result(self, pod: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, RESULT).write_text(DONE)
            lines = [frame.to_line() for frame in Sender(Path(folder)).look()]
        Path(self._stdout_of(pod)).write_text("".join(f"{line}\n" for line in [*lines, json.dumps(END)]))
        self._processes[pod["metadata"]["name"]].over.set()  # type: ignore[attr-defined]


class _NoProcess:
    """What a log asks whether there will be more of it."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def poll(self) -> int | None:
        return 0 if self.over.is_set() else None


def _what(request: Any) -> str:
    """The kind, and how: one of them, a list of many, those of one object, a watch, a log."""
    parts = request.path.partition("/namespaces/")[2].split("/")[1:]
    if parts[-1] == "log":
        return "log"
    if request.query.get("watch"):
        return f"{parts[0]} watch"
    if request.method == "GET" and len(parts) == 1:
        return f"{parts[0]} {'of one' if request.query.get('fieldSelector') else 'list'}"
    return parts[0]
