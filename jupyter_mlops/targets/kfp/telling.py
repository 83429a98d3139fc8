"""What was seen of a run, as events in its folder at home: only what is new, in an order that makes sense."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.facts import replay
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.lineage import attempt_lines, made, store_event
from jupyter_mlops.engine.merged_notebook import write_merged
from jupyter_mlops.engine.resume import plan_of
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.reason import Reason
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.expressions import evaluate
from jupyter_mlops.store.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskExpanded,
    TaskFinished,
    TaskStarted,
    TaskWaiting,
    known_events,
)
from jupyter_mlops.store.events_file import EventWriter, read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import HOME_WRITER
from jupyter_mlops.store.run_record import RunRecord, TaskRecord
from jupyter_mlops.store.run_state import RunFold
from jupyter_mlops.targets.attempt_files import read_result, why_failed
from jupyter_mlops.targets.kfp.sightings import Seen, Sighting

CANCELED = "the run was canceled"
# In `RunStarted.engine`: the run's id there; attempts that tasks had before; the time there of what was seen last.
KFP, BEFORE, UNTIL = "kfp", "before", "until"


class Story:
    """A run's events here, and what is added to them. `arrived` waits until what an attempt has printed is here."""

    def __init__(self, project: Project, run: str, arrived: Callable[[str, int], None]) -> None:
        self.folder = project.run_directory(run)
        self._project, self._run, self._arrived = project, run, arrived
        self._writer = EventWriter(self.folder, HOME_WRITER)
        events = known_events(read_run(self.folder).events)
        self.plan = plan_of(events, run)
        self._fold = RunFold(run)
        for event in events:
            self._fold.apply(event)
        self._last = max((event.at for event in events), default=0.0)
        self._before, self._until = _before(events)

    @property
    def record(self) -> RunRecord:
        """The run as it is told."""
        return self._fold.record()

    def begin(self, engine: Mapping[str, Any], at: float, until: float = 0.0) -> None:
        """Say that Kubeflow Pipelines has taken the run; attempts are counted on from those that there are.

        What was there up to `until`, by its clock, is old.
        """
        before = {task.task: task.attempt for task in self.record.tasks.values() if task.attempt}
        done = {name for name in before if self.record.tasks[name].state == "succeeded"}
        base = {name: count for name, count in before.items() if name not in done}
        self._until = until
        self._add(RunStarted(at, {**engine, BEFORE: base, UNTIL: self._until}))
        self._before = base

    def number(self, task: str, attempt: int) -> int:
        """The number of an attempt here, of one that the backend counts."""
        return attempt + self._before.get(task, 0)

    def tell(self, seen: Seen) -> bool:
        """Write down what is new; whether the run is over. What the backend still shows from before it was asked to try
        again is not new.
        """
        news = tuple(item for item in seen.attempts if not item.began or item.began > self._until)
        stale = seen.over and 0 < seen.ended <= self._until
        seen = replace(seen, attempts=news, phase="running" if stale else seen.phase)
        for item in seen.attempts:
            if item.index >= 0:
                self._expand(item.step, seen)
            known = self.record.tasks.get(item.task)
            if known is None or item.state == "skipped":
                continue
            if item.attempt == 0:
                if known.state in ("pending", "running", "skipped", "canceled") and not self.record.over:
                    self._add(self._end(item, 0))
                continue
            self._attempt(item, self.number(item.task, item.attempt), known)
        if seen.over and not self.record.over:
            self._close(seen)
        return seen.over

    def wait(self, task: str, reason: Reason | None) -> None:
        """Say why a task that was started does not run yet; None: nothing is known to be in its way."""
        known = self.record.tasks.get(task)
        if known is None or known.state != "running":
            return
        words = f"{reason.said} {reason.hint}".strip() if reason else ""
        if words != known.waiting:
            said = (reason.said, reason.hint, reason.code, reason.lasting) if reason else ()
            self._add(TaskWaiting(time.time(), task, *said))

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _attempt(self, item: Sighting, number: int, known: TaskRecord) -> None:
        had = {one.attempt: one for one in known.attempts}
        if number not in had:
            folder = attempt_folder(item.task, number)
            self._add(TaskStarted(item.began, item.task, item.step, number, folder))
        elif had[number].finished is not None:
            return
        if item.state != "running":
            self._arrived(item.task, number)
            self._finish(item, number)

    def _finish(self, item: Sighting, number: int) -> None:
        """The end of an attempt, with what it has printed of itself."""
        directory = self.folder / attempt_folder(item.task, number)
        lines = (store_event(line, item.task, item.ended or self._last) for line in attempt_lines(directory))
        # A file that was logged stays in the pod.
        self._add(*(event for event in lines if event is not None))
        result = read_result(directory)
        end = self._end(item, number)
        if result is not None:
            # Values stay where Kubeflow keeps them; here is what is known of them.
            result = replace(result, bundle=None)
            end = replace(end, result=asdict(result), seconds=result.seconds)
            if end.state == "failed" and result.error is not None:
                end = replace(end, reason=why_failed(result))
            if end.state == "succeeded":
                self._add(*made(result, item.task, item.ended))
        self._add(end)

    def _end(self, item: Sighting, number: int) -> TaskFinished:
        reason = item.reason or ("Kubeflow Pipelines does not say why" if item.state == "failed" else "")
        reason = (reason or CANCELED) if item.state == "canceled" else reason
        seconds = max(0.0, item.ended - item.began) if item.began and item.ended and number else 0.0
        state = "skipped" if item.state == "running" else item.state
        return TaskFinished(item.ended, item.task, item.step, number, state, seconds, reason, final=item.last)

    def _expand(self, name: str, seen: Seen) -> None:
        """Tell what a loop goes over, once there are rounds of it."""
        rounds = [item for item in seen.attempts if item.step == name and item.index >= 0]
        count = max(item.index for item in rounds) + 1
        known = sum(task.step == name and task.task != name for task in self.record.tasks.values())
        if count > known and name in self.plan.by_name:
            items = self._items(self.plan.by_name[name], count)
            self._add(TaskExpanded(min(item.began for item in rounds), name, items))

    def _items(self, step: Step, count: int) -> tuple[Any, ...]:
        """What a loop goes over; numbers where that is not known here."""
        loop = step.options.for_each
        items: tuple[Any, ...] = ()
        if loop is not None and loop.values is not None:
            items = loop.values
        elif loop is not None:
            with contextlib.suppress(MlopsError, ValueError, TypeError, ArithmeticError, LookupError):
                found = evaluate(loop.items, self._values())
                items = tuple(found) if isinstance(found, (list, tuple, range)) else ()
        return items if len(items) >= count else tuple(range(count))

    def _values(self) -> dict[str, Any]:
        values = dict(self.plan.params)
        for task in self.record.tasks.values():
            values.update((task.result or {}).get("exports") or {})
        return values

    def _close(self, seen: Seen) -> None:
        """The run is over: so is all that the backend says nothing more of."""
        canceled = seen.phase == "canceled"
        failed = [task.task for task in self.record.tasks.values() if task.state == "failed"]
        for task in self.record.tasks.values():
            if task.state == "running":
                state, reason = ("canceled", CANCELED) if canceled else ("failed", "the run ended before it did")
                self._add(TaskFinished(seen.ended, task.task, task.step, task.attempt, state, 0.0, reason))  # type: ignore[arg-type]
            elif task.state == "pending":
                reason = CANCELED if canceled else _why_skipped(self.plan.by_name.get(task.step), failed)
                state = "canceled" if canceled else "skipped"
                self._add(TaskFinished(seen.ended, task.task, task.step, 0, state, 0.0, reason))  # type: ignore[arg-type]
        why = seen.said
        if seen.phase == "failed":
            first = next((task for task in self.record.tasks.values() if task.state == "failed"), None)
            why = f"{first.task}: {first.reason}" if first is not None and first.reason else why
        with contextlib.suppress(MlopsError, OSError, LookupError, TypeError, ValueError, AttributeError):
            self._merge()
        state = seen.phase if seen.phase != "pending" else "running"
        self._add(RunFinished(seen.ended, state, CANCELED if canceled else why if seen.phase == "failed" else ""))

    def _merge(self) -> None:
        events = known_events(read_run(self.folder).events)
        journal = StoreJournal(self._project, self._run, self.plan.pipeline.name)
        try:
            write_merged(replay(self.plan, events), journal)
        finally:
            journal.close()

    def _add(self, *events: Event) -> None:
        """Write events, each not before the one before it: the backend's clock counts whole seconds, and is another."""
        timed = list(self._timed(events))
        self._writer.append(*timed)
        for event in timed:
            self._fold.apply(event)

    def _timed(self, events: tuple[Event, ...]) -> Iterator[Event]:
        for event in events:
            self._last = max(self._last + 1e-6, event.at)
            yield replace(event, at=self._last)


def kfp_run(events: list[Event]) -> str:
    """The id that the run has there; empty if it never got one."""
    said = [event.engine.get(KFP) for event in events if isinstance(event, RunStarted)]
    return next((run for run in reversed(said) if isinstance(run, str) and run), "")


def _before(events: list[Event]) -> tuple[dict[str, int], float]:
    """How many attempts tasks had before the backend began to count anew, and when that was there."""
    engines = [event.engine for event in events if isinstance(event, RunStarted)]
    said: Mapping[str, Any] = engines[-1] if engines else {}
    counts, until = said.get(BEFORE), said.get(UNTIL)
    items = counts.items() if isinstance(counts, Mapping) else ()
    found = {str(task): count for task, count in items if isinstance(count, int) and 0 <= count < 10_000}
    return found, float(until) if isinstance(until, (int, float)) else 0.0


def _why_skipped(step: Step | None, failed: list[str]) -> str:
    if failed:
        return f"not run: {failed[0]} failed"
    if step is not None and step.options.for_each is not None:
        return "not run: its list was empty, or its condition did not hold"
    return "not run: its condition did not hold" if step is not None and step.options.when else "not run"
