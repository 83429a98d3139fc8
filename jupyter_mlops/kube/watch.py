"""Follow the objects of a kind: three rings, each ends where the next one takes over.

`one_watch` is one stream of the server. `since` goes on from version to version over lost connections, and ends when
the server has forgotten ours. `changes` lists, compares with what it knew, and goes on; only `stop` ends it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Gone, Unreachable, failure_of_status, status_from
from jupyter_mlops.kube.pace import Backoff, Pace
from jupyter_mlops.kube.request import lines
from jupyter_mlops.kube.resource import Resource
from jupyter_mlops.kube.stop import Stop

__all__ = ["Change", "Selection", "changes", "changes_of", "one_watch", "since"]

Kind = Literal["added", "modified", "deleted", "synced"]
Trouble = Callable[[MlopsError], None]
_KINDS: dict[str, Kind | Literal[""]] = {"ADDED": "added", "MODIFIED": "modified", "DELETED": "deleted"}
_Key = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """What happened to an object; `synced` has none: all that were there have been told."""

    kind: Kind
    object: dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which objects: a kind, and selectors in the API's own words."""

    resource: Resource
    labels: str = ""
    fields: str = ""

    @property
    def query(self) -> dict[str, str]:
        """As the API server wants it."""
        chosen = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in chosen.items() if value}


@dataclass(frozen=True)
class _Event:
    """One line of a watch; `kind` is empty for a bookmark, which only brings a version."""

    kind: Kind | Literal[""]
    object: dict[str, Any]
    version: str


def changes(
    kube: Kube,
    resource: Resource,
    labels: str,
    stop: Stop,
    *,
    trouble: Trouble = lambda _: None,
    pace: Pace | None = None,
) -> Iterator[Change]:
    """`changes_of` all objects of a kind with these labels."""
    return changes_of(kube, Selection(resource, labels), stop, trouble=trouble, pace=pace)


def changes_of(
    kube: Kube,
    selection: Selection,
    stop: Stop,
    *,
    trouble: Trouble = lambda _: None,
    pace: Pace | None = None,
) -> Iterator[Change]:
    """What is there, `synced`, and then every change, until `stop` is set, whatever happens to connection and server.

    After a gap it lists again: what is new, changed or gone meanwhile is told, then `synced` comes once more. `trouble`
    is called, from the reading thread, with every failure that is gone over.

    Raises:
        MlopsError: the very first list was refused (no right, no such kind, not logged in).
    """
    pace = pace or Pace()
    known: dict[_Key, dict[str, Any]] = {}
    backoff, listed_once = Backoff(pace), False
    while not stop.is_set():
        try:
            listed = kube.list(selection.resource, labels=selection.labels, fields=selection.fields)
        except MlopsError as failure:
            if not listed_once and not _passing(failure):
                raise
            _wait(failure, trouble, backoff, stop)
            continue
        listed_once = True
        yield from _differences(known, listed.items)
        yield Change("synced", {})
        for event in since(kube, selection, listed.version, stop, trouble=trouble, pace=pace):
            backoff.reset()
            yield from _told(known, event)
        # The server forgot our version: if it does so at once, listing in a tight loop would not help it.
        stop.wait(backoff.next())


def since(
    kube: Kube,
    selection: Selection,
    version: str,
    stop: Stop,
    *,
    trouble: Trouble = lambda _: None,
    pace: Pace | None = None,
) -> Iterator[_Event]:
    """Every event after `version`, over any number of connections; ends at `stop`, or when the version is too old."""
    pace = pace or Pace()
    backoff = Backoff(pace)
    while not stop.is_set():
        started, heard = time.monotonic(), False
        try:
            for event in one_watch(kube, selection, version, stop, pace):
                heard, version = True, event.version or version
                backoff.reset()
                if event.kind:
                    yield event
        except Gone as failure:
            trouble(failure)
            return
        except MlopsError as failure:
            _wait(failure, trouble, backoff, stop)
            continue
        if not heard and time.monotonic() - started < pace.brief:
            stop.wait(backoff.next())


def one_watch(kube: Kube, selection: Selection, version: str, stop: Stop, pace: Pace) -> Iterator[_Event]:
    """The events of one stream, until the server or `stop` ends it.

    Raises:
        Gone: the version is too old.
        Unreachable: the connection broke, or was silent for longer than the server may be.
        MlopsError: the server refused.
    """
    seconds = max(1, round(pace.jittered(pace.watch)))
    query = {**selection.query, "resourceVersion": version, "timeoutSeconds": str(seconds)}
    with (
        closing(kube.watch(selection.resource, query, silence=seconds + pace.slack)) as stream,
        stop.ends(stream.close),
    ):
        try:
            for line in lines(stream):
                if stop.is_set():
                    return
                if line.strip():
                    yield _event_of(line, selection)
        except ValueError as fault:
            raise Unreachable(f"The cluster sent what is no event of a watch: {fault}.", sent=True) from fault


def _event_of(line: bytes, selection: Selection) -> _Event:
    found = json.loads(line)
    if not isinstance(found, dict) or not isinstance(found.get("object"), dict):
        raise ValueError("it is no object")
    kind, thing = found.get("type"), found["object"]
    if kind == "ERROR":
        raise failure_of_status(status_from(thing, 0), f"watch {selection.resource.plural}")
    meta = thing.get("metadata")
    version = meta.get("resourceVersion") if isinstance(meta, dict) else ""
    known: Kind | Literal[""] = _KINDS.get(kind, "") if isinstance(kind, str) else ""
    return _Event(known, thing, version if isinstance(version, str) else "")


def _differences(known: dict[_Key, dict[str, Any]], items: tuple[dict[str, Any], ...]) -> Iterator[Change]:
    """From what was known to what is there; `known` follows."""
    there = {_key(item): item for item in items}
    for key in [key for key in known if key not in there or _uid(there[key]) != _uid(known[key])]:
        yield Change("deleted", known.pop(key))
    for key, item in there.items():
        before = known.get(key)
        known[key] = item
        if before is None:
            yield Change("added", item)
        elif _meta(before).get("resourceVersion") != _meta(item).get("resourceVersion"):
            yield Change("modified", item)


def _told(known: dict[_Key, dict[str, Any]], event: _Event) -> Iterator[Change]:
    """An event as a change of what is known: `added` and `deleted` come once for each object."""
    key = _key(event.object)
    before = known.get(key)
    if event.kind == "deleted":
        if known.pop(key, None) is not None:
            yield Change("deleted", event.object)
        return
    if before is not None and _uid(before) != _uid(event.object):
        yield Change("deleted", before)
        before = None
    known[key] = event.object
    yield Change("added" if before is None else "modified", event.object)


def _wait(failure: MlopsError, trouble: Trouble, backoff: Backoff, stop: Stop) -> None:
    if stop.is_set():
        return
    trouble(failure)
    status = getattr(failure, "status", None)
    stop.wait(backoff.next(getattr(status, "retry_after", 0.0)))


def _passing(failure: MlopsError) -> bool:
    """Whether the same may go well in a moment: a server that starts, or has too much to do."""
    return failure.http_status == 503


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    found = item.get("metadata")
    return found if isinstance(found, dict) else {}


def _key(item: dict[str, Any]) -> _Key:
    meta = _meta(item)
    return str(meta.get("namespace", "")), str(meta.get("name", ""))


def _uid(item: dict[str, Any]) -> object:
    return _meta(item).get("uid")
