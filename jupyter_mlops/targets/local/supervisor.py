"""The thread that looks after running attempts: passes on what they report, keeps limits, stops them, tells the end."""

from __future__ import annotations

import contextlib
import functools
import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason
from jupyter_mlops.targets.attempt_files import EventTail, read_result
from jupyter_mlops.targets.local import limits, outcome, process_tree
from jupyter_mlops.targets.local.launch import Exited, Launch, Message, Started
from jupyter_mlops.targets.local.launchers import Launchers
from jupyter_mlops.targets.local.zygote import Launcher, ProcessKey

TICK_S = 0.05
GRACE_S = 5.0
SHUTDOWN_S = 1.0


@dataclass(frozen=True)
class Start:
    """An attempt and how to start it. `memory` is its limit in bytes (0: none), `modules` what it will import."""

    attempt: Attempt
    report: Callable[[Report], None]
    key: ProcessKey
    launch: Launch
    modules: tuple[str, ...] = ()
    memory: int = 0


@dataclass
class _Running:
    start: Start
    tail: EventTail
    around: outcome.Circumstances
    pid: int = 0
    # Signals that are still to come, and when the next one does.
    escalation: list[tuple[float, int]] = field(default_factory=list)


class Supervisor:
    """Owns all state of running attempts in one thread; its methods may be called from any, and return at once."""

    def __init__(self, make: Callable[[ProcessKey, Tell], Launcher], *, memory: int, grace: float = GRACE_S) -> None:
        self._launchers = Launchers(lambda key: make(key, self._heard))
        self._memory = memory
        self._grace = grace
        self._running: dict[str, _Running] = {}
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._next_tick = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="mlops-local-target", daemon=True)
        self._thread.start()

    def warm(self, key: ProcessKey, modules: tuple[str, ...]) -> None:
        """Start a process that imports ahead, before there is an attempt."""
        self._inbox.put(functools.partial(self._warm, key, modules))

    def start(self, start: Start) -> None:
        """Begin an attempt; whatever happens, its report gets one outcome."""
        self._inbox.put(functools.partial(self._start, start))

    def stop(self, id: str, reason: StopReason) -> None:
        """Interrupt an attempt, then terminate, then kill it and its descendants, `grace` seconds apart.

        A shutdown does not wait that long: it begins with SIGTERM and ends a second later.
        """
        self._inbox.put(functools.partial(self._stop, id, reason))

    def close(self) -> None:
        """Stop everything and wait for it."""
        self._inbox.put(self._close)
        self._thread.join()

    def _heard(self, launcher: Launcher, message: Message) -> None:
        self._inbox.put(functools.partial(self._on_message, launcher, message))

    # Below here: the supervisor's own thread.

    def _serve(self) -> None:
        while not (self._closed and not self._running):
            with contextlib.suppress(queue.Empty):
                self._inbox.get(timeout=self._patience())()
            if self._running and time.monotonic() >= self._next_tick:
                self._tick()
        self._launchers.close()

    def _patience(self) -> float | None:
        return max(0.0, self._next_tick - time.monotonic()) if self._running else None

    def _warm(self, key: ProcessKey, modules: tuple[str, ...]) -> None:
        with contextlib.suppress(OSError):  # the first attempt will say so
            self._launchers.warm(key, modules)

    def _start(self, start: Start) -> None:
        attempt = start.attempt
        around = outcome.Circumstances(limit=start.memory, memory=self._memory, oom_kills=outcome.oom_kills())
        running = _Running(start, EventTail(attempt.directory / "events.jsonl"), around)
        self._running[attempt.id] = running
        try:
            self._launchers.launch(start.key, start.launch, start.modules)
        except OSError as error:
            self._end(
                running, Outcome("failed", reason=f"no process could be started with {start.key.python}: {error}")
            )

    def _stop(self, id: str, reason: StopReason) -> None:
        running = self._running.get(id)
        if running is None or (running.around.stopped is not None and reason != "shutdown"):
            return
        running.around = replace(running.around, stopped=running.around.stopped or reason)
        running.escalation = _escalation(time.monotonic(), self._grace, reason)
        self._escalate(running)

    def _close(self) -> None:
        self._closed = True
        for name in list(self._running):
            self._stop(name, "shutdown")

    def _on_message(self, launcher: Launcher, message: Message) -> None:
        for known in self._launchers.hear(launcher, message):
            running = self._running.get(known.id)
            if running is None:
                continue
            if isinstance(known, Started):
                running.pid = known.pid
                self._escalate(running)
            else:
                self._on_exit(running, known)

    def _on_exit(self, running: _Running, exited: Exited) -> None:
        kills = outcome.oom_kills() - running.around.oom_kills
        directory = running.start.attempt.directory
        result = read_result(directory)
        full = None if result else outcome.full_disk(directory)
        around = replace(running.around, oom_kills=kills, full=full)
        self._end(running, outcome.outcome(exited, result, around))

    def _end(self, running: _Running, how: Outcome) -> None:
        attempt = running.start.attempt
        del self._running[attempt.id]
        running.start.report(Report(attempt.id, running.tail.read(), how))

    def _tick(self) -> None:
        self._next_tick = time.monotonic() + TICK_S
        for running in list(self._running.values()):
            events = running.tail.read()
            if events:
                running.start.report(Report(running.start.attempt.id, events))
            self._escalate(running)
        self._watch_memory()

    def _escalate(self, running: _Running) -> None:
        if not running.pid:
            return  # not a process yet: it is stopped as soon as it is one
        while running.escalation and running.escalation[0][0] <= time.monotonic():
            _, number = running.escalation.pop(0)
            everything = number == signal.SIGKILL
            self._launchers.signal(running.start.attempt.id, number, everything=everything)

    def _watch_memory(self) -> None:
        limited = [item for item in self._running.values() if item.start.memory and item.pid]
        if not limited:
            return
        processes = process_tree.table()
        for running in limited:
            used = limits.memory_of([running.pid, *process_tree.descendants([running.pid], processes)])
            if used > running.start.memory and not running.around.over_limit:
                running.around = replace(running.around, over_limit=used)
                self._launchers.signal(running.start.attempt.id, signal.SIGKILL, everything=True)


def _escalation(now: float, grace: float, reason: StopReason) -> list[tuple[float, int]]:
    """When to send which signal."""
    if reason == "shutdown":
        return [(now, signal.SIGTERM), (now + min(grace, SHUTDOWN_S), signal.SIGKILL)]
    return [(now, signal.SIGINT), (now + grace, signal.SIGTERM), (now + 2 * grace, signal.SIGKILL)]


Tell = Callable[[Launcher, Message], None]
