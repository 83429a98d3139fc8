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


def take_states(links: Sequence[Link], after: Mapping[str, tuple[str, ...]], states: Iterable[str]) -> None:
    """Give every step the state of each generator from its latest ancestor: it may draw inside a library."""
    states = tuple(states)
    order = {link.step.name: position for position, link in enumerate(links)}
    by_name = {link.step.name: link for link in links}
    ancestors: dict[str, set[str]] = {}
    for link in links:
        name = link.step.name
        found = {other for other in after.get(name, ()) if order[other] < order[name]}
        ancestors[name] = found.union(*(ancestors[other] for other in found))
        for state in states:
            if state in link.step.surely and state not in link.step.reads:
                continue
            sources = _sources(sorted(ancestors[name], key=order.__getitem__, reverse=True), by_name)
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
