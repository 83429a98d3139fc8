"""What is seen of an attempt's pods and of what the cluster says about them, kept in the attempt's folder.

Pods and events of a cluster go after an hour; `cluster.jsonl` stays with the run. A line is `{"at", "kind", ...}`, of
kind "pod" (as it was at that moment) or "event" (later lines of the same `id` replace earlier ones).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Forbidden
from jupyter_mlops.kube.reason import condition, containers, number, part, parts, text, when
from jupyter_mlops.kube.resource import EVENTS
from jupyter_mlops.runtime.plain_files import append_line

SIGHTINGS = "cluster.jsonl"
# Lines of one attempt; a pod that is started again for days does not fill the volume.
MOST = 1000
# What is asked for comes together: a server reads all events of the namespace for each list of some of them.
ASK_EVERY_S = 3.0
# For more pods than this the events of all pods there are less to read.
_FEW = 4


class Sightings:
    """Writes what is seen, each state once. From any thread; a volume that is full or gone keeps nobody from work."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._denied = False
        self._told: dict[tuple[Path, str], str] = {}
        self._lines: dict[Path, int] = {}
        self._asked: dict[str, tuple[str, Path]] = {}
        self._ended: set[Path] = set()
        self._ask_at: float | None = None

    def pod(self, directory: Path, pod: Mapping[str, Any]) -> None:
        """Keep what a pod of the attempt is now."""
        seen = seen_of_pod(pod)
        if seen["pod"]:
            self._write(directory, f"pod {seen['pod']}", seen)

    def event(self, directory: Path, event: Mapping[str, Any]) -> None:
        """Keep what the cluster says of the attempt's pod or Job."""
        seen = seen_of_event(event)
        if seen["reason"] or seen["message"]:
            self._write(directory, f"event {seen['id']}", seen)

    def want(self, directory: Path, kind: str, name: str, now: float) -> None:
        """Keep what the cluster says of this object of the attempt, as soon as `ask` is called."""
        with self._guard:
            self._asked[name] = kind, directory
            self._ask_at = now + ASK_EVERY_S if self._ask_at is None else self._ask_at

    def is_due(self, now: float) -> bool:
        """Whether something has been wanted for a while; who asks this calls `ask`."""
        with self._guard:
            if self._ask_at is None or self._ask_at > now:
                return False
            self._ask_at = None
            return True

    def ask(self, kube: Kube) -> None:
        """Keep what the cluster says of all that is wanted; nothing where it may not be asked."""
        with self._guard:
            asked, self._asked = self._asked, {}
            ended, self._ended = self._ended, set()
        with contextlib.suppress(MlopsError):
            for event in self._happened(kube, asked):
                _, directory = asked.get(text(part(event, "involvedObject"), "name"), ("", None))
                if directory is not None:
                    self.event(directory, event)
        for directory in ended:
            self._drop(directory)

    def forget(self, directory: Path) -> None:
        """Nothing more will be seen of this attempt but what is still wanted."""
        with self._guard:
            if any(directory == wanted for _, wanted in self._asked.values()):
                self._ended.add(directory)
                return
        self._drop(directory)

    def _happened(self, kube: Kube, asked: Mapping[str, tuple[str, Path]]) -> Iterator[dict[str, Any]]:
        """Events about objects of these names, and perhaps about others."""
        names: dict[str, list[str]] = {}
        for name, (kind, _) in asked.items() if not self._denied else ():
            names.setdefault(kind, []).append(name)
        try:
            for kind, some in names.items():
                one_by_one = [f"involvedObject.name={name}" for name in some]
                for fields in one_by_one if len(some) <= _FEW else (f"involvedObject.kind={kind}",):
                    yield from kube.list(EVENTS, fields=fields).items
        except Forbidden:
            self._denied = True

    def _drop(self, directory: Path) -> None:
        with self._guard:
            self._told = {key: told for key, told in self._told.items() if key[0] != directory}
            self._lines.pop(directory, None)

    def _write(self, directory: Path, about: str, seen: Mapping[str, Any]) -> None:
        told = json.dumps(seen, sort_keys=True)
        with self._guard:
            count = self._lines.get(directory, 0)
            if self._told.get((directory, about)) == told or count >= MOST:
                return
            self._told[(directory, about)] = told
            self._lines[directory] = count + 1
        with contextlib.suppress(OSError):
            append_line(directory / SIGHTINGS, {"at": time.time(), **seen})


def seen_of_pod(pod: Mapping[str, Any]) -> dict[str, Any]:
    """A pod in a few words: where it is, what it does, why it does not; and what its container asks for."""
    status, container = part(pod, "status"), next(parts(pod, "spec", "containers"), {})
    state, detail = _container_state(pod)
    exit_code = number(detail, "exitCode") if state == "terminated" else None
    return {
        "kind": "pod",
        "pod": text(part(pod, "metadata"), "name"),
        "node": text(part(pod, "spec"), "nodeName"),
        "phase": text(status, "phase"),
        "state": state,
        "reason": text(status, "reason") or text(detail, "reason") or _unscheduled(pod, "reason"),
        "message": text(status, "message") or text(detail, "message") or _unscheduled(pod, "message"),
        "restarts": sum(number(item, "restartCount") or 0 for item in parts(status, "containerStatuses")),
        "exit_code": exit_code,
        "image": text(container, "image"),
        "requests": _amounts(part(container, "resources", "requests")),
        "limits": _amounts(part(container, "resources", "limits")),
    }


def seen_of_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event in a few words; `first` and `last` are seconds since the epoch, None where it does not say."""
    series = part(event, "series")
    first, last = when(event, "firstTimestamp"), when(event, "lastTimestamp")
    begun, again = when(event, "eventTime"), when(series, "lastObservedTime")
    beginning, end = first or begun, again or last or begun or first
    return {
        "kind": "event",
        "id": text(part(event, "metadata"), "name"),
        "object": text(part(event, "involvedObject"), "kind"),
        "name": text(part(event, "involvedObject"), "name"),
        "type": text(event, "type"),
        "reason": text(event, "reason"),
        "message": text(event, "message"),
        "count": number(series, "count") or number(event, "count") or 1,
        "first": beginning.timestamp() if beginning else None,
        "last": end.timestamp() if end else None,
    }


def _container_state(pod: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The state of the first container that has one, with its detail: what keeps it from running comes first."""
    for state in ("waiting", "terminated", "running"):
        for status, detail in containers(pod, state):
            done = state == "terminated" and detail.get("exitCode") == 0 and _is_first(pod, status)
            if not done:
                return state, detail
    return "", {}


def _is_first(pod: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Whether it is a container that only prepares: that it is done says nothing of the pod."""
    return any(item.get("name") == status.get("name") for item in parts(pod, "spec", "initContainers"))


def _unscheduled(pod: Mapping[str, Any], key: str) -> str:
    return text(condition(pod, "PodScheduled", "False") or {}, key)


def _amounts(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): str(amount) for name, amount in list(found.items())[:20] if isinstance(amount, (str, int, float))
    }
