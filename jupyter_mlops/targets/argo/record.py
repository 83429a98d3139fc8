"""A run on the volume, as the pods of a Workflow see it: each reads what all wrote, and writes a file of its own.

No pod drives the run. Each works out from the record what the engine would think of its step, by the same rules.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from jupyter_mlops.engine.clock import ForwardClock
from jupyter_mlops.engine.created import created
from jupyter_mlops.engine.environment import environment
from jupyter_mlops.engine.facts import apply
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.state import State, new_state
from jupyter_mlops.engine.transitions import consequences
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.events import (
    CancelRequested,
    Event,
    RunFinished,
    RunStarted,
    TaskExpanded,
    TaskFinished,
    TaskStarted,
    known_events,
)
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.liveness import engine_identity
from jupyter_mlops.store.mirror import Frame
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.argo.order import NAME, Order
from jupyter_mlops.targets.argo.pod_output import PodOutput
from jupyter_mlops.targets.kubernetes.arriving_values import SMALL, stored_values, value_frames
from jupyter_mlops.targets.kubernetes.delivery import UNANCHORED
from jupyter_mlops.targets.kubernetes.workplace import place_of, reopen

_CLAIMS = ".claims"
# Seconds. What two pods write at one time is read in any order, and the run's own beginning comes before all else.
_AFTER_S = 1e-6
# What another pod writes is seen this late, where files come over a network.
_BEGINS_WITHIN_S, _LOOK_EVERY_S = 10.0, 0.1


class Record:
    """The run's record, open for this pod to add to. Close it."""

    def __init__(self, project: Project, order: Order, workflow: str = os.environ.get(NAME, "")) -> None:
        self.order, self._project = order, project
        self.journal = StoreJournal(project, order.run, order.plan.pipeline.name)
        self._workflow = workflow
        self._known: tuple[Event, ...] = ()
        self.output = PodOutput(self.directory, sys.stdout.buffer, self._small_value)
        self.output.show(self.journal.events_path)
        self.clock = ForwardClock(order.began)
        if self.first("begin") or not self._was_begun():
            self._begin()

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self.journal.directory

    def look(self) -> State:
        """The state of the run now, with all that follows from it."""
        found = read_run(self.directory)
        self._known = tuple(known_events(found.events))
        self.clock = ForwardClock(max([self.order.began, *(event.at for event in self._known)]))
        return state_of(self.order, self._known)

    def append(self, *events: Event) -> None:
        """Write events down, and have small values of which they tell go home, too."""
        self.journal.append(*events)
        self.output.show_values(digest for digest, _ in stored_values(events))

    def first(self, what: str) -> bool:
        """Whether this pod is the first of its Workflow to claim something."""
        folder = self.directory / _CLAIMS
        folder.mkdir(parents=True, exist_ok=True)
        claim = folder / (f"{self._workflow}.{what}"[:240] + ".lock")
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            return False
        return True

    def write_consequences(self, *, only: Iterable[str] | None = None, sure: bool = False, end: bool = False) -> None:
        """Write down what follows from the record and no pod has claimed to write.

        `only`: of these steps. `sure`: also what was claimed, by pods that may have died, and is not there. `end`:
        also that the run is over.
        """
        state = self.look()
        settled = {e.task for e in self._known if isinstance(e, TaskFinished) and e.at >= self.order.began}
        expanded = {e.step for e in self._known if isinstance(e, TaskExpanded)}
        _, news = consequences(_without_derived(self.order, self._known), self.clock())
        for event in news:
            if isinstance(event, RunFinished):
                if end:
                    self.append(event)
                continue
            step, known = (
                (event.step, expanded) if isinstance(event, TaskExpanded) else (getattr(event, "task", ""), settled)
            )
            if step in known or not (sure or ((only is None or step in only) and self.first(f"decided.{step}"))):
                continue
            self.append(replace(event, at=self._needs_over(state, step)) if isinstance(event, TaskExpanded) else event)

    @property
    def place(self) -> Path:
        """The working folder of the run: its files are in `files` below it."""
        return self._project.root.joinpath("work", *place_of(self.order.plan.pipeline.name, self.order.run).split("/"))

    @property
    def kept(self) -> Path:
        """Where contents of files are that all runs of the volume share."""
        return self._project.root / "kept"

    def close(self) -> None:
        """Close the pod's own file."""
        self.journal.close()

    def _small_value(self, digest: str) -> Iterator[Frame]:
        size = self._project.artifacts.size(digest)
        if size is not None and size <= SMALL:
            yield from value_frames(self._project.artifacts, digest, None)

    def _was_begun(self) -> bool:
        """Whether the pod that has claimed it has also done it, in a moment; else it died in between.

        That two do it, as one is slow, does no harm: both say the same, of the same time.
        """
        deadline = time.monotonic() + _BEGINS_WITHIN_S
        while True:
            events = known_events(read_run(self.directory).events)
            mine = {"workflow": self._workflow}.items()
            if any(isinstance(event, RunStarted) and mine <= event.engine.items() for event in events):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_EVERY_S)

    def _begin(self) -> None:
        if self.order.compiled:
            (self.directory / UNANCHORED).touch()
        with contextlib.suppress(OSError):  # what is in the way of the files is told where they arrive
            reopen(self.place)
        plan, began = self.order.plan, self.order.began
        event = created(plan, self.order.run, "argo", self.order.experiment, began, environment())
        event = replace(event, user="")  # whose run it is, is known where it was sent from
        self.append(event, RunStarted(began, {**engine_identity(), "workflow": self._workflow}))

    def _needs_over(self, state: State, step: str) -> float:
        """When the last of what a step needs was over: all pods of a loop know that, and none began before."""
        needs = set(state.plan.by_name[step].needs)
        ends = [e.at for e in self._known if isinstance(e, TaskFinished) and e.step in needs]
        return max([self.order.began + _AFTER_S, *ends])


def state_of(order: Order, events: Iterable[Event]) -> State:
    """The state after these events, and what follows from it. Lines that make no sense are left out."""
    return consequences(_without_derived(order, events), order.began)[0]


def _without_derived(order: Order, events: Iterable[Event]) -> State:
    """The state after what happened in pods. What follows from it is worked out again: the record does not say why."""
    told = [event for event in events if not isinstance(event, (RunFinished, CancelRequested)) and not _follows(event)]
    state = new_state(order.plan, 1)
    for event in (event for event in told if event.at < order.began):
        state = _told(state, event)
    state = apply(state, RunStarted(order.began, {}))
    for event in (event for event in told if event.at >= order.began and not isinstance(event, RunStarted)):
        state = _told(state, event)
    return state


def _told(state: State, event: Event) -> State:
    try:
        if isinstance(event, (TaskStarted, TaskFinished)) and event.task not in state.tasks:
            state = consequences(state, event.at)[0]
        if isinstance(event, TaskFinished) and event.attempt > state.tasks[event.task].attempt:
            state = apply(state, TaskStarted(event.at, event.task, event.step, event.attempt, ""))
        return apply(state, event)
    except (MlopsError, LookupError, TypeError, ValueError, AttributeError):
        return state


def _follows(event: Event) -> bool:
    """Whether an event only says what can be worked out."""
    return isinstance(event, TaskFinished) and not event.attempt and event.state == "skipped"
