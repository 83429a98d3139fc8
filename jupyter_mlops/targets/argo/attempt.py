"""One attempt in the pod of a Workflow: the step's process, looked after by another one that writes the record."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.beginning import Beginning, begin
from jupyter_mlops.engine.driver import kept_outcome
from jupyter_mlops.engine.killed_notebook import show_killed
from jupyter_mlops.engine.lineage import attempt_lines, is_logged, made, store_event, used
from jupyter_mlops.engine.run_journal import CachedResult
from jupyter_mlops.engine.state import AttemptEnded, State, Task
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.engine.transitions import end_of
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.runtime.spec import TaskSpec
from jupyter_mlops.store.events import Event, TaskFinished, TaskStarted
from jupyter_mlops.targets.argo.record import Record
from jupyter_mlops.targets.attempt_files import EventTail, read_result, why_failed
from jupyter_mlops.targets.kubernetes.places import GRACE_S

_LOOK_EVERY_S = 0.1
_TERMINATION = "/dev/termination-log"
ENDED_FROM_OUTSIDE = "its pod was asked to end"


def run_task(record: Record, state: State, task: Task) -> bool:
    """Run a task, or find its result in the cache; false if it failed. All of it is in the record then."""
    at = record.clock()
    try:
        beginning = begin(state, task, record.journal, final=record.order.final)
    except MlopsError as error:
        record.append(TaskFinished(at, task.name, task.step, 0, "failed", reason=str(error)))
        tell_argo(str(error))
        return False
    lineage = used(state, task, at)
    if beginning.hit is not None:
        record.output.show(record.directory / attempt_folder(task.name, 0))
        record.append(*lineage, *_of_hit(beginning, task, at))
        return True
    folder = attempt_folder(task.name, task.attempt + 1)
    record.append(TaskStarted(at, task.name, task.step, task.attempt + 1, folder, beginning.parts), *lineage)
    return _Attempt(record, state, beginning, record.directory / folder, task.attempt + 1).run()


def tell_argo(reason: str) -> None:
    """Why the pod fails, for Argo to show."""
    with contextlib.suppress(OSError):
        Path(_TERMINATION).write_text(reason[:2000] + "\n", encoding="utf-8")


def _of_hit(beginning: Beginning, task: Task, at: float) -> Iterator[Event]:
    hit = beginning.hit
    assert hit is not None
    for line in hit.logged:
        event = store_event({**line, "at": at}, task.name, at)
        if event is not None:
            yield event
    yield from made(hit.result, task.name, at)
    result = asdict(hit.result)
    yield TaskFinished(
        at, task.name, task.step, 0, "cached", result=result, cached_from=hit.source, key=beginning.parts
    )


@dataclass
class _Attempt:
    record: Record
    state: State
    beginning: Beginning
    directory: Path
    number: int

    def run(self) -> bool:
        spec = self.beginning.spec(self.state, self.record.journal, self.number, self.directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        os.makedirs(spec.cwd, exist_ok=True)
        path = self.directory / "spec.json"
        path.write_text(spec.to_json(), encoding="utf-8")
        started = time.monotonic()
        self.record.output.show(self.directory, log=True)
        outcome = self._outcome(path)
        event = self._ended(outcome, spec, time.monotonic() - started)
        return event.state == "succeeded"

    def _outcome(self, spec: Path) -> Outcome:
        """Have a process of its own do the work; pass on what it logs, keep to the step's time."""
        task, timeout = self.beginning.task, self.state.step(self.beginning.task.name).options.timeout
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARGO_")}
        asked = threading.Event()
        process = subprocess.Popen([sys.executable, sys.argv[0], "task", str(spec)], env=env, start_new_session=True)
        before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        tail, late, stopped = EventTail(self.directory / "events.jsonl"), False, math.inf
        try:
            while process.poll() is None:
                self._pass_on(tail, task)
                late = late or time.monotonic() > deadline
                if (asked.is_set() or late) and stopped == math.inf:
                    stopped = time.monotonic()
                    process.terminate()
                if time.monotonic() > stopped + GRACE_S - 5:
                    _kill(process)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_EVERY_S)
            _kill(process)
        finally:
            signal.signal(signal.SIGTERM, before)
        self._pass_on(tail, task)
        result = read_result(self.directory)
        if late:
            return Outcome("failed", result, stopped="timeout")
        if result is not None and result.fate == "succeeded":
            return Outcome("succeeded", result)
        if asked.is_set():
            return Outcome("canceled", result, ENDED_FROM_OUTSIDE, "shutdown")
        if result is not None:
            return Outcome("failed", result, why_failed(result))
        return Outcome("failed", None, _how_it_died(process.returncode, self.state.step(task.name).options.memory))

    def _pass_on(self, tail: EventTail, task: Task) -> None:
        at = self.record.clock()
        lines = (store_event(line, task.name, at, self.record.journal, self.directory) for line in tail.read())
        events = [event for event in lines if event is not None]
        if events:
            self.record.append(*events)

    def _ended(self, outcome: Outcome, spec: TaskSpec, seconds: float) -> TaskFinished:
        """Keep what the attempt made, and write down how it ended."""
        task, journal, at = self.beginning.task, self.record.journal, self.record.clock()
        if outcome.result is None:
            show_killed(spec, self.directory, outcome.reason)
        outcome = kept_outcome(self.state, task, self.directory, outcome, journal)
        # The state is that before the attempt: it has begun since.
        counting = self.state.with_task(_tried(task))
        said = AttemptEnded(at, task.name, self.number, outcome, seconds, self.beginning.why)
        event, _ = end_of(counting, said)
        if outcome.stopped == "shutdown":
            # Whether the run is to stop, or the cluster took the pod away, is not known here: Argo may start another.
            event = _not_final(event)
        lineage = made(outcome.result, task.name, at) if outcome.result and event.state == "succeeded" else []
        self.record.append(*lineage, event)
        if event.reason:
            tell_argo(event.reason)
        self._remember(outcome)
        return event

    def _remember(self, outcome: Outcome) -> None:
        step = self.state.step(self.beginning.task.name)
        if outcome.state != "succeeded" or outcome.result is None or not step.options.cache:
            return
        source = f"{self.record.journal.run}/{self.beginning.task.name}"
        logged = tuple(line for line in attempt_lines(self.directory) if is_logged(line))
        names = (*step.outputs, *step.exports)
        found = CachedResult(outcome.result, source, self.beginning.parts, names, logged)
        self.record.journal.save(self.beginning.key, found)


def _tried(task: Task) -> Task:
    return replace(task, attempt=task.attempt + 1, tries=task.tries + 1)


def _not_final(event: TaskFinished) -> TaskFinished:
    return replace(event, state="canceled", final=False)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The process and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how_it_died(code: int, memory: str | None) -> str:
    if code >= 0:
        return f"its process ended with {code} and said nothing"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    limit = f" Its limit is {memory}." if memory else ""
    hint = f": out of memory?{limit}" if name == "SIGKILL" else ""
    return f"killed by signal {-code} ({name}){hint}"
