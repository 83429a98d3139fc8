"""A run written down in the project's store."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from jupyter_mlops.engine.facts import result_from_data
from jupyter_mlops.engine.keeping import EXECUTED_FACT, FILES_FACT
from jupyter_mlops.engine.run_journal import CachedResult
from jupyter_mlops.errors import NotFound, Refused, StoreUnwritable
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.cache import Cache, CacheEntry, LastKey
from jupyter_mlops.store.events import CancelRequested, Event, RunStarted
from jupyter_mlops.store.events_file import EventWriter, event_files, read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.reserve import Reserve

# In the facts of a cached result: what it handed on and what it logged.
_CACHE_FACT = "cache"


class StoreJournal:
    """The `RunJournal` over a project. Close it when the run is over."""

    keeps_files = True

    def __init__(self, project: Project, run: str, pipeline: str, *, clock: Callable[[], float] = time.time) -> None:
        self.project = project
        self.run = run
        self._pipeline = pipeline
        self._clock = clock
        self._writer = EventWriter(self.directory)
        self._reserve = Reserve(self.directory)
        self._cache = Cache(project.cache, project.artifacts)
        self._heard: dict[str, int] = {}

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self.project.run_directory(self.run)

    @property
    def events_path(self) -> Path:
        """The file that this journal writes events into."""
        return self._writer.path

    def append(self, *events: Event) -> None:
        """Write events down in one piece; on a full disk into the room that was kept back for the last words."""
        if any(isinstance(event, RunStarted) for event in events):
            self._reserve.keep()
        try:
            self._writer.append(*events)
        except StoreUnwritable:
            if not self._reserve.release():
                raise
            self._writer.append(*events)
            self._reserve.keep()

    def cancel_requested(self) -> bool:
        """Whether another process asked for a stop since this journal was opened."""
        return any(isinstance(event, CancelRequested) for event in self._news())

    def forget_requests(self) -> None:
        """Take no notice of requests for a stop up to now: they were meant for an earlier engine."""
        for _ in self._news():
            pass

    def keep(self, path: Path) -> str:
        """Keep a copy of a file.

        Raises:
            Refused: the project is confined to its folder, and the path leads out of it.
        """
        self._refuse_outside(path)
        return self.project.artifacts.put_file(path)

    def take_over(self, path: Path, digest: str) -> None:
        """Move a file into the store.

        Raises:
            Refused: as `keep`.
        """
        self._refuse_outside(path)
        self.project.artifacts.take_over(path, digest)

    def artifact(self, digest: str) -> Path | None:
        """The file with that content."""
        try:
            return self.project.artifacts.path(digest)
        except NotFound:
            return None

    def keep_value(self, path: Path, digest: str) -> None:
        """Move a bundle into the store; an engine that was killed may have done so before it could write that down."""
        if path.exists() or self.artifact(digest) is None:
            self.take_over(path, digest)

    def value(self, digest: str) -> PurePath | None:
        """The file of a bundle."""
        return self.artifact(digest)

    def cached(self, key: str) -> CachedResult | None:
        """The result under a key, if all that belongs to it is still there."""
        entry = self._cache.lookup(key).entry
        if entry is None:
            return None
        try:
            result = result_from_data(entry.result)
            extra = result.facts.get(_CACHE_FACT, {})
            names, logged = tuple(extra.get("names", ())), tuple(map(dict, extra.get("logged", ())))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None  # a damaged record, or another version's: the step runs again
        if result.bundle is not None and result.bundle.path not in entry.artifacts:
            return None
        facts = {name: value for name, value in result.facts.items() if name != _CACHE_FACT}
        return CachedResult(
            dataclasses.replace(result, facts=facts),
            source=f"{entry.run}/{entry.task}",
            names=names,
            logged=logged,
        )

    def save(self, key: str, found: CachedResult) -> None:
        """Keep a result, and the parts of its key to compare with next time."""
        run, _, task = found.source.partition("/")
        extra = {_CACHE_FACT: {"names": found.names, "logged": found.logged}}
        result = dataclasses.replace(found.result, facts={**found.result.facts, **extra})
        needed = dict.fromkeys(_digests(result, found.logged), 0)
        files: Mapping[str, str] = result.facts.get(FILES_FACT, {})
        self._cache.remember(
            CacheEntry(key, run, task, dataclasses.asdict(result), needed, dict(files), at=self._clock())
        )
        self._cache.remember_key(self._pipeline, task, LastKey(found.parts, run, self._clock()))

    def last_parts(self, task: str) -> Mapping[str, str] | None:
        """Parts of the key that the task had when it last succeeded."""
        last = self._cache.last_key(self._pipeline, task)
        return last.parts if last else None

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()
        self._reserve.release()

    @property
    def _confines(self) -> Path | None:
        """The folder that files to keep have to be in; None where they may be anywhere."""
        return self.project.root if self.project.confined else None

    def _refuse_outside(self, path: Path) -> None:
        inside = self._confines
        if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
            raise Refused(f"{path} leads out of {inside}, where files of the run are.")

    def _news(self) -> Iterator[Any]:
        """Events that others wrote since the last call. Reads only files that grew."""
        grown = {}
        for path in event_files(self.directory):
            if path != self._writer.path:
                with contextlib.suppress(OSError):
                    grown[path.name] = path.stat().st_size
        if all(self._heard.get(name, 0) >= size for name, size in grown.items()):
            return
        found = read_run(self.directory, {**self._heard, self._writer.path.name: _everything(self._writer.path)})
        self._heard = {name: offset for name, offset in found.offsets.items() if name != self._writer.path.name}
        yield from found.events


def _everything(path: Path) -> int:
    """An offset behind all of a file."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _digests(result: TaskResult, logged: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    if result.bundle is not None:
        yield result.bundle.path
    if EXECUTED_FACT in result.facts:
        yield result.facts[EXECUTED_FACT]
    yield from (event["digest"] for event in logged if event.get("digest"))
