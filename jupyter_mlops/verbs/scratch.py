"""A scratch copy of a notebook's folder: what runs there leaves nothing behind and finds nothing of another run."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlops.store.project import Project

# A folder larger than this is not copied: the notebook then runs where it is.
COPY_UP_TO = 200 << 20
_NOT_COPIED = (".git", ".jupyter_mlops", ".ipynb_checkpoints", "__pycache__", ".venv", "node_modules")


@dataclass(frozen=True)
class Scratch:
    """A folder to work in, and a store of its own beside it."""

    folder: Path
    notebook: Path

    @property
    def store(self) -> Project:
        """The store that runs are written to."""
        return Project(self.folder / "store")

    def renewed(self) -> Path:
        """The path of the notebook in a copy of its folder, made anew: always the same path."""
        if not _fits(self.notebook.parent):
            return self.notebook
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self.notebook.parent, work, ignore=self._left_out, symlinks=True)
        return work / self.notebook.name

    def _left_out(self, folder: str, names: list[str]) -> list[str]:
        """What is not the notebook's, cannot be copied, or is this scratch folder itself: it may lie below."""
        return [name for name in names if name in _NOT_COPIED or not self._is_copied(os.path.join(folder, name))]

    def _is_copied(self, path: str) -> bool:
        if os.path.islink(path):
            return True
        if os.path.isdir(path):
            return os.access(path, os.R_OK | os.X_OK) and os.path.realpath(path) != os.path.realpath(self.folder)
        return os.path.isfile(path) and os.access(path, os.R_OK)


def _fits(folder: Path) -> bool:
    total = 0
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_COPIED]
        total += sum(os.lstat(os.path.join(root, name)).st_size for name in files)
        if total > COPY_UP_TO:
            return False
    return True
