"""Artifacts at any URL that fsspec knows (`s3://`, `gs://`, `memory://` ...), with a local cache of what is read."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from jupyter_mlops.errors import MissingLibrary, NotFound, Usage
from jupyter_mlops.store.artifacts import FileArtifacts, not_kept, valid_digest

# Object stores show an object when it is whole, and renaming there is copying. Elsewhere content is written beside.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci", "oss"})


class FsspecArtifacts:
    """`<url>/<first two>/<digest>`. What is there is whole, whoever reads and writes at the same time."""

    def __init__(self, url: str, cache: FileArtifacts, **options: Any) -> None:
        """`cache` keeps local copies; `options` go to fsspec's file system (endpoint, credentials' profile).

        Raises:
            MissingLibrary: the library for this kind of URL is not installed.
            Usage: fsspec does not know the kind of URL.
        """
        import fsspec

        try:
            self._files, self._root = fsspec.core.url_to_fs(url, **options)
        except ImportError as error:
            raise MissingLibrary(f"Artifacts at {url} need a library: {error}.", hint="pip install it.") from error
        except ValueError as error:
            raise Usage(
                f"Artifacts cannot be kept at {url}: {error}.", hint="Give a URL such as s3://bucket/folder."
            ) from error
        self.cache = cache
        protocol = self._files.protocol
        self._shows_whole = not _OBJECT_STORES.isdisjoint([protocol] if isinstance(protocol, str) else protocol)

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes; returns their sha256."""
        digest = hashlib.sha256(data).hexdigest()
        self._upload(digest, len(data), lambda place: self._files.pipe_file(place, data))
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
            return cast(BinaryIO, self._files.open(self._place(digest), "rb"))
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
        try:
            return int(self._files.info(self._place(digest))["size"])
        except FileNotFoundError:
            return None

    def exists(self, digest: str) -> bool:
        """Whether the content is there."""
        return self.size(digest) is not None

    def delete(self, digest: str) -> None:
        """Remove it, here and there."""
        self.cache.delete(digest)
        if self.exists(digest):
            self._files.rm_file(self._place(digest))

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
        try:
            names = self._files.find(self._root)
        except FileNotFoundError:
            return
        for name in names:
            digest = str(name).rpartition("/")[2]
            try:
                yield valid_digest(digest)
            except Usage:
                continue

    def _upload_cached(self, digest: str) -> None:
        local = self.cache.path(digest)
        self._upload(digest, local.stat().st_size, lambda place: self._files.put_file(str(local), place))

    def _upload(self, digest: str, size: int, write: Callable[[str], object]) -> None:
        """Have the content written, unless it is there in this size (bytes)."""
        if self.size(digest) == size:
            return
        self._files.makedirs(self._parent(digest), exist_ok=True)
        if self._shows_whole:
            write(self._place(digest))
            return
        new = f"{self._root}/.new/{secrets.token_hex(12)}"
        self._files.makedirs(f"{self._root}/.new", exist_ok=True)
        try:
            write(new)
            self._files.mv(new, self._place(digest))
        except BaseException as error:
            with contextlib.suppress(OSError):
                self._files.rm_file(new)
            # some file systems do not rename over what another writer put there first
            if not isinstance(error, OSError) or self.size(digest) != size:
                raise

    def _parent(self, digest: str) -> str:
        return f"{self._root}/{valid_digest(digest)[:2]}"

    def _place(self, digest: str) -> str:
        return f"{self._parent(digest)}/{digest}"
