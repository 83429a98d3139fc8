"""Where the index lives: on a local disk. SQLite on a file system that two machines share loses acknowledged writes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

CACHE_VARIABLE = "JUPYTER_MLOPS_CACHE"
_SHARED = ("nfs", "cifs", "smb", "9p", "fuse.", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "virtiofs")


def index_path(home: Path, *, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The index's file for the store at `home`; its folder exists. None if no folder can be written.

    JUPYTER_MLOPS_CACHE names a folder; else the user's cache folder if it is on a local disk, else a folder of the
    user's in the system's temporary one.
    """
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:24] + ".sqlite"
    for folder in _folders(environ):
        if _usable(folder):
            return folder / name
    return None


def is_shared(path: Path, *, mounts: str = "/proc/self/mountinfo") -> bool:
    """Whether `path` is on a file system that other machines may see. False where it cannot be told (not Linux)."""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    there = str(path.resolve())
    best, kind = "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        inside = there == point or there.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind.startswith(_SHARED)


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get(CACHE_VARIABLE):
        yield Path(named).expanduser()
        return
    cache = Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home()) / ".cache")
    if not is_shared(cache):
        yield cache / "jupyter_mlops"
    yield Path(tempfile.gettempdir()) / f"jupyter_mlops-{getattr(os, 'getuid', lambda: 'user')()}"


def _usable(folder: Path) -> bool:
    """A folder in a place that everybody may write must be our own: another user could put a file under our name."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.lstat().st_uid
    except OSError:
        return False
    return os.access(folder, os.W_OK) and owner == getattr(os, "getuid", lambda: owner)()
