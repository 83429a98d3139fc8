"""Names in the IR: tasks, components and parts of the graph, short, unique and as Argo and Kubernetes allow them."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

MAX_NAME = 48  # characters; Argo appends to it, and names of pods end at 63
CHANNEL = "pipelinechannel--"


class Names:
    """Gives each thing a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._count = 0

    def task(self, name: str) -> str:
        """The name of a task: the step's, in lower case, other characters as `-`."""
        slug = slugged(name) or "step"
        if slug in self._taken or _PART.fullmatch(slug):
            slug = f"{slug[: MAX_NAME - 9]}-{_digest(name)}"
        assert slug not in self._taken
        self._taken.add(slug)
        return slug

    def part(self, kind: str) -> str:
        """The name of a part of the graph: `condition-2`, `for-loop-3`; no task is named so."""
        self._count += 1
        return f"{kind}-{self._count}"


_PART = re.compile(r"(condition|condition-branches|for-loop|exit-handler)-\d+|exit-handler")


def slugged(name: str) -> str:
    """Letters a-z, digits and single `-` inside; cut with a digest where it is too long; may be empty."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    if len(slug) > MAX_NAME:
        slug = f"{slug[: MAX_NAME - 9].rstrip('-')}-{_digest(name)}"
    return slug


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
