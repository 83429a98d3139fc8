"""How a run went: its tasks, why it failed and where, and how to go on."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.cli.render.tree import task_lines
from jupyter_mlops.cli.style import Style
from jupyter_mlops.notebook.libraries import how_to_get
from jupyter_mlops.runtime.errors import sentence
from jupyter_mlops.widgets.run_picture import StepPicture
from jupyter_mlops.widgets.states import number_text, plain, seconds_text

_NAMED = 3
_MISSING = re.compile(r"No module named '([\w.]+)'")
_COUNTED = ("succeeded", "cached", "failed", "skipped", "canceled", "running", "pending")


def summary_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """The result of `run`: the tree, what failed, where the executed notebook is, how to go on."""
    tasks = result.get("tasks", ())
    yield _head(result, style)
    if result["state"] in ("pending", "running") and result.get("reason"):
        yield style.paint("33", plain(str(result["reason"])))
    elif result.get("incomplete"):
        yield style.paint("33", plain(str(result["incomplete"])))
    yield from task_lines([_picture(task) for task in tasks], style)
    for task in tasks:
        if task["state"] == "failed":
            yield from _failure(task, style)
    for task in tasks:
        if task.get("waiting"):
            yield style.paint("33", f"{plain(_name(task))} waits: {plain(str(task['waiting']))}")
    yield from _notes(tasks, style)
    yield ""
    if result.get("notebook"):
        yield f"Executed notebook: {result['notebook']}"
    yield from _way_on(result, style)


def show_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """The result of `show`: the summary, then parameters, metrics, and why tasks ran again."""
    yield from summary_lines(result, style)
    for section in ("params", "metrics"):
        values = result.get(section)
        if values:
            text = "  ".join(f"{plain(str(name))}={plain(number_text(value))}" for name, value in values.items())
            yield f"{section.capitalize()}: {text}"
    for task in result.get("tasks", ()):
        if task.get("why"):
            yield style.dim(f"{plain(_name(task))} ran again because of: {', '.join(map(str, task['why']))}")


def _notes(tasks: Iterable[Mapping[str, Any]], style: Style) -> Iterator[str]:
    """Each note once, with the tasks that it is about."""
    about: dict[str, list[str]] = {}
    for task in tasks:
        for text in task.get("notes") or ():
            about.setdefault(str(text), []).append(plain(_name(task)))
    for text, names in about.items():
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        yield style.paint("33", f"Note on {shown}: {plain(text)}")


def _head(result: Mapping[str, Any], style: Style) -> str:
    state = result["state"]
    name = plain(str(result.get("pipeline") or "run"))
    seconds = result.get("seconds")
    took = f" in {seconds_text(seconds)}" if seconds is not None else ""
    counts = Counter(task["state"] for task in result.get("tasks", ()))
    text = ", ".join(f"{counts[word]} {word}" for word in _COUNTED if counts[word])
    parts = [f"{style.icon(state)} {style.bold(name)} {style.word(state)}{took}", text, style.dim(str(result["run"]))]
    return "  ".join(part for part in parts if part)


def _picture(task: Mapping[str, Any]) -> StepPicture:
    return StepPicture(
        name=_name(task),
        step=str(task["step"]),
        state=str(task["state"]),
        attempt=int(task.get("attempt") or 0),
        seconds=task.get("seconds"),
        reason="" if task["state"] == "failed" else str(task.get("reason") or ""),  # told in full below the tree
        group=str(task.get("group") or ""),
        metrics=task.get("metrics") or {},
    )


def _name(task: Mapping[str, Any]) -> str:
    return str(task.get("task") or task["step"])


def _failure(task: Mapping[str, Any], style: Style) -> Iterator[str]:
    error = task.get("error") or {}
    yield ""
    yield f"{style.paint('31', plain(_name(task)) + ' failed')}{_place(error)}: {_message(task, error)}"
    yield from _excerpt(task, error, style)
    if hint := error.get("hint") or _install(error):
        yield style.dim(f"    {plain(str(hint))}")
    if task.get("notebook"):
        yield style.dim(f"    notebook: {task['notebook']}")
    if task.get("log"):
        yield style.dim(f"    log: {task['log']}")


def _install(error: Mapping[str, Any]) -> str:
    """What to do about a library that is not there; a module of one's own is another matter."""
    found = _MISSING.fullmatch(str(error.get("message", ""))) if error.get("kind") == "ModuleNotFoundError" else None
    return how_to_get(found[1]) if found else ""


def _place(error: Mapping[str, Any]) -> str:
    if error.get("cell") is None:
        return ""
    line = f", line {error['line']}" if error.get("line") else ""
    return f" in cell {error['cell']}{line}"


def _message(task: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    reason = str(task.get("reason") or "")
    if error.get("kind") and (not reason or error["kind"] != "KeyboardInterrupt"):
        return plain(sentence(str(error["kind"]), str(error.get("message", ""))))
    # What interrupted the cell (a timeout) says more than that it was interrupted.
    return plain(reason or "no reason was given")


def _excerpt(task: Mapping[str, Any], error: Mapping[str, Any], style: Style) -> Iterator[str]:
    """The failing line and two on each side of it, from the notebook that was executed."""
    lines = _failed_cell(task.get("notebook")).splitlines()
    line = error.get("line") or 0
    if not 1 <= line <= len(lines):
        return
    for number in range(max(line - 2, 1), min(line + 2, len(lines)) + 1):
        text = f"{'>' if number == line else ' '} {number:>3}  {plain(lines[number - 1])}"
        yield "    " + (style.paint("31", text) if number == line else text)


def _failed_cell(notebook: object) -> str:
    """The source of the cell that failed in an executed notebook; empty when it cannot be told."""
    try:
        cells = json.loads(Path(str(notebook)).read_text(encoding="utf-8"))["cells"]
        failed = [cell["source"] for cell in cells if any(_is_error(output) for output in cell.get("outputs", ()))]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    source = failed[-1] if failed else ""
    return source if isinstance(source, str) else "".join(source)


def _is_error(output: Mapping[str, Any]) -> bool:
    return output.get("output_type") == "error"


def _way_on(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    run, state = result["run"], result["state"]
    if state in ("failed", "canceled"):
        yield f"Go on with: {style.bold(f'jupyter mlops retry {run}')}"
    elif state in ("pending", "running"):
        yield f"Follow it with: {style.bold(f'jupyter mlops logs {run} -f')}"
