"""Order: which step may come before which, and the cycle when none may."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Step


def topological(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps so that each comes after all it needs, otherwise in the given order. Unknown names are ignored.

    Raises:
        Usage: the steps form a cycle; the message shows the path.
    """
    given = tuple(steps)
    position = {step.name: index for index, step in enumerate(given)}
    waits_for = {step.name: {name for name in step.needs if name in position} for step in given}
    followers = dependents(waits_for)
    ready = [position[name] for name, needs in waits_for.items() if not needs]
    heapq.heapify(ready)
    done: list[Step] = []
    while ready:
        step = given[heapq.heappop(ready)]
        done.append(step)
        for follower in followers.get(step.name, ()):
            waits_for[follower].discard(step.name)
            if not waits_for[follower]:
                heapq.heappush(ready, position[follower])
    if len(done) < len(position):
        raise Usage(
            f"The steps form a cycle: {' -> '.join(cycle(needs_of(given)))}.", hint="Remove one of these edges."
        )
    return tuple(done)


def needs_of(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """Direct predecessors of each step."""
    return {step.name: step.needs for step in steps}


def dependents(needs: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Direct successors of each step, in the order of `needs`."""
    followers: dict[str, list[str]] = {}
    for name, sources in needs.items():
        for source in sources:
            followers.setdefault(source, []).append(name)
    return {name: tuple(found) for name, found in followers.items()}


def reachable(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Everything that can be reached from `start` over `edges`, without `start` itself unless a cycle leads back."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        for name in edges.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return frozenset(found)


def cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """One cycle as a path in running order that ends where it began; empty when there is none."""
    finished: set[str] = set()
    for start in needs:
        path: list[str] = []
        stack = [(start, iter(needs.get(start, ())))]
        path.append(start)
        while stack:
            name, rest = stack[-1]
            following = next((item for item in rest if item in needs and item not in finished), None)
            if following is None:
                finished.add(name)
                stack.pop()
                path.pop()
            elif following in path:
                return (*path[path.index(following) :], following)[::-1]
            else:
                path.append(following)
                stack.append((following, iter(needs.get(following, ()))))
    return ()
