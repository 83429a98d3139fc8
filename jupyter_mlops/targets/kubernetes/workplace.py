"""The working folders on the volume: one a run, so that two runs at once leave each other's files alone.

A new one begins as the folder at home would: with the files that the run took along, and with what the last run of the
pipeline left beside them. A step that is not run again may have written that, and nobody told us.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.runtime.plain_files import read_plain
from jupyter_mlops.targets.kubernetes.parcel import FILES_ENTRY

KEPT_FOLDERS = 3
"""How many folders of runs that succeeded stay; those of others stay for a month, as they may be retried."""
LEFT_MOST, LEFT_MOST_ALL = 256 << 20, 1 << 30
"""Bytes of a file, and of all together, that are taken over from the last run."""
Files = dict[str, tuple[int, int, int, int]]
"""Of each file below a folder what changes when it is written: size, time, inode and mode."""
_OVER = "over"
_MONTH_S = 30 * 24 * 3600.0


def place_of(pipeline: str, run: str) -> str:
    """The folder of a run, below that of all runs' working folders."""
    return f"{dns_name(pipeline)}/{run}"


def close(place: Path, outcome: str) -> None:
    """Note that the run is over: what lies in its folder will not change any more."""
    with contextlib.suppress(OSError):
        (place / _OVER).write_text(outcome, encoding="utf-8")


def reopen(place: Path) -> None:
    """Note that the run goes on."""
    (place / _OVER).unlink(missing_ok=True)


def take_over(place: Path) -> int:
    """Copy into a new folder what the last run of the pipeline left beside the files that it took along.

    The answer is the number of files. Those that are there already, or too large, are left out.
    """
    source = next(_finished(place), None)
    if source is None:
        return 0
    brought, copied, total = _brought(source), 0, 0
    for name in names_below(source / "files"):
        old, new = source / "files" / name, place / "files" / name
        with contextlib.suppress(OSError):  # it may be cleared away meanwhile
            size = old.stat().st_size
            if name in brought or new.exists() or size > LEFT_MOST or total + size > LEFT_MOST_ALL:
                continue
            new.parent.mkdir(parents=True, exist_ok=True)
            beside = new.with_name(f".{new.name}.part")
            shutil.copy2(old, beside)
            os.replace(beside, new)
            copied, total = copied + 1, total + size
    return copied


def clear(place: Path) -> None:
    """Remove folders of earlier runs of the pipeline that nobody will ask for."""
    for number, folder in enumerate(_finished(place)):
        succeeded = _outcome(folder) == "succeeded"
        if (succeeded and number >= KEPT_FOLDERS) or _age(folder) > _MONTH_S:
            shutil.rmtree(folder, ignore_errors=True)


def _finished(place: Path) -> Iterator[Path]:
    """Folders of other runs that are over, the newest first: ids of runs begin with the time."""
    for folder in sorted(place.parent.iterdir(), key=lambda item: item.name, reverse=True):
        if folder != place and (folder / _OVER).is_file():
            yield folder


def _outcome(folder: Path) -> str:
    try:
        return read_plain(folder / _OVER).decode()
    except (OSError, ValueError):
        return ""


def _age(folder: Path) -> float:
    try:
        return time.time() - (folder / _OVER).stat().st_mtime
    except OSError:
        return 0.0


def _brought(folder: Path) -> set[str]:
    try:
        return {str(name) for name in json.loads(read_plain(folder / FILES_ENTRY))}
    except (OSError, ValueError, TypeError):
        return set()


def seen(folder: Path) -> Files:
    """The files below a folder, as they are now."""
    found: Files = {}
    for name in names_below(folder):
        with contextlib.suppress(FileNotFoundError):
            stat = os.lstat(folder / name)
            found[name] = (stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_mode)
    return found


def names_below(folder: Path) -> Iterator[str]:
    """Regular files below, relative; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()
