"""What is asked of runs that were, and are: `runs show logs diff cancel retry delete export`."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.run import RunOptions, resume_run
from jupyter_mlops.errors import Conflict, MlopsError
from jupyter_mlops.store.events import Event
from jupyter_mlops.store.garbage import delete_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import is_remote
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.store.runs import Runs
from jupyter_mlops.store.search import RunSummary
from jupyter_mlops.targets.base import RunTarget, refuse_attached, target_of_run
from jupyter_mlops.verbs.remote import catch_up, catch_up_all, elsewhere, keep_following
from jupyter_mlops.verbs.summary import summary

_LOOK_EVERY_S = 0.1


def list_runs(
    query: str = "", *, order_by: str | None = None, limit: int = 50, offset: int = 0, folder: str | Path = "."
) -> list[dict[str, Any]]:
    """Runs for which `query` holds (all by default), newest first unless `order_by` says otherwise.

    Raises:
        Usage: the query cannot be read; the message shows where.
    """
    catch_up_all(Project.find(folder))
    with _opened(folder) as runs:
        return [_as_data(item) for item in runs.list(query, order_by=order_by or "", limit=limit, offset=offset)]


def page(
    query: str = "",
    *,
    notebooks: Collection[str] = (),
    order_by: str | None = None,
    limit: int = 50,
    offset: int = 0,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """`{"runs", "total"}`: some of the runs for which `query` holds, and how many there are of them in all.

    `notebooks`: only runs of these files (absolute paths; several ways to write one).

    Raises:
        Usage: the query cannot be read; the message shows where.
    """
    with _opened(folder) as runs:
        found = runs.list(query, order_by=order_by or "", limit=limit, offset=offset, notebooks=notebooks)
        return {"runs": [_as_data(item) for item in found], "total": runs.count(query, notebooks=notebooks)}


def show(run: str = "last", *, wait: bool = True, folder: str | Path = ".") -> dict[str, Any]:
    """A run, as `run` answers. `run` is an id, the beginning or end of one, or `last`.

    What of a run that is driven elsewhere is not here yet is brought first; without `wait`, by a process of its own.
    """
    with _opened(folder) as runs:
        full = runs.resolve(run)
        if wait:
            catch_up(runs.project, full)
        else:
            keep_following(runs.project, full)
        return summary(runs.get(run), runs.project)


def logs(run: str = "last", step: str | None = None, *, folder: str | Path = ".") -> dict[str, Any]:
    """What the tasks of a run (or of one step) printed: `{"run", "logs": [{"task", "text"}]}`, in the plan's order."""
    with _opened(folder) as runs:
        catch_up(runs.project, runs.resolve(run))
        names = _tasks(runs, run, step)
        parts = [part for part in runs.logs(run) if names is None or part.task in names]
        return {"run": runs.resolve(run), "logs": [{"task": part.task, "text": part.text} for part in parts]}


def follow_logs(
    run: str = "last", step: str | None = None, *, stop: threading.Event | None = None, folder: str | Path = "."
) -> Iterator[str]:
    """What is printed, as it comes, until the run is over or `stop` is set. Lines say which task they are from.

    A run that is driven elsewhere is brought home meanwhile, and after this by a process of its own.
    """
    with _opened(folder) as runs:
        full = runs.resolve(run)
        catch_up(runs.project, full)
        keep_following(runs.project, full)
        names = _tasks(runs, run, step)
        seen: dict[str, int] = {}
        waiting = stop or threading.Event()
        while not waiting.is_set():
            over = runs.get(run).over
            yield from _news(runs, run, names, seen)
            if over:
                return
            waiting.wait(_LOOK_EVERY_S)


def diff(run: str, other: str, *, folder: str | Path = ".") -> dict[str, Any]:
    """What differs: `{"params", "metrics", "environment": {name: (first, second)}, "source": {step: unified diff},
    "tasks": {task: {"state", "seconds": (first, second), "outputs": names of values that differ}}}`.
    """
    with _opened(folder) as runs:
        found = runs.diff(run, other)
    return {**asdict(found), "source": {step.step: step.diff for step in found.source}}


def cancel(run: str = "last", *, folder: str | Path = ".") -> dict[str, Any]:
    """Ask the engine that drives the run to stop it: running steps are interrupted, exit steps run.

    Raises:
        Conflict: the run is over.
        Unavailable: the run is driven elsewhere, and that place does not answer.
    """
    with _opened(folder) as runs:
        record = runs.get(run)
        if record.over:
            raise Conflict(f"The run {record.run} is over: it {record.state}.", hint="There is nothing to cancel.")
        if is_remote(runs.directory(run)):
            with elsewhere(runs.project, record.run) as target:
                target.cancel(record.run)
        runs.request_cancel(run, by=getpass.getuser())
        return {"run": record.run, "state": "asked to stop"}


def retry(
    run: str = "last",
    *,
    parallel: int | None = None,
    given: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """Go on with a run that failed, was canceled or whose engine died; what succeeded is not run again.

    `given` overrides settings of its target: `context`, `namespace`, `image`; with `attached` ("true") the run is
    driven from here, also where its target drove it itself. A run that was attached stays so.

    Raises:
        Conflict: it is running.
        Usage: it has succeeded.
    """
    with _opened(folder) as runs:
        record, project = runs.get(run), runs.project
    asked = dict(given or {})
    attached = asked.pop("attached", "") == "true"
    target = target_of_run(record.run, record.target, project, parallel=parallel, given=asked)
    options = RunOptions(parallel=parallel, stop=stop or threading.Event(), listeners=(on_event,) if on_event else ())
    try:
        if isinstance(target, RunTarget):
            directory = target.resume(record.run, project, replace(options, attached=attached))
        elif attached:
            raise refuse_attached(target.name)
        else:
            directory = resume_run(record.run, project, target, options).directory
    finally:
        target.close()
    return summary(load_run(directory), project)


def delete(run: str, *, here: bool = False, folder: str | Path = ".") -> dict[str, Any]:
    """Remove a run. What only it used goes with the next `store gc`; of a run that was driven elsewhere nothing is left
    there either.

    `here`: only what is here, also if it goes on elsewhere or that place cannot be asked.

    Raises:
        Conflict: it is running.
        Unavailable: the place where it was driven does not answer; nothing was removed.
    """
    with _opened(folder) as runs:
        full = runs.resolve(run)
        remote = is_remote(runs.directory(full))
        if here:
            delete_run(runs.project, full, dead=remote)
            return {"run": full}
        catch_up(runs.project, full, thorough=False)
        record = runs.get(full)
        if not record.over:
            return {"run": runs.delete(full)}  # says why it cannot be
        if remote or record.target not in ("", "local"):
            target = target_of_run(full, record.target, runs.project)
            try:
                if isinstance(target, RunTarget):
                    target.forget(full)
            except MlopsError as failure:
                failure.hint = f"{failure.hint} Or remove only what is here, with --here.".strip()
                raise
            finally:
                target.close()
        return {"run": runs.delete(full)}


def export(run: str = "last", *, output: str | Path, folder: str | Path = ".") -> dict[str, Any]:
    """Write a run as a zip: events, logs, executed notebooks, and a list of its artifacts."""
    with _opened(folder) as runs:
        return {"run": runs.resolve(run), "output": str(runs.export(run, output))}


def lineage(digest: str, *, forward: bool = False, folder: str | Path = ".") -> dict[str, Any]:
    """What made the artifact whose digest begins so, back to the beginning; `forward`: what was made from it."""
    with _opened(folder) as runs:
        return asdict(runs.used_for(digest) if forward else runs.made_from(digest))


@contextmanager
def _opened(folder: str | Path) -> Iterator[Runs]:
    runs = Runs(Project.find(folder))
    try:
        yield runs
    finally:
        runs.close()


def _as_data(item: RunSummary) -> dict[str, Any]:
    """As `asdict`, without copying what is plain data already: a page may have a thousand runs."""
    return {part.name: getattr(item, part.name) for part in fields(item)}


def _tasks(runs: Runs, run: str, step: str | None) -> set[str] | None:
    """Tasks of a step: its own name, and those of its loop; None for all."""
    if step is None:
        return None
    names = {task.task for task in runs.get(run).tasks.values() if step in (task.step, task.task)}
    if not names:
        runs.log(run, step)  # says that there is no such task, and which there are
    return names


def _news(runs: Runs, run: str, names: set[str] | None, seen: dict[str, int]) -> Iterator[str]:
    """What was printed since `seen`, which is brought up to date."""
    record = runs.get(run)
    for task in record.tasks.values():
        if not (task.directory or task.cached_from) or (names is not None and task.task not in names):
            continue
        part = runs.log(run, task.task, start=seen.get(task.task, 0))
        seen[task.task] = part.end
        for line in part.text.splitlines(keepends=True):
            yield line if names is not None and len(names) == 1 else f"{task.task}: {line}"
