"""Random generators between steps: who draws after whom, without adding an edge for those that do not mention one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jupyter_mlops.notebook.hidden_state import RANDOM_STATES
from jupyter_mlops.notebook.linear_run import LinearRun
from jupyter_mlops.notebook.step_links import Link


def unseeded(run: LinearRun) -> frozenset[str]:
    """Generators that the notebook never seeds: what they give cannot be told apart from anything else."""
    seeded = {name for cell in run.cells for name in cell.effects.sure}
    return frozenset(name for name in RANDOM_STATES if name not in seeded)


def take_states(links: Sequence[Link], after: dict[str, tuple[str, ...]], states: Iterable[str]) -> None:
    """Give every step the state of each generator: any step may draw inside a library.

    It comes from the latest ancestor, which adds no edge; or from a step that seeds the generator and stands between
    that ancestor and this step, which adds one to `after`.
    """
    states = tuple(states)
    order = {link.step.name: position for position, link in enumerate(links)}
    by_name = {link.step.name: link for link in links}
    ancestors: dict[str, set[str]] = {}
    seeding: dict[str, str] = {}
    for link in links:
        name = link.step.name
        found = {other for other in after.get(name, ()) if order[other] < order[name]}
        found |= {seeding[state] for state in states if state in seeding and not _seeds_first(link, state)}
        ancestors[name] = found.union(*(ancestors[other] for other in found))
        for state in states:
            if not _seeds_first(link, state):
                _take(link, state, _sources(sorted(ancestors[name], key=order.__getitem__, reverse=True), by_name))
            if state in link.step.surely and not link.step.conditional:
                seeding[state] = name
        direct = {source for state in states for source in link.inputs.get(state, ((), False))[0]}
        after[name] = tuple(sorted({*after.get(name, ()), *direct}, key=order.__getitem__))


def _seeds_first(link: Link, state: str) -> bool:
    return state in link.step.surely and state not in link.step.reads


def _take(link: Link, state: str, sources: tuple[str, ...]) -> None:
    if sources:
        link.inputs[state] = (sources, False)
    else:
        link.inputs.pop(state, None)


def _sources(nearest: Sequence[str], links: Mapping[str, Link]) -> tuple[str, ...]:
    """The nearest ancestor that has cells and no loop (a loop leaves many states); further ones while it may be skipped."""
    found: list[str] = []
    for name in nearest:
        step = links[name].step
        if step.controls.variable or not step.cells:
            continue
        found.append(name)
        if not step.conditional:
            break
    return tuple(found)
