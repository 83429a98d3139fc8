"""Is this cluster and namespace fit to run pipelines? Only read, in at most 5 s; what may not be seen is unknown."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.doctor_checks import CHECKS, Place, version
from jupyter_mlops.kube.doctor_finding import Answers, Finding, Forbidden, NoAnswer, State

__all__ = ["Answer", "Ask", "Finding", "Place", "doctor"]

LIMIT = 5.0


class Answer(Protocol):
    """A whole answer: HTTP status, headers with names in lower case, and bytes."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    @property
    def body(self) -> bytes:
        """The bytes."""
        ...


Ask = Callable[[str, str, "Mapping[str, Any] | None"], Answer]
"""Asks the API server: method, path with its query, body. Called from many threads; raises `MlopsError`."""


def doctor(ask: Ask, place: Place, limit: float = LIMIT, clock: Callable[[], float] = time.time) -> list[Finding]:
    """Run every check; at most `limit` seconds, and what did not answer until then is unknown.

    Nothing raises, and nothing is changed on the cluster. Without a connection only that is found.
    """
    ends = time.monotonic() + limit
    answers = _Asking(ask, clock)
    (connection,) = _together({"connection": partial(version, answers, place)}, ends)
    if connection[0].state != "ok":
        return connection
    tasks = {name: partial(check, answers, place) for name, check in CHECKS.items()}
    return [*connection, *(finding for findings in _together(tasks, ends) for finding in findings)]


@dataclass
class _Asking(Answers):
    ask: Ask
    clock: Callable[[], float]
    seen: dict[str, Any] = field(default_factory=dict)

    def read(self, path: str) -> Mapping[str, Any]:
        return self._object(path, self.ask("GET", path, None))

    def review(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._object(path, self.ask("POST", path, body))

    def _object(self, path: str, answer: Answer) -> Mapping[str, Any]:
        if answer.headers.get("date"):
            self.seen.setdefault("date", (answer.headers["date"], self.clock()))
        if answer.status == 403:
            raise Forbidden(path)
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        if answer.status >= 400 or not isinstance(found, Mapping):
            said = found.get("message") if isinstance(found, Mapping) else None
            raise NoAnswer(answer.status, said if isinstance(said, str) else "")
        return found


def _together(tasks: Mapping[str, Callable[[], Iterable[Finding]]], ends: float) -> Iterator[list[Finding]]:
    """What each task found, in their order; those that are not done at `ends` (monotonic) are unknown.

    The threads are daemons: one that waits for a silent server keeps no one from leaving.
    """
    done: queue.SimpleQueue[tuple[str, list[Finding]]] = queue.SimpleQueue()
    for name, task in tasks.items():
        threading.Thread(target=_work, args=(name, task, done), name=f"doctor {name}", daemon=True).start()
    found: dict[str, list[Finding]] = {}
    while len(found) < len(tasks):
        try:
            name, findings = done.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        found[name] = findings
    late = "The API server did not answer in time."
    return (found.get(name) or [Finding(name, "unknown", late, "Try again.")] for name in tasks)


def _work(name: str, task: Callable[[], Iterable[Finding]], done: queue.SimpleQueue[tuple[str, list[Finding]]]) -> None:
    done.put((name, _found(name, task)))


def _found(name: str, task: Callable[[], Iterable[Finding]]) -> list[Finding]:
    failed: State = "failed" if name == "connection" else "unknown"
    findings: list[Finding] = []
    try:
        findings.extend(task())
    except Forbidden:
        hint = "`jupyter mlops target rbac` prints the rights."
        findings.append(Finding(name, "unknown", "You may not see it here.", hint))
    except NoAnswer as error:
        findings.append(Finding(name, failed, error.said))
    except MlopsError as error:
        findings.append(Finding(name, failed, error.message, error.hint))
    return findings
