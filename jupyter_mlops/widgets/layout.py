"""A layered layout from top to bottom: boxes for steps, lines for what flows, a frame around each group.

Deterministic: the same graph gives the same drawing. Units are pixels of the drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_mlops.widgets.coordinates import nearest_apart, place
from jupyter_mlops.widgets.layers import Layers, layered

Point = tuple[float, float]
Edge = tuple[str, str]


@dataclass(frozen=True)
class Spacing:
    """Distances: between boxes of a rank, between ranks, around the drawing and inside a group's frame."""

    gap: float = 26.0
    rank_gap: float = 46.0
    bend: float = 8.0
    frame: float = 16.0
    title: float = 22.0


@dataclass(frozen=True)
class Box:
    """A rectangle; `x` and `y` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, x: float, y: float) -> Box:
        """The same rectangle elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Layout:
    """Where everything is. `lines` are the points of each edge, from the source's lower to the target's upper side."""

    boxes: Mapping[str, Box]
    lines: Mapping[Edge, tuple[Point, ...]]
    groups: Mapping[str, Box]
    width: float
    height: float


def lay_out(
    sizes: Mapping[str, tuple[float, float]],
    edges: Sequence[Edge],
    *,
    groups: Mapping[str, str] | None = None,
    spacing: Spacing = Spacing(),
) -> Layout:
    """Lay out boxes of the given sizes (width, height), in the order given where nothing else decides.

    `groups` maps a box to the group whose frame it stands in. A group that an outside step both feeds and
    needs has no frame: its steps stand among the others.
    """
    known = [(a, b) for a, b in edges if a in sizes and b in sizes]
    member = _framed(list(sizes), known, groups or {})
    if not any(member.values()):
        return _flat(sizes, known, spacing)
    framed = dict.fromkeys(filter(None, member.values()))
    inner = {group: _inner(group, sizes, known, member, spacing) for group in framed}
    outer_sizes = {_vertex(name, member): _outer_size(name, sizes, member, inner, spacing) for name in sizes}
    outer_edges = list(dict.fromkeys((_vertex(a, member), _vertex(b, member)) for a, b in known))
    outer = _flat(outer_sizes, [(a, b) for a, b in outer_edges if a != b], spacing)
    return _assembled(outer, inner, known, member, spacing)


def _flat(sizes: Mapping[str, tuple[float, float]], edges: Sequence[Edge], spacing: Spacing) -> Layout:
    names = list(sizes)
    number = {name: index for index, name in enumerate(names)}
    layers = layered(len(names), [(number[a], number[b]) for a, b in edges])
    widths = [sizes[name][0] for name in names] + [spacing.bend] * (len(layers.rank) - len(names))
    x = place(layers, widths, spacing.gap)
    tops, heights = _rows(layers, [sizes[name][1] for name in names], spacing)
    boxes = {
        name: Box(
            round(x[index] - sizes[name][0] / 2, 1),
            tops[layers.rank[index]] + (heights[layers.rank[index]] - sizes[name][1]) / 2,
            *sizes[name],
        )
        for index, name in enumerate(names)
    }
    lines = _lines(layers, names, boxes, x, tops, heights)
    asked = {(a, b): lines[a, b] if (a, b) in lines else tuple(reversed(lines[b, a])) for a, b in edges if a != b}
    width = max((x[index] + widths[index] / 2 for index in range(len(widths))), default=0.0)
    height = tops[-1] + heights[-1] if tops else 0.0
    return Layout(boxes, asked, {}, round(width, 1), height)


def _rows(layers: Layers, heights: Sequence[float], spacing: Spacing) -> tuple[list[float], list[float]]:
    """The top and the height of each rank."""
    tall = [max((heights[v] for v in layer if v < layers.count), default=0.0) for layer in layers.ranks]
    tops: list[float] = []
    top = 0.0
    for height in tall:
        tops.append(top)
        top += height + spacing.rank_gap
    return tops, tall


def _lines(
    layers: Layers,
    names: Sequence[str],
    boxes: Mapping[str, Box],
    x: Sequence[float],
    tops: Sequence[float],
    heights: Sequence[float],
) -> dict[Edge, tuple[Point, ...]]:
    """The points of each edge: ends spread along the top of a box, a straight piece through every rank passed."""
    passed = {edge: _bends(layers, edge) for edge in layers.edges}
    ports = _ports(layers, passed, [boxes[name] for name in names], x)
    lines: dict[Edge, tuple[Point, ...]] = {}
    for (source, target), bends in passed.items():
        start, end = boxes[names[source]], boxes[names[target]]
        points: list[Point] = [(round(start.x + start.width / 2, 1), start.y + start.height)]
        for bend in bends:
            level = layers.rank[bend]
            middle = round(x[bend], 1)
            points += [(middle, tops[level]), (middle, tops[level] + heights[level])]
        points.append((round(ports[source, target], 1), end.y))
        lines[names[source], names[target]] = tuple(points)
    return lines


def _bends(layers: Layers, edge: tuple[int, int]) -> list[int]:
    source, target = edge
    chain = layers.bends.get(source, {})
    return [chain[level] for level in range(layers.rank[source] + 1, layers.rank[target]) if level in chain]


def _ports(
    layers: Layers, passed: Mapping[tuple[int, int], list[int]], boxes: Sequence[Box], x: Sequence[float]
) -> dict[tuple[int, int], float]:
    """Where each edge enters: edges into one box side by side, in the order they come from."""
    arriving: dict[int, list[tuple[int, int]]] = {}
    for edge in layers.edges:
        arriving.setdefault(edge[1], []).append(edge)
    ports: dict[tuple[int, int], float] = {}
    for target, edges in arriving.items():
        origin = {edge: x[passed[edge][-1]] if passed[edge] else x[edge[0]] for edge in edges}
        edges.sort(key=lambda edge: (origin[edge], edge))
        ports |= zip(edges, _entries(boxes[target], [origin[edge] for edge in edges]), strict=True)
    return ports


def _entries(box: Box, origins: Sequence[float]) -> list[float]:
    """Where edges that come from `origins` (ascending) enter a box: about its middle, straight down where they can."""
    step = min(18.0, (box.width - 24) / len(origins))
    middle = box.x + box.width / 2
    spread = [middle + step * (index - (len(origins) - 1) / 2) for index in range(len(origins))]
    if len(origins) > 4:
        return spread
    near = [abs(origin - middle) <= 0.3 * box.width for origin in origins]
    wanted = [origin if close else entry for origin, entry, close in zip(origins, spread, near, strict=True)]
    weights = [10.0 if close else 1.0 for close in near]
    return nearest_apart(wanted, weights, [step] * (len(origins) - 1))


def _framed(names: Sequence[str], edges: Sequence[Edge], groups: Mapping[str, str]) -> dict[str, str]:
    """The group of each box; none for groups that cannot stand in one frame because a path leaves and comes back."""
    member = {name: groups.get(name, "") for name in names}
    for group in dict.fromkeys(filter(None, member.values())):
        if _leaves_and_returns(group, edges, member):
            member = {name: "" if own == group else own for name, own in member.items()}
    return member


def _leaves_and_returns(group: str, edges: Sequence[Edge], member: Mapping[str, str]) -> bool:
    below: dict[str, list[str]] = {}
    for a, b in edges:
        below.setdefault(_vertex(a, member), []).append(_vertex(b, member))
    start = f"\0{group}"
    stack = [name for name in below.get(start, ()) if name != start]
    seen: set[str] = set(stack)
    while stack:
        for target in below.get(stack.pop(), ()):
            if target == start:
                return True
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return False


def _vertex(name: str, member: Mapping[str, str]) -> str:
    """The box itself or, with a mark that no name has, the frame it stands in."""
    return f"\0{member[name]}" if member[name] else name


def _inner(
    group: str,
    sizes: Mapping[str, tuple[float, float]],
    edges: Sequence[Edge],
    member: Mapping[str, str],
    spacing: Spacing,
) -> Layout:
    mine = {name: size for name, size in sizes.items() if member[name] == group}
    return _flat(mine, [(a, b) for a, b in edges if a in mine and b in mine], spacing)


def _outer_size(
    name: str,
    sizes: Mapping[str, tuple[float, float]],
    member: Mapping[str, str],
    inner: Mapping[str, Layout],
    spacing: Spacing,
) -> tuple[float, float]:
    if not member[name]:
        return sizes[name]
    inside = inner[member[name]]
    return inside.width + 2 * spacing.frame, inside.height + 2 * spacing.frame + spacing.title


def _assembled(
    outer: Layout, inner: Mapping[str, Layout], edges: Sequence[Edge], member: Mapping[str, str], spacing: Spacing
) -> Layout:
    frames = {group: outer.boxes[f"\0{group}"] for group in inner}
    boxes = {name: box for name, box in outer.boxes.items() if not name.startswith("\0")}
    lines: dict[Edge, tuple[Point, ...]] = {}
    for group, inside in inner.items():
        right, down = frames[group].x + spacing.frame, frames[group].y + spacing.frame + spacing.title
        boxes |= {name: box.moved(right, down) for name, box in inside.boxes.items()}
        lines |= {edge: tuple((x + right, y + down) for x, y in points) for edge, points in inside.lines.items()}
    for a, b in edges:
        if a != b and (a, b) not in lines:
            between = outer.lines[_vertex(a, member), _vertex(b, member)]
            lines[a, b] = _through_frames(between, boxes[a], boxes[b], frames.get(member[a]), frames.get(member[b]))
    ordered = {name: boxes[name] for name in member}
    return Layout(ordered, lines, frames, outer.width, outer.height)


def _through_frames(
    points: tuple[Point, ...], source: Box, target: Box, source_frame: Box | None, target_frame: Box | None
) -> tuple[Point, ...]:
    """A line between frames, made longer to the boxes inside them: upright within a frame."""
    if source_frame:
        middle = source.x + source.width / 2
        points = ((middle, source.y + source.height), (middle, source_frame.y + source_frame.height), *points[1:])
    if target_frame:
        middle = target.x + target.width / 2
        points = (*points[:-1], (middle, target_frame.y), (middle, target.y))
    return points
