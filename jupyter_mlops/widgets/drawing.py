"""The graph as plain data for a browser: geometry once, then only what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.widgets.labels import place_labels
from jupyter_mlops.widgets.layout import Box
from jupyter_mlops.widgets.nodes import Node, nodes_of
from jupyter_mlops.widgets.run_picture import RunPicture, StepPicture
from jupyter_mlops.widgets.states import look
from jupyter_mlops.widgets.svg import MARGIN, MOST_LABELS, graph_layout, line_path


def drawing_of(graph: Mapping[str, Any], tasks: Mapping[str, StepPicture]) -> dict[str, Any]:
    """Where everything stands: `{"width", "height", "nodes", "edges", "labels", "groups"}`, in pixels."""
    nodes = nodes_of(graph, tasks)
    layout = graph_layout(graph, nodes)
    names = {(edge["from"], edge["to"]): tuple(edge.get("names") or ()) for edge in graph.get("edges", ())}
    labels = place_labels(layout, names) if len(layout.lines) <= MOST_LABELS else ()
    return {
        "name": str(graph.get("name") or "Pipeline"),
        "width": layout.width + 2 * MARGIN,
        "height": layout.height + 2 * MARGIN,
        "margin": MARGIN,
        "nodes": [_node(node, layout.boxes[node.name]) for node in nodes],
        "edges": [
            {
                "from": source,
                "to": target,
                "names": list(names.get((source, target), ())),
                "path": line_path((*points[:-1], (points[-1][0], points[-1][1] - 5))),
                "end": list(points[-1]),
            }
            for (source, target), points in layout.lines.items()
        ],
        "labels": [{"text": label.text, "x": label.box.x + label.box.width / 2, "y": label.box.y} for label in labels],
        "groups": [_box(box) | {"name": name} for name, box in layout.groups.items()],
    }


def states_of(graph: Mapping[str, Any], tasks: Mapping[str, StepPicture]) -> dict[str, dict[str, str]]:
    """What changes while a run goes on, by step: `{"state", "icon", "subtitle", "spoken", "details"}`."""
    return {
        node.name: {
            "state": node.state,
            "icon": look(node.state).icon if node.state else node.icon,
            "subtitle": node.subtitle,
            "spoken": node.spoken,
            "details": node.details,
        }
        for node in nodes_of(graph, tasks)
    }


def headline(picture: RunPicture) -> dict[str, str]:
    """The line above the graph: `{"state", "icon", "text"}`."""
    done = sum(task.state in ("succeeded", "cached", "skipped") for task in picture.tasks.values())
    parts = [picture.pipeline, picture.state, f"{done} of {len(picture.tasks)} steps done", picture.reason]
    return {
        "state": picture.state,
        "icon": look(picture.state).icon,
        "text": " · ".join(part for part in parts if part),
    }


def _node(node: Node, box: Box) -> dict[str, Any]:
    return _box(box) | {"name": node.name, "title": node.title, "conditional": node.conditional}


def _box(box: Box) -> dict[str, float]:
    return {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
