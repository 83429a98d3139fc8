"""The target `kubernetes` for an engine that cannot see the volume: each attempt is told by ConfigMaps what to do, and
its log brings its folder here.

A pod is listened to once, while it runs; at most `follows` at a time. Those that end before their turn are read then.
No request is made again and again: one watch tells of all pods.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.keeping import LOGGED
from jupyter_mlops.engine.target import Attempt, StopReason
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.labels import ATTEMPT, TASK, labels, named, owned, selector
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.runtime.task import LOG, RESULT
from jupyter_mlops.store.mirror import Frame, Receiver
from jupyter_mlops.targets.attempt_files import EventTail
from jupyter_mlops.targets.kubernetes.making import Made
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace, StepName, told_step_job
from jupyter_mlops.targets.kubernetes.pod_attempt import LOST_AFTER_S, PodAttempt
from jupyter_mlops.targets.kubernetes.settings import PATIENCE_S
from jupyter_mlops.targets.kubernetes.target import SLOTS, KubernetesTarget
from jupyter_mlops.targets.kubernetes.told_step import END, StepOrder, order_maps

_LOST = "\n[A part of what this step printed is lost: the node had removed it before it could be read.]\n"
FOLLOWS = 24
ENDS = 8


class AttachedTarget(KubernetesTarget):
    """Runs attempts as Jobs, driven from here. `volume` names the volume that values stay on, `store` is where pods
    have it, `follows` how many logs are read at the same time.
    """

    follows = FOLLOWS

    def __init__(
        self,
        kube: Kube,
        place: RunPlace,
        volume: str,
        *,
        slots: int = SLOTS,
        store: str = STORE,
        patience: float = PATIENCE_S,
    ) -> None:
        self._volume, self._store = volume, store
        self._orders: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self._readers: dict[str, Future[None]] = {}
        self._follows = ThreadPoolExecutor(max_workers=self.follows, thread_name_prefix="mlops-log")
        self._ends = ThreadPoolExecutor(max_workers=ENDS, thread_name_prefix="mlops-end")
        super().__init__(kube, place, slots=slots, patience=patience)

    def close(self) -> None:
        """Stop what still runs and free everything."""
        super().close()
        for pool in (self._follows, self._ends):
            pool.shutdown(wait=True, cancel_futures=True)

    def _job(self, attempt: Attempt) -> dict[str, Any]:
        told = attempt.spec
        folder = f"{self._store}/.jupyter_mlops/runs/{told.run}/{attempt_folder(told.task, told.attempt)}"
        there = replace(told, directory=folder)
        given = StepOrder(there, self._store, str(attempt.directory), self._volume)
        if self._place.storage:
            given = replace(given, storage=self._place.storage, work=self._place.work, began=time.time())
        order = given.to_bundle()
        run, number = self._place.run, str(told.attempt)
        maps = order_maps(order, dns_name("mlops", run[-8:], "order", told.task, number), run)
        names = tuple(body["metadata"]["name"] for body in maps)
        name = StepName(told.task, told.step, told.attempt)
        self._orders[attempt.id] = tuple(owned(body, self._place.owner) for body in maps)
        return told_step_job(self._place, name, attempt.options, names, order.digest)

    def _tail(self, attempt: Attempt) -> EventTail:
        return _ArrivingTail(attempt.directory)

    def stop(self, attempt: str, reason: StopReason) -> None:
        """End an attempt. What it says at its end can be read only as long as its pod is there."""
        with self._guard:
            if (running := self._running.get(attempt)) is not None:
                self._listen_now(running)
        super().stop(attempt, reason)

    def _create(self, running: PodAttempt) -> None:
        orders = self._orders.get(running.attempt.id, ())
        for at, body in enumerate(orders):
            refused = self._send(body)
            if refused is not None:
                self._orders[running.attempt.id] = orders[:at]  # those that are to go at the end
                with self._guard:
                    running.hear_made(Made(refused=refused), time.monotonic())
                return
        super()._create(running)

    def _send(self, body: Mapping[str, Any]) -> Reason | None:
        """Put a part of an order into the cluster; why it cannot be."""
        name = str(body["metadata"]["name"])
        try:
            try:
                self._kube.create(CONFIG_MAPS, body)
            except AlreadyThere:  # as its Job is tried again, unless it is somebody else's
                if self._kube.get(CONFIG_MAPS, name).get("binaryData") != body["binaryData"]:
                    said = f"There is another ConfigMap of the name {name}, which is not of this run."
                    hint = f"See what it is (`kubectl describe configmap {name}`), and remove it."
                    return Reason("name_taken", said, hint)
        except MlopsError as error:
            return Reason("not_made", f"Its order could not be sent: {error.message}", error.hint)
        return None

    def _has_arrived(self, running: PodAttempt, now: float, over_since: float) -> bool:
        """Listen to a pod that has begun; one that has ended need not wait until others have."""
        known = self._readers.get(running.attempt.id)
        if known is None and running.runs:
            pool = self._ends if over_since else self._follows
            known = self._readers[running.attempt.id] = pool.submit(self._listen, running)
        if not over_since:
            return False
        if known is not None and not known.done():
            self._listen_now(running)
            given_up = running.stopped is not None or running.refused is not None
            return given_up and now - over_since > LOST_AFTER_S
        if isinstance(running.tail, _ArrivingTail):
            running.tail.is_all = True
        orders = self._orders.pop(running.attempt.id, ())
        if orders:
            with contextlib.suppress(RuntimeError):  # it is closed: they go with the run
                self._calls.submit(self._forget, orders)
        return True

    def _listen_now(self, running: PodAttempt) -> None:
        """Do not wait any longer until other logs have ended."""
        known = self._readers.get(running.attempt.id)
        if known is not None and known.cancel():
            self._readers[running.attempt.id] = self._ends.submit(self._listen, running)

    def _listen(self, running: PodAttempt) -> None:
        try:
            bring(self._kube, str(running.pod["metadata"]["name"]), running.attempt.directory, self._stop)
        except (MlopsError, OSError) as error:
            running.refused = Reason("not_brought", f"What it left could not be brought here: {error}")

    def _forget(self, orders: Sequence[Mapping[str, Any]]) -> None:
        for body in orders:
            with contextlib.suppress(MlopsError):  # it goes with the run
                self._kube.delete(CONFIG_MAPS, body["metadata"]["name"])


class _ArrivingTail(EventTail):
    """Gives a line that tells of a logged file only when the file is here, too, or nothing more will come."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "events.jsonl")
        self._files = directory / LOGGED
        self._held: list[Mapping[str, Any]] = []
        self.is_all = False

    def read(self) -> tuple[Mapping[str, Any], ...]:
        """What can be told since the last call."""
        self._held += super().read()
        missing = (at for at, line in enumerate(self._held) if not self.is_all and self._waits(line))
        end = next(missing, len(self._held))
        told, self._held = self._held[:end], self._held[end:]
        return tuple(told)

    def _waits(self, line: Mapping[str, Any]) -> bool:
        return line.get("type") == "artifact" and not (self._files / str(line.get("digest"))).exists()


def bring(kube: Kube, pod: str, directory: Path, stop: Stop, heard: Callable[[], None] = lambda: None) -> None:
    """Write what a step prints in its pod into the attempt's folder here, until its end or until `stop` is set.

    Raises:
        MlopsError: its log may not be read.
        OSError: the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    receiver = Receiver(directory)
    for line in follow_log(kube, pod, stop):
        frame = Frame.from_line(line.data)
        if frame is not None:
            receiver.take(frame)
            heard()
        elif _is_end(line.data):
            break
    if receiver.lost and not stop.is_set():
        with (directory / LOG).open("a", encoding="utf-8") as log:
            log.write(_LOST)


def bring_ended(kube: Kube, run: str, folder: Path) -> None:
    """Bring home what steps left whose pods have ended while nobody listened."""
    for pod in kube.list(PODS, labels=selector(labels("step", run=run))).items:
        task, attempt = named(pod, TASK), named(pod, ATTEMPT)
        if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed") or not attempt.isdecimal():
            continue
        directory = folder / attempt_folder(task, int(attempt))
        # What this run has never begun is none of its own.
        if directory.is_dir() and not (directory / RESULT).exists():
            bring(kube, str(pod["metadata"]["name"]), directory, Stop())


def _is_end(line: bytes) -> bool:
    try:
        return bool(json.loads(line) == END)
    except (ValueError, RecursionError):
        return False
