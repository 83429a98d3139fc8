"""The layout: boxes apart, lines down, frames closed, the same every time, and fast."""

from __future__ import annotations

import random
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlops.widgets.coordinates import nearest_apart
from jupyter_mlops.widgets.layers import crossings, layered
from jupyter_mlops.widgets.layout import Box, Layout, lay_out

SIZE = (120.0, 40.0)


def draw(edges, names=None, groups=None) -> Layout:
    found = names or sorted({name for edge in edges for name in edge})
    return lay_out(dict.fromkeys(found, SIZE), edges, groups=groups)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def random_edges(count: int, seed: int) -> list[tuple[str, str]]:
    source = random.Random(seed)
    return [
        (f"s{max(0, target - 1 - int(source.expovariate(0.3)))}", f"s{target}")
        for target in range(1, count)
        for _ in range(source.choice([1, 1, 2, 3]))
    ]


graphs = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just(count), st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30)
    )
)


@settings(max_examples=120, deadline=None)
@given(graphs, st.data())
def test_boxes_never_overlap_and_every_line_joins_its_boxes(graph, data) -> None:
    count, pairs = graph
    names = [f"s{number}" for number in range(count)]
    edges = [(names[a], names[b]) for a, b in pairs]
    groups = {name: data.draw(st.sampled_from(["", "", "g", "h"])) for name in names}
    layout = draw(edges, names, groups)
    boxes = list(layout.boxes.items())
    assert [name for name, _ in boxes] == names
    for position, (name, box) in enumerate(boxes):
        assert not any(overlap(box, other) for _, other in boxes[position + 1 :]), name
        assert 0 <= box.x <= layout.width - box.width + 0.11
        assert 0 <= box.y <= layout.height - box.height + 0.11
    assert set(layout.lines) == {edge for edge in edges if edge[0] != edge[1]}
    for group, frame in layout.groups.items():
        for name, box in boxes:
            inside = frame.x <= box.x and box.x + box.width <= frame.x + frame.width + 0.2 and overlap(frame, box)
            assert inside == (groups[name] == group)


@settings(max_examples=80, deadline=None)
@given(graphs)
def test_lines_of_a_graph_without_cycles_go_down_from_box_to_box(graph) -> None:
    count, pairs = graph
    names = [f"s{number}" for number in range(count)]
    layout = draw([(names[min(a, b)], names[max(a, b)]) for a, b in pairs if a != b], names)
    for (source, target), points in layout.lines.items():
        start, end = layout.boxes[source], layout.boxes[target]
        assert points[0] == (pytest.approx(start.x + start.width / 2, abs=0.11), start.y + start.height)
        assert points[-1][1] == end.y
        assert end.x < points[-1][0] < end.x + end.width
        heights = [y for _, y in points]
        assert heights == sorted(heights)


def test_a_chain_stands_in_one_column() -> None:
    layout = draw([("a", "b"), ("b", "c"), ("c", "d")])
    assert {box.x for box in layout.boxes.values()} == {0.0}


def test_a_long_edge_is_straight_between_its_ends() -> None:
    layout = draw([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "e")])
    inner = {x for x, _ in layout.lines["a", "e"][1:-1]}
    assert len(inner) == 1
    boxes = [layout.boxes[name] for name in "bcd"]
    assert not any(box.x <= next(iter(inner)) <= box.x + box.width for box in boxes)


def test_edges_from_one_box_share_their_trunk() -> None:
    layout = draw([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "d"), ("a", "e")])
    assert layout.lines["a", "e"][1:5] == layout.lines["a", "d"][1:5]


def test_edges_into_one_box_enter_side_by_side_without_crossing() -> None:
    layout = draw([("a", "d"), ("b", "d"), ("c", "d")])
    starts = sorted((points[0][0], points[-1][0]) for points in layout.lines.values())
    ends = [end for _, end in starts]
    assert len(set(ends)) == 3
    assert ends == sorted(ends)


def test_an_order_without_crossings_is_found() -> None:
    layers = layered(6, [(0, 4), (0, 5), (1, 3), (2, 3), (1, 4)])
    assert crossings(layers) == 0


def test_a_step_that_needs_nothing_stands_right_above_what_needs_it() -> None:
    layout = draw([("a", "b"), ("b", "c"), ("seed", "c")])
    assert layout.boxes["seed"].y == layout.boxes["b"].y


def test_a_group_that_is_left_and_entered_again_has_no_frame() -> None:
    edges = [("a", "x"), ("x", "b")]
    assert draw(edges, groups={"a": "g", "b": "g"}).groups == {}
    assert set(draw(edges, groups={"x": "g", "b": "g"}).groups) == {"g"}


def test_a_cycle_is_drawn_with_the_edge_that_closes_it_upwards() -> None:
    layout = draw([("a", "b"), ("b", "a")])
    points = layout.lines["b", "a"]
    assert points[0][1] > points[-1][1]


@pytest.mark.parametrize("names", [[], ["only"]])
def test_nothing_and_one_box_are_drawings_too(names) -> None:
    layout = lay_out(dict.fromkeys(names, SIZE), [])
    assert (layout.width, layout.height) == (SIZE if names else (0.0, 0.0))


def test_edges_to_steps_that_are_not_there_do_not_count() -> None:
    assert draw([("a", "ghost")], names=["a"]).lines == {}


def test_the_same_graph_gives_the_same_drawing() -> None:
    edges = random_edges(60, seed=5)
    assert draw(edges) == draw(edges)


def test_five_hundred_steps_are_laid_out_within_the_promise() -> None:
    edges = random_edges(500, seed=1)
    taken = []
    for _ in range(3):
        start = time.process_time()
        draw(edges)
        taken.append(time.process_time() - start)
    traced = sys.gettrace() is not None or "coverage" in sys.modules
    assert min(taken) < (0.25 if traced else 0.05)


def test_a_graph_with_very_many_long_edges_stays_small() -> None:
    count = 400
    edges = [(f"s{source:03}", f"s{target:03}") for source in range(count) for target in (source + 1, count - 1)]
    layout = draw([(a, b) for a, b in edges if a < b and b in {f"s{n:03}" for n in range(count)}])
    assert max(len(points) for points in layout.lines.values()) < 20


@pytest.mark.parametrize(
    ("wanted", "apart", "expected"),
    [
        ([0.0, 100.0], [10.0], [0.0, 100.0]),
        ([50.0, 50.0], [10.0], [45.0, 55.0]),
        ([10.0, 0.0], [10.0], [0.0, 10.0]),
        ([0.0, 0.0, 30.0], [10.0, 10.0], [-5.0, 5.0, 30.0]),
    ],
)
def test_positions_are_as_near_as_the_distances_allow(wanted, apart, expected) -> None:
    assert nearest_apart(wanted, [1.0] * len(wanted), apart) == pytest.approx(expected)


def test_the_heavier_wish_wins() -> None:
    assert nearest_apart([50.0, 50.0], [1.0, 9.0], [10.0]) == pytest.approx([41.0, 51.0])
