"""Retention: old runs, and artifacts that no run refers to. Never what a run in motion uses."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlops.errors import Conflict, MlopsError, Usage
from jupyter_mlops.runtime.plain_files import NotPlain, read_plain
from jupyter_mlops.runtime.task import RESULT
from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.cache import Cache
from jupyter_mlops.store.events_file import event_files
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.liveness import lock_is_held, store_lock
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import run_ids
from jupyter_mlops.store.run_record import RunRecord
from jupyter_mlops.store.run_state import load_run

# Anything that looks like a digest counts as a reference: the sweep need not know what newer events mean.
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32,128}(?![0-9a-f])")
_ABANDONED_S = 3600.0
_DELETED = ".deleted-"


@dataclass(frozen=True)
class Collected:
    """What was removed, or would be: runs, artifacts (digests), cache records, and the bytes of all of them."""

    runs: tuple[str, ...]
    artifacts: tuple[str, ...]
    cache: int
    bytes: int
    dry_run: bool


def gc(
    project: Project, *, keep: int | None = None, older_than: float | None = None, dry_run: bool = False
) -> Collected:
    """Remove old runs, then artifacts and cache records that nothing refers to.

    Runs that are over go when they are not among the newest `keep` and ended more than `older_than` seconds ago;
    with neither given no run goes. Runs that begin meanwhile wait until it is done.

    Raises:
        Usage: a negative number.
        NewerStore: the store was written by a newer version.
        StoreUnwritable: read-only folder.
    """
    if (keep is not None and keep < 0) or (older_than is not None and older_than < 0):
        raise Usage("`keep` and `older_than` count from 0.")
    project.check_format()
    if not project.runs.is_dir():
        return Collected((), (), 0, 0, dry_run)
    with store_lock(project.home):
        runs = _runs(project)
        old = _old(project, runs, keep, older_than)
        freed = sum(_bytes_of(project.run_directory(run)) for run in old)
        if not dry_run:
            for run in old:
                _remove(project, run)
            _remove_leftovers(project)
        kept = [run for run in runs if run not in old]
        artifacts, size = _sweep(project, kept, [runs[run] for run in kept], dry_run=dry_run)
        cache = _sweep_cache(project, artifacts, dry_run=dry_run)
    return Collected(tuple(old), tuple(artifacts), cache, freed + size, dry_run)


def delete_run(project: Project, run: str, *, dead: bool = False) -> None:
    """Remove a run (full id) that no engine drives. Its artifacts go with the next `gc`.

    `dead`: the caller knows that its engine does not live any more, which could not be told from here.

    Raises:
        Conflict: it is in motion.
        NotFound: there is no such run.
    """
    directory = project.run_directory(run)
    with store_lock(project.home):
        if lock_is_held(directory) or not (dead or load_run(directory).over):
            raise Conflict(f"The run {run} is in motion.", hint=f"Stop it first: `jupyter mlops cancel {run}`.")
        _remove(project, run)


def rebuild(project: Project) -> int:
    """Make the index anew from the event files; returns the number of runs."""
    with Index(project) as index:
        return index.rebuild()


def _runs(project: Project) -> dict[str, RunRecord | None]:
    """All runs, newest first; None for one that cannot be read, which is then left alone."""
    found: dict[str, RunRecord | None] = {}
    for run in reversed(run_ids(project)):
        try:
            found[run] = load_run(project.run_directory(run))
        except MlopsError:
            found[run] = None
    return found


def _old(project: Project, runs: dict[str, RunRecord | None], keep: int | None, older_than: float | None) -> list[str]:
    if keep is None and older_than is None:
        return []
    before = time.time() - (older_than or 0.0)
    return [
        run
        for place, (run, record) in enumerate(runs.items())
        if place >= (keep or 0)
        and record is not None
        and (record.finished or record.started or record.created) <= before
        and not _in_motion(project.run_directory(run), record)
    ]


def _sweep(
    project: Project, runs: Iterable[str], records: list[RunRecord | None], *, dry_run: bool
) -> tuple[list[str], int]:
    live = [record.created for record in records if record is not None and not record.over]
    wanted = {digest for run in runs for path in _references(project.run_directory(run)) for digest in _digests(path)}
    if live:  # it may find any of these in the cache at any moment
        wanted |= {digest for path in project.cache.glob("*/*.json") for digest in _digests(path)}
    store = project.artifacts
    unused = [
        digest
        for digest in store.digests()
        if digest not in wanted and not (live and store.touched(digest) >= min(live))
    ]
    size = sum(store.size(digest) or 0 for digest in unused)
    if not dry_run:
        for digest in unused:
            store.delete(digest)
        for path in store.unfinished():
            if not live and time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink(missing_ok=True)
    return unused, size


def _sweep_cache(project: Project, artifacts: list[str], *, dry_run: bool) -> int:
    """Records that lost an artifact can never be a hit again."""
    cache = Cache(project.cache, project.artifacts)
    gone = set(artifacts)
    lost = [
        entry.key
        for entry in cache.entries()
        if gone & set(entry.artifacts) or not (dry_run or cache.lookup(entry.key))
    ]
    if not dry_run:
        for key in lost:
            cache.forget(key)
    return len(lost)


def _references(directory: Path) -> Iterator[Path]:
    """The files of a run that name artifacts: its events, and what tasks have left whose events are elsewhere."""
    found = event_files(directory)
    yield from found or directory.glob(f"tasks/*/*/{RESULT}")


def _digests(path: Path) -> set[str]:
    try:
        return {found.decode() for found in _DIGEST.findall(read_plain(path))}
    except (FileNotFoundError, NotPlain):
        return set()


def _in_motion(directory: Path, record: RunRecord) -> bool:
    return not record.over or lock_is_held(directory)


def _remove(project: Project, run: str) -> None:
    """Out of sight in one step, then piece by piece: a kill in between leaves no half of a run."""
    hidden = project.runs / f"{_DELETED}{run}"
    with unwritable_explained(project.runs):
        project.run_directory(run).rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def _remove_leftovers(project: Project) -> None:
    for path in project.runs.glob(f"{_DELETED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _bytes_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
