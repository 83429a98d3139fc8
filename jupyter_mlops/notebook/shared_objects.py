"""Which names must travel together: those that share an object which some step changes.

A step that sets a name sharing such an object takes the other names along and hands all of them on, so that every
later step finds them in one bundle, where they are still one object.
"""

from __future__ import annotations

from jupyter_mlops.notebook.heap import Object, holders
from jupyter_mlops.notebook.linear_run import LinearRun


class SharedObjects:
    """Answers which names share what later changes."""

    def __init__(self, run: LinearRun) -> None:
        self._run = run
        self._groups: list[tuple[Object, frozenset[str], int]] = []
        for item, last in run.last_changed.items():
            reaching = holders((item,), last)
            names = frozenset().union(*(run.named.get(other, frozenset()) for other in reaching))
            if len(names) > 1:
                self._groups.append((item, names, last))
        self._of_name: dict[str, list[int]] = {}
        for place, (_, names, _) in enumerate(self._groups):
            for name in names:
                self._of_name.setdefault(name, []).append(place)

    def carried(self, produced: frozenset[str], live: frozenset[str], times: tuple[int, int]) -> frozenset[str]:
        """Names that a step must take along: it sets `produced`, `live` are read later; `times` are its first and
        last.
        """
        found: set[str] = set()
        while more := self._with(produced | found, live, times) - found:
            found |= more
        return frozenset(found)

    def _with(self, produced: frozenset[str] | set[str], live: frozenset[str], times: tuple[int, int]) -> set[str]:
        """Names that share something with what is produced."""
        found: set[str] = set()
        first, last = times
        for place in {place for name in produced for place in self._of_name.get(name, ())}:
            item, names, changed = self._groups[place]
            if changed < first or len(names & live) < 2:
                continue
            reaching = holders((item,), last)
            together = {name for name in names if self._run.objects(name, last) & reaching}
            if together & produced & live or changed <= last:
                found |= together & live
        return found
