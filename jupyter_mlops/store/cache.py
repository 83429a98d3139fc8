"""Results that can be used again: a manifest a cache key. Manifests keep nothing alive; a hit checks what it needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.store.artifacts import ArtifactStore, is_digest, valid_digest
from jupyter_mlops.store.atomic_write import unwritable_explained, write_atomically

FORMAT = 1


@dataclass(frozen=True)
class CacheEntry:
    """What a task answered. `result` is a `TaskResult` as JSON data.

    `artifacts` are the digests it needs, with their sizes in bytes (filled in by `remember`); `files` are files it
    wrote (path relative to the working directory -> digest), which count as needed, too.
    """

    key: str
    run: str
    task: str
    result: Mapping[str, Any]
    artifacts: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0


@dataclass(frozen=True)
class Lookup:
    """The answer: an entry that can be used as it is, or none and the reason in plain words."""

    entry: CacheEntry | None
    reason: str = ""

    def __bool__(self) -> bool:
        return self.entry is not None


@dataclass(frozen=True)
class LastKey:
    """The named parts of the key that a task had the last time it succeeded, and where."""

    parts: Mapping[str, str]
    run: str
    at: float


class Cache:
    """`<folder>/<first two>/<key>.json`, and `<folder>/last/...` with the newest key parts of each task."""

    def __init__(self, folder: Path, artifacts: ArtifactStore) -> None:
        self.folder, self._artifacts = folder, artifacts

    def lookup(self, key: str) -> Lookup:
        """The result under `key` (hex) if all that it refers to is still there."""
        try:
            entry = entry_from_data(key, json.loads(self._place(key).read_bytes()))
        except FileNotFoundError:
            return Lookup(None, "not run before with this key")
        except (OSError, ValueError):
            return Lookup(None, "the record of the earlier result is damaged")
        for digest, size in entry.artifacts.items():
            found = self._artifacts.size(digest)
            if found is None:
                return Lookup(None, f"an artifact of the earlier result is gone ({digest[:12]})")
            if found != size:
                return Lookup(None, f"an artifact of the earlier result is cut short ({digest[:12]})")
        return Lookup(entry)

    def remember(self, entry: CacheEntry) -> None:
        """Record a result whose artifacts are in the store; one that misses an artifact is not recorded.

        Raises:
            StoreUnwritable: full disk, read-only folder.
        """
        needed = [*entry.artifacts, *entry.files.values()]
        sizes = {digest: self._artifacts.size(digest) for digest in needed}
        if None in sizes.values():
            return
        data = {**entry_to_data(entry), "artifacts": sizes}
        with unwritable_explained(self.folder):
            write_atomically(self._place(entry.key), json.dumps(data, default=str).encode("utf-8", "surrogatepass"))

    def forget(self, key: str) -> None:
        """Remove a record."""
        self._place(key).unlink(missing_ok=True)

    def entries(self) -> list[CacheEntry]:
        """All records that can be read."""
        found = []
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*.json"):
            try:
                found.append(entry_from_data(path.stem, json.loads(path.read_bytes())))
            except (OSError, ValueError):
                continue
        return found

    def remember_key(self, pipeline: str, task: str, last: LastKey) -> None:
        """Note the parts of the key of a task that succeeded, so that the next time can say what changed."""
        with unwritable_explained(self.folder):
            write_atomically(
                self._last(pipeline, task), json.dumps(vars(last), default=dict).encode("utf-8", "surrogatepass")
            )

    def last_key(self, pipeline: str, task: str) -> LastKey | None:
        """The key parts of the last time; None if it never succeeded here."""
        try:
            return LastKey(**json.loads(self._last(pipeline, task).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def _place(self, key: str) -> Path:
        return self.folder / valid_digest(key)[:2] / f"{key}.json"

    def _last(self, pipeline: str, task: str) -> Path:
        name = hashlib.sha256(f"{pipeline}\0{task}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self.folder / "last" / f"{name}.json"


def entry_to_data(entry: CacheEntry) -> dict[str, Any]:
    """As JSON data, in the store and on the way to another one."""
    return {**vars(entry), "format": FORMAT}


def entry_from_data(key: str, data: object) -> CacheEntry:
    """Read what `entry_to_data` gave, from wherever it comes.

    Raises:
        ValueError: it is something else, of another format, or the entry of another key.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT or data.get("key") != key:
        raise ValueError("another format, or a file under a wrong name")
    said: dict[str, Any] = {name: data.get(name) for name in _KINDS}
    if not all(isinstance(said[name], kind) for name, kind in _KINDS.items()):
        raise ValueError("an entry whose parts are not what they should be")
    if not all(is_digest(digest) for digest in (*said["artifacts"], *said["files"].values())):
        raise ValueError("something that is not a digest must not become a path")
    return CacheEntry(key, **said)


_KINDS: Mapping[str, Any] = {
    "run": str,
    "task": str,
    "result": Mapping,
    "artifacts": Mapping,
    "files": Mapping,
    "at": (int, float),
}
