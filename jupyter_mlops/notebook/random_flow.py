"""Random generators between steps: who draws after whom, without adding an edge for those that do not mention one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_mlops.notebook.hidden_state import RANDOM_STATES
from jupyter_mlops.notebook.linear_run import LinearRun
from jupyter_mlops.notebook.step_links import Link


def unseeded(run: LinearRun) -> frozenset[str]:
    """Generators that the notebook never seeds: what they give cannot be told apart from anything else."""
    seeded = set[str]().union(*(cell.effects.sure for cell in run.cells))
    return frozenset(name for name in RANDOM_STATES if name not in seeded)


def take_states(links: Sequence[Link], after: dict[str, tuple[str, ...]], states: Iterable[str]) -> None:
    """Give every step the state of each generator: any step may draw inside a library.

    It comes from the latest ancestor, which adds no edge; or from a step that seeds the generator and stands between
    that ancestor and this step, which adds one to `after`.
    """
    order = {link.step.name: position for position, link in enumerate(links)}
    by_name = {link.step.name: link for link in links}
    ancestors: dict[str, set[str]] = {}
    generators = [_Generator(state) for state in states]
    for link in links:
        name = link.step.name
        if not generators:
            after[name] = tuple(sorted(after.get(name, ()), key=order.__getitem__))
            continue
        found = {other for other in after.get(name, ()) if order[other] < order[name]}
        found |= {item.seeded_by for item in generators if item.seeded_by and not _seeds_first(link, item.state)}
        ancestors[name] = found.union(*(ancestors[other] for other in found))
        for item in generators:
            nearest = sorted(ancestors[name], key=lambda other: (item.drawn[other], order[other]), reverse=True)
            item.take(link, _sources(nearest, by_name), order[name])
        direct = {source for item in generators for source in link.inputs.get(item.state, ((), False))[0]}
        after[name] = tuple(sorted({*after.get(name, ()), *direct}, key=order.__getitem__))


@dataclass
class _Generator:
    """A generator on its way through the steps. `drawn` is the place of the last step that surely used it, by step that
    has the state after that; `seeded_by` the last step that seeded it.
    """

    state: str
    seeded_by: str = ""
    drawn: dict[str, int] = field(default_factory=dict)

    def take(self, link: Link, sources: tuple[str, ...], place: int) -> None:
        """The step takes the state from these sources, or makes its own."""
        name, step = link.step.name, link.step
        self.drawn[name] = max((self.drawn[source] for source in sources), default=-1)
        if not _seeds_first(link, self.state):
            if sources:
                link.inputs[self.state] = (sources, False)
            else:
                link.inputs.pop(self.state, None)
        if self.state in step.reads or self.state in step.sets:
            self.drawn[name] = place
        if self.state in step.surely and not step.conditional:
            self.seeded_by = name


def _seeds_first(link: Link, state: str) -> bool:
    return state in link.step.surely and state not in link.step.reads


def _sources(nearest: Sequence[str], links: Mapping[str, Link]) -> tuple[str, ...]:
    """The nearest that has cells and no loop (a loop leaves many states); further ones while it may be skipped."""
    found: list[str] = []
    for name in nearest:
        step = links[name].step
        if step.controls.variable or not step.cells:
            continue
        found.append(name)
        if not step.conditional:
            break
    return tuple(found)
