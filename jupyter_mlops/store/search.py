"""Find runs: filter, sort, a page of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.search_parser import Both, Comparison, Key, parse, parse_order
from jupyter_mlops.store.search_sql import Statement


@dataclass(frozen=True)
class RunSummary:
    """A run as a list shows it. Times in seconds since the epoch; `tasks` counts tasks by state."""

    run: str
    pipeline: str
    experiment: str
    state: str
    reason: str
    created: float
    started: float | None
    finished: float | None
    seconds: float | None
    notebook: str
    target: str
    user: str
    retry_of: str
    interrupted: bool
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)


def search(
    project: Project, filter: str = "", *, order_by: str = "", limit: int = 100, offset: int = 0
) -> list[RunSummary]:
    """Runs for which `filter` holds, newest first unless `order_by` says otherwise.

    Raises:
        Usage: the filter or the order cannot be read; the message shows where.
        NewerStore: the store was written by a newer version.
    """
    with Index(project) as index:
        index.refresh()
        return search_index(index, filter, order_by=order_by, limit=limit, offset=offset)


def search_index(
    index: Index,
    filter: str = "",
    *,
    order_by: str = "",
    limit: int = 100,
    offset: int = 0,
    notebooks: Collection[str] = (),
) -> list[RunSummary]:
    """`search` in an index that is open, as of its last refresh. `notebooks`: only runs of these files."""
    if limit < 0 or offset < 0:
        raise Usage("`limit` and `offset` count runs from 0.")
    statement = _filtered(filter, notebooks)
    statement.text = order_by
    statement.order_by(parse_order(order_by))
    ids = [row[0] for row in index.query(statement.sql(), statement.parameters(limit, offset))]
    rows: dict[int, Any] = {}
    for low in range(0, len(ids), 500):
        some = ids[low : low + 500]
        marks = ", ".join("?" * len(some))
        rows |= {row["id"]: row for row in index.query(f"SELECT * FROM runs WHERE id IN ({marks})", some)}  # noqa: S608
    return [_summary(rows[key]) for key in ids if key in rows]


def count_in(index: Index, filter: str = "", *, notebooks: Collection[str] = ()) -> int:
    """For how many runs `filter` holds, in an index that is open."""
    statement = _filtered(filter, notebooks)
    return int(index.query(statement.count_sql(), statement.count_parameters())[0][0])


def _filtered(filter: str, notebooks: Collection[str]) -> Statement:
    statement = Statement(filter)
    tree = parse(filter)
    if notebooks:
        of_them = Comparison(Key("attribute", "notebook"), "in", tuple(notebooks))
        tree = Both("and", (of_them, tree)) if tree else of_them
    statement.filter_by(tree)
    return statement


_PLAIN = (
    "run", "pipeline", "experiment", "state", "reason", "created", "started", "finished", "seconds", "notebook",
    "target", "user", "retry_of",
)  # fmt: skip


def _summary(row: Any) -> RunSummary:
    return RunSummary(
        **{name: row[name] for name in _PLAIN}, interrupted=bool(row["interrupted"]), **json.loads(row["details"])
    )
