"""From events to what a run is: a fold with one rule an event type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import NewerStore, NotFound
from jupyter_mlops.store import events as e
from jupyter_mlops.store.events_file import Unknown, read_run
from jupyter_mlops.store.liveness import driving, engine_identity, engine_lives, run_is_driven
from jupyter_mlops.store.run_record import ArtifactRecord, AttemptRecord, Point, RunRecord, TaskRecord

__all__ = [
    "ArtifactRecord",
    "AttemptRecord",
    "Point",
    "RunFold",
    "RunRecord",
    "TaskRecord",
    "driving",
    "engine_identity",
    "engine_lives",
    "fold",
    "load_run",
    "read_record",
    "run_is_driven",
]

FORMAT = 1
INTERRUPTED = "the engine died; `retry` continues it"
SESSION_ENDED = "the process died before its session ended"


def load_run(directory: Path) -> RunRecord:
    """The run in `directory` as it is now; one whose engine died reads as failed.

    Raises:
        NotFound: there are no events of a run.
        NewerStore: a newer version wrote the run.
    """
    record = read_record(directory)
    if not record.over and not run_is_driven(directory, record.engine or None):
        return interrupted(record)
    return record


def read_record(directory: Path) -> RunRecord:
    """The run as its events say, whether or not its engine still lives."""
    found = read_run(directory)
    if not found.events:
        raise NotFound(f"There is no run in {directory}.", hint="`jupyter mlops runs` lists them.")
    return fold(found.events, run=directory.name)


def fold(events: Iterable[e.Event | Unknown], *, run: str = "") -> RunRecord:
    """The run that these events, in order of time, make.

    Raises:
        NewerStore: a newer version wrote the run.
    """
    state = RunFold(run)
    for event in events:
        state.apply(event)
    return state.record()


def interrupted(record: RunRecord) -> RunRecord:
    """The run with its death made visible: what was running failed, what was not begun stays pending."""
    reason = INTERRUPTED if record.plan else SESSION_ENDED
    tasks = {
        name: _died(replace(task, state="failed", reason=reason), reason) if task.state == "running" else task
        for name, task in record.tasks.items()
    }
    return replace(record, state="failed", reason=reason, interrupted=True, tasks=tasks)


def _died(task: TaskRecord, reason: str) -> TaskRecord:
    """The task, whose last attempt went down with its engine."""
    task = replace(task, waiting="")
    if not task.attempts:
        return task
    return replace(task, attempts=(*task.attempts[:-1], replace(task.attempts[-1], state="failed", reason=reason)))


class RunFold:
    """The state of a run that grows event by event; `record()` at any time."""

    def __init__(self, run: str = "") -> None:
        self._run = RunRecord(run=run)
        self._params: dict[str, Any] = {}
        self._logged: dict[str, Any] = {}
        self._series: dict[str, list[Point]] = {}
        self._tags: dict[str, str] = {}
        self._tasks: dict[str, TaskRecord] = {}
        self._artifacts: list[ArtifactRecord] = []
        self._unknown = 0

    def apply(self, event: e.Event | Unknown) -> None:
        """Take one event into account."""
        try:
            _RULES.get(type(event), RunFold._count)(self, event)
        except (
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ):  # known by name, but not in the shape that it should have
            self._count(event)

    @property
    def over(self) -> bool:
        """Whether the run is over."""
        return self._run.over

    @property
    def engine(self) -> Mapping[str, Any] | None:
        """The process that drives it, as far as one said so."""
        return self._run.engine or None

    def record(self) -> RunRecord:
        """The run as of now."""
        return replace(
            self._run,
            params={**self._params, **self._logged},
            logged=dict(self._logged),
            metrics={name: points[-1].value for name, points in self._series.items()},
            series={name: tuple(points) for name, points in self._series.items()},
            tags=dict(self._tags),
            tasks=dict(self._tasks),
            artifacts=tuple(self._artifacts),
            unknown=self._unknown,
        )

    def _created(self, event: e.RunCreated) -> None:
        if event.format > FORMAT:
            raise NewerStore(
                f"The run {event.run} was written in format {event.format}; this version reads up to {FORMAT}.",
                hint="Upgrade jupyter-mlops.",
            )
        # A run that is driven elsewhere is created here, and there: the first one tells when and by whom, the one that
        # knows the environment is from there.
        before = self._run
        same = ("run", "pipeline", "experiment", "target", "notebook", "plan", "environment", "user", "retry_of")
        self._run = replace(before, created=event.at, **{name: getattr(event, name) for name in same})
        if before.created:
            environment = event.environment or before.environment
            at, user = (before.created, before.user) if event.environment else (event.at, event.user)
            self._run = replace(self._run, created=at, user=user, environment=environment)
        self._params = dict(event.params)
        for step in event.plan.get("steps", ()):
            self._tasks.setdefault(str(step["name"]), TaskRecord(str(step["name"]), str(step["name"])))

    def _started(self, event: e.RunStarted) -> None:
        first = self._run.started
        self._run = replace(
            self._run,
            state="running",
            reason="",
            engine=dict(event.engine),
            started=event.at if first is None else first,
            finished=None,
            cancel_requested=False,
        )
        # An engine before this one died with these in its hands.
        for name, task in self._tasks.items():
            if task.state == "running":
                self._tasks[name] = _died(replace(task, state="pending"), INTERRUPTED)

    def _finished(self, event: e.RunFinished) -> None:
        self._run = replace(self._run, state=event.state, reason=event.reason, finished=event.at)

    def _expanded(self, event: e.TaskExpanded) -> None:
        """The items take the place of their step, so that the order stays that of the plan."""
        items = {
            name: replace(self._tasks.get(name, TaskRecord(name, event.step)), item=item)
            for name, item in ((f"{event.step}[{index}]", item) for index, item in enumerate(event.items))
        }
        others = {name: task for name, task in self._tasks.items() if name not in items}
        if event.step not in others:
            self._tasks = {**others, **items}
            return
        names = list(others)
        place = names.index(event.step)
        if not items:
            return
        before, after = names[:place], names[place + 1 :]
        self._tasks = {n: others[n] for n in before} | items | {n: others[n] for n in after}

    def _task_started(self, event: e.TaskStarted) -> None:
        before = self._tasks.get(event.task, TaskRecord(event.task, event.step))
        self._tasks[event.task] = TaskRecord(
            event.task,
            event.step,
            state="running",
            attempt=event.attempt,
            attempts=(*before.attempts, AttemptRecord(event.attempt, "running", event.at)),
            started=event.at,
            directory=event.directory,
            key=event.key,
            item=before.item,
            notes=before.notes,
        )

    def _task_finished(self, event: e.TaskFinished) -> None:
        before = self._tasks.get(event.task, TaskRecord(event.task, event.step))
        self._tasks[event.task] = replace(
            before,
            state=event.state if event.final else "pending",
            attempt=event.attempt,
            reason=event.reason,
            finished=event.at,
            seconds=event.seconds,
            result=event.result,
            cached_from=event.cached_from,
            key=event.key or before.key,
            why=event.why,
            attempts=_ended(before.attempts, event),
            waiting="",
        )

    def _metric(self, event: e.MetricLogged) -> None:
        point = Point(event.at, float(event.value), event.step, event.task)
        self._series.setdefault(event.name, []).append(point)

    def _params_logged(self, event: e.ParamsLogged) -> None:
        self._logged.update(event.params)

    def _tags_logged(self, event: e.TagsLogged) -> None:
        self._tags.update({name: str(value) for name, value in event.tags.items()})

    def _artifact(self, event: e.ArtifactLogged) -> None:
        self._artifacts.append(
            ArtifactRecord(
                event.name, event.digest, event.type, event.bytes, event.task, event.role, dict(event.metadata)
            )
        )

    def _note(self, event: e.Note) -> None:
        if not event.task and not self._run.over:  # why the run does not begin, or is not heard of; or that it is again
            self._run = replace(self._run, reason=str(event.text))
        task = self._tasks.get(event.task)
        if task is not None and str(event.text) not in task.notes:
            self._tasks[event.task] = replace(task, notes=(*task.notes, str(event.text)))

    def _waiting(self, event: e.TaskWaiting) -> None:
        task = self._tasks.get(event.task)
        if task is not None and task.state == "running":
            words = f"{event.reason} {event.hint}".strip() if event.reason else ""
            self._tasks[event.task] = replace(task, waiting=words)

    def _cancel(self, _: e.CancelRequested) -> None:
        self._run = replace(self._run, cancel_requested=True)

    def _cell(self, _: e.CellFinished) -> None:
        """Progress within an attempt is for those who follow it."""

    def _count(self, _: object) -> None:
        self._unknown += 1


def _ended(attempts: tuple[AttemptRecord, ...], event: e.TaskFinished) -> tuple[AttemptRecord, ...]:
    """The attempts, of which the last has ended so if it is the one that the event is about."""
    if not attempts or attempts[-1].attempt != event.attempt or attempts[-1].finished is not None:
        return attempts
    last = replace(attempts[-1], state=event.state, finished=event.at, reason=event.reason)
    return (*attempts[:-1], last)


_RULES: Mapping[type, Callable[[RunFold, Any], None]] = {
    e.RunCreated: RunFold._created,
    e.RunStarted: RunFold._started,
    e.RunFinished: RunFold._finished,
    e.TaskExpanded: RunFold._expanded,
    e.TaskStarted: RunFold._task_started,
    e.TaskFinished: RunFold._task_finished,
    e.CellFinished: RunFold._cell,
    e.MetricLogged: RunFold._metric,
    e.ParamsLogged: RunFold._params_logged,
    e.TagsLogged: RunFold._tags_logged,
    e.ArtifactLogged: RunFold._artifact,
    e.Note: RunFold._note,
    e.TaskWaiting: RunFold._waiting,
    e.CancelRequested: RunFold._cancel,
}
