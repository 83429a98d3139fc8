"""Layers of a graph: each vertex in a rank below what it needs, in an order with few crossings. Deterministic.

Vertices are numbers. A long edge goes through one bend a rank; edges from the same vertex share their
bends, so that a value used by many later steps is drawn as one trunk with branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# Edges longer than this share no bends once a drawing has very many of them: they are drawn directly.
_MAX_BENDS = 6000
_LONG = 6


@dataclass
class Layers:
    """`ranks` holds the vertices of each rank from left to right; `up` and `down` are neighbours in adjacent ranks.

    Vertices from `count` on are bends; `bends[source]` maps a rank to the bend there. `edges` all point down
    (those that closed a cycle were turned round).
    """

    count: int
    edges: list[tuple[int, int]]
    rank: list[int]
    ranks: list[list[int]]
    up: list[list[int]]
    down: list[list[int]]
    bends: dict[int, dict[int, int]] = field(default_factory=dict)


def layered(count: int, edges: Iterable[tuple[int, int]]) -> Layers:
    """Rank `count` vertices and order each rank. Edges between a vertex and itself and repeated ones do not count."""
    downward = _without_cycles(count, sorted({edge for edge in edges if edge[0] != edge[1]}))
    rank = _ranks(count, downward)
    layers = Layers(count, downward, rank, [], [[] for _ in range(count)], [[] for _ in range(count)])
    _add_bends(layers)
    layers.ranks = [[] for _ in range(max(layers.rank, default=-1) + 1)]
    for vertex, level in enumerate(layers.rank):
        layers.ranks[level].append(vertex)
    _order(layers)
    return layers


def crossings(layers: Layers) -> int:
    """How many pairs of edges cross."""
    position = _positions(layers)
    return sum(_crossings_below(layer, layers.down, position) for layer in layers.ranks)


def _without_cycles(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Edges in an order of vertices that respects as many as there can be, lower numbers first; the others turned."""
    below: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in edges:
        below[source].append(target)
        missing[target] += 1
    place = _topological(below, missing)
    return sorted({(a, b) if place[a] < place[b] else (b, a) for a, b in edges})


def _topological(below: Sequence[Sequence[int]], missing: list[int]) -> list[int]:
    """The place of each vertex; where everything left is on a cycle, the lowest number goes first."""
    import heapq

    ready = [vertex for vertex, left in enumerate(missing) if not left]
    place = [-1] * len(missing)
    next_place = scan = 0
    while next_place < len(missing):
        if not ready:
            while place[scan] >= 0:
                scan += 1
            ready = [scan]
        vertex = heapq.heappop(ready)
        if place[vertex] >= 0:
            continue
        place[vertex] = next_place
        next_place += 1
        for target in below[vertex]:
            missing[target] -= 1
            if missing[target] == 0 and place[target] < 0:
                heapq.heappush(ready, target)
    return place


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The longest path from a first vertex; a vertex that needs nothing stands right above what needs it."""
    below: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in edges:
        below[source].append(target)
        missing[target] += 1
    first = [not left for left in missing]
    rank = [0] * count
    ready = [vertex for vertex in range(count) if first[vertex]]
    for vertex in ready:
        for target in below[vertex]:
            rank[target] = max(rank[target], rank[vertex] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    for vertex in range(count):
        if first[vertex] and below[vertex]:
            rank[vertex] = min(rank[target] for target in below[vertex]) - 1
    return rank


def _add_bends(layers: Layers) -> None:
    last: dict[int, int] = {}
    for source, target in layers.edges:
        last[source] = max(last.get(source, 0), layers.rank[target])
    total = sum(level - layers.rank[source] - 1 for source, level in last.items())
    longest = _LONG if total > _MAX_BENDS else total + 1
    for source, target in layers.edges:
        if layers.rank[target] - layers.rank[source] <= longest:
            _link(layers, source, target)


def _link(layers: Layers, source: int, target: int) -> None:
    above = source
    chain = layers.bends.setdefault(source, {}) if layers.rank[target] - layers.rank[source] > 1 else {}
    for level in range(layers.rank[source] + 1, layers.rank[target]):
        bend = chain.get(level)
        if bend is None:
            bend = chain[level] = len(layers.rank)
            layers.rank.append(level)
            layers.up.append([above])
            layers.down.append([])
            layers.down[above].append(bend)
        above = bend
    layers.up[target].append(above)
    layers.down[above].append(target)


def _order(layers: Layers) -> None:
    """Barycentre sweeps; in a small graph the best order seen is kept, in a big one the last."""
    small = len(layers.rank) <= 250
    best, fewest = [list(layer) for layer in layers.ranks], crossings(layers) if small else 0
    for sweep in range(12 if small else 5):
        _sweep(layers, downwards=sweep % 2 == 0)
        if not small:
            continue
        found = crossings(layers)
        if found < fewest:
            best, fewest = [list(layer) for layer in layers.ranks], found
    if small:
        layers.ranks = best


def _sweep(layers: Layers, *, downwards: bool) -> None:
    position = [0.0] * len(layers.rank)
    neighbours = layers.up if downwards else layers.down
    for layer in layers.ranks if downwards else reversed(layers.ranks):
        key = {}
        for index, vertex in enumerate(layer):
            near = neighbours[vertex]
            key[vertex] = sum([position[other] for other in near]) / len(near) if near else float(index)
        layer.sort(key=key.__getitem__)
        for index, vertex in enumerate(layer):
            position[vertex] = float(index)


def _positions(layers: Layers) -> list[int]:
    position = [0] * len(layers.rank)
    for layer in layers.ranks:
        for index, vertex in enumerate(layer):
            position[vertex] = index
    return position


def _crossings_below(layer: Sequence[int], down: Sequence[Sequence[int]], position: Sequence[int]) -> int:
    """Inversions among the lower ends of the edges of a rank, read from left to right."""
    from bisect import bisect_right, insort

    seen: list[int] = []
    count = 0
    for vertex in layer:
        ends = sorted(position[target] for target in down[vertex])
        count += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return count
