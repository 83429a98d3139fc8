"""The graph as plain text: what a person, a mail or a screen reader gets without a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlops.widgets.states import look, plain


def graph_lines(
    graph: Mapping[str, Any], *, states: Mapping[str, str] | None = None, unicode: bool = True
) -> Iterator[str]:
    """Each step in order, indented by its depth in the DAG, and below it what it takes from which step.

    ```
    load  (cells 2, 3)
      train  (cell 5)
        ← load: X, y
    ```
    """
    steps = graph.get("steps", ())
    if not steps:
        yield "No steps."
        return
    depth = depths(graph)
    flows = _incoming(graph)
    arrow = "←" if unicode else "<-"
    for step in steps:
        indent = "  " * min(depth[step["name"]], 12)
        yield f"{indent}{_mark(step, states, unicode)}{plain(step['name'])}{_remarks(step)}"
        for source, names in flows.get(step["name"], ()):
            yield f"{indent}    {arrow} {plain(source)}{_names(names)}"


def depths(graph: Mapping[str, Any]) -> dict[str, int]:
    """How many edges lie between a step and a first step, along the longest path. Steps come after what they need."""
    incoming = _incoming(graph)
    depth: dict[str, int] = {}
    for step in graph.get("steps", ()):
        before = [depth[source] for source, _ in incoming.get(step["name"], ()) if source in depth]
        depth[step["name"]] = 1 + max(before, default=-1)
    return depth


def _incoming(graph: Mapping[str, Any]) -> dict[str, list[tuple[str, Sequence[str]]]]:
    flows: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for edge in graph.get("edges", ()):
        flows.setdefault(edge["to"], []).append((edge["from"], edge.get("names") or ()))
    return flows


def _mark(step: Mapping[str, Any], states: Mapping[str, str] | None, unicode: bool) -> str:
    state = (states or {}).get(step["name"]) or step.get("state") or ""
    if not state:
        return ""
    seen = look(state)
    return f"{seen.icon if unicode else seen.ascii} [{state}] "


def _remarks(step: Mapping[str, Any]) -> str:
    cells = step.get("cells") or ()
    where = f"cell{'s' if len(cells) > 1 else ''} {', '.join(_ranges(cells))}" if cells else step.get("kind", "")
    parts = [
        plain(where),
        f"for each {plain(step['for_each'])}" if step.get("for_each") else "",
        f"when {plain(step['when'])}" if step.get("when") else "",
        "runs at the end" if step.get("exit") else "",
    ]
    text = "; ".join(part for part in parts if part)
    return f"  ({text})" if text else ""


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Ascending numbers as text, three and more in a row as `4-9`."""
    start = 0
    for end in range(1, len(numbers) + 1):
        if end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
            continue
        run = [str(number) for number in numbers[start:end]]
        yield from [f"{run[0]}-{run[-1]}"] if len(run) > 2 else run
        start = end


def _names(names: Sequence[str]) -> str:
    return f": {', '.join(map(plain, names))}" if names else "  (order only)"
