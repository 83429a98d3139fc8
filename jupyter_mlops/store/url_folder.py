"""A folder at any URL that fsspec knows (`s3://`, `gs://`, `memory://` ...): files that are there are whole."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, cast

from jupyter_mlops.errors import MissingLibrary, Usage

# Object stores show an object when it is whole, and renaming there is copying. Elsewhere content is written beside.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci", "oss"})


class UrlFolder:
    """Files by their names, relative to `url`; `options` go to fsspec's file system (endpoint, credentials' profile).

    Raises:
        MissingLibrary: the library for this kind of URL is not installed.
        Usage: fsspec does not know the kind of URL.
    """

    def __init__(self, url: str, **options: Any) -> None:
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(url, **options)
        except ImportError as error:
            raise MissingLibrary(f"Artifacts at {url} need a library: {error}.", hint="pip install it.") from error
        except ValueError as error:
            raise Usage(
                f"Artifacts cannot be kept at {url}: {error}.", hint="Give a URL such as s3://bucket/folder."
            ) from error
        protocol = self._files.protocol
        self._shows_whole = not _OBJECT_STORES.isdisjoint([protocol] if isinstance(protocol, str) else protocol)

    def open(self, name: str) -> BinaryIO:
        """A file, to read.

        Raises:
            FileNotFoundError: it is not there.
        """
        return cast("BinaryIO", self._files.open(self._place(name), "rb"))

    def read_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of files, fetched at once where the library can; those that are gone are left out."""
        places = {self._place(name): name for name in names}
        found = self._files.cat(list(places), on_error="return") if places else {}
        contents = {}
        for place, content in found.items():
            if isinstance(content, bytes):
                contents[places[place]] = content
            elif not isinstance(content, FileNotFoundError):
                raise content
        return contents

    def size(self, name: str) -> int | None:
        """Bytes of a file, None if it is not there."""
        try:
            return int(self._files.info(self._place(name))["size"])
        except FileNotFoundError:
            return None

    def names(self, folder: str = "") -> list[str]:
        """All files, or those below a folder of it."""
        self._files.invalidate_cache()  # others write, too
        try:
            found = self._files.find(self._place(folder))
        except FileNotFoundError:
            return []
        root = f"{self._root.strip('/')}/"
        return [str(name).strip("/").removeprefix(root) for name in found]

    def write(self, name: str, data: bytes, there: Callable[[], bool] = lambda: False) -> None:
        """Write a file, whole or not at all; no error if it is `there` all the same, as somebody else was first."""
        self._write(name, lambda place: self._files.pipe_file(place, data), there)

    def copy(self, path: str, name: str, there: Callable[[], bool] = lambda: False) -> None:
        """Write a file with the content of a local one, as `write`."""
        self._write(name, lambda place: self._files.put_file(path, place), there)

    def remove(self, name: str) -> None:
        """Remove a file; no error if it is not there."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._place(name))

    def _write(self, name: str, write: Callable[[str], object], there: Callable[[], bool]) -> None:
        if self._shows_whole:  # nor have they folders: to make one would be to make the bucket
            write(self._place(name))
            return
        parent = self._place(name).rpartition("/")[0]
        new = self._place(f".new/{secrets.token_hex(12)}")
        self._files.makedirs(parent, exist_ok=True)
        self._files.makedirs(self._place(".new"), exist_ok=True)
        try:
            write(new)
            self._files.mv(new, self._place(name))
        except BaseException as error:
            with contextlib.suppress(OSError):
                self._files.rm_file(new)
            # some file systems do not rename over what another writer put there first
            if not isinstance(error, OSError) or not there():
                raise

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root
