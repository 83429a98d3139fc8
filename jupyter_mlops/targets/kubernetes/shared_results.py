"""The cache of a project and that of a volume share what both can use: results whose keys agree.

A key says what a result was made from, the Python and the libraries that made it among that. On its way out a run
brings results that its steps would find in the cache here; on its way home it brings those that it has made. Small
values travel with them. A result of which something is missing, or is not what its digest says, is left out: then the
step runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.cache_key import key_of, surroundings
from jupyter_mlops.engine.environment import environment_digest
from jupyter_mlops.engine.facts import result_from_data
from jupyter_mlops.engine.foreseen import foresee
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.keeping import bundle_digest
from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.remembering import remember_all
from jupyter_mlops.engine.resume import plan_of, replayed
from jupyter_mlops.engine.state import new_state
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.layout import is_intact
from jupyter_mlops.store.artifacts import is_digest
from jupyter_mlops.store.atomic_write import write_atomically
from jupyter_mlops.store.cache import Cache, CacheEntry, entry_from_data, entry_to_data
from jupyter_mlops.store.events import Event, RunCreated, TaskFinished, TaskStarted, known_events
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.targets.kubernetes.packing import in_cluster, outermost
from jupyter_mlops.targets.kubernetes.parcel import ENTRIES, VALUE
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings

MOST_EACH, MOST_ALL = 8 << 20, 16 << 20
"""Bytes that one result may have to travel, and all of a run together: the cluster keeps them in its own store."""
# What damaged or foreign data may raise on its way into a result.
_DAMAGED = (MlopsError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Volume:
    """Where results are in a cluster."""

    server: str
    namespace: str
    claim: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Volume:
        """From the settings that a run's target is opened with."""
        claim = settings.get("claim") or ClusterSettings.claim
        return cls(str(settings.get("server", "")), str(settings.get("namespace", "")), str(claim))


# From here.


@dataclass(frozen=True)
class Offer:
    """Results of a project that a run may take along."""

    project: Project
    entries: tuple[CacheEntry, ...] = ()

    def packed(self, known: Collection[str]) -> dict[str, bytes]:
        """As entries of an archive; without those whose keys are `known`, and those of which something is gone."""
        told, contents = [], {}
        for entry in self.entries:
            if entry.key in known:
                continue
            try:
                own = {VALUE + digest: self.project.artifacts.path(digest).read_bytes() for digest in entry.artifacts}
            except (MlopsError, OSError):
                continue
            contents.update(own)
            told.append(entry_to_data(entry))
        return {ENTRIES: json.dumps(told, default=str).encode("utf-8", "surrogatepass"), **contents} if told else {}


def useful_there(project: Project, run: str, plan: Plan, settings: ClusterSettings, given: Mapping[str, Any]) -> Offer:
    """Results that the plan's steps would find, and that the volume may lack. `given` are the settings with which the
    run's target is opened again. None where the image is known to have another Python or other libraries.
    """
    if _known_environment(project, given) not in ("", environment_digest()):
        return Offer(project)
    there = in_cluster(settings.plan(plan), plan.pipeline.cwd or os.getcwd(), pip=settings.pip)
    with contextlib.suppress(*_DAMAGED):  # the steps run there, then
        journal = StoreJournal(project, run, plan.pipeline.name)
        cwd = Path(there.pipeline.cwd).absolute()
        left = [outermost(project.root, cwd) / name for name in settings.leave_out]
        found = (item for item in foresee(there, journal) if not _touches(item.step, cwd, left))
        keys = [item.key for item in found if _is_shared(item.step)]
        return Offer(project, tuple(_chosen(project, keys, Volume.of(given))))
    return Offer(project)


def _chosen(project: Project, keys: Iterable[str], volume: Volume) -> Iterator[CacheEntry]:
    """The results that are small enough, and were not made on the volume."""
    cache, left = Cache(project.cache, project.artifacts), MOST_ALL
    for key in keys:
        entry = cache.lookup(key).entry
        size = sum(entry.artifacts.values()) if entry else 0
        if entry is not None and size <= min(left, MOST_EACH) and _volume_of(project, entry.run) != volume:
            left -= size
            yield entry


def _touches(step: Step, cwd: Path, left: Iterable[Path]) -> bool:
    """Whether the step reads or writes files that never travel: its result would bring what it made of them."""
    names = (*step.files_in, *step.modules, *step.options.files, *step.files_out)
    paths = [Path(os.path.normpath(cwd / step.component.folder / name)) for name in names]
    stays = [Path(os.path.normpath(path)) for path in left]
    return any(path.is_relative_to(one) or one.is_relative_to(path) for path in paths for one in stays)


def _is_shared(step: Step) -> bool:
    """Whether its key says all that may differ: not an image of its own, which is used there only, and not what is on
    a volume or in a secret, for which some folder or variable stands here. A whole notebook has its own kernel here.
    """
    options = step.options
    return not (options.image or options.volumes or options.secrets) and step.component.kind == "cells"


def _volume_of(project: Project, run: str) -> Volume | None:
    """The volume on which a run has made its results; None if it has on this machine, or that is not known."""
    with contextlib.suppress(MlopsError):
        remote = read_remote(project.run_directory(run)) if is_run_id(run) else None
        if remote is not None and remote.target == "kubernetes":
            return Volume.of(remote.settings)
    return None


# There.


def take_in(contents: Mapping[str, bytes], project: Project) -> tuple[str, ...]:
    """Put results that came with a run into the store there, each if all of it is what its digests say; their keys."""
    try:
        told = json.loads(contents[ENTRIES]) if ENTRIES in contents else []
    except (ValueError, RecursionError):
        return ()
    cache = Cache(project.cache, project.artifacts)
    return tuple(_taken(told, contents, project, cache)) if isinstance(told, list) else ()


def _taken(told: Iterable[Any], contents: Mapping[str, bytes], project: Project, cache: Cache) -> Iterator[str]:
    for data in told:
        with contextlib.suppress(*_DAMAGED):
            entry = entry_from_data(str(data["key"]), data)
            known = bool(cache.lookup(entry.key))
            if not known and _admit(entry, contents, project):
                cache.remember(entry)
                known = bool(cache.lookup(entry.key))
            if known:
                yield entry.key


def _admit(entry: CacheEntry, contents: Mapping[str, bytes], project: Project) -> bool:
    """Whether all that the entry needs is in the store now."""
    bundle = result_from_data(entry.result).bundle
    seals = {}
    if bundle is not None:
        if bundle_digest(result_from_data(entry.result)) != bundle.path:
            return False
        seals[bundle.path] = bundle.seal
    needed = {*entry.artifacts, *entry.files.values(), *seals}
    return all(
        _is_there(project, digest, entry) or _kept(project, digest, contents.get(VALUE + digest), seals)
        for digest in sorted(needed)
    )


def _is_there(project: Project, digest: str, entry: CacheEntry) -> bool:
    size = project.artifacts.size(digest)
    return size is not None and size == entry.artifacts.get(digest, size)


def _kept(project: Project, digest: str, content: bytes | None, seals: Mapping[str, str]) -> bool:
    """Keep a content if it is that of its digest or, a bundle, has the seal."""
    if content is None:
        return False
    if hashlib.sha256(content).hexdigest() == digest:
        return project.artifacts.put_bytes(content) == digest
    if digest not in seals:
        return False
    with project.artifacts.arriving(digest) as new:
        new.write_bytes(content)
        if not is_intact(os.fspath(new), seals[digest]):
            raise ValueError("not the bundle of this seal")
    return True


# Home.


def noting_logged(project: Project, run: str) -> Callable[[Event], None]:
    """A listener to a run there: what a task from the cache had logged goes home as of one that ran."""
    journal = StoreJournal(project, run, "")

    def hear(event: Event) -> None:
        if not isinstance(event, TaskFinished) or event.state != "cached" or not event.key:
            return
        with contextlib.suppress(*_DAMAGED):
            found = journal.cached(key_of(event.key))
            if found is not None and found.logged:
                lines = "".join(json.dumps(line) + "\n" for line in found.logged)
                path = journal.directory / attempt_folder(event.task, 0) / "events.jsonl"
                write_atomically(path, lines.encode("utf-8", "surrogatepass"))

    return hear


def remember_run(project: Project, run: str) -> None:
    """Keep in the cache here what a run in a cluster has made or found there, and can be used here; nothing that fails
    stops anybody.

    Results whose values stayed there are not kept; once these are fetched, this can be said again.
    """
    with contextlib.suppress(*_DAMAGED):
        remote = read_remote(project.run_directory(run))
        known = _told_there(project, run)
        keys = [event.key for event in known if isinstance(event, (TaskStarted, TaskFinished)) and event.key]
        if remote is None or not keys:
            return
        _note_environment(project, remote.settings, keys[-1])
        own = surroundings()
        if not any(own.items() <= key.items() for key in keys):
            return
        plan = plan_of(known, run)
        journal = StoreJournal(project, run, plan.pipeline.name)
        state = replayed(new_state(plan, 1), known)
        remember_all(
            state, known, journal, lambda step, key: _is_shared(step) and own.items() <= key.items(), reused=True
        )


def _told_there(project: Project, run: str) -> list[Event]:
    """The events but for the plan as it was here: there steps have what is set for all, too."""
    events = known_events(read_run(project.run_directory(run)).events)
    return [event for event in events if not isinstance(event, RunCreated) or event.environment]


def _known_environment(project: Project, given: Mapping[str, Any]) -> str:
    """What keys said of the environment when a run with this image came home last; "" if none has."""
    try:
        said = json.loads(_environment_file(project, given).read_bytes())
        return str(said["environment"]) if is_digest(said["environment"]) else ""
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""


def _note_environment(project: Project, given: Mapping[str, Any], key: Mapping[str, str]) -> None:
    if is_digest(key.get("environment")):
        write_atomically(_environment_file(project, given), json.dumps({"environment": key["environment"]}).encode())


def _environment_file(project: Project, given: Mapping[str, Any]) -> Path:
    image = [str(given.get(name, "")) for name in ("server", "image", "python")]
    return project.cache / "images" / f"{hashlib.sha256(json.dumps(image).encode()).hexdigest()[:32]}.json"
