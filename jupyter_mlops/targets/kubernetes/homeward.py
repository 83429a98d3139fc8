"""A run on its way home: from its driver while there is one to hear, from the volume for what was not heard."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_mlops.errors import MlopsError, Refused, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Forbidden, Invalid, Unauthorized
from jupyter_mlops.kube.labels import labels, selector
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.mirror import Frame
from jupyter_mlops.store.remote import RemoteRun, change_remote, read_remote
from jupyter_mlops.targets.kubernetes.at_home import RunAtHome
from jupyter_mlops.targets.kubernetes.courier import Couriers
from jupyter_mlops.targets.kubernetes.following import FollowedJob, Landing, bring_home, newest_driver, of_driver
from jupyter_mlops.targets.kubernetes.own_volume import VolumeGone
from jupyter_mlops.targets.kubernetes.shared_results import remember_run
from jupyter_mlops.targets.kubernetes.submit import anchor_name

_CANCELED = "It was stopped before it began."


@dataclass
class Homecoming:
    """The last part of a run's way home, for who holds its `bringing_home`: what was not heard comes with couriers,
    which are made when they are needed. With `shares` the results that it has made are in the cache here then.
    """

    home: RunAtHome
    kube: Kube
    couriers: Callable[[], Couriers]
    stop: Stop
    shares: bool = False

    def conclude(self, landing: Landing, *, begun: bool, insists: bool = True) -> bool:
        """What made the run is gone: fetch what it has not told, and write down that there will be no more.

        `begun`: somebody has seen it begin. Who does not insist sends no courier where one has just failed. The answer
        is whether all is here.
        """
        landing.values.settle(landing.seals())
        if not landing.complete and self._is_worth_a_courier(begun=begun):
            if not insists and self.remote().failed_lately:
                return False
            try:
                self.couriers().bring(landing)
                landing.values.settle(landing.seals())
            except VolumeGone as gone:
                self._lose_the_rest(gone)
            except MlopsError as failure:
                # Something is still in the cluster, where the run is not said to be over yet.
                said = f"Not all of it came home; `jupyter mlops attach` tries again. {failure.message}"
                self.home.tell(said)
                change_remote(self.home.folder, state="ended", missing=said, tried=time.time())
                return False
        landing.values.clear()
        change_remote(self.home.folder, state="ended", complete=True, missing="", tried=0.0)
        if self.shares:
            remember_run(self.home.project, self.home.run)
        if not self.home.over and self.home.canceled_before_it_began:
            self.home.finish("canceled", _CANCELED)
        return True

    def _lose_the_rest(self, gone: VolumeGone) -> None:
        """What was not heard of the run never will be."""
        said = f"What had not come home by now is lost. {gone.message}"
        self.home.tell(said) if self.home.over else self.home.finish("failed", said)

    def _is_worth_a_courier(self, *, begun: bool) -> bool:
        """What nobody has seen begin, and was stopped before, has left nothing."""
        return begun or self.home.began or not self.home.canceled_before_it_began

    def remote(self) -> RemoteRun:
        """Where the run is.

        Raises:
            WorkFailed: its folder does not say so.
        """
        found = read_remote(self.home.folder)
        if found is None:
            raise WorkFailed(f"The run {self.home.run} does not say where it is driven.")
        return found


@dataclass
class Homeward(Homecoming):
    """Brings one run home from its driver, for who holds the run's `bringing_home`."""

    def to_the_end(self) -> None:
        """Follow the run until it is over and all of it is here, or `stop` is set.

        Raises:
            Refused: the driver does not start, and waiting does not help: nothing is left of a run that never began.
            WorkFailed: the driver died before the run was over.
        """
        driver, landing = self._driver(), Landing(self.home.project, self.home.run)
        try:
            bring_home(driver, landing)
        except (Forbidden, Invalid, Unauthorized):  # a request of ours was refused: the run is not concerned
            raise
        except Refused as refused:
            self._give_up(driver)
            self.home.finish("failed", str(refused))
            raise
        if not self.stop.is_set():
            self.conclude(landing, begun=driver.begun)
            if not self.home.over:
                raise self._death(driver)

    def catch_up(self, *, thorough: bool) -> None:
        """Bring home what there is by now. Not `thorough`: only what comes at once, no Job is made for it."""
        remote = self.remote()
        if remote.complete:
            return
        driver, landing = self._driver(), Landing(self.home.project, self.home.run)
        landing.files.begin()
        for line in driver.lines_so_far():
            frame = Frame.from_line(line)
            if frame is not None:
                landing.take(frame)
        if (landing.complete and self.home.over) or driver.ended():
            if landing.complete or thorough:
                self.conclude(landing, begun=driver.begun, insists=False)
            elif self.home.over:
                change_remote(self.home.folder, state="ended")
            self.home.drop_if_empty()  # whoever made it died before it was made there

    def _give_up(self, driver: FollowedJob) -> None:
        """Remove a driver that cannot begin; what a driver before it has done stays, so that it can be retried."""
        if not self.home.began:
            self.kube.delete(CONFIG_MAPS, anchor_name(self.home.run))
            return
        for job in self.kube.list(JOBS, labels=selector(driver.marks)).items:
            self.kube.delete(JOBS, str(job["metadata"]["name"]))

    def _death(self, driver: FollowedJob) -> WorkFailed:
        died = driver.death()
        how = f": {died.said}" if died else "."
        return WorkFailed(
            f"The driver of the run {self.home.run} ended before the run was over{how}",
            hint=f"Go on with it: jupyter mlops retry {self.home.run}",
        )

    def _driver(self) -> FollowedJob:
        number = self.remote().driver
        with contextlib.suppress(MlopsError):  # who has started another one may have died before that was written down
            jobs = self.kube.list(JOBS, labels=selector(labels("driver", run=self.home.run))).items
            newest = newest_driver(jobs)
            if newest > number:
                number = newest
                change_remote(self.home.folder, driver=number, state="live", complete=False)
        marks = of_driver(self.home.run, number)
        return FollowedJob(self.kube, self.home.run, marks, self.stop, self.home.tell)
