"""The index: a SQLite file on a local disk that answers questions about all runs at once.

It is made from the event files and can be deleted at any time; no run needs it. `refresh` reads only what grew.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jupyter_mlops.errors import NewerStore
from jupyter_mlops.store.events_file import event_files, read_run
from jupyter_mlops.store.index_place import index_path
from jupyter_mlops.store.index_schema import TABLES, VERSION, remove_run, write_run
from jupyter_mlops.store.liveness import run_is_driven
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import run_ids
from jupyter_mlops.store.run_state import fold, interrupted

_T = TypeVar("_T")
_BATCH = 200  # runs a transaction: others may write in between
# A folder that changed just before it was read may change again without its time moving on.
_RACY_NS = 2_000_000_000


class Index:
    """Answers from SQLite. May be used by several threads; several processes may have the same file open."""

    def __init__(self, project: Project, *, path: Path | None = None) -> None:
        """Opens (or makes) the file; where no folder can be written it lives in memory.

        Raises:
            NewerStore: the store was written by a newer version.
        """
        project.check_format()
        self._project = project
        self._path = path or index_path(project.home)
        self._lock = threading.RLock()
        self._base, self._inode = _in_memory(), 0
        self._surely(self._open)

    def refresh(self) -> int:
        """Take in what was appended since; returns the number of runs that changed."""
        with self._lock:
            if self._path is not None and _inode(self._path) != self._inode:  # deleted under us
                self._surely(self._open)
            return self._surely(self._refresh)

    def rebuild(self) -> int:
        """Throw everything away and read all runs again; returns their number."""
        with self._lock:
            self._surely(self._make_anew)
            return self._surely(self._refresh)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Rows for a statement of this package."""

        def ask() -> list[sqlite3.Row]:
            return self._base.execute(sql, tuple(values)).fetchall()

        def read_and_ask() -> list[sqlite3.Row]:
            self._refresh()
            return ask()

        with self._lock:
            return self._surely(ask, again=read_and_ask)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refresh(self) -> int:
        changed_at = _time_of(self._project.runs)
        columns = "SELECT id, run, state, settled, changed, engine FROM runs"
        if self._mark("runs_changed") == changed_at and changed_at:
            known = {row["run"]: row for row in self._base.execute(columns + " WHERE NOT settled")}
            names = list(known)
        else:
            known = {row["run"]: row for row in self._base.execute(columns)}
            there = run_ids(self._project)
            names = [run for run in there if not self._is_settled(known.get(run), run)]
            self._remove(set(known) - set(there))
        changed = sum(self._take_in(names[low : low + _BATCH], known) for low in range(0, len(names), _BATCH))
        self._conclude(0 if _is_racy(changed_at) else changed_at, grown=changed >= _BATCH)
        return changed

    def _is_settled(self, row: sqlite3.Row | None, run: str) -> bool:
        return row is not None and row["settled"] and row["changed"] == _time_of(self._project.run_directory(run))

    def _take_in(self, names: list[str], known: dict[str, sqlite3.Row]) -> int:
        grown = [name for name in names if self._needs_reading(name, known.get(name))]
        if not grown:
            return 0
        with self._writing():
            return sum(self._take_in_one(name) for name in grown)

    def _needs_reading(self, run: str, row: sqlite3.Row | None) -> bool:
        if row is None or row["settled"]:  # settled, and its folder changed
            return True
        directory = self._project.run_directory(run)
        before = dict(self._base.execute("SELECT file, offset FROM event_files WHERE id = ?", (row["id"],)).fetchall())
        if any(_size_of(path) > before.get(path.name, -1) for path in event_files(directory)):
            return True
        if row["state"] in ("pending", "running"):
            return not run_is_driven(directory, json.loads(row["engine"]))
        return not _is_racy(_time_of(directory))

    def _take_in_one(self, run: str) -> bool:
        directory = self._project.run_directory(run)
        changed = _time_of(directory)
        found = read_run(directory)
        if not found.events:
            return False
        try:
            record = fold(found.events, run=run)
        except NewerStore:
            return False
        driven = not record.over and run_is_driven(directory, record.engine or None)
        if not record.over and not driven:
            record = interrupted(record)
        settled = not driven and not _is_racy(changed)
        write_run(self._base, record, found.offsets, changed=changed, settled=settled)
        return True

    def _conclude(self, changed_at: int, *, grown: bool) -> None:
        if self._mark("runs_changed") != changed_at or grown:
            with self._writing():
                self._base.execute("INSERT OR REPLACE INTO marks VALUES('runs_changed', ?)", (changed_at,))
                if grown:
                    self._base.execute("ANALYZE")

    def _remove(self, runs: set[str]) -> None:
        if runs:
            with self._writing():
                for run in runs:
                    remove_run(self._base, run)

    def _mark(self, name: str) -> int:
        found = self._base.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def _surely(self, work: Callable[[], _T], *, again: Callable[[], _T] | None = None) -> _T:
        """Do it; if the file is damaged, make it anew and do it `again`; if that is no use either, go on in memory."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if not (_is_damage(error) or _cannot_write(error)):
                raise
            if _is_damage(error):
                with contextlib.suppress(sqlite3.DatabaseError):
                    self._make_anew()
                    return (again or work)()
        self._path = None
        self._open()
        return (again or work)()

    def _make_anew(self) -> None:
        self._base.close()
        if self._path is not None:
            for name in (self._path.name, self._path.name + "-wal", self._path.name + "-shm"):
                self._path.with_name(name).unlink(missing_ok=True)
        self._open()

    def _open(self) -> None:
        self._base.close()
        if self._path is None:
            base = _in_memory()
        else:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
            base = _connect(self._path)
        self._base = base  # closed with the index, also if it turns out to be of no use
        _migrate(base)
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute("PRAGMA cache_size = -32000")
        self._inode = _inode(self._path) if self._path else 0


def _in_memory() -> sqlite3.Connection:
    return _connect(":memory:")


def _connect(place: Path | str) -> sqlite3.Connection:
    base = sqlite3.connect(place, timeout=30.0, isolation_level=None, check_same_thread=False)
    base.row_factory = sqlite3.Row
    return base


def _migrate(base: sqlite3.Connection) -> None:
    """Another version's tables are dropped and made anew: everything in them can be read again."""
    if base.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    if base.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        base.execute("PRAGMA journal_mode = WAL")
    base.execute("BEGIN IMMEDIATE")
    if base.execute("PRAGMA user_version").fetchone()[0] != VERSION:  # another process may have been faster
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not name.startswith("sqlite_"):
                base.execute(f'DROP TABLE "{name}"')
        for statement in TABLES.split(";"):
            base.execute(statement)
        base.execute(f"PRAGMA user_version = {VERSION}")
    base.execute("COMMIT")


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is not a database, is cut or garbled, or lost its tables (deleted under us)."""
    text = str(error)
    return any(sign in text for sign in ("malformed", "not a database", "disk I/O error", "no such table", "corrupt"))


def _cannot_write(error: sqlite3.Error) -> bool:
    """Whether the disk does not take it, or somebody holds the file; questions are then answered from memory."""
    return any(sign in str(error) for sign in ("disk is full", "readonly database", "unable to open", "locked"))


def _is_racy(changed: int) -> bool:
    return time.time_ns() - changed < _RACY_NS


def _time_of(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0
