"""A run in the cluster, followed here: the frames that its driver prints become the run's folder.

Nothing that happens to the connection ends this: what is wrong is told while it lasts, and what was missed is noticed.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError, NotFound, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import why_died, why_pending
from jupyter_mlops.kube.failures import Broken, Conflict, Forbidden, Gone, TooMany, Unauthorized, Unreachable
from jupyter_mlops.kube.labels import ATTEMPT, labels, named, selector
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.reason import Reason, condition
from jupyter_mlops.kube.request import lines
from jupyter_mlops.kube.resource import EVENTS, JOBS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.mirror import Frame, Receiver
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import belongs_home
from jupyter_mlops.store.run_state import read_record
from jupyter_mlops.targets.kubernetes.arriving_values import ArrivingValues, seals_of

_LOOK_EVERY_S = 1.0
# A reason for which waiting does not help may still pass: a Secret or a quota that comes a moment later.
_PATIENCE_S = 20.0
# A login that has expired may be renewed; after this long somebody has to be asked.
_LOGIN_S = 30.0
PASSING = (Unreachable, Broken, TooMany, Gone, Conflict)
_UNSEEN = Reason(
    "unseen",
    "It has no pod yet, and your account may not see why: it cannot list events.",
    hint="`jupyter mlops target rbac` prints the rights that are needed; a run with --attached needs the fewest.",
    lasting=True,
)
_BEGUN = ("Running", "Succeeded", "Failed")


class Landing:
    """Where frames of a run arrive: its folder and the store of values. Not for several threads.

    `part`: for who brings but this value, whatever others bring of the run.
    """

    def __init__(self, project: Project, run: str, part: str = "") -> None:
        self.folder = project.run_directory(run)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files, self.values = Receiver(self.folder), ArrivingValues(project, run, part)

    def take(self, frame: Frame) -> None:
        """Write a frame, unless it is of a file that only this side writes."""
        if self.values.takes(frame):
            self.values.take(frame)
        elif not belongs_home(frame.name):
            self.files.take(frame)

    def cut(self, name: str, size: int) -> None:
        """Take away the last byte of a file of the run that has one more than this."""
        self.files.cut(name, size)

    def seals(self) -> dict[str, str]:
        """What the run has recorded of its bundles."""
        return seals_of(self.folder)

    @property
    def complete(self) -> bool:
        """Whether the driver has told of all that it has, and it is here."""
        return self.files.complete()


class Hearing:
    """What is told of the connection to a run's place: why it is not heard of, once for each reason, and "" when that
    is over. For several threads. A login that is not taken any more for a while sets `stop`.
    """

    def __init__(self, run: str, stop: Stop, tell: Callable[[str], None]) -> None:
        self._run, self._stop, self._tell = run, stop, tell
        self._told = ""
        self._refused_since: float | None = None
        self._guard = threading.Lock()

    def failed(self, failure: MlopsError) -> None:
        """Go over a failure of the connection: the run is not concerned."""
        if isinstance(failure, Unauthorized):
            now = time.monotonic()
            since = self._refused_since = now if self._refused_since is None else self._refused_since
            if now - since > _LOGIN_S:
                self._stop.set()
        self.say(f"Not heard of since {time.strftime('%H:%M')}; it goes on in the cluster. {failure.message}")

    def say(self, text: str) -> None:
        """Tell something, or "" that all is well."""
        if not text:
            self._refused_since = None
        with self._guard:
            # The same trouble again is no news, though the minute has changed.
            if (text.partition(". ")[2], bool(text)) != (self._told.partition(". ")[2], bool(self._told)):
                self._told = text
                self._tell(text)

    def refuse_expired_login(self) -> None:
        """Go on unless our login has expired.

        Raises:
            Unauthorized: it has.
        """
        if self._refused_since is not None and time.monotonic() - self._refused_since > _LOGIN_S:
            raise Unauthorized(
                "The cluster does not take your login any more; the run goes on there.",
                hint=f"Log in again, then: jupyter mlops attach {self._run}",
            )


@dataclass
class FollowedJob:
    """A Job of a run, told by its labels `marks`, whose output is read from here until `stop` is set.

    `tell` gets why it does not begin or is not heard of, once for each reason, and "" when that is over.
    When one of its pods has ended, and `enough` says so, no other one is waited for.
    """

    kube: Kube
    run: str
    marks: Mapping[str, str]
    stop: Stop
    tell: Callable[[str], None] = lambda _: None
    enough: Callable[[], bool] = lambda: False
    begun: bool = field(default=False, init=False)
    _read: set[str] = field(default_factory=set, init=False)
    _listed: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._hearing = Hearing(self.run, self.stop, self.tell)

    def lines(self) -> Iterator[bytes]:
        """What its pods print, one after the other, until it has ended.

        Raises:
            Refused: it does not start, and waiting does not help; the message says why. Or our login has expired.
        """
        while pod := self._wait():
            self._read |= self._listed  # the others are older
            for line in follow_log(self.kube, _name(pod), self.stop, trouble=self._hearing.failed):
                self._hearing.say("")
                yield line.data
            if self.enough():
                return
            self._hearing.refuse_expired_login()
        self._hearing.refuse_expired_login()

    def lines_so_far(self) -> Iterator[bytes]:
        """What it has printed up to now."""
        pod = self._pod()
        if pod is not None and pod.get("status", {}).get("phase") in _BEGUN:
            with contextlib.closing(self.kube.log(_name(pod))) as stream:
                yield from lines(stream)

    def ended(self) -> bool:
        """Whether it has ended, or nothing of it is left there.

        Raises:
            MlopsError: the cluster does not say.
        """
        job, pod = self._job(), self._pod()
        if job is None:
            return pod is None or pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        return has_ended(job)

    def worked(self) -> bool:
        """Whether it is known to have ended well."""
        try:
            return condition(self._job(), "Complete") is not None
        except MlopsError:
            return False

    def death(self) -> Reason | None:
        """How it died; None if it did not, or nothing is known of it."""
        try:
            pods = self.kube.list(PODS, labels=selector(self.marks)).items
            return why_died(max(pods, key=_made, default=None), self._job())
        except MlopsError:
            return None

    def _wait(self) -> dict[str, Any] | None:
        """A pod of it that has begun and was not read yet; None if there will be none, or at a stop."""
        hopeless: float | None = None
        while not self.stop.is_set():
            try:
                job, pod = self._job(), self._pod()
                if pod is not None and pod.get("status", {}).get("phase") in _BEGUN:
                    self._hearing.say("")
                    self.begun = True
                    return pod
                if pod is None and (job is None or has_ended(job)):
                    return None
                reason = self._why_not(job, pod)
            except MlopsError as failure:
                self._hearing.failed(failure)
                if not isinstance(failure, (*PASSING, Unauthorized)):
                    raise
                self.stop.wait(2 * _LOOK_EVERY_S)
                continue
            self._hearing.say(f"It waits in the cluster. {reason}" if reason else "")
            if reason is None or not reason.lasting:
                hopeless = None
            elif hopeless is None:
                hopeless = time.monotonic()
            elif time.monotonic() - hopeless > _PATIENCE_S:
                raise Refused(f"The run cannot begin in the cluster: {reason.said}", hint=reason.hint)
            self.stop.wait(_LOOK_EVERY_S)
        return None

    def _job(self) -> dict[str, Any] | None:
        return next(iter(self.kube.list(JOBS, labels=selector(self.marks)).items), None)

    def _pod(self) -> dict[str, Any] | None:
        """The newest, unless it was read; one that is about to go only if there is no other."""
        found = self.kube.list(PODS, labels=selector(self.marks)).items
        self._listed = set(map(_name, found))
        pods = [pod for pod in found if _name(pod) not in self._read]
        return max(pods, key=lambda pod: (not pod["metadata"].get("deletionTimestamp"), _made(pod)), default=None)

    def _why_not(self, job: Mapping[str, Any] | None, pod: Mapping[str, Any] | None) -> Reason | None:
        """Why it has not begun. Asked for once a second at most, and only until it has."""
        names = {_name(item) for item in (job, pod) if item}
        try:
            events = [item for name in names for item in self._events_of(name)]
        except Forbidden:  # who drives runs from here needs no right to them, but without a pod only they say why
            events = []
            if pod is None:
                return _UNSEEN
        return why_pending(pod, job, events, datetime.now(timezone.utc))

    def _events_of(self, name: str) -> list[dict[str, Any]]:
        """Those of one object: a namespace may have thousands."""
        found = self.kube.list(EVENTS, fields=f"involvedObject.name={name}").items
        return [event for event in found if (event.get("involvedObject") or {}).get("name") == name]


def has_ended(job: Mapping[str, Any]) -> bool:
    """Whether a Job is over, in whatever way."""
    return any(condition(job, kind) is not None for kind in ("Complete", "Failed"))


def _name(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _made(pod: Mapping[str, Any]) -> str:
    """When, as text that sorts by time."""
    return str(pod["metadata"].get("creationTimestamp") or "")


def newest_driver(jobs: Iterable[Mapping[str, Any]]) -> int:
    """The number of the last one of a run's drivers, by their Jobs; 0 if there are none. Earlier ones may be gone."""
    return max((int(text) for job in jobs if (text := named(job, ATTEMPT)).isdecimal()), default=0)


def of_driver(run: str, number: int) -> dict[str, str]:
    """The labels of a run's driver."""
    return labels("driver", run=run, attempt=number)


def bring_home(driver: FollowedJob, landing: Landing) -> None:
    """Take what a driver prints until it has ended, or all has come.

    Raises:
        Refused: as `FollowedJob.lines`.
    """
    landing.files.begin()
    driver.enough = lambda: landing.complete and run_is_over(landing.folder)
    for line in driver.lines():
        if driver.stop.is_set():  # somebody else may bring the run home now
            return
        frame = Frame.from_line(line)
        if frame is not None:
            landing.take(frame)


def run_is_over(folder: Path) -> bool:
    """Whether the events that came home say so."""
    try:
        return read_record(folder).over
    except NotFound:
        return False
