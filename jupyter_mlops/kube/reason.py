"""What is said of a pod that waits or died, and safe ways into objects of a cluster, where any part may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_LONGEST = 600
_ZULU = re.compile("Z$")  # Python 3.9 and 3.10 read no Z


@dataclass(frozen=True)
class Reason:
    """Why, in a sentence, and the way out. `code` is stable, for programs.

    `lasting`: waiting alone does not help. `disruption`: the cluster took the pod away, the work itself did not fail.
    """

    code: str
    said: str
    hint: str = ""
    lasting: bool = False
    disruption: bool = False

    def __str__(self) -> str:
        return f"{self.said} {self.hint}".rstrip()


def part(item: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path of keys; an empty one where something else is there."""
    for key in path:
        item = item.get(key) if isinstance(item, Mapping) else None
    return item if isinstance(item, Mapping) else {}


def parts(item: Any, *path: str) -> Iterator[Mapping[str, Any]]:
    """The objects in the list at a path of keys; nothing where something else is there."""
    found = part(item, *path[:-1]).get(path[-1])
    for entry in found if isinstance(found, (list, tuple)) else ():
        if isinstance(entry, Mapping):
            yield entry


def text(item: Mapping[str, Any], key: str) -> str:
    """The text under a key in one line and not too long, without what could move a terminal's cursor; else ""."""
    found = item.get(key)
    words = " ".join(found[: 4 * _LONGEST].split()) if isinstance(found, str) else ""
    shown = "".join(letter for letter in words if letter.isprintable())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def last_line(item: Mapping[str, Any], key: str) -> str:
    """The last line of a text that says something: of a traceback, what was raised. Lines of JSON are for programs."""
    found = item.get(key)
    lines = found[-4 * _LONGEST :].strip().splitlines() if isinstance(found, str) else []
    said = [line for line in lines if not line.lstrip().startswith("{")] or lines
    return text({key: said[-1]}, key) if said else ""


def number(item: Mapping[str, Any], key: str) -> int | None:
    """The whole number under a key."""
    found = item.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def when(item: Mapping[str, Any], key: str) -> datetime | None:
    """The time under a key, with its zone."""
    try:
        found = datetime.fromisoformat(_ZULU.sub("+00:00", text(item, key)))
    except ValueError:
        return None
    return found if found.tzinfo else None


def condition(item: Any, kind: str, status: str = "True") -> Mapping[str, Any] | None:
    """The condition of this type, if it has this status."""
    for entry in parts(item, "status", "conditions"):
        if entry.get("type") == kind and entry.get("status") == status:
            return entry
    return None


def containers(pod: Any, state: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Status and detail of each container in the state "waiting", "running" or "terminated", first those that begin."""
    for kind in ("initContainerStatuses", "containerStatuses"):
        for status in parts(pod, "status", kind):
            detail = part(status, "state").get(state)
            if isinstance(detail, Mapping):
                yield status, detail


def spec_of(pod: Any, status: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was asked for the container of this status."""
    for kind in ("containers", "initContainers"):
        for entry in parts(pod, "spec", kind):
            if entry.get("name") == status.get("name"):
                return entry
    return {}


def sentence(said: str) -> str:
    """With a full stop."""
    said = said.strip()
    return said if not said or said.endswith((".", "!", "?", "…")) else f"{said}."
