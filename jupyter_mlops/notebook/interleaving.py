"""Steps whose cells do not stand together: in which order the steps mean the same as the notebook, if in any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_mlops.notebook.linear_run import CellRun


def grouped(runs: Sequence[CellRun], names: Sequence[str]) -> tuple[list[str], list[tuple[str, CellRun]]]:
    """The steps in an order that keeps the meaning, and cells that no order can put right, with their step.

    A step stands where its first cell is; where its last one is if only that keeps the meaning.
    """
    cells: dict[str, list[CellRun]] = {name: [] for name in names}
    for run in runs:
        if run.step in cells:
            cells[run.step].append(run)
    place = {name: items[0].time if items else _place(names, cells, name) for name, items in cells.items()}
    problems: list[tuple[str, CellRun]] = []
    for name, items in cells.items():
        if not items or items[-1].time - items[0].time + 1 == len(items):
            continue
        up = list(_conflicts(runs, name, items[0].time, upwards=True))
        if not up:
            continue
        down = list(_conflicts(runs, name, items[-1].time, upwards=False))
        if down:
            problems.append((name, up[0]))
        else:
            place[name] = items[-1].time
    return sorted(names, key=place.__getitem__), problems


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


def _place(names: Sequence[str], cells: dict[str, list[CellRun]], name: str) -> float:
    """A step without cells keeps its place in the list: just after the one before it."""
    before = [cells[other][0].time for other in names[: names.index(name)] if cells[other]]
    return (before[-1] if before else -1) + 0.5


def _conflicts(runs: Sequence[CellRun], name: str, time: int, *, upwards: bool) -> Iterator[CellRun]:
    """Cells of the step that cannot move over the cells of others between them and `time`."""
    for run in runs:
        if run.step != name or (run.time <= time if upwards else run.time >= time):
            continue
        low, high = (time, run.time) if upwards else (run.time, time)
        passed = [other for other in runs[low + 1 : high] if other.step not in {name, ""}]
        if any(_conflict(run, other) for other in passed):
            yield run


def _conflict(one: CellRun, other: CellRun) -> bool:
    """Whether one sets or changes what the other reads or sets."""
    return bool(_changes(one) & (_changes(other) | _reads(other)) or _changes(other) & _reads(one))


def _changes(run: CellRun) -> set[str]:
    return set(run.effects.writes) | run.affected


def _reads(run: CellRun) -> set[str]:
    return set(run.effects.reads)
