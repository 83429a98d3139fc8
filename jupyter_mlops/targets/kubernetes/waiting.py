"""Why attempts wait: told from what is watched, with the namespace's events read only while one waits for long."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.explain import Reason, why_pending
from jupyter_mlops.kube.reason import part, text
from jupyter_mlops.kube.resource import EVENTS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.targets.kubernetes.pod_attempt import PodAttempt
from jupyter_mlops.targets.kubernetes.settings import PATIENCE_S
from jupyter_mlops.targets.kubernetes.sightings import Sightings

# Most pods begin within this; of others a person wants to know why not.
SOON_S = 2.0
_LOOK_EVERY_S = 1.0
# The next one that waits is often near: to begin to listen costs a list of all events of the namespace.
_LISTEN_FOR_S = 30.0
_PER_OBJECT = 20


class Waiting:
    """Looks after attempts that have not begun. `look` is for one thread.

    What is found is reported as lines `task.waiting`. A reason that waiting does not mend refuses the attempt after
    `patience` seconds.
    """

    def __init__(self, kube: Kube, patience: float = PATIENCE_S, sightings: Sightings | None = None) -> None:
        self._patience = patience
        self._sightings = sightings or Sightings()
        self._events = _Events(kube)

    def look(self, attempts: Sequence[PodAttempt], now: float, tell: Callable[[PodAttempt], None]) -> None:
        """Call this a few times a second with all attempts; `tell` is called where the reason changed."""
        late = [item for item in attempts if item.waiting and now - item.started > SOON_S]
        waits = any(item.made for item in late)
        self._events.listen([item.name for item in attempts if item.waiting], now, waits=waits)
        for item in late:
            if now - item.looked < _LOOK_EVERY_S:
                continue
            item.looked = now
            if item.made:
                happened = self._events.of(item)
                for event in happened:
                    self._sightings.event(item.attempt.directory, event)
                self._judge(item, why(item, happened), now, tell)
        for item in attempts:
            if item.waits is not None and item.runs:
                item.waits = None
                tell(item)

    def close(self) -> None:
        """Stop listening."""
        self._events.close()

    def _judge(self, item: PodAttempt, found: Reason | None, now: float, tell: Callable[[PodAttempt], None]) -> None:
        if found is None or not found.lasting:
            item.lasting = 0.0
        elif not item.lasting:
            item.lasting = now
        elif now - item.lasting > self._patience:
            item.refused = found
        before, item.waits = item.waits, found
        if _words(before) != _words(found):
            tell(item)


def why(item: PodAttempt, happened: Iterable[Mapping[str, Any]]) -> Reason | None:
    """Why the attempt has not begun."""
    return why_pending(item.pod or None, item.job or None, happened, datetime.now(timezone.utc))


def line(item: PodAttempt) -> dict[str, Any]:
    """What is reported: the reason why it waits, or that it waits no more."""
    if item.waits is None:
        return {"type": "task.waiting"}
    found = item.waits
    return {
        "type": "task.waiting",
        "reason": found.said,
        "hint": found.hint,
        "code": found.code,
        "lasting": found.lasting,
    }


def _words(reason: Reason | None) -> tuple[str, str]:
    """What is worth telling again: a wait that has become longer is not."""
    if reason is None:
        return "", ""
    return reason.code, "" if reason.code in ("slow", "image_pulling", "node_silent") else reason.said


class _Events:
    """Events of the namespace about Jobs of ours and their pods, kept while somebody wants them or just did."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._guard = threading.Lock()
        self._known: dict[str, deque[dict[str, Any]]] = {}
        self._names: frozenset[str] = frozenset()
        self._stop: Stop | None = None
        self._wanted = 0.0
        self._denied = False

    def listen(self, names: Iterable[str], now: float, *, waits: bool) -> None:
        """Take what is said of the Jobs of these `names`, if one of them `waits` for long or did so a moment ago."""
        with self._guard:
            before, self._names = self._names, frozenset(names)
            self._wanted = now if waits else self._wanted
            if waits and self._stop is None and not self._denied:
                self._stop = Stop()
                threading.Thread(target=self._listen, args=(self._stop,), name="mlops-why", daemon=True).start()
            elif self._stop is not None and now - self._wanted > _LISTEN_FOR_S:
                self._end()
            elif before - self._names:
                self._known = {name: known for name, known in self._known.items() if self._is_ours(name)}

    def close(self) -> None:
        """Listen no more."""
        with self._guard:
            self._end()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None
        self._known.clear()

    def of(self, item: PodAttempt) -> list[dict[str, Any]]:
        """Those of the attempt's Job, and of its pod."""
        pod = text(part(item.pod, "metadata"), "name")
        with self._guard:
            return [event for name in (item.name, pod) if name for event in self._known.get(name, ())]

    def _listen(self, stop: Stop) -> None:
        try:
            for change in changes_of(self._kube, Selection(EVENTS), stop):
                if change.kind in ("added", "modified"):
                    self._take(change.object, stop)
        except MlopsError:  # the account may not read events: pods tell most reasons themselves
            self._denied = True

    def _take(self, event: dict[str, Any], stop: Stop) -> None:
        about = part(event, "involvedObject")
        name = text(about, "name")
        with self._guard:
            if self._stop is not stop:
                return
            if self._is_ours(name):
                self._known.setdefault(name, deque(maxlen=_PER_OBJECT)).append(event)

    def _is_ours(self, name: str) -> bool:
        # The name of a pod is that of its Job, perhaps cut, with a few letters behind it.
        begins = name.rpartition("-")[0]
        if name in self._names or begins in self._names:
            return True
        return bool(begins) and any(job.startswith(begins) for job in self._names)
