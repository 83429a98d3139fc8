"""Paths of requests: what the contents manager calls a file, and where it is on disk. Nothing outside its root."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import NotFound, Unavailable, Usage

# What file systems take, in bytes.
_MAX_PATH, _MAX_NAME = 4096, 255


class Places:
    """Turns paths as the browser has them (relative to the server's root, `/` between) into files, and back."""

    def __init__(self, contents: Any, project_root: str = "") -> None:
        self._contents = contents
        self._project_root = project_root

    def root(self) -> Path:
        """The server's root folder, without links.

        Raises:
            Unavailable: the contents manager keeps no files on this machine.
        """
        root = getattr(self._contents, "root_dir", None)
        if not root:
            raise Unavailable("This server keeps its notebooks elsewhere than in files.", hint="Use the command line.")
        return Path(os.path.realpath(root))

    def file(self, path: str) -> Path:
        """Where the file at a path of the browser is; it need not exist.

        Raises:
            Usage: the path is none, or leads out of the root, also by a link.
            NotFound: it is hidden, and the server shows no hidden files.
        """
        local = path.partition(":")[2] if path.startswith("RTC:") else path
        parts = local.strip("/").split("/")
        if "\0" in local or "\\" in local or ".." in parts or not _can_be_named(parts):
            raise Usage(f"{local[:80]!r} is no path here.", hint="Paths are relative to the server's root folder.")
        root = self.root()
        found = Path(os.path.realpath(root.joinpath(*(part for part in parts if part))))
        if not found.is_relative_to(root):
            raise Usage(f"{local!r} leads out of the server's root folder.")
        if not getattr(self._contents, "allow_hidden", False) and any(part.startswith(".") for part in parts):
            raise NotFound(f"There is no file {local!r}.")
        return found

    def spellings(self, path: str) -> tuple[str, ...]:
        """The absolute paths that a run of this file may have kept: without links, and as the root is given."""
        found = self.file(path)
        relative = found.relative_to(self.root())
        return tuple(dict.fromkeys([str(found), str(Path(self._contents.root_dir).absolute() / relative)]))

    def folder(self, path: str) -> Path:
        """The folder whose project is meant: that of a notebook or folder, or the one that the server is set to."""
        if self._project_root:
            return Path(self._project_root).expanduser().absolute()
        found = self.file(path)
        return found if found.is_dir() else found.parent

    def path(self, file: str | Path | None) -> str | None:
        """What the browser calls a file; None for one that it cannot reach."""
        if not file:
            return None
        found = Path(os.path.realpath(file))
        root = self.root()
        return found.relative_to(root).as_posix() if found.is_relative_to(root) else None

    def without_places(self, text: str) -> str:
        """A message without where the server's folder is on disk."""
        root = str(getattr(self._contents, "root_dir", None) or "").rstrip("/")
        for place in {root, os.path.realpath(root)} if root else ():
            whole = re.escape(place)
            text = re.sub(rf"(?<![\w.-]){whole}(?:/(?=\w|\.)|(?![\w-]|\.\w))", _shown, text)
        return text


def _shown(place: re.Match[str]) -> str:
    return "" if place[0].endswith("/") else "the root folder"


def _can_be_named(parts: list[str]) -> bool:
    try:
        lengths = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return False
    return max(lengths) <= _MAX_NAME and sum(lengths) + len(lengths) <= _MAX_PATH
