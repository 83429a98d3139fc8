"""What a run will do: the pipeline, its resolved parameters, and which steps run, as usual or without the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.notebook.parameters import bind
from jupyter_mlops.pipeline.model import Pipeline, Step, validate
from jupyter_mlops.pipeline.topology import dependents, needs_of, reachable


@dataclass(frozen=True)
class Selection:
    """What to run. `from_step`: that step and all that comes after it. `only`: that step. Both run it even if nothing
    changed; what they need from earlier steps comes from the cache, and is made where the cache does not have it.
    """

    from_step: str = ""
    only: str = ""
    no_cache: bool = False

    def to_data(self) -> dict[str, Any]:
        """As JSON data, for the run's first event."""
        return {"from_step": self.from_step, "only": self.only, "no_cache": self.no_cache}


@dataclass(frozen=True)
class Plan:
    """A pipeline ready to run. `steps` are in an order that respects what each needs."""

    pipeline: Pipeline
    params: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection = Selection()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps in running order."""
        return self.pipeline.ordered()

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by name."""
        return {step.name: step for step in self.steps}

    @cached_property
    def selected(self) -> frozenset[str]:
        """Names of the steps that take part, exit steps included; the others are skipped."""
        if not self.fresh:
            return frozenset(self.by_name)
        exits = {step.name for step in self.steps if step.options.exit}
        return self.fresh | reachable(self.fresh, needs_of(self.steps)) | exits

    @cached_property
    def fresh(self) -> frozenset[str]:
        """Names of the steps that run even if the cache has their result."""
        if self.selection.only:
            return frozenset({self.selection.only})
        if self.selection.from_step:
            followers = dependents(needs_of(self.steps))
            return frozenset({self.selection.from_step, *reachable((self.selection.from_step,), followers)})
        return frozenset()

    def uses_cache(self, step: Step) -> bool:
        """Whether an earlier result may stand in for the step; an exit step is run for what it does, every time."""
        if step.options.exit:
            return False
        return step.options.cache and step.name not in self.fresh and not self.selection.no_cache

    def to_data(self) -> dict[str, Any]:
        """The pipeline as JSON data, with the selection beside it."""
        return {**self.pipeline.to_data(), "selection": self.selection.to_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], params: Mapping[str, Any]) -> Plan:
        """The plan of an earlier run, from its first event."""
        known = {item.name for item in fields(Selection)}
        selection = Selection(**{name: value for name, value in data.get("selection", {}).items() if name in known})
        return cls(Pipeline.from_data(data), params, selection)


def make_plan(pipeline: Pipeline, params: Mapping[str, Any] | None = None, selection: Selection | None = None) -> Plan:
    """Check everything that can be checked before a run and give its plan. Text in `params` is read by the type.

    Raises:
        Usage: the pipeline cannot run, or a parameter does not exist, has no value, or has a wrong one.
        NotFound: the selection names a step that is not there.
    """
    found = validate(pipeline)
    if found:
        raise Usage(f"The pipeline {pipeline.name!r} cannot run: {found[0].message}", hint=found[0].hint)
    plan = Plan(pipeline, bind(pipeline.parameters, params or {}), selection or Selection())
    _check_selection(plan)
    return plan


def _check_selection(plan: Plan) -> None:
    chosen = plan.selection
    if chosen.from_step and chosen.only:
        raise Usage("A run starts from a step or runs only one, not both.", hint="Leave one of the two out.")
    for name in (chosen.from_step, chosen.only):
        if name and name not in plan.by_name:
            raise NotFound(f"There is no step {name!r}.", hint=f"Steps: {', '.join(plan.by_name)}.")
