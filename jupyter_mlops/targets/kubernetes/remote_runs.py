"""What targets share whose runs go on in a namespace when nobody here looks: following them from any process, catching
up with them, bringing their values, and removing all that is left of them.
"""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, MlopsError, NotFound, Refused
from jupyter_mlops.kube.access import Connection
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent
from jupyter_mlops.kube.resource import CONFIG_MAPS, PVCS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import bringing_home, change_remote, read_remote
from jupyter_mlops.store.run_ids import new_run_id, run_ids
from jupyter_mlops.targets.base import Sweep
from jupyter_mlops.targets.kubernetes.arriving_values import bringing_value
from jupyter_mlops.targets.kubernetes.at_home import RunAtHome, Teller
from jupyter_mlops.targets.kubernetes.courier import Couriers, Order
from jupyter_mlops.targets.kubernetes.following import Landing
from jupyter_mlops.targets.kubernetes.own_volume import VolumeGone, refuse_other_volume
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
from jupyter_mlops.targets.kubernetes.submit import anchor_name, courier_place, home_mark
from jupyter_mlops.targets.kubernetes.sweep import Wanted, leftovers

_YOUNG_S = 24 * 3600.0
_LOOK_EVERY_S = 0.2
_LAST_WORDS_S = 5.0


class WayHome(Protocol):
    """Brings one run home, for who holds the run's `bringing_home`."""

    def to_the_end(self) -> None:
        """Follow the run until it is over and all of it is here, or it is told to stop."""
        ...

    def catch_up(self, *, thorough: bool) -> None:
        """Bring home what there is by now. Not `thorough`: only what comes at once."""
        ...


class RemoteRuns(ABC):
    """Runs in a namespace, known here by what their folders say. `given` are the settings to open the target again.

    Subclasses say how a run is heard of, asked to stop, found, and whether it is at work.
    """

    name = ""

    def __init__(self, kube: Kube, settings: ClusterSettings, given: Mapping[str, Any]) -> None:
        self._kube, self._settings, self._given = kube, settings, given

    @abstractmethod
    def cancel(self, run: str) -> None:
        """Ask for a run to stop.

        Raises:
            NotFound: nothing is left of it there.
        """

    @abstractmethod
    def _way_home(self, home: RunAtHome, stop: Stop) -> WayHome:
        """Whoever brings the run home."""

    @abstractmethod
    def _refuse_at_work(self, run: str) -> None:
        """Go on only if nothing drives a run that is known to be over.

        Raises:
            Conflict: something does.
        """

    @abstractmethod
    def _full_id(self, run: str) -> str:
        """The id of a run of the namespace that this target can follow, of which `run` is a part.

        Raises:
            NotFound, Usage: no run fits, or several do.
        """

    def attach(self, run: str, project: Project, options: RunOptions) -> Path:
        """Follow a run that goes on there to its end, whoever has started it; all its events are told from the first.

        Raises:
            Refused, WorkFailed: as `drive`.
        """
        home = RunAtHome(project, run)
        teller, asked = Teller(home.folder, options.listeners), False
        while True:
            with bringing_home(home.folder) as mine:
                if mine:
                    return self._bring(home, options, teller)
            wanted = teller.look() or options.stop.is_set()
            if wanted and not asked:
                asked = self._ask_to_stop(home)
            if home.settled:
                teller.look()
                return home.folder
            threading.Event().wait(_LOOK_EVERY_S)

    def find(self, run: str, project: Project) -> str:
        """The full id of a run there that the project knows nothing of; from now on it does."""
        full = self._full_id(run)
        RunAtHome(project.ensure(), full).reserve(self.name, self._given)
        return full

    def catch_up(self, run: str, project: Project, *, thorough: bool = True) -> None:
        """Bring home what there is by now, unless somebody else does that. Not `thorough`: only what comes at once."""
        home = RunAtHome(project, run)
        with bringing_home(home.folder) as mine:
            if mine:
                self._way_home(home, Stop()).catch_up(thorough=thorough)

    def fetch(self, run: str, digest: str, project: Project) -> Path:
        """Bring a value of the run into the store here, and give its file.

        Raises:
            WorkFailed: it is not there any more, or is not what the run has recorded.
            VolumeGone: the run's volume is not there any more.
        """
        landing = Landing(project, run, digest)
        with bringing_home(landing.folder) as mine:
            if mine:  # what has arrived before the run had told of it
                Landing(project, run).values.settle(landing.seals())
        with bringing_value(project, run, digest):
            landing.values.settle(landing.seals())
            if not project.artifacts.exists(digest):
                self._couriers(run, Stop()).fetch(digest, landing)
            landing.values.clear()
        return project.artifacts.path(digest)

    def forget(self, run: str) -> None:
        """Remove all that the run has there: its folder on the volume, what only it needed, and its objects.

        Raises:
            Conflict: it is at work.
        """
        self._refuse_at_work(run)
        with contextlib.suppress(VolumeGone):  # and all that the run had there with it
            self._couriers(run, Stop()).go(Order(run, remove=(run,)), lambda _: None)
        self.drop(run)

    def drop(self, run: str) -> None:
        """Remove the anchor of the run, and with it all objects that the run has in the namespace."""
        self._kube.delete(CONFIG_MAPS, anchor_name(run))

    def sweep(self, project: Project, asked: Sweep) -> dict[str, Any]:
        """Remove, or list, what left-over runs have in the namespace and on the volume."""
        known, now = frozenset(run_ids(project)), datetime.now(timezone.utc)
        wanted = Wanted(home_mark(project.root), known, now, asked.older_than, asked.everyone)
        found = leftovers(self._kube, wanted)
        volume: dict[str, Any] = {}
        if self._has_store():
            # A run on the volume without an anchor is nobody's; one that was just made may get its anchor late.
            told = {"keep": list(found.kept), "age": asked.older_than or _YOUNG_S, "dry_run": asked.dry_run}
            told["everyone"] = asked.everyone and asked.older_than is not None
            volume = self._couriers("", Stop()).go(Order(sweep=told), lambda _: None).get("sweep") or {}
            if found.runs and not asked.dry_run:
                self._couriers("", Stop()).go(Order(remove=found.runs), lambda _: None)
        if not asked.dry_run:
            for run in found.runs:
                self.drop(run)
            for kind, name in found.objects:
                self._kube.delete(kind, name)
        return {
            "runs": list(found.runs),
            "objects": [f"{kind.kind}/{name}" for kind, name in found.objects],
            "folders": list(volume.get("runs", ())),
            "bytes": int(volume.get("bytes", 0)),
            "dry_run": asked.dry_run,
        }

    def close(self) -> None:
        """Free the connection; runs go on."""
        self._kube.transport.close()

    def _has_store(self) -> bool:
        if self._settings.storage:
            return True
        try:
            self._kube.get(PVCS, self._settings.claim)
        except Absent:
            return False
        return True

    def _couriers(self, run: str, stop: Stop) -> Couriers:
        self._look_at_volume(run)
        return Couriers(self._kube, courier_place(self._kube, run, self._settings), stop)

    def _look_at_volume(self, run: str) -> None:
        """Go on unless the volume that the run ("": none) has had is not there any more.

        Raises:
            VolumeGone: so it is.
        """
        if run:
            anchor: dict[str, Any] = {}
            with contextlib.suppress(Absent):
                anchor = self._kube.get(CONFIG_MAPS, anchor_name(run))
            refuse_other_volume(self._kube, run, "" if self._settings.at_url else self._settings.claim, anchor)

    def _begin(self, plan: Plan, project: Project, options: RunOptions, submit: Callable[[str], object]) -> Path:
        """Have a new run made there by `submit`, which gets its id, and bring it home to its end."""
        run = options.run or new_run_id()
        home = RunAtHome(project, run)
        home.folder.mkdir(parents=True, exist_ok=True)
        with bringing_home(home.folder):  # before the run says where it is: else another one could come first
            home.reserve(self.name, self._given)
            try:
                submit(run)
            except BaseException:
                home.drop_if_empty()
                raise
            home.create(plan, self.name, options.experiment)
            return self._bring(home, options, Teller(home.folder, options.listeners))

    def _go_on(self, run: str, project: Project, options: RunOptions, again: Callable[[RunAtHome], int]) -> Path:
        """Have something else there go on with a run, made by `again`, which gives its number, and bring it home.

        Raises:
            Conflict: somebody here follows the run.
            NotFound: nothing is left of it in the namespace, or its volume is another one.
        """
        home = RunAtHome(project, run)
        with bringing_home(home.folder) as mine:
            if not mine:
                said = f"The run {run} is followed by another process here: it goes on."
                raise Conflict(said, hint="End that one first, or cancel the run.")
            self._look_at_volume(run)
            teller = Teller(home.folder, options.listeners, from_now=True)
            try:
                number = again(home)
            except Absent as error:
                said = f"Nothing is left of the run {run} in the cluster."
                raise NotFound(said, hint="Run the notebook again.") from error
            if read_remote(home.folder) is None:  # an earlier version wrote nothing down
                home.reserve(self.name, self._given)
            change_remote(home.folder, driver=number, state="live", complete=False)
            home.tell("")
            return self._bring(home, options, teller)

    def _bring(self, home: RunAtHome, options: RunOptions, teller: Teller) -> Path:
        """Bring a run home in a thread, and tell of it in this one."""
        stop, faults = Stop(), []

        def bring() -> None:
            try:
                self._way_home(home, stop).to_the_end()
            except Exception as error:  # noqa: BLE001 whoever waits for this thread must hear of it
                faults.append(error)

        thread = threading.Thread(target=bring, name="mlops-follow", daemon=True)
        thread.start()
        wanted = asked = over = False
        try:
            while not over:
                thread.join(_LOOK_EVERY_S)
                over = not thread.is_alive()
                # Whoever asks for it in another process writes so into the run's folder here.
                wanted = teller.look() or wanted or options.stop.is_set()
                if wanted and not asked:
                    asked = self._ask_to_stop(home)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"It goes on in the cluster: `jupyter mlops attach {home.run}` follows it."
            ) from None
        finally:
            stop.set()
            thread.join(_LAST_WORDS_S)  # it writes into the folder that somebody else may bring home next
            home.close()
        if faults:
            raise faults[0]
        return home.folder

    def _ask_to_stop(self, home: RunAtHome) -> bool:
        """Whether it was asked; while the cluster does not answer, it will be asked again."""
        try:
            home.want_stop()
            self.cancel(home.run)
        except NotFound:
            return True
        except MlopsError as failure:
            home.tell(f"It cannot be stopped yet. {failure.message}")
            return False
        return True


def refuse_moved(connection: Connection, server: str) -> None:
    """Go on only if a context leads to the `server` that it led to when a run began ("": to any).

    Raises:
        Refused: it leads to another one; the connection is closed then.
    """
    if server and connection.server != server:
        connection.transport.close()
        raise Refused(
            f"The context {connection.context} leads to {connection.server} now, and the run is in {server}.",
            hint="Choose the kubeconfig that it was started with, in the variable KUBECONFIG.",
        )
