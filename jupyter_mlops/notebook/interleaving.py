"""Steps whose cells do not stand together: in which order the steps mean the same as the notebook, if in any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from jupyter_mlops.notebook.linear_run import CellRun


def grouped(runs: Sequence[CellRun], names: Sequence[str]) -> tuple[list[str], list[tuple[str, CellRun]]]:
    """The steps in an order that keeps the meaning, and cells that no order can put right, with their step.

    Where it is free, a step stands where its first cell is. Two cells keep their order if one sets or changes what the
    other reads or sets.
    """
    first = _first_times(runs, names)
    order = sorted(names, key=first.__getitem__)
    if not _apart(runs):
        return order, []
    before = _before(runs)
    found: list[str] = []
    problems: list[tuple[str, CellRun]] = []
    while len(found) < len(order):
        left = [name for name in order if name not in found]
        free = [name for name in left if not (before.get(name, set()) - {name}).intersection(left)]
        if not free:
            problems += [(name, run) for name in left[:1] for run in _later_cells(runs, name)]
        found.append((free or left)[0])
    return found, problems


def by_step(runs: Sequence[CellRun], order: Sequence[str]) -> list[CellRun]:
    """The cells with each step's together; a cell of no step stays before what comes after it."""
    rank = {name: position for position, name in enumerate(order)}
    steps = sorted((run for run in runs if run.step), key=lambda run: (rank[run.step], run.time))
    others = [run for run in runs if not run.step]
    found: list[CellRun] = []
    for run in steps:
        while others and others[0].time < run.time:
            found.append(others.pop(0))
        found.append(run)
    return found + others


def _first_times(runs: Sequence[CellRun], names: Sequence[str]) -> dict[str, float]:
    """When each step begins; one without cells keeps its place in the list: just after the one before it."""
    begins: dict[str, float] = {}
    for run in runs:
        begins.setdefault(run.step, run.time)
    last = -1.0
    found: dict[str, float] = {}
    for name in names:
        last = found[name] = begins.get(name, last + 0.5 / (len(names) + 1))
    return found


def _apart(runs: Sequence[CellRun]) -> bool:
    """Whether some step goes on after another one began."""
    steps = [run.step for run in runs if run.step]
    groups = [step for position, step in enumerate(steps) if position == 0 or steps[position - 1] != step]
    return len(groups) != len(set(groups))


def _before(runs: Sequence[CellRun]) -> dict[str, set[str]]:
    """For each step, those that one of its cells must come after."""
    cells = [(run.step, _changes(run), _changes(run) | set(run.effects.reads)) for run in runs if run.step]
    found: dict[str, set[str]] = {}
    for position, (step, changes, touches) in enumerate(cells):
        for other, other_changes, other_touches in cells[:position]:
            if other != step and not (changes.isdisjoint(other_touches) and other_changes.isdisjoint(touches)):
                found.setdefault(step, set()).add(other)
    return found


def _later_cells(runs: Sequence[CellRun], name: str) -> Iterator[CellRun]:
    """The first cell of the step that stands apart from those before it."""
    mine = [run for run in runs if run.step == name]
    for previous, run in pairwise(mine):
        if any(other.step not in {name, ""} for other in runs[previous.time + 1 : run.time]):
            yield run
            return


def _changes(run: CellRun) -> set[str]:
    return run.effects.writes.keys() | run.affected
