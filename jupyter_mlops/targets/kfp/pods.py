"""Logs of the pods of a run, into the folders of its attempts: lines as they are, files that a pod prints as files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.errors import MlopsError, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_pending
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.resource import EVENTS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.runtime.kfp_frames import BEGIN, END, NAMES
from jupyter_mlops.store.mirror import Frame, Receiver
from jupyter_mlops.targets.attending import has_begun

OF_RUN = "pipeline/runid"
_AT_ONCE = 32
_WAIT_S = 30.0
_BEFORE = 1 << 20  # bytes that are kept of what comes before the task's own lines


class AttemptReader:
    """Takes what the pod of one attempt prints. Kubeflow's own lines, before and after, are kept only if the task never
    began: then they say why.
    """

    def __init__(self, receiver: Receiver, guard: threading.Lock, folder: str) -> None:
        self._receiver, self._guard, self._folder = receiver, guard, folder
        self._before: list[bytes] | None = []
        self._kept = self._at = 0
        self._over = False
        self._empty = b""

    def take(self, line: bytes) -> None:
        """Write a line where it belongs."""
        if self._over or line == END:
            self._over = True
        elif line == BEGIN:
            self._before = None
        elif (frame := Frame.from_line(line)) is not None:
            if frame.name in NAMES:
                with self._guard:
                    self._receiver.take(replace(frame, name=f"{self._folder}/{frame.name}"))
        elif self._before is None:
            self._write(line)
        elif self._kept < _BEFORE:
            self._kept += len(line)
            self._before.append(line)

    def close(self) -> None:
        """There will be no more."""
        for line in self._before or ():
            self._write(line)

    def _write(self, line: bytes) -> None:
        # An empty line ends the log before the files; what is printed is kept with those inside.
        if line == b"\n":
            self._empty += line
            return
        data = self._empty + (line if line.endswith(b"\n") else line + b"\n")
        self._empty = b""
        with self._guard:
            self._receiver.take(Frame(f"{self._folder}/log", self._at, data))
        self._at += len(data)


class PodLogs:
    """Reads the logs of a run's pods, each in a thread of its own. That they cannot be seen is no failure."""

    def __init__(self, kube: Kube, run: str, folder: Path, stop: Stop, tell: Callable[[str], None]) -> None:
        """`run` is its id there, `tell` is told once why there are no logs."""
        self._kube, self._run, self._stop, self._tell = kube, run, stop, tell
        self._receiver, self._guard = Receiver(folder), threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mlops-kfp")
        self._reading: dict[str, Future[None]] = {}
        self._told = False

    def pods(self) -> list[Mapping[str, Any]]:
        """The pods of the run that are there."""
        if self._told:
            return []
        try:
            return list(self._kube.list(PODS, labels=f"{OF_RUN}={self._run}").items)
        except Refused as failure:
            self._say(failure)
        except MlopsError:  # the next look may go well
            pass
        return []

    def waits(self, pods: Sequence[Mapping[str, Any]]) -> dict[str, Reason | None]:
        """Why pods do not begin, by their names; None: no reason is known, or it has begun."""
        waiting = [pod for pod in pods if not has_begun(pod)]
        events = self._events() if waiting else []
        found: dict[str, Reason | None] = {str(pod["metadata"]["name"]): None for pod in pods}
        for pod in waiting:
            name = str(pod["metadata"]["name"])
            mine = [event for event in events if (event.get("involvedObject") or {}).get("name") == name]
            found[name] = why_pending(pod, None, mine, datetime.now(UTC))
        return found

    def read(self, pod: Mapping[str, Any], task: str, attempt: int, *, follow: bool) -> None:
        """Read a pod's log from now on, once it has begun; without `follow` only if it has ended."""
        name = str(pod["metadata"]["name"])
        ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        folder = attempt_folder(task, attempt)
        if folder not in self._reading and has_begun(pod) and (follow or ended):
            self._reading[folder] = self._pool.submit(self._read, name, folder)

    def wait(self, task: str, attempt: int) -> None:
        """Wait until all that the attempt has printed is here, for a while."""
        future = self._reading.get(attempt_folder(task, attempt))
        if future is not None:
            try:
                future.result(_WAIT_S)
            except Late:
                return

    def close(self) -> None:
        """Let go of the threads: those that still read end with `stop`."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, pod: str, folder: str) -> None:
        reader = AttemptReader(self._receiver, self._guard, folder)
        try:
            for line in follow_log(self._kube, pod, self._stop, container="main"):
                reader.take(line.data)
        except (MlopsError, OSError, ValueError) as failure:
            self._say(failure)
        finally:
            if not self._stop.is_set():
                reader.close()

    def _events(self) -> list[Mapping[str, Any]]:
        try:
            return list(self._kube.list(EVENTS).items)
        except MlopsError:  # not to be seen by everyone: the pod's own state says most of it
            return []

    def _say(self, failure: Exception) -> None:
        if not self._told:
            self._told = True
            said = failure.message if isinstance(failure, MlopsError) else str(failure)
            self._tell(f"Logs do not come home. {said}")
