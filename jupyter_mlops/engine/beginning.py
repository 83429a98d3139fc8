"""The beginning of a task: its cache key, an earlier result if there is one, and otherwise what the attempt is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_mlops.engine.attempts import Material, TaskPlace, attempt_folder, gather, task_spec, working_directory
from jupyter_mlops.engine.cache_key import changed, key_of, key_parts
from jupyter_mlops.engine.keeping import covers, is_undone, restore, show_executed
from jupyter_mlops.engine.run_journal import CachedResult, RunJournal
from jupyter_mlops.engine.state import State, Task
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.spec import TaskSpec


@dataclass(frozen=True)
class Beginning:
    """A task about to begin. `hit` is a result that may stand in for it, `why` the parts of the key that changed."""

    task: Task
    material: Material
    parts: Mapping[str, str]
    key: str
    hit: CachedResult | None = None
    why: tuple[str, ...] = ()
    final: bool = False

    def spec(self, state: State, journal: RunJournal, attempt: int, directory: Path) -> TaskSpec:
        """What the attempt's process is told."""
        return task_spec(state, self.task, self.material, TaskPlace(journal.run, attempt, directory), final=self.final)


def begin(state: State, task: Task, journal: RunJournal, *, final: bool = False) -> Beginning:
    """Compute the key and look for a result. With `final` nothing is reused: last values are not kept in the cache.

    Raises:
        ValuesLost: values that the task takes are not in the store any more.
        MlopsError: a value that the task takes cannot be handed to a whole notebook.
    """
    looked = look_up(state, task, journal, final=final)
    step, found = state.plan.by_name[task.step], looked.hit
    if found is None:
        return looked
    if restore(journal, found.result, working_directory(state, step.name), step.files_out):
        show_executed(journal, found.result, journal.directory / attempt_folder(task.name, 0))
        return looked
    return replace(looked, hit=None, why=changed(looked.parts, journal.last_parts(task.name)))


def look_up(state: State, task: Task, journal: RunJournal, *, final: bool = False) -> Beginning:
    """As `begin`, but nothing is put back in its place: a hit here may turn out not to be one."""
    step = state.plan.by_name[task.step]
    cwd = working_directory(state, step.name)
    material = gather(state, task, journal)
    parts = key_parts(step, material.taken, cwd)
    key = key_of(parts)
    # A result that was damaged is made again: the cache has the same one.
    found = journal.cached(key) if state.plan.uses_cache(step) and not final and not task.lost else None
    misses = _misses(found, step, cwd) if found is not None else ()
    if found is not None and not misses:
        return Beginning(task, material, parts, key, found, final=final)
    why = (*changed(parts, journal.last_parts(task.name)), *misses)
    return Beginning(task, material, parts, key, why=why, final=final)


def _misses(found: CachedResult, step: Step, cwd: Path) -> tuple[str, ...]:
    """Why a result with the right key cannot stand in for the step all the same; empty if it can."""
    if not covers(found, step):
        return ("outputs",)
    return ("files",) if is_undone(found.result, cwd, step.files_gone) else ()
