"""Follow the log of a container to its end, over lost connections, without losing or repeating a line.

Lines are asked for with their time. After a break they are asked for again from shortly before the last one; those that
were told already are recognised by time and content. For the output of a container is not strictly ordered by time, and
the server's `sinceTime` knows whole seconds only.
"""

from __future__ import annotations

import calendar
import re
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube, LogRequest
from jupyter_mlops.kube.failures import Absent, Broken, Forbidden, Invalid, Unauthorized, Unreachable, clean
from jupyter_mlops.kube.pace import Backoff, Pace
from jupyter_mlops.kube.request import lines
from jupyter_mlops.kube.resource import PODS
from jupyter_mlops.kube.stop import Stop

__all__ = ["LogLine", "follow_log"]

OVERLAP_S = 2
"""How far back to ask again, in whole seconds: more than two writers of one container can be apart."""
_TIME = re.compile(rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$")

_NEVER = ("container name must be specified", "is not valid for pod")


@dataclass(frozen=True)
class LogLine:
    """One line as the container wrote it, with its end if it had one; `time` as the node wrote it, RFC 3339."""

    time: str
    data: bytes


@dataclass(frozen=True)
class _Life:
    """What a pod says of a container: whether there will be no more of it, and how often it has been started again."""

    ended: bool
    restarts: int


def follow_log(
    kube: Kube,
    pod: str,
    stop: Stop,
    *,
    container: str = "",
    trouble: Callable[[MlopsError], None] = lambda _: None,
    pace: Pace | None = None,
) -> Iterator[LogLine]:
    """Every line of a container, from its first, until it has ended for good, its pod is gone, or `stop` is set.

    Waits while the container has not started. `trouble` is called with every failure that is gone over.

    Raises:
        MlopsError: we may not read logs there, are not logged in, or the pod has no such container.
    """
    pace = pace or Pace(most=5.0)
    follower = _Follower(kube, pod, LogRequest(container, follow=True, timestamps=True), stop, trouble)
    backoff, restarts = Backoff(pace), 0
    while not stop.is_set():
        for line in follower.once():
            backoff.reset()
            yield line
        after = follower.life()
        if after is None or (after.ended and after.restarts == restarts):
            yield from follower.rest()
            return
        if after.restarts > restarts:
            # What the one before wrote after we lost it; of those before that the cluster keeps nothing.
            yield from follower.rest(previous=True)
            restarts = after.restarts
        else:
            stop.wait(backoff.next(follower.retry_after))


class _Follower:
    """Reads one container's log again and again, and tells each line once."""

    def __init__(
        self, kube: Kube, pod: str, wanted: LogRequest, stop: Stop, trouble: Callable[[MlopsError], None]
    ) -> None:
        self._kube, self._pod, self._wanted, self._stop, self._trouble = kube, pod, wanted, stop, trouble
        self._seen = _Seen()
        self._last_life: _Life | None = None
        self.told = False
        self.retry_after = 0.0

    def once(self) -> Iterator[LogLine]:
        """The new lines of one connection; a failure ends it, unless it can never go well."""
        yield from self._read(replace(self._wanted, since=self._seen.since), keep_torn=False)

    def rest(self, *, previous: bool = False) -> Iterator[LogLine]:
        """What is there now and was not told yet, the last line too when it has no end."""
        yield from self._read(
            replace(self._wanted, since=self._seen.since, follow=False, previous=previous), keep_torn=True
        )

    def life(self) -> _Life | None:
        """How the container is; None when its pod is gone. While nobody answers it is as it was."""
        try:
            found = _life_of(self._kube.get(PODS, self._pod), self._wanted.container)
        except Absent:
            return None
        except MlopsError as failure:
            self._pass(failure)
            return self._last_life or _Life(ended=False, restarts=0)
        self._last_life = found
        return found

    def _read(self, wanted: LogRequest, *, keep_torn: bool) -> Iterator[LogLine]:
        self._seen.again()
        self.retry_after = 0.0
        stream = self._kube.log_of(self._pod, wanted)
        try:
            with closing(stream), self._stop.ends(stream.close):
                for line in lines(stream):
                    found = _split(line) if line.endswith(b"\n") or keep_torn else None
                    if found is not None and not found.time:
                        # The node itself writes into the answer when a log file is gone; it gives no time.
                        self._trouble(Broken(f"A part of the log is lost: {clean(line.decode(errors='replace'))}."))
                    elif found is not None and self._seen.is_new(line):
                        self.told = True
                        yield found
        except Absent:
            return
        except Invalid as failure:
            # Not started yet, unless there is no such container at all.
            if any(text in failure.message for text in _NEVER):
                raise
        except MlopsError as failure:
            # A container may be silent for as long as it likes.
            if not isinstance(failure.__cause__, socket.timeout):
                self._pass(failure)
        except ValueError as fault:
            self._pass(Unreachable(f"The log cannot be read: {fault}.", sent=True))

    def _pass(self, failure: MlopsError) -> None:
        if isinstance(failure, (Forbidden, Unauthorized)) and not self.told:
            raise failure
        status = getattr(failure, "status", None)
        self.retry_after = getattr(status, "retry_after", 0.0)
        self._trouble(failure)


class _Seen:
    """The lines of the last seconds, told before: as often as each came."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int]] = deque()
        self._counts: Counter[int] = Counter()
        self._expected: Counter[int] = Counter()
        self._latest = 0

    @property
    def since(self) -> str:
        """From when to ask again; empty for the beginning."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._latest - OVERLAP_S)) if self._latest else ""

    def again(self) -> None:
        """A new connection: what was told may come once more."""
        self._expected = Counter(self._counts)

    def is_new(self, line: bytes) -> bool:
        """Whether the line was not told yet; then it counts as told."""
        line = line.rstrip(b"\n")
        key = hash(line)
        if self._expected and self._expected[key] > 0:
            self._expected[key] -= 1
            return False
        second = _second_of(line.partition(b" ")[0])
        self._latest = max(self._latest, second)
        self._recent.append((second, key))
        self._counts[key] += 1
        while self._recent[0][0] < self._latest - OVERLAP_S:
            _, old = self._recent.popleft()
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
        return True


def _split(line: bytes) -> LogLine:
    stamp, _, data = line.partition(b" ")
    return LogLine(stamp.decode("ascii", "replace"), data) if _TIME.match(stamp) else LogLine("", line)


def _second_of(stamp: bytes) -> int:
    """Seconds since 1970 of a time in RFC 3339; 0 of anything else."""
    found = _TIME.match(stamp)
    if not found:
        return 0
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    sign, hours, minutes = found.groups()[6:]
    offset = 0 if sign is None else (int(hours) * 60 + int(minutes)) * (60 if sign == b"+" else -60)
    return calendar.timegm((year, month, day, hour, minute, second)) - offset


def _life_of(pod: dict[str, Any], container: str) -> _Life:
    """From the pod's status. A pod that will not start its container again has ended with it."""
    status = pod.get("status")
    status = status if isinstance(status, dict) else {}
    over = status.get("phase") in {"Succeeded", "Failed"}
    for found in _statuses(status):
        if not container or found.get("name") == container:
            state, count = found.get("state"), found.get("restartCount")
            terminated = isinstance(state, dict) and isinstance(state.get("terminated"), dict)
            restarts = count if isinstance(count, int) else 0
            return _Life(over or (terminated and _never_again(pod, state)), restarts)
    return _Life(over, 0)


def _never_again(pod: dict[str, Any], state: Any) -> bool:
    spec = pod.get("spec")
    policy = spec.get("restartPolicy") if isinstance(spec, dict) else None
    return policy == "Never" or (policy == "OnFailure" and state["terminated"].get("exitCode") == 0)


def _statuses(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in ("containerStatuses", "initContainerStatuses"):
        found = status.get(kind)
        yield from (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()
