"""Where the vertices of each rank stand from left to right: near their neighbours, apart, long edges straight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from jupyter_mlops.widgets.layers import Layers

# An edge between two bends must be straight before all. Boxes line up with boxes; trunks stand aside.
_BEND_BEND, _BEND_BOX, _BOX_BOX = 8.0, 0.3, 1.0
_NEARLY = 14.0


def place(layers: Layers, widths: Sequence[float], gap: float) -> list[float]:
    """The centre of each vertex. `widths` of the vertices, bends included; neighbours in a rank are `gap` apart."""
    placement = _Placement(layers, widths, gap)
    rounds = 6 if len(widths) <= 250 else 2
    for _ in range(rounds):
        placement.sweep(layers.ranks, placement.above)
        placement.sweep(layers.ranks[::-1], placement.below)
    placement.sweep(layers.ranks, placement.around)
    placement.straighten()
    left = min((x - width / 2 for x, width in zip(placement.x, widths, strict=True)), default=0.0)
    return [x - left for x in placement.x]


def nearest_apart(wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]) -> list[float]:
    """The positions closest to `wanted` (weighted least squares) with `apart[i]` at least between i and i + 1.

    Isotonic regression: neighbours that would come too close are pooled and stand at their common mean.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    means: list[float] = []
    masses: list[float] = []
    sizes: list[int] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, mass, size = want - offset, weight, 1
        while means and means[-1] > mean:
            before = masses.pop()
            mean = (means.pop() * before + mean * mass) / (before + mass)
            mass += before
            size += sizes.pop()
        means.append(mean)
        masses.append(mass)
        sizes.append(size)
    flat = [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=True)]


class _Placement:
    def __init__(self, layers: Layers, widths: Sequence[float], gap: float) -> None:
        self.layers = layers
        self.apart = [[(widths[a] + widths[b]) / 2 + gap for a, b in pairwise(layer)] for layer in layers.ranks]
        self.above = [self._weighted(vertex, layers.up[vertex]) for vertex in range(len(widths))]
        self.below = [self._weighted(vertex, layers.down[vertex]) for vertex in range(len(widths))]
        self.around = [up + down for up, down in zip(self.above, self.below, strict=True)]
        self.x = [0.0] * len(widths)
        for layer, apart in zip(layers.ranks, self.apart, strict=True):
            self._set(layer, nearest_apart([0.0] * len(layer), [1.0] * len(layer), apart))

    def sweep(self, ranks: Sequence[Sequence[int]], near: Sequence[Sequence[tuple[int, float]]]) -> None:
        """Move each rank as a whole to where its vertices want to stand beside the neighbours `near` names."""
        x = self.x
        for layer in ranks:
            wanted, weights = [], []
            for vertex in layer:
                total = pull = 0.0
                for other, weight in near[vertex]:
                    total += weight
                    pull += weight * x[other]
                wanted.append(pull / total if total else x[vertex])
                weights.append(total or 0.1)
            self._set(layer, nearest_apart(wanted, weights, self.apart[self.layers.rank[layer[0]]]))

    def straighten(self) -> None:
        """Bends of one trunk, and a box below its only neighbour, come to stand exactly in line where there is room."""
        place_in_rank = {vertex: index for layer in self.layers.ranks for index, vertex in enumerate(layer)}
        for chain in self.layers.bends.values():
            self._align(list(chain.values()), place_in_rank)
        for layer in self.layers.ranks:
            for vertex in layer:
                above = self.layers.up[vertex]
                if len(above) == 1 and abs(self.x[vertex] - self.x[above[0]]) < _NEARLY:
                    self._try([vertex], self.x[above[0]], place_in_rank)

    def _align(self, chain: list[int], place_in_rank: dict[int, int]) -> None:
        ordered = sorted(self.x[vertex] for vertex in chain)
        middle = ordered[len(ordered) // 2]
        for candidate in sorted(set(ordered), key=lambda x: (abs(x - middle), x))[:6]:
            if self._try(chain, candidate, place_in_rank):
                return

    def _try(self, vertices: Sequence[int], x: float, place_in_rank: dict[int, int]) -> bool:
        """Move all of `vertices` to `x` if none comes too close to its neighbours."""
        for vertex in vertices:
            layer = self.layers.ranks[self.layers.rank[vertex]]
            apart = self.apart[self.layers.rank[vertex]]
            index = place_in_rank[vertex]
            if index and x - self.x[layer[index - 1]] < apart[index - 1] - 1e-6:
                return False
            if index + 1 < len(layer) and self.x[layer[index + 1]] - x < apart[index] - 1e-6:
                return False
        for vertex in vertices:
            self.x[vertex] = x
        return True

    def _set(self, layer: Sequence[int], positions: Sequence[float]) -> None:
        for vertex, position in zip(layer, positions, strict=True):
            self.x[vertex] = position

    def _weighted(self, vertex: int, near: Sequence[int]) -> list[tuple[int, float]]:
        is_bend: Callable[[int], bool] = self.layers.count.__le__
        mine = is_bend(vertex)
        weights = {True: _BEND_BEND if mine else _BEND_BOX, False: _BEND_BOX if mine else _BOX_BOX}
        return [(other, weights[is_bend(other)]) for other in near]
