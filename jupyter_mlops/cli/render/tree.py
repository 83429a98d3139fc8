"""A run as a tree: one line a task, loop items and groups one level in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jupyter_mlops.cli.render.columns import cut, pad, width_of
from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.run_picture import RunPicture, StepPicture
from jupyter_mlops.widgets.states import number_text, plain, seconds_text

_OVER = ("succeeded", "cached", "skipped")


@dataclass(frozen=True)
class Row:
    """A line of the tree. A heading (a group, a loop) has no task."""

    level: int
    name: str
    task: StepPicture | None = None


def tree_lines(picture: RunPicture, style: Style, *, now: float, height: int | None = None) -> list[str]:
    """A run that goes on: a heading, then its tasks. With `height` at most so many lines, the interesting ones."""
    head = f"{style.icon(picture.state)} {style.bold(plain(picture.pipeline) or 'run')}"
    elapsed = seconds_text((picture.finished or now) - picture.started) if picture.started is not None else ""
    parts = [style.dim(picture.run), counts_text(picture.tasks, style), elapsed]
    rows = list(task_lines(list(picture.tasks.values()), style, now=now))
    if height is not None and len(rows) > height - 1:
        rows = _interesting(picture, style, now, height - 1)
    return ["  ".join(part for part in [head, *parts] if part), *rows]


def task_lines(tasks: Sequence[StepPicture], style: Style, *, now: float | None = None) -> Iterator[str]:
    """The lines of tasks below a heading, drawn as a tree."""
    rows = list(_rows(tasks))
    width = min(max((3 * row.level + width_of(row.name) for row in rows), default=0), 44)
    for position, row in enumerate(rows):
        yield cut_painted(f"{_branch(rows, position, style)}{_row_text(row, width, style, now)}", style)


def counts_text(tasks: Mapping[str, StepPicture], style: Style) -> str:
    """`3 of 6 steps done, 1 failed`."""
    states = Counter(task.state for task in tasks.values())
    done = sum(states[state] for state in _OVER)
    failed = style.paint("31", f", {states['failed']} failed") if states["failed"] else ""
    return f"{done} of {len(tasks)} done{failed}"


def cut_painted(line: str, style: Style) -> str:
    """A painted line is cut only where nothing is painted; rich cuts the live ones."""
    return line if style.color else cut(line, max(style.width, 40))


def _rows(tasks: Sequence[StepPicture]) -> Iterator[Row]:
    group = loop = ""
    for task in tasks:
        if task.group != group:
            group, loop = task.group, ""
            if group:
                yield Row(0, plain(group))
        base = 1 if group else 0
        if task.item:
            if task.step != loop:
                loop = task.step
                yield Row(base, plain(loop))
            yield Row(base + 1, plain(task.name[len(task.step) :]), task)
        else:
            loop = ""
            yield Row(base, plain(task.name), task)


def _branch(rows: Sequence[Row], position: int, style: Style) -> str:
    """The tree's lines left of a row: a bar for each level that goes on below."""
    parts = [_stem(_goes_on(rows, position, level), style) for level in range(rows[position].level)]
    corner = style.glyph("├─ ", "|- ") if _goes_on(rows, position, rows[position].level) else style.glyph("└─ ", "`- ")
    return style.dim("".join(parts) + corner)


def _stem(goes_on: bool, style: Style) -> str:
    return style.glyph("│  ", "|  ") if goes_on else "   "


def _goes_on(rows: Sequence[Row], position: int, level: int) -> bool:
    """Whether another row of this level comes before one of a higher level."""
    for row in rows[position + 1 :]:
        if row.level <= level:
            return row.level == level
    return False


def _row_text(row: Row, width: int, style: Style, now: float | None) -> str:
    if row.task is None:
        return style.bold(row.name)
    task = row.task
    name = pad(cut(row.name, width - 3 * row.level), max(width - 3 * row.level, 0))
    return f"{style.icon(task.state)} {name}  {_state_text(task, style, now)}".rstrip()


def _state_text(task: StepPicture, style: Style, now: float | None) -> str:
    seconds = task.seconds
    if task.state == "running" and now is not None and task.started is not None:
        seconds = now - task.started
    shown = seconds_text(seconds) if seconds and task.state not in ("skipped", "pending", "cached") else ""
    word = style.word(task.state) + " " * (9 - len(task.state))
    return "  ".join([word, f"{shown:>8}", *_details(task, style)]).rstrip()


def _details(task: StepPicture, style: Style) -> Iterator[str]:
    if task.state == "running" and task.cells:
        yield f"cell {min(task.cells_done + 1, task.cells)}/{task.cells}"
    if task.attempt > 1:
        yield f"attempt {task.attempt}"
    for name, value in list(task.metrics.items())[:4]:
        yield f"{plain(name)}={number_text(value)}"
    if task.reason:
        yield style.dim(plain(task.reason))


def _interesting(picture: RunPicture, style: Style, now: float, room: int) -> list[str]:
    """What runs or failed; the rest as counts, so that a run of any size fits the screen."""
    tasks = list(picture.tasks.values())
    shown = [task for task in tasks if task.state in ("running", "failed")][: max(room - 2, 1)]
    rest = Counter(task.state for task in tasks)
    rest.subtract(task.state for task in shown)
    summary = ", ".join(f"{count} {state}" for state, count in rest.items() if count)
    return [*task_lines(shown, style, now=now), style.dim(f"   … {summary}")]
