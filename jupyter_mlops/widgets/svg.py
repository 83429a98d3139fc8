"""The run graph as one static SVG: it stands alone, fits light and dark, and never tells a state by colour only.

Colours are CSS variables of the page (JupyterLab's) with fallbacks of our own; renderers that know no
CSS variables take the plain attributes. Every text from a notebook is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from jupyter_mlops.widgets.labels import Label, place_labels
from jupyter_mlops.widgets.layout import Box, Edge, Layout, Point, lay_out
from jupyter_mlops.widgets.nodes import HEIGHT, Node, nodes_of, width_of_nodes
from jupyter_mlops.widgets.palette import CSS, DARK, LIGHT, Palette
from jupyter_mlops.widgets.run_picture import StepPicture
from jupyter_mlops.widgets.states import look, plain

MARGIN = 20.0
# Beyond this many edges their labels would hide the graph; the names stay in the titles.
MOST_LABELS = 60


def graph_svg(graph: Mapping[str, Any], tasks: Mapping[str, StepPicture] | None = None, *, theme: str = "auto") -> str:
    """The graph (shape of `graph --json`) as SVG text; with `tasks`, each step shows its state.

    `theme` is `auto` (follows the page or the system), `light` or `dark`.
    """
    nodes = nodes_of(graph, tasks or {})
    layout = graph_layout(graph, nodes)
    palette = DARK if theme == "dark" else LIGHT
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    title = str(graph.get("name") or "Pipeline")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mlops-graph" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{_text(title)}"'
        f' style="max-width:100%;height:auto" font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif">'
    )
    parts = [
        head,
        f"<title>{_text(title)}</title>",
        f"<desc>{_text(_description(nodes))}</desc>",
        f"<style>{CSS[theme]}</style>",
        f'<rect class="mg-page" width="100%" height="100%" rx="10" fill="{palette.page}"/>',
        f'<g transform="translate({MARGIN:.0f} {MARGIN:.0f})">',
        *(_group(name, box, palette) for name, box in layout.groups.items()),
        *_edges(graph, layout, palette),
        *(_node(node, layout.boxes[node.name], palette) for node in nodes),
        "</g></svg>",
    ]
    return "\n".join(parts)


def graph_layout(graph: Mapping[str, Any], nodes: Sequence[Node]) -> Layout:
    """Where the nodes and edges of a graph stand; steps that run at the end stand below all others."""
    width = width_of_nodes(nodes)
    edges = [(edge["from"], edge["to"]) for edge in graph.get("edges", ())]
    hidden = _edges_to_the_end(graph, edges)
    layout = lay_out(
        {node.name: (width, HEIGHT) for node in nodes},
        [*edges, *hidden],
        groups={step["name"]: step.get("group") or "" for step in graph.get("steps", ())},
    )
    return replace(layout, lines={edge: line for edge, line in layout.lines.items() if edge not in hidden})


def _edges_to_the_end(graph: Mapping[str, Any], edges: Sequence[Edge]) -> set[Edge]:
    """Edges that are not drawn, from every last step to the exit steps."""
    exits = [step["name"] for step in graph.get("steps", ()) if step.get("exit")]
    going_on = {source for source, target in edges if target not in exits}
    lasts = [step["name"] for step in graph.get("steps", ()) if step["name"] not in going_on and not step.get("exit")]
    return {(last, exit_step) for last in lasts for exit_step in exits} - set(edges)


def line_path(points: Sequence[Point]) -> str:
    """An edge as an SVG path: straight where its points are in line, else a curve that leaves and ends upright."""
    x, y = points[0]
    path = f"M{x:g} {y:g}"
    for next_x, next_y in points[1:]:
        if abs(next_x - x) < 0.5:
            path += f"L{next_x:g} {next_y:g}"
        else:
            half = (y + next_y) / 2
            path += f"C{x:g} {half:g} {next_x:g} {half:g} {next_x:g} {next_y:g}"
        x, y = next_x, next_y
    return path


def _description(nodes: Sequence[Node]) -> str:
    return f"{len(nodes)} steps: " + "; ".join(node.spoken for node in nodes[:200])


def _group(name: str, box: Box, palette: Palette) -> str:
    return (
        f'<g class="mg-group" role="group" aria-label="{_text(name)}">'
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="12"'
        f' fill="{palette.frame}" stroke="{palette.line}" stroke-dasharray="4 4"/>'
        f'<text x="{box.x + 16:g}" y="{box.y + 24:g}" font-size="12" font-weight="600" fill="{palette.muted}">'
        f"{_text(name)}</text></g>"
    )


def _edges(graph: Mapping[str, Any], layout: Layout, palette: Palette) -> Iterator[str]:
    names = {(edge["from"], edge["to"]): tuple(edge.get("names") or ()) for edge in graph.get("edges", ())}
    for (source, target), points in layout.lines.items():
        flows = names.get((source, target), ())
        what = ", ".join(flows) or "order only"
        dashes = "" if flows else ' stroke-dasharray="3 4"'
        end_x, end_y = points[-1]
        yield (
            f'<g class="mg-edge"><title>{_text(f"{source} to {target}: {what}")}</title>'
            f'<path d="{line_path((*points[:-1], (end_x, end_y - 5)))}" fill="none" stroke="{palette.line}"'
            f' stroke-width="1.5"{dashes}/>'
            f'<path class="mg-head" d="M{end_x:g} {end_y - 1:g}l-4 -7h8z" fill="{palette.line}"/></g>'
        )
    if len(layout.lines) <= MOST_LABELS:
        yield from (_label(label, palette) for label in place_labels(layout, names))


def _label(label: Label, palette: Palette) -> str:
    """The text twice: its halo first, for renderers that cannot paint a stroke below a fill."""
    x, y = label.box.x + label.box.width / 2, label.box.y + 11
    font = 'font-size="10.5" text-anchor="middle" font-family="ui-monospace, Menlo, Consolas, monospace"'
    return (
        f'<text class="mg-halo" x="{x:g}" y="{y:g}" {font} aria-hidden="true" fill="none" stroke="{palette.page}"'
        f' stroke-width="7" stroke-linejoin="round">{_text(label.text)}</text>'
        f'<text class="mg-label" x="{x:g}" y="{y:g}" {font} fill="{palette.muted}">{_text(label.text)}</text>'
    )


def _node(node: Node, box: Box, palette: Palette) -> str:
    state = node.state
    color = palette.states.get(state, palette.line)
    icon = look(state).icon if state else node.icon
    x, y, middle = box.x, box.y, box.y + box.height / 2
    return (
        f'<g class="mg-node mg-{_text(state or "plain")}" role="img" aria-label="{_text(node.spoken)}"'
        f' data-step="{_text(node.name)}" data-state="{_text(state)}"><title>{_text(node.details)}</title>'
        f'<rect class="mg-card" x="{x:g}" y="{y:g}" width="{box.width:g}" height="{box.height:g}" rx="9"'
        f' fill="{palette.card}" stroke="{color}" stroke-width="1.5"{_dashes(node)}/>'
        f'<circle class="mg-dot" cx="{x + 22:g}" cy="{middle:g}" r="11" fill="{color}"/>'
        f'<text class="mg-icon" x="{x + 22:g}" y="{middle + 4.5:g}" font-size="12" font-weight="700"'
        f' text-anchor="middle" fill="{palette.card}">{icon}</text>'
        f'<text class="mg-name" x="{x + 42:g}" y="{middle - 3:g}" font-size="13.5" font-weight="600"'
        f' fill="{palette.text}">{_text(node.title)}</text>'
        f'<text class="mg-more" x="{x + 42:g}" y="{middle + 14:g}" font-size="11.5"'
        f' fill="{palette.muted}">{_text(node.subtitle)}</text></g>'
    )


def _dashes(node: Node) -> str:
    """A step that may not run has a dashed border."""
    return ' stroke-dasharray="5 3"' if node.conditional else ""


def _text(value: str) -> str:
    return escape(plain(value), quote=True)
