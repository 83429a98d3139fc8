from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Component, Pipeline, Step
from jupyter_mlops.pipeline.topology import cycle, dependents, reachable, topological


def step(name: str, *after: str) -> Step:
    return Step(name, Component("cells"), after=after)


def names(*steps: Step) -> list[str]:
    return [found.name for found in topological(steps)]


def test_the_given_order_stays_where_it_may() -> None:
    assert names(step("c"), step("a"), step("b")) == ["c", "a", "b"]
    assert names(step("b", "a"), step("c"), step("a")) == ["c", "a", "b"]


def test_names_that_are_not_there_do_not_matter_here() -> None:
    assert names(step("a", "zz")) == ["a"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20), st.permutations(range(10)))
def test_every_step_comes_after_what_it_needs(pairs: list[tuple[int, int]], order: list[int]) -> None:
    needs = {index: {str(low) for low, high in pairs if high == index and low < high} for index in range(10)}
    sorted_names = names(*(step(str(index), *sorted(needs[index])) for index in order))
    assert sorted(sorted_names) == sorted(map(str, range(10)))
    for index in range(10):
        assert all(sorted_names.index(low) < sorted_names.index(str(index)) for low in needs[index])


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((step("a", "a"),), "a -> a"),
        ((step("a", "b"), step("b", "a")), "a -> b -> a"),
        ((step("x"), step("a", "c", "x"), step("b", "a"), step("c", "b")), "a -> b -> c -> a"),
    ],
)
def test_a_cycle_is_shown_as_a_path_in_running_order(steps: tuple[Step, ...], path: str) -> None:
    with pytest.raises(Usage, match="The steps form a cycle") as raised:
        Pipeline("p", steps).ordered()
    found = raised.value.message.removeprefix("The steps form a cycle: ").removesuffix(".").split(" -> ")
    wanted = path.split(" -> ")
    assert found[0] == found[-1]
    turn = wanted[:-1].index(found[0])
    assert found[:-1] == wanted[turn:-1] + wanted[:turn]


def test_without_a_cycle_there_is_no_path() -> None:
    assert cycle({"a": (), "b": ("a",), "c": ("a", "b")}) == ()


def test_a_long_chain_needs_no_deep_stack() -> None:
    needs = {str(index): (str(index + 1),) for index in range(5000)}
    assert cycle(needs) == ()
    assert len(cycle({**needs, "4999": ("0",)})) == 5001


def test_what_can_be_reached() -> None:
    edges = {"a": ("b",), "b": ("c",), "x": ("y",), "l": ("l",)}
    assert reachable(["a"], edges) == {"b", "c"}
    assert reachable(["l"], edges) == {"l"}
    assert dependents({"b": ("a",), "c": ("a", "b")}) == {"a": ("b", "c"), "b": ("c",)}
