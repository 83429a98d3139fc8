"""What stands in each box of the graph: the step's name, its state in words, and what a screen reader says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.widgets.run_picture import StepPicture, step_states
from jupyter_mlops.widgets.states import number_text, plain, seconds_text

HEIGHT = 50.0
_NARROWEST, _WIDEST = 138.0, 244.0
# A run's boxes have room for "running, cell 12 of 34": they keep their width while it goes on.
_NARROWEST_RUN = 196.0
# Widths of characters of a proportional font at 13.5 and 11.5 pixels, on the wide side.
_NAME_CHAR, _MORE_CHAR = 8.3, 6.2
_LEFT, _RIGHT = 42.0, 14.0


@dataclass(frozen=True)
class Node:
    """One box. `title` and `subtitle` fit it; `spoken` and `details` have everything."""

    name: str
    title: str
    subtitle: str
    state: str
    icon: str
    spoken: str
    details: str
    conditional: bool = False


def nodes_of(graph: Mapping[str, Any], tasks: Mapping[str, StepPicture]) -> list[Node]:
    """The boxes of a graph, with the states of its tasks where a run is shown (or the `state` its steps have)."""
    states, items = step_states(tasks), items_of(tasks)
    return [
        _node(step, states.get(step["name"]) or step.get("state") or "", items.get(step["name"], []))
        for step in graph.get("steps", ())
    ]


def items_of(tasks: Mapping[str, StepPicture]) -> dict[str, list[StepPicture]]:
    """The tasks of each step: one, or the items of a loop."""
    items: dict[str, list[StepPicture]] = {}
    for task in tasks.values():
        items.setdefault(task.step, []).append(task)
    return items


def width_of_nodes(nodes: Sequence[Node]) -> float:
    """One width for all boxes: what the longest text needs, within bounds."""
    texts = [max(len(node.title) * _NAME_CHAR, len(node.subtitle) * _MORE_CHAR) for node in nodes]
    narrowest = _NARROWEST_RUN if any(node.state for node in nodes) else _NARROWEST
    return min(max(max(texts, default=0.0) + _LEFT + _RIGHT, narrowest), _WIDEST)


def purpose(step: Mapping[str, Any]) -> str:
    """What a step is: its loop or condition before its cells."""
    if step.get("for_each"):
        return f"for {step['for_each']}"
    if step.get("when"):
        return f"when {step['when']}"
    return f"{extent(step)}, at the end" if step.get("exit") else extent(step)


def extent(step: Mapping[str, Any]) -> str:
    """How much a step is: `2 cells`, or its kind where it has none."""
    cells = step.get("cells") or ()
    return f"{len(cells)} cell{'s' if len(cells) != 1 else ''}" if cells else str(step.get("kind") or "")


def progress_text(state: str, items: Sequence[StepPicture]) -> str:
    """`running, cell 2 of 5`, `succeeded, 1.2 s`, or `3 of 6 done` for a loop."""
    if len(items) > 1:
        counts = Counter(task.state for task in items)
        done = counts["succeeded"] + counts["cached"] + counts["skipped"]
        return f"{state}, {done} of {len(items)} done"
    if not items:
        return state
    task = items[0]
    if state == "running" and task.cells > 1:
        return f"running, cell {min(task.cells_done + 1, task.cells)} of {task.cells}"
    took = seconds_text(task.seconds) if task.seconds and state in ("succeeded", "failed") else ""
    return ", ".join(part for part in (state, took) if part)


def facts(items: Sequence[StepPicture]) -> list[str]:
    """What a run tells of a step besides its state, a line a fact: metrics and reasons."""
    return [*_metrics(items), *(task.reason for task in items[:3] if task.reason)]


def _node(step: Mapping[str, Any], state: str, items: Sequence[StepPicture]) -> Node:
    name = str(step["name"])
    subtitle = progress_text(state, items) if state else purpose(step)
    flows = [f"{word}: {', '.join(step[key])}" for word, key in (("in", "inputs"), ("out", "outputs")) if step.get(key)]
    about = [subtitle if state else "", purpose(step), *flows, *facts(items)]
    return Node(
        name=name,
        title=_fitting(plain(name), _NAME_CHAR),
        subtitle=_fitting(plain(subtitle), _MORE_CHAR),
        state=state,
        icon=_kind_icon(step),
        spoken=f"{name}, {subtitle}",
        details="; ".join([name, *(part for part in about if part)]),
        conditional=bool(step.get("when")),
    )


def _kind_icon(step: Mapping[str, Any]) -> str:
    if step.get("for_each"):
        return "↻"
    if step.get("when"):
        return "?"
    return "⚑" if step.get("exit") else "›"


def _metrics(items: Sequence[StepPicture]) -> list[str]:
    return [f"{name} = {number_text(value)}" for task in items[:3] for name, value in task.metrics.items()]


def _fitting(text: str, char: float) -> str:
    most = int((_WIDEST - _LEFT - _RIGHT) / char)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
