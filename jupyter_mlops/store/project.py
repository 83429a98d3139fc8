"""A project: where its store is, what is in it, and its settings. Nothing is written before `ensure`."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import NewerStore, Refused, StoreUnwritable, Usage
from jupyter_mlops.store.artifacts import FileArtifacts
from jupyter_mlops.store.atomic_write import write_atomically

FORMAT = 1
HOME_NAME = ".jupyter_mlops"
HOME_VARIABLE = "JUPYTER_MLOPS_HOME"
WAY_OUT = f"Set {HOME_VARIABLE} to a folder that can be written."


@dataclass(frozen=True)
class Project:
    """A folder with a store in it. `start` is where the search began: settings are looked for from there upwards.

    `confined`: this process may read more than those whose files it keeps, so what leads out of the folder is not kept.
    """

    root: Path
    start: Path | None = None
    confined: bool = False

    @classmethod
    def find(
        cls, path: str | Path = ".", *, environ: Mapping[str, str] = os.environ, user: int | None = None
    ) -> Project:
        """The project that a notebook or folder belongs to.

        The nearest parent with `.jupyter_mlops/`, else the git root, else the folder itself; the environment variable
        JUPYTER_MLOPS_HOME overrides all of them. A parent's store that belongs to another user is passed over: its
        cached values are loaded as code. `user` is the number of the user who asks, by default who runs this process.

        Raises:
            Refused: the store would be in a folder where another user's is.
        """
        place = Path(path).expanduser().absolute()
        start = place if place.is_dir() else place.parent
        if override := environ.get(HOME_VARIABLE):
            named = Path(override).expanduser().absolute()
            return cls(named.parent if named.name == HOME_NAME else named, start)
        folders = (start, *start.parents)
        with_store = (folder for folder in folders if _is_own(folder / HOME_NAME, user))
        with_git = (folder for folder in folders if (folder / ".git").exists())
        root = next(with_store, None) or next(with_git, None) or start
        if (root / HOME_NAME).is_dir() and not _is_own(root / HOME_NAME, user):
            raise Refused(
                f"The store {root / HOME_NAME} belongs to another user, and loading its values would run their code.",
                hint=f"Set {HOME_VARIABLE}={root} if you trust it, or to a folder of your own.",
            )
        return cls(root, start)

    @property
    def home(self) -> Path:
        """The store's folder."""
        return self.root / HOME_NAME

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.home / "runs"

    @property
    def cache(self) -> Path:
        """Manifests of results that can be used again."""
        return self.home / "cache"

    def run_directory(self, run: str) -> Path:
        """The folder of a run (its full id)."""
        return self.runs / run

    @cached_property
    def artifacts(self) -> FileArtifacts:
        """Files and values by content digest."""
        return FileArtifacts(self.home / "artifacts")

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """`jupyter_mlops.toml`, or `[tool.jupyter_mlops]` of `pyproject.toml`: the nearest from `start` up to the root.

        Raises:
            Usage: the file is not TOML.
        """
        start = self.start or self.root
        folders = [start, *start.parents]
        if self.root in folders:
            folders = folders[: folders.index(self.root) + 1]
        return next((found for folder in folders if (found := _settings(folder)) is not None), {})

    def check_format(self) -> None:
        """Refuse a store that newer software wrote; a store that does not exist yet is fine.

        Raises:
            NewerStore: the format is not one that this version reads.
        """
        try:
            text = (self.home / "format").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return
        if text != str(FORMAT):
            raise NewerStore(
                f"The store {self.home} has format {text[:20]!r}; this version reads format {FORMAT}.",
                hint=f"Upgrade jupyter-mlops, or set {HOME_VARIABLE} to another folder.",
            )

    def ensure(self) -> Project:
        """Make the store's folders if they are missing, and check that they can be written.

        Raises:
            StoreUnwritable: the folder cannot be made or written.
            NewerStore: newer software wrote it.
        """
        self.check_format()
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            if not (self.home / "format").exists():
                write_atomically(self.home / ".gitignore", b"*\n")
                write_atomically(self.home / "format", f"{FORMAT}\n".encode())
            if not os.access(self.runs, os.W_OK):
                raise PermissionError(errno.EACCES, "no permission to write", str(self.runs))
        except OSError as error:
            raise StoreUnwritable(
                f"The store {self.home} cannot be written: {error.strerror or error}.", hint=WAY_OUT
            ) from error
        return self


def _is_own(folder: Path, user: int | None) -> bool:
    """Whether it is a folder of the user's, or of root, who can do anything anyway."""
    if not folder.is_dir():
        return False
    owner = folder.stat().st_uid
    me = getattr(os, "getuid", lambda: owner)() if user is None else user
    return owner in (me, 0)


def _settings(folder: Path) -> Mapping[str, Any] | None:
    own, shared = folder / "jupyter_mlops.toml", folder / "pyproject.toml"
    if own.is_file():
        return _toml(own)
    if shared.is_file():
        found = _toml(shared).get("tool", {}).get("jupyter_mlops")
        return found if isinstance(found, dict) else None
    return None


def _toml(path: Path) -> dict[str, Any]:
    import tomllib  # novermin: a project in a pod has no such file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Usage(f"{path} is not valid TOML: {error}.", hint="Mend or remove the file.") from error
