"""Results of a run that is over elsewhere or whose engine died, kept in the cache from what its events say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.cache_key import key_of
from jupyter_mlops.engine.keeping import EXECUTED, EXECUTED_FACT
from jupyter_mlops.engine.lineage import attempt_lines, is_logged
from jupyter_mlops.engine.run_journal import CachedResult, RunJournal
from jupyter_mlops.engine.state import State, Task, tasks_of
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.artifacts import is_digest
from jupyter_mlops.store.events import Event, TaskStarted

Parts = Mapping[str, str]


def remember_all(
    state: State, known: Iterable[Event], journal: RunJournal, suits: Callable[[Step, Parts], bool] = lambda *_: True
) -> None:
    """Keep the results that the cache lacks: those of attempts whose key the events say, and that suit."""
    parts = {event.task: event.key for event in known if isinstance(event, TaskStarted)}  # of the last attempt
    for task in tasks_of(state):
        own = parts.get(task.name)
        if task.state == "succeeded" and task.result and own and suits(state.step(task.name), own):
            _remember(state, task, task.result, journal, own)


def _remember(state: State, task: Task, result: TaskResult, journal: RunJournal, parts: Parts) -> None:
    """Keep a result under the key that it began with."""
    step = state.step(task.name)
    if not step.options.cache or journal.cached(key_of(parts)):
        return
    folder = journal.directory / attempt_folder(task.name, task.attempt)
    logged = tuple(line for line in attempt_lines(folder) if is_logged(line))
    names = (*step.outputs, *step.exports)
    source = f"{journal.run}/{task.name}"
    journal.save(key_of(parts), CachedResult(_shown(result, task, journal), source, parts, names, logged))


def _shown(result: TaskResult, task: Task, journal: RunJournal) -> TaskResult:
    """The result with its executed notebook in this store, or without, if it is not the one that it speaks of."""
    digest = result.facts.get(EXECUTED_FACT)
    if digest is None or (is_digest(digest) and journal.artifact(digest) is not None):
        return result
    path = journal.directory / attempt_folder(task.name, task.attempt) / EXECUTED
    if path.is_file() and journal.keep(path) == digest:
        return result
    return replace(result, facts={name: value for name, value in result.facts.items() if name != EXECUTED_FACT})
