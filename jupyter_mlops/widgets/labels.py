"""Names on edges, where there is room for them: never over a box or another name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jupyter_mlops.widgets.layout import Box, Edge, Layout, Point

_CHAR, _HEIGHT, _PADDING = 6.4, 15.0, 4.0
_MOST = 22


@dataclass(frozen=True)
class Label:
    """A text and the rectangle it stands in."""

    text: str
    box: Box


def place_labels(layout: Layout, names: Mapping[Edge, Sequence[str]]) -> Iterator[Label]:
    """A label for each edge with names that finds room; the others keep their names in the title only."""
    taken = list(layout.boxes.values())
    for edge, points in layout.lines.items():
        text = short(names.get(edge, ()))
        box = _free(points, len(text) * _CHAR + 2 * _PADDING, taken) if text else None
        if box:
            taken.append(box)
            yield Label(text, box)


def short(names: Sequence[str]) -> str:
    """As many names as fit, and how many were left out."""
    shown = ""
    for count, name in enumerate(names):
        longer = f"{shown}, {name}" if shown else name
        if len(longer) > _MOST:
            rest = len(names) - count
            return f"{shown} +{rest}" if shown else name[: _MOST - 1] + "…"
        shown = longer
    return shown


def _free(points: Sequence[Point], width: float, taken: Sequence[Box]) -> Box | None:
    """A place on the line: first near the target, then near the source, for each piece long enough."""
    pieces = [pair for pair in pairwise(points) if pair[1][1] - pair[0][1] > _HEIGHT + 8]
    for (x0, y0), (x1, y1) in reversed(pieces):
        for part in (0.5, 0.62, 0.38):
            x, y = x0 + (x1 - x0) * _eased(part), y0 + (y1 - y0) * part
            box = Box(round(x - width / 2, 1), round(y - _HEIGHT / 2, 1), round(width, 1), _HEIGHT)
            if not any(_overlap(box, other) for other in taken):
                return box
    return None


def _eased(part: float) -> float:
    """How far to the side the curve of `svg.line_path` is at a part of its height (a cubic with upright ends)."""
    return part * part * (3 - 2 * part)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width + 3
        and other.x < one.x + one.width + 3
        and one.y < other.y + other.height + 2
        and other.y < one.y + one.height + 2
    )
