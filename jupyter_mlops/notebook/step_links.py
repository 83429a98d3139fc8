"""Who gives what to whom: for every name a step needs, the steps it may come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_mlops.notebook.facts import Use
from jupyter_mlops.notebook.linear_run import CellRun, is_implicit
from jupyter_mlops.notebook.shared_objects import SharedObjects
from jupyter_mlops.notebook.step_effects import StepEffects


@dataclass(eq=False)
class Link:
    """What a step takes, name by name: sources nearest first, and whether it must be there."""

    step: StepEffects
    inputs: dict[str, tuple[tuple[str, ...], bool]] = field(default_factory=dict)
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    params: set[str] = field(default_factory=set)
    undefined: list[tuple[Use, CellRun]] = field(default_factory=list)
    parameters: frozenset[str] = frozenset()
    from_setup: set[str] = field(default_factory=set)
    passed_on: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    final: set[str] = field(default_factory=set)
    exports: set[str] = field(default_factory=set)


@dataclass
class Base:
    """Where names come from that no step makes."""

    parameters: frozenset[str]
    setup: dict[str, int]

    def has(self, name: str, time: int) -> bool:
        """Whether a setup cell before this time sets the name."""
        return self.setup.get(name, time) < time


def live_after(steps: Sequence[StepEffects], setup_reads: Iterable[str] = ()) -> list[frozenset[str]]:
    """For each step, names that a later one reads before it surely sets them."""
    live: set[str] = set(setup_reads)
    found: list[frozenset[str]] = []
    for step in reversed(steps):
        found.append(frozenset(live))
        if not step.conditional:
            live -= step.surely | step.defines
        live |= step.reads.keys() | set(step.controls.names)
    return found[::-1]


class Linker:
    """Goes through the steps in order and notes for every name who has it."""

    def __init__(self, base: Base, shared: SharedObjects) -> None:
        self._base = base
        self._shared = shared
        self._owners: dict[str, list[str]] = {}
        self._final: dict[str, str] = {}
        self._carried: dict[str, frozenset[str]] = {}
        self.links: dict[str, Link] = {}

    def link(self, step: StepEffects, live: frozenset[str], time: int) -> Link:
        """Link one step; `live` are names that later steps read, `time` is that of its last cell."""
        link = self.links[step.name] = Link(step, parameters=self._base.parameters)
        self._take_controls(link, time)
        for name, (use, run) in step.reads.items():
            if name != step.controls.variable:
                self._take(link, name, use, run, time)
        self._take_carried(link)
        passed = self._passed_on(step, live)
        link.passed_on = set(passed)
        for name in sorted(passed - link.inputs.keys() - step.surely):
            self._take_along(link, name)
        self._own(step, passed)
        return link

    def outputs(self) -> None:
        """Set what each step hands on: what others take from it."""
        for link in self.links.values():
            for name, (sources, _) in link.inputs.items():
                for source in sources:
                    self.links[source].outputs.add(name)
            for name, sources in link.controls.items():
                for source in sources:
                    self.links[source].exports.add(name)
        for name, owner in self._final.items():
            if owner and not is_implicit(name):
                self.links[owner].final.add(name)

    def setup_ran(self, names: Iterable[str]) -> None:
        """A setup cell sets these names: every later step gets them from it."""
        for name in names:
            self._owners.pop(name, None)
            self._final.pop(name, None)

    def _take_controls(self, link: Link, time: int) -> None:
        for name in link.step.controls.names:
            if sources := self._owners.get(name):
                link.controls[name] = tuple(sources)
            if name in self._base.parameters and (not sources or self._falls_back(name)):
                link.params.add(name)
            elif self._base.has(name, time):
                link.from_setup.add(name)

    def _take(self, link: Link, name: str, use: Use, run: CellRun, time: int) -> None:
        step = link.step
        sources = self._owners.get(name, [])
        parameter = name in self._base.parameters
        based = parameter or self._base.has(name, time)
        if sources:
            required = use.sure and not (based and self._falls_back(name))
            link.inputs[name] = (tuple(sources), required)
            if parameter and self._falls_back(name):
                link.params.add(name)
        elif parameter:
            link.params.add(name)
        elif not based and name not in step.defined_before and name not in step.own:
            link.undefined.append((use, run))

    def _take_carried(self, link: Link) -> None:
        """What code inside the values that it takes may read: a model whose class reads a global of the notebook."""
        step = link.step
        givers = {source for sources, _ in link.inputs.values() for source in sources}
        carried = step.carries.union(*(self._carried[giver] for giver in givers))
        self._carried[step.name] = carried
        for name in sorted(carried - link.inputs.keys() - step.surely):
            self._take_along(link, name)

    def _take_along(self, link: Link, name: str) -> None:
        sources = self._owners.get(name)
        if sources:
            link.inputs[name] = (tuple(sources), False)
        if name in self._base.parameters and (not sources or self._falls_back(name)):
            link.params.add(name)

    def _passed_on(self, step: StepEffects, live: frozenset[str]) -> set[str]:
        """Names that the step hands on although it does not surely set them anew: it may set them, changes their
        object, or they share an object with what it sets.
        """
        if not step.cells:
            return set()
        perhaps = {name for name in step.sets - step.surely if name in live and name not in step.deletes}
        affected = {name for name in step.affected if name in live}
        times = (step.cells[0].time, step.cells[-1].time)
        carried = self._shared.carried(frozenset(step.produced), live, times) - step.surely
        own = step.affected | step.sets
        return {name for name in perhaps | affected | carried if name in own or self._known(name)}

    def _known(self, name: str) -> bool:
        return name in self._owners or name in self._base.parameters or name in self._base.setup

    def _own(self, step: StepEffects, passed: set[str]) -> None:
        for name in step.sets | passed:
            # Not set after all, it would be what setup made of it, not what the step before made.
            doubtful = name in self._owners and name in self._base.setup and name not in step.surely | passed
            kept = self._owners.get(name, []) if step.conditional else []
            self._owners[name] = [step.name, *(item for item in kept if item != step.name)]
            self._final[name] = "" if doubtful else step.name
        for name in step.affected - step.sets - passed:
            # Changed by another name, and read by nobody: what its owner handed on is no longer its value.
            self._final[name] = step.name if name in step.own_reads else ""
        for name in step.deletes if not step.conditional else ():
            self._final[name] = ""
            self._owners.pop(name, None)
        for name in step.defines:
            self._owners.pop(name, None)
            self._final.pop(name, None)

    def _falls_back(self, name: str) -> bool:
        """Whether every step that makes the name may be skipped."""
        return all(self.links[source].step.conditional for source in self._owners.get(name, ()))
