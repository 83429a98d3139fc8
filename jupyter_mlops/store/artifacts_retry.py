"""An artifact store that tries again: network homes and object stores fail for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from jupyter_mlops.store.artifacts import ArtifactStore

_T = TypeVar("_T")


class RetryingArtifacts:
    """Passes every call on; after an `OSError` waits and calls again. Answers such as `NotFound` pass at once."""

    def __init__(
        self,
        store: ArtifactStore,
        *,
        attempts: int = 4,
        delay: float = 0.2,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Waits `delay` seconds after the first failure, twice as long after each further one."""
        self._store, self._attempts, self._delay, self._sleep = store, attempts, delay, sleep

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes."""
        return self._try(lambda: self._store.put_bytes(data))

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file."""
        return self._try(lambda: self._store.put_file(path))

    def take_over(self, path: Path, digest: str) -> None:
        """Keep a file that leaves its place."""

        def move() -> None:
            # The attempt before may have moved the file and failed afterwards.
            if path.exists() or not self._store.exists(digest):
                self._store.take_over(path, digest)

        self._try(move)

    def open(self, digest: str) -> BinaryIO:
        """The content; reading it is not tried again."""
        return self._try(lambda: self._store.open(digest))

    def path(self, digest: str) -> Path:
        """A local file with the content."""
        return self._try(lambda: self._store.path(digest))

    def size(self, digest: str) -> int | None:
        """Bytes of the content."""
        return self._try(lambda: self._store.size(digest))

    def exists(self, digest: str) -> bool:
        """Whether the content is there."""
        return self._try(lambda: self._store.exists(digest))

    def delete(self, digest: str) -> None:
        """Remove it."""
        self._try(lambda: self._store.delete(digest))

    def verify(self, digest: str) -> bool:
        """Whether its sha256 is `digest`."""
        return self._try(lambda: self._store.verify(digest))

    def digests(self) -> Iterator[str]:
        """All that is kept."""
        yield from self._try(lambda: list(self._store.digests()))

    def _try(self, call: Callable[[], _T]) -> _T:
        delay = self._delay
        for _ in range(self._attempts - 1):
            try:
                return call()
            except FileNotFoundError:
                raise
            except OSError:
                self._sleep(delay)
                delay *= 2
        return call()
