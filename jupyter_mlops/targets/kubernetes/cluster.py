"""The target `kubernetes`, as it is seen from a laptop: a place that drives whole runs, which are followed here."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import Conflict, MlopsError, NotFound, Refused, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent
from jupyter_mlops.kube.kubeconfig import connect
from jupyter_mlops.kube.own_pod import own_image
from jupyter_mlops.kube.resource import CONFIG_MAPS, PVCS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import bringing_home, change_remote
from jupyter_mlops.store.run_ids import new_run_id, run_ids
from jupyter_mlops.targets.base import Capabilities, Capability, Sweep
from jupyter_mlops.targets.kubernetes.at_home import RunAtHome, Teller
from jupyter_mlops.targets.kubernetes.attached import drive_attached, is_attached, resume_attached
from jupyter_mlops.targets.kubernetes.courier import Couriers, Order
from jupyter_mlops.targets.kubernetes.following import Landing
from jupyter_mlops.targets.kubernetes.homeward import Homeward
from jupyter_mlops.targets.kubernetes.places import RunPlace, step_job
from jupyter_mlops.targets.kubernetes.settings import read_settings, setting_names
from jupyter_mlops.targets.kubernetes.shared_results import Offer, remember_run, useful_there
from jupyter_mlops.targets.kubernetes.submit import (
    Asked,
    anchor_name,
    ask_to_stop,
    bare,
    courier_place,
    drive_again,
    ended_drivers,
    home_mark,
    submit,
)
from jupyter_mlops.targets.kubernetes.sweep import Wanted, leftovers
from jupyter_mlops.targets.kubernetes.unknown_run import run_there

_YOUNG_S = 24 * 3600.0
_LOOK_EVERY_S = 0.2
_LAST_WORDS_S = 5.0


class KubernetesCluster:
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
        self._settings = read_settings({**settings, "image": settings.get("image") or own_image()})
        self._attached = _is_true(attached)
        connection = connect(context)
        if server and connection.server != server:
            connection.transport.close()
            raise Refused(
                f"The context {connection.context} leads to {connection.server} now, and the run is in {server}.",
                hint="Choose the kubeconfig that it was started with, in the variable KUBECONFIG.",
            )
        self._kube = Kube(connection.transport, namespace or connection.namespace)
        there = {"context": connection.context, "namespace": self._kube.namespace, "server": connection.server}
        self._given = {**settings, "image": self._settings.image, **there}

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
        run = options.run or new_run_id()
        home = RunAtHome(project, run)
        home.folder.mkdir(parents=True, exist_ok=True)
        with bringing_home(home.folder):  # before the run says where it is: else another one could come first
            home.reserve(self.name, self._given)
            offer = self._offer(project, run, plan, options)
            asked = Asked(options.experiment, options.parallel, project.root, options.final, offer=offer)
            try:
                submit(self._kube, plan, run, self._settings, asked)
            except BaseException:
                home.drop_if_empty()
                raise
            home.create(plan, self.name, options.experiment)
            return self._bring(home, options, Teller(home.folder, options.listeners))

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Have another driver go on with the run, and follow it here.

        Raises:
            Conflict: a driver of the run is at work.
            NotFound: nothing is left of the run in the namespace.
        """
        if self._attached or options.attached or is_attached(project, run):
            return resume_attached(self._kube, run, project, options, self._settings)
        home = RunAtHome(project, run)
        with bringing_home(home.folder) as mine:
            if not mine:
                raise Conflict(
                    f"Another process here follows the run {run}.", hint="End that one first, or cancel the run."
                )
            teller = Teller(home.folder, options.listeners, from_now=True)
            try:
                driver = drive_again(self._kube, run, over=home.over)
            except Absent as error:
                said = f"Nothing is left of the run {run} in the cluster."
                raise NotFound(said, hint="Run the notebook again.") from error
            change_remote(home.folder, driver=driver, state="live", complete=False)
            home.tell("")
            return self._bring(home, options, teller)

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
        full = run_there(self._kube, run)
        RunAtHome(project.ensure(), full).reserve(self.name, self._given)
        return full

    def catch_up(self, run: str, project: Project, *, thorough: bool = True) -> None:
        """Bring home what there is by now, unless somebody else does that. Not `thorough`: only what comes at once."""
        home = RunAtHome(project, run)
        with bringing_home(home.folder) as mine:
            if mine:
                self._homeward(home, Stop()).catch_up(thorough=thorough)

    def fetch(self, run: str, digest: str, project: Project) -> Path:
        """Bring a value of the run into the store here, and give its file.

        Raises:
            WorkFailed: it is not there any more, or is not what the run has recorded.
        """
        landing = Landing(project, run)
        landing.values.settle(landing.seals())
        if not project.artifacts.exists(digest):
            self._couriers(run, Stop()).fetch(digest, landing)
            landing.values.clear()
            if self._settings.share_cache:
                remember_run(project, run)
        return project.artifacts.path(digest)

    def forget(self, run: str) -> None:
        """Remove all that the run has there: its folder on the volume, what only it needed, and its objects.

        Raises:
            Conflict: a driver of it is at work.
        """
        ended_drivers(self._kube, run, over=True)
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
        if self._has_volume():
            # A run on the volume without an anchor is nobody's; one that was just made may get its anchor late.
            told = {"keep": list(found.kept), "age": asked.older_than or _YOUNG_S, "dry_run": asked.dry_run}
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

    def _has_volume(self) -> bool:
        try:
            self._kube.get(PVCS, self._settings.claim)
        except Absent:
            return False
        return True

    def cancel(self, run: str) -> None:
        """Ask the driver of a run to stop it cleanly; one that has not begun never will."""
        ask_to_stop(self._kube, run, by="user")

    def close(self) -> None:
        """Free the connection; runs go on."""
        self._kube.transport.close()

    def _offer(self, project: Project, run: str, plan: Plan, options: RunOptions) -> Offer | None:
        """What of the cache here the run takes along."""
        if options.final or not self._settings.share_cache:
            return None
        return useful_there(project, run, plan, self._settings, self._given)

    def _homeward(self, home: RunAtHome, stop: Stop) -> Homeward:
        shares = self._settings.share_cache
        return Homeward(home, self._kube, lambda: self._couriers(home.run, stop), stop, shares)

    def _couriers(self, run: str, stop: Stop) -> Couriers:
        owner: dict[str, Any] = {}
        if run:
            with contextlib.suppress(Absent):
                owner = bare(self._kube.get(CONFIG_MAPS, anchor_name(run)))
        return Couriers(self._kube, courier_place(self._kube, run, self._settings, owner), stop)

    def _bring(self, home: RunAtHome, options: RunOptions, teller: Teller) -> Path:
        """Bring a run home in a thread, and tell of it in this one."""
        stop, faults = Stop(), []

        def bring() -> None:
            try:
                self._homeward(home, stop).to_the_end()
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


def _is_true(said: object) -> bool:
    """The setting `attached`."""
    if said not in (True, False, "true", "false"):
        raise Usage(f"The setting attached of the target kubernetes cannot be {said!r}.", hint="Write true or false.")
    return said in (True, "true")
