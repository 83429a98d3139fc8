"""Artifacts at any URL that fsspec knows (`s3://`, `gs://`, `memory://` ...), with a local cache of what is read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.store.artifacts import FileArtifacts, not_kept, valid_digest
from jupyter_mlops.store.url_folder import UrlFolder


class FsspecArtifacts:
    """`<url>/<first two>/<digest>`. What is there is whole, whoever reads and writes at the same time.

    `cache` keeps local copies; `options` go to fsspec's file system (endpoint, credentials' profile).

    Raises:
        MissingLibrary, Usage: as `UrlFolder`.
    """

    def __init__(self, url: str, cache: FileArtifacts, **options: Any) -> None:
        self._folder = UrlFolder(url, **options)
        self.cache = cache

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes; returns their sha256."""
        digest = hashlib.sha256(data).hexdigest()
        if self.size(digest) != len(data):
            self._folder.write(_name(digest), data, lambda: self.size(digest) == len(data))
        return digest

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; it goes through the cache, so that it cannot change between digest and upload."""
        digest = self.cache.put_file(path)
        self._upload_cached(digest)
        return digest

    def take_over(self, path: Path, digest: str) -> None:
        """Keep a file under the digest that its writer computed."""
        self.cache.take_over(path, digest)
        self._upload_cached(digest)

    def open(self, digest: str) -> BinaryIO:
        """The content, to read."""
        try:
            return self._folder.open(_name(digest))
        except FileNotFoundError:
            raise not_kept(digest) from None

    def path(self, digest: str) -> Path:
        """A local copy: fetched once."""
        size = self.size(digest)
        if size is None:
            raise not_kept(digest)
        if self.cache.size(digest) != size:
            with self.cache.arriving(digest) as new, self.open(digest) as remote, new.open("xb") as local:
                shutil.copyfileobj(remote, local, 1 << 20)
        return self.cache.path(digest)

    def size(self, digest: str) -> int | None:
        """Bytes of the content, None if it is not there."""
        return self._folder.size(_name(digest))

    def exists(self, digest: str) -> bool:
        """Whether the content is there."""
        return self.size(digest) is not None

    def delete(self, digest: str) -> None:
        """Remove it, here and there."""
        self.cache.delete(digest)
        self._folder.remove(_name(digest))

    def verify(self, digest: str) -> bool:
        """Whether it is there and its sha256 is `digest`."""
        found = hashlib.sha256()
        try:
            with self.open(digest) as file:
                while block := file.read(1 << 20):
                    found.update(block)
        except NotFound:
            return False
        return found.hexdigest() == digest

    def digests(self) -> Iterator[str]:
        """All that is kept."""
        for name in self._folder.names():
            digest = name.rpartition("/")[2]
            try:
                yield valid_digest(digest)
            except Usage:
                continue

    def _upload_cached(self, digest: str) -> None:
        local = self.cache.path(digest)
        size = local.stat().st_size
        if self.size(digest) != size:
            self._folder.copy(str(local), _name(digest), lambda: self.size(digest) == size)


def _name(digest: str) -> str:
    return f"{valid_digest(digest)[:2]}/{digest}"
