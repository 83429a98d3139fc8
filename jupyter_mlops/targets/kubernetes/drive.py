"""The engine in a pod: it drives a run on the volume, and prints the run's folder as frames for who watches."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from jupyter_mlops.engine.run import Finished, RunOptions, resume_run, start_run
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.in_cluster import in_cluster
from jupyter_mlops.kube.lease import Lease
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.patience import Patient
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.mirror import Frame, Sender
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes.adopting import owner_of
from jupyter_mlops.targets.kubernetes.arrival import send_ahead
from jupyter_mlops.targets.kubernetes.arriving_values import SmallValues
from jupyter_mlops.targets.kubernetes.attached_journal import AttachedJournal
from jupyter_mlops.targets.kubernetes.attached_target import AttachedTarget, bring_ended
from jupyter_mlops.targets.kubernetes.claims import volume_of
from jupyter_mlops.targets.kubernetes.delivery import travels
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace
from jupyter_mlops.targets.kubernetes.settings import PATIENCE_S
from jupyter_mlops.targets.kubernetes.shared_results import noting_logged
from jupyter_mlops.targets.kubernetes.target import SLOTS, KubernetesTarget
from jupyter_mlops.targets.kubernetes.unpacking import unpack, working_place
from jupyter_mlops.targets.kubernetes.workplace import close, reopen

_LOOK_EVERY_S = 0.3
# An API server that is upgraded is away for a minute; runs outlive that.
_PATIENCE_S = 300.0


# In the run's folder, once the files that it took along are in the storage.
_SENT = "sent"
# As shells say it of a process that SIGTERM ended; and what says "another one does it".
_TAKEN_AWAY, _REPLACED = 143, 75
# Made by Kubernetes; what does not run there has none.
_LAST_WORDS = "/dev/termination-log"


class _TakenAway(BaseException):
    """The pod of this driver has to go. Its run is not canceled: the next driver goes on with it."""


def drive(order_path: str) -> int:
    """Drive the run that the order describes; 0 if it succeeded."""
    order = json.loads(Path(order_path).read_text(encoding="utf-8"))
    place = RunPlace.from_data(order["place"])
    stop = Stop()
    try:
        project = Project(Path(STORE), confined=True).ensure()
        connection = in_cluster()
        kube = Kube(Patient(connection.transport, _PATIENCE_S), connection.namespace)
        place = replace(place, owner=owner_of(kube, place.owner, place.run))
        signal.signal(signal.SIGTERM, _leave)
        mirrored = _mirrored(project, place.run, sys.stdout)
        with mirrored, _cancelable(kube, order["anchor"], stop), _alone(kube, place, stop):
            finished = _drive(order, place, project, kube, stop)
    except MlopsError as error:
        _say_last(str(error))
        return error.exit_code
    except _TakenAway:
        sys.stderr.write("The driver was asked to end: the run is not over, another driver goes on with it.\n")
        return _TAKEN_AWAY
    return int(finished.state.outcome != "succeeded")


def _drive(order: Mapping[str, Any], place: RunPlace, project: Project, kube: Kube, stop: Stop) -> Finished:
    # Runs tell whose they are: here that is who has submitted them.
    os.environ.update({"LOGNAME": order["user"]} if order.get("user") else {})
    options = RunOptions(
        parallel=order["parallel"],
        run=place.run,
        experiment=order["experiment"],
        stop=stop,
        final=order.get("final") is True,
        listeners=(noting_logged(project, place.run),),
    )
    folder = working_place(order)
    patience = float(order.get("patience", PATIENCE_S))
    target, options = _target(order, place, kube, patience, options)
    try:
        if read_run(project.run_directory(place.run)).events:
            reopen(folder)
            if place.storage:  # what steps left whose pods ended meanwhile is in their logs alone
                bring_ended(kube, place.run, project.run_directory(place.run))
            finished = resume_run(place.run, project, target, options)
        else:
            plan = unpack(order, place, kube)
            if place.storage and order.get("carries") is True and not (folder / _SENT).exists():
                send_ahead(kube, place, stop, patience)
                (folder / _SENT).touch()
            finished = start_run(plan, project, target, options)
    finally:
        target.close()
    close(folder, finished.state.outcome)
    return finished


def _target(
    order: Mapping[str, Any], place: RunPlace, kube: Kube, patience: float, options: RunOptions
) -> tuple[KubernetesTarget, RunOptions]:
    """What runs the steps. Where values are at a URL, this pod does not see them: it knows them as a laptop does."""
    slots = order["parallel"] or SLOTS
    if place.storage is None:
        return KubernetesTarget(kube, place, slots=slots, patience=patience), options
    volume = volume_of(kube.namespace, {}, place.storage.url)
    journal = functools.partial(AttachedJournal, place=place, volume=volume)
    target = AttachedTarget(kube, place, volume, slots=slots, patience=patience)
    return target, replace(options, journal=journal)


def _say_last(sentence: str) -> None:
    """Where the cluster looks for why a container ended; its output is full of other things."""
    sys.stderr.write(f"{sentence}\n")
    with suppress(OSError), open(os.open(_LAST_WORDS, os.O_WRONLY), "w", encoding="utf-8") as file:
        file.write(sentence)


def _leave(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _TakenAway


@contextmanager
def _alone(kube: Kube, place: RunPlace, stop: Stop) -> Iterator[None]:
    """While inside, no other driver drives the run: one that finds that another does ends at once, without a trace.

    Raises:
        Conflict: another one does.
    """
    pod = os.environ.get("HOSTNAME") or socket.gethostname()
    lease = Lease(kube, dns_name("mlops", place.run[-8:], "lease", place.run), pod, _end_at_once)
    if not lease.take(place.run, place.owner, stop) and not stop.is_set():
        sys.stderr.write("The driver may not change ConfigMaps: nothing keeps a second one from driving this run.\n")
    try:
        yield
    finally:
        lease.release()


def _end_at_once(other: str) -> None:
    """Whatever this process wrote from now on would contradict what the other one writes."""
    sys.stderr.write(f"The run is driven by the pod {other} now.\n")
    sys.stderr.flush()
    os._exit(_REPLACED)


@contextmanager
def _mirrored(project: Project, run: str, out: TextIO) -> Iterator[None]:
    """While inside, and once more at the end, what is new in the run's folder is printed, and its small values.

    Large values stay in the cluster, and come home on demand. Last comes what was sent in all.
    """
    sender, done = Sender(project.run_directory(run), travels), threading.Event()
    values = SmallValues(project, run)

    def tell(last: Iterable[Frame] = (), *, closely: bool = False) -> None:
        out.writelines(frame.to_line() + "\n" for frame in chain(sender.look(closely=closely), values.look(), last))
        out.flush()

    def follow() -> None:
        while not done.wait(_LOOK_EVERY_S):
            with suppress(OSError):  # the next look may go well
                tell()

    thread = threading.Thread(target=follow, name="mlops-mirror", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        tell(sender.manifest(), closely=True)


@contextmanager
def _cancelable(kube: Kube, anchor: str, stop: Stop) -> Iterator[None]:
    """While inside, a word in the run's anchor stops the run."""
    over = Stop()

    def listen() -> None:
        chosen = Selection(CONFIG_MAPS, fields=f"metadata.name={anchor}")
        for change in changes_of(kube, chosen, over):
            if (change.object.get("data") or {}).get("cancel"):
                stop.set()

    threading.Thread(target=listen, name="mlops-cancel", daemon=True).start()
    try:
        yield
    finally:
        over.set()
