"""The graph as plain data for a browser, which lays it out and draws it (`GraphData` of `labextension/src/graph`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.widgets.nodes import extent, facts, items_of, progress_text, purpose
from jupyter_mlops.widgets.run_picture import RunPicture, StepPicture, step_states


def graph_data(graph: Mapping[str, Any], tasks: Mapping[str, StepPicture]) -> dict[str, Any]:
    """`{"name", "nodes", "edges"}` of a graph (shape of `graph --json`), with the states of a run's tasks."""
    changes = changes_of(graph, tasks)
    return {
        "name": str(graph.get("name") or "Pipeline"),
        "nodes": [_node(step) | changes[step["name"]] for step in graph.get("steps", ())],
        "edges": [
            {"from": edge["from"], "to": edge["to"], "names": list(edge.get("names") or ())}
            for edge in graph.get("edges", ())
        ],
    }


def changes_of(graph: Mapping[str, Any], tasks: Mapping[str, StepPicture]) -> dict[str, dict[str, Any]]:
    """What changes while a run goes on, by step: `{"state", "subtitle", "details"}`, and `items` of a loop by state."""
    states, items = step_states(tasks), items_of(tasks)
    changes: dict[str, dict[str, Any]] = {}
    for step in graph.get("steps", ()):
        name = step["name"]
        state, mine = states.get(name) or step.get("state") or "", items.get(name, [])
        lines = [extent(step) if state else "", *facts(mine)]
        changes[name] = {"state": state, "subtitle": "", "details": "\n".join(line for line in lines if line)}
        if len(mine) > 1:
            changes[name]["items"] = dict(Counter(task.state for task in mine))
        else:
            changes[name]["subtitle"] = progress_text(state, mine) if state else purpose(step)
    return changes


def headline(picture: RunPicture) -> dict[str, str]:
    """The line above the graph: `{"state", "text"}`; how far the run is, the graph says itself."""
    parts = [picture.pipeline, picture.state, picture.reason]
    return {"state": picture.state, "text": " · ".join(part for part in parts if part)}


def _node(step: Mapping[str, Any]) -> dict[str, Any]:
    """What a run does not change of a step; absent keys are left out."""
    node = {
        "name": str(step["name"]),
        "title": "",
        "group": step.get("group") or "",
        "kind": step.get("kind"),
        "loop": step.get("for_each"),
        "when": step.get("when"),
        "exit": bool(step.get("exit")),
        "inputs": list(step.get("inputs") or ()),
        "outputs": list(step.get("outputs") or ()),
    }
    return {key: value for key, value in node.items() if value is not None}
