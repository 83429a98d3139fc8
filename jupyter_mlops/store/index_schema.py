"""Tables of the index, and the rows of one run. The words are those of KFP's native API (tasks, artifact_tasks)."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.store.links import links
from jupyter_mlops.store.run_record import RunRecord

VERSION = 2

# Names come first in the keys of params and metrics: a filter reads one name of all runs, in order of the value.
TABLES = """
CREATE TABLE runs(
    id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, pipeline TEXT, experiment TEXT, state TEXT, reason TEXT,
    created REAL, started REAL, finished REAL, seconds REAL, notebook TEXT, target TEXT, user TEXT, retry_of TEXT,
    interrupted INTEGER, settled INTEGER, changed INTEGER, engine TEXT, details TEXT);
CREATE TABLE event_files(
    id INTEGER, file TEXT, offset INTEGER, PRIMARY KEY(id, file)) WITHOUT ROWID;
CREATE TABLE params(
    id INTEGER, name TEXT, text TEXT, number REAL, PRIMARY KEY(id, name)) WITHOUT ROWID;
CREATE TABLE metrics(
    id INTEGER, name TEXT, number REAL, minimum REAL, maximum REAL, points INTEGER, best_step INTEGER,
    PRIMARY KEY(id, name)) WITHOUT ROWID;
CREATE TABLE tags(
    id INTEGER, name TEXT, text TEXT, number REAL, PRIMARY KEY(id, name)) WITHOUT ROWID;
CREATE TABLE tasks(
    id INTEGER, task TEXT, step TEXT, position INTEGER, state TEXT, attempt INTEGER, started REAL, seconds REAL,
    reason TEXT, cached_from TEXT, PRIMARY KEY(id, task)) WITHOUT ROWID;
CREATE TABLE artifacts(
    digest TEXT PRIMARY KEY, type TEXT, bytes INTEGER, stored TEXT) WITHOUT ROWID;
CREATE TABLE artifact_tasks(
    id INTEGER, task TEXT, role TEXT, name TEXT, digest TEXT, source TEXT,
    PRIMARY KEY(id, task, role, name, digest)) WITHOUT ROWID;
CREATE TABLE marks(name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE INDEX runs_by_created ON runs(created);
CREATE INDEX runs_by_notebook ON runs(notebook, run);
CREATE INDEX runs_unsettled ON runs(id) WHERE NOT settled;
CREATE INDEX params_by_text ON params(name, text, id);
CREATE INDEX params_by_number ON params(name, number, id);
CREATE INDEX metrics_by_number ON metrics(name, number, id);
CREATE INDEX tags_by_text ON tags(name, text, id);
CREATE INDEX artifact_tasks_by_digest ON artifact_tasks(digest, role);
"""

OF_A_RUN = ("event_files", "params", "metrics", "tags", "tasks", "artifact_tasks")


def write_run(
    base: sqlite3.Connection, record: RunRecord, offsets: Mapping[str, int], *, changed: int, settled: bool
) -> None:
    """Replace all rows of a run. `changed` is the time of its folder, `settled` that no engine drives it any more."""
    key = _replace(base, record, changed, settled)
    for table in OF_A_RUN:
        base.execute(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608 names from the constant above
    base.executemany("INSERT INTO event_files VALUES(?, ?, ?)", ((key, name, size) for name, size in offsets.items()))
    base.executemany("INSERT INTO params VALUES(?, ?, ?, ?)", ((key, *row) for row in _named(record.params)))
    base.executemany("INSERT INTO tags VALUES(?, ?, ?, ?)", ((key, *row) for row in _named(record.tags)))
    base.executemany("INSERT INTO metrics VALUES(?, ?, ?, ?, ?, ?, ?)", ((key, *row) for row in _metrics(record)))
    base.executemany("INSERT INTO tasks VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ((key, *row) for row in _tasks(record)))
    for link in links(record):
        base.execute(
            "INSERT INTO artifacts VALUES(?, ?, ?, ?) ON CONFLICT(digest) DO UPDATE SET stored = excluded.stored",
            (link.digest, link.type, link.bytes, link.stored),
        )
        row = (key, link.task, link.role, link.name, link.digest, link.source)
        base.execute("INSERT OR REPLACE INTO artifact_tasks VALUES(?, ?, ?, ?, ?, ?)", row)


def remove_run(base: sqlite3.Connection, run: str) -> None:
    """Remove all rows of a run; artifacts that no run refers to any more stay as facts about their content."""
    found = base.execute("SELECT id FROM runs WHERE run = ?", (run,)).fetchone()
    if found is None:
        return
    for table in ("runs", *OF_A_RUN):
        base.execute(f"DELETE FROM {table} WHERE id = ?", (found[0],))  # noqa: S608 names from the constant above


def _replace(base: sqlite3.Connection, record: RunRecord, changed: int, settled: bool) -> int:
    row = {
        "run": record.run,
        "pipeline": record.pipeline,
        "experiment": record.experiment,
        "state": record.state,
        "reason": record.reason,
        "created": record.created,
        "started": record.started,
        "finished": record.finished,
        "seconds": record.seconds,
        "notebook": record.notebook,
        "target": record.target,
        "user": record.user,
        "retry_of": record.retry_of,
        "interrupted": record.interrupted,
        "settled": settled,
        "changed": changed,
        "engine": json.dumps(record.engine, default=str),
        "details": _details(record),
    }
    columns = ", ".join(row)
    updates = ", ".join(f"{name} = excluded.{name}" for name in row if name != "run")
    statement = (
        f"INSERT INTO runs({columns}) VALUES({', '.join('?' * len(row))}) "
        f"ON CONFLICT(run) DO UPDATE SET {updates} RETURNING id"
    )
    return int(base.execute(statement, tuple(map(_sane, row.values()))).fetchone()[0])


def _details(record: RunRecord) -> str:
    """What a list shows beside the columns, so that a page of a list is one read."""
    counts: dict[str, int] = {}
    for task in record.tasks.values():
        counts[task.state] = counts.get(task.state, 0) + 1
    details = {"params": record.params, "metrics": record.metrics, "tags": record.tags, "tasks": counts}
    return json.dumps(details, ensure_ascii=True, default=str)


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, str, float | None]]:
    """(name, text, number): text as the user would write it, number where there is one."""
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        yield _sane(name), _sane(text), _number(value)


def _number(value: Any) -> float | None:
    """The number that a value is or, as other trackers write params, spells."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _metrics(record: RunRecord) -> Iterator[tuple[str, float, float | None, float | None, int, int | None]]:
    for name, points in record.series.items():
        known = [point for point in points if not math.isnan(point.value)]
        best = max(known, key=lambda point: point.value, default=None)
        yield (
            _sane(name),
            points[-1].value,
            min((point.value for point in known), default=None),
            best.value if best else None,
            len(points),
            best.step if best else None,
        )


def _tasks(record: RunRecord) -> Iterator[tuple[Any, ...]]:
    for position, task in enumerate(record.tasks.values()):
        row = (task.state, task.attempt, task.started, task.seconds, task.reason, task.cached_from)
        yield tuple(map(_sane, (task.task, task.step, position, *row)))


def _sane(value: Any) -> Any:
    """SQLite takes UTF-8 only: half a surrogate pair becomes a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
