"""Lineage: what made an artifact, and what was made from it, through all runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.store.index import Index


@dataclass(frozen=True)
class LineageTask:
    """A task of a run, as a node."""

    run: str
    task: str
    pipeline: str = ""
    state: str = ""


@dataclass(frozen=True)
class LineageArtifact:
    """A file or value, as a node. `stored` is the digest of the file that holds it."""

    digest: str
    type: str = ""
    bytes: int | None = None
    stored: str = ""


@dataclass(frozen=True)
class LineageEdge:
    """`task` made ("output") or used ("input") the artifact under `name`."""

    task: LineageTask
    digest: str
    name: str
    role: Literal["output", "input"]


@dataclass(frozen=True)
class Lineage:
    """The part of the graph that was asked for: nodes nearest to the artifact first."""

    digest: str
    tasks: tuple[LineageTask, ...]
    artifacts: tuple[LineageArtifact, ...]
    edges: tuple[LineageEdge, ...]


def made_from(index: Index, digest: str, *, depth: int | None = None) -> Lineage:
    """The tasks that made the artifact, what they used, and so on back to the beginning, or `depth` tasks back."""
    return _walk(index, resolve_artifact(index, digest), _Walk("output", _givers), depth)


def used_for(index: Index, digest: str, *, depth: int | None = None) -> Lineage:
    """The tasks that used the artifact, what they made, and so on to the end, or `depth` tasks on."""
    return _walk(index, resolve_artifact(index, digest), _Walk("input", _takers), depth)


def resolve_artifact(index: Index, text: str) -> str:
    """The digest that begins with `text`.

    Raises:
        NotFound: no run made or used such an artifact.
        Usage: several begin so.
    """
    wanted = text.strip().lower()
    rows = index.query("SELECT digest FROM artifacts WHERE digest >= ? AND digest < ? LIMIT 3", (wanted, wanted + "g"))
    found = [row["digest"] for row in rows]
    if wanted in found:
        return wanted
    if not found or not wanted:
        raise NotFound(
            f"No run made or used an artifact {text!r}.", hint="`show RUN` lists artifacts with their digests."
        )
    if len(found) > 1:
        raise Usage(f"{text!r} is the beginning of several digests.", hint="Give more characters.")
    return str(found[0])


@dataclass(frozen=True)
class _Row:
    """A link as the index has it: `source` is the task of the same run that an input came from."""

    id: int
    task: str
    name: str
    digest: str
    source: str


@dataclass(frozen=True)
class _Walk:
    """A direction: the role in which a task touches what was asked for, and how to go on from its other side."""

    near: Literal["output", "input"]
    beyond: Callable[[Index, _Row], Iterator[_Row]]

    @property
    def far(self) -> Literal["output", "input"]:
        return "input" if self.near == "output" else "output"


def _givers(index: Index, used: _Row) -> Iterator[_Row]:
    """Who made what a task used: the task it came from where that is known, else all that made the same content."""
    for row in _rows(index, "digest = ? AND role = 'output'", used.digest):
        if not used.source or (row.id, row.task) == (used.id, used.source):
            yield row


def _takers(index: Index, made: _Row) -> Iterator[_Row]:
    """Who used what a task made: not those of which it is known that they had equal content from another task."""
    for row in _rows(index, "digest = ? AND role = 'input'", made.digest):
        if not row.source or (row.id, row.source) == (made.id, made.task):
            yield row


def _walk(index: Index, digest: str, way: _Walk, depth: int | None) -> Lineage:
    waiting = deque((row, 1) for row in _rows(index, "digest = ? AND role = ?", digest, way.near))
    links: dict[tuple[_Row, Literal["output", "input"]], None] = {}
    opened: set[tuple[int, str]] = set()
    while waiting:
        near, distance = waiting.popleft()
        links[near, way.near] = None
        place = (near.id, near.task)
        if place in opened:
            continue
        opened.add(place)
        for far in _rows(index, "id = ? AND task = ? AND role = ?", near.id, near.task, way.far):
            links[far, way.far] = None
            if depth is None or distance < depth:
                waiting.extend((row, distance + 1) for row in way.beyond(index, far))
    return _described(index, digest, links)


def _described(index: Index, digest: str, links: dict[tuple[_Row, Literal["output", "input"]], None]) -> Lineage:
    tasks = {(row.id, row.task): _task(index, row) for row, _ in links}
    digests = dict.fromkeys([digest, *(row.digest for row, _ in links)])
    return Lineage(
        digest,
        tuple(tasks.values()),
        tuple(_artifact(index, known) for known in digests),
        tuple(LineageEdge(tasks[row.id, row.task], row.digest, row.name, role) for row, role in links),
    )


def _task(index: Index, row: _Row) -> LineageTask:
    found = index.query(
        "SELECT run, pipeline, tasks.state AS state FROM runs LEFT JOIN tasks ON tasks.id = runs.id AND task = ? "
        "WHERE runs.id = ?",
        (row.task, row.id),
    )[0]
    return LineageTask(found["run"], row.task, found["pipeline"], found["state"] or "")


def _artifact(index: Index, digest: str) -> LineageArtifact:
    found = index.query("SELECT digest, type, bytes, stored FROM artifacts WHERE digest = ?", (digest,))
    return LineageArtifact(*found[0]) if found else LineageArtifact(digest)


def _rows(index: Index, where: str, *values: object) -> list[_Row]:
    sql = f"SELECT id, task, name, digest, source FROM artifact_tasks WHERE {where} ORDER BY id, task"  # noqa: S608 ours
    return [_Row(*row) for row in index.query(sql, values)]
