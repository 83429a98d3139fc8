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
from jupyter_mlops.store.events import Event, TaskFinished, TaskStarted
from jupyter_mlops.store.following import PLACE_FACT

Parts = Mapping[str, str]


def remember_all(
    state: State,
    known: Iterable[Event],
    journal: RunJournal,
    suits: Callable[[Step, Parts], bool] = lambda *_: True,
    *,
    reused: bool = False,
) -> None:
    """Keep the results that the cache lacks: of tasks whose key the events say, and that suit.

    With `reused` also those that the run took from another store's cache.
    """
    keyed = (event for event in known if isinstance(event, (TaskStarted, TaskFinished)) and event.key)
    parts = {event.task: event.key for event in keyed}  # of the last attempt
    states = ("succeeded", "cached") if reused else ("succeeded",)
    for task in tasks_of(state):
        own = parts.get(task.name)
        if task.state in states and task.result and own and suits(state.step(task.name), own):
            _remember(state, task, task.result, journal, own)


def _remember(state: State, task: Task, result: TaskResult, journal: RunJournal, parts: Parts) -> None:
    """Keep a result under the key that it began with."""
    step = state.step(task.name)
    if not step.options.cache or journal.cached(key_of(parts)):
        return
    # A task from the cache has none of its own, but an attempt before may have failed.
    place = attempt_folder(task.name, 0 if task.state == "cached" else task.attempt)
    logged = tuple(line for line in attempt_lines(journal.directory / place) if is_logged(line))
    names = (*step.outputs, *step.exports)
    source = f"{journal.run}/{task.name}"
    journal.save(key_of(parts), CachedResult(_shown(result, place, journal), source, parts, names, logged))


def _shown(result: TaskResult, place: str, journal: RunJournal) -> TaskResult:
    """The result as of this run: with its executed notebook in this store, or without, if that is another one."""
    facts = {**result.facts, PLACE_FACT: place}
    digest, path = facts.get(EXECUTED_FACT), journal.directory / place / EXECUTED
    there = is_digest(digest) and journal.artifact(str(digest)) is not None
    if not there and not (path.is_file() and journal.keep(path) == digest):
        facts.pop(EXECUTED_FACT, None)
    return replace(result, facts=facts)
