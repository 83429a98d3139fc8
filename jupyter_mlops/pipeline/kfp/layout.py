"""Where each step stands in the graph of the IR: conditions, loops and the exit handler are graphs inside the graph.

A step with a condition, and all that can only run with it, stand in one inner graph. What others take from in there
comes out through two branches, of which one runs: the condition's, or one that hands on the values from before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp.names import Names
from jupyter_mlops.pipeline.model import Component, Input, Pipeline, Step


@dataclass
class Scope:
    """A graph: the root's, or that of a component which is a task of the graph around it (`parent`)."""

    kind: Literal["root", "main", "branches", "condition", "else", "loop"]
    name: str = ""
    parent: Scope | None = None
    step: Step | None = None
    item: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    control: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=lambda: {"artifacts": {}, "parameters": {}})
    given: dict[str, dict[str, Any]] = field(default_factory=lambda: {"artifacts": {}, "parameters": {}})
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    promised: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def around(self) -> tuple[Scope, ...]:
        """This graph and those around it, from the root."""
        return (*(self.parent.around if self.parent else ()), self)

    def put_out(self, kind: str, name: str, selector: Mapping[str, Any], definition: Mapping[str, Any]) -> None:
        """Let the graph have an output."""
        self.outputs.setdefault(kind, {})[name] = selector
        self.promised.setdefault(kind, {})[name] = definition

    def component(self) -> dict[str, Any]:
        """The graph as a component."""
        dag = {**({"outputs": self.outputs} if self.outputs else {}), "tasks": self.tasks}
        inputs = {kind: found for kind, found in self.definitions.items() if found}
        made: dict[str, Any] = {"dag": dag, **({"inputDefinitions": inputs} if inputs else {})}
        return {**made, **({"outputDefinitions": self.promised} if self.promised else {})}

    def as_task(self) -> dict[str, Any]:
        """The task that it is in the graph around it."""
        given = {kind: found for kind, found in self.given.items() if found}
        return {
            "componentRef": {"name": f"comp-{self.name}"},
            **({"dependentTasks": sorted(self.after)} if self.after else {}),
            **({"inputs": given} if given else {}),
            **self.control,
            "taskInfo": {"name": self.name},
        }


@dataclass
class Place:
    """Where a step is. `home` is the graph in which others find it, `visible` the task there; `scope` is its own."""

    step: Step
    task: str
    home: Scope
    scope: Scope

    @property
    def visible(self) -> str:
        """The task in `home` that stands for the step: itself, or its loop."""
        return self.scope.name if self.scope is not self.home else self.task

    @property
    def is_loop(self) -> bool:
        """Whether what it gives is a list."""
        return self.scope is not self.home


@dataclass
class Layout:
    """All places. `others` maps a condition's graph to what its other branch hands on, by name."""

    root: Scope
    main: Scope
    places: dict[str, Place] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)
    others: dict[str, dict[str, Input]] = field(default_factory=dict)
    other_places: dict[str, Place] = field(default_factory=dict)

    def sees(self, scope: Scope, place: Place) -> bool:
        """Whether tasks in `scope` can take values of a step as they are: its graph is around them."""
        return any(place.home is other for other in scope.around)


def lay_out(pipeline: Pipeline) -> Layout:
    """Find the place of each step.

    Raises:
        Refused: steps whose conditions and values the IR cannot nest.
    """
    names, root = Names(), Scope("root")
    steps = pipeline.ordered()
    tasks = {step.name: names.task(step.name) for step in steps}
    exits = [step for step in steps if step.options.exit]
    main = Scope("main", names.part("exit-handler"), root) if exits and len(exits) < len(steps) else root
    layout = Layout(root, main)
    if main is not root:
        layout.scopes.append(main)
    for step in steps:
        scope = root if step.options.exit else _location(layout, step)
        home = _inner(layout, names, "condition", scope, step) if step.options.when else scope
        own = _inner(layout, names, "loop", home, step) if step.options.for_each else home
        layout.places[step.name] = Place(step, tasks[step.name], home, own)
    _find_others(layout, steps)
    for place in list(layout.places.values()):
        _add_other_branch(layout, names, place)
    return layout


def fallback(item: Input) -> Input:
    """What the other branch hands on for an input whose nearest source is in a condition."""
    return Input(item.sources[0][1], item.sources[1:], required=False)


def _inner(layout: Layout, names: Names, kind: Literal["condition", "loop"], parent: Scope, step: Step) -> Scope:
    scope = Scope(kind, names.part("condition" if kind == "condition" else "for-loop"), parent, step)
    layout.scopes.append(scope)
    return scope


def _location(layout: Layout, step: Step) -> Scope:
    """The innermost graph of those that the step cannot be without: it needs a value that is made only there."""
    found = layout.main
    for item in _needed(step):
        if len(item.sources) != 1:
            continue
        home = layout.places[item.sources[0][0]].home
        if any(home is other for other in found.around):
            continue
        if not any(found is other for other in home.around):
            raise Refused(
                f"{step.name!r} needs values from two conditions: {item.sources[0][0]!r} has one of them.",
                hint="Give both steps the same condition, or set the values before it too.",
            )
        found = home
    return found


def _needed(step: Step) -> Iterator[Input]:
    yield from (item for item in step.inputs if item.required)
    yield from step.controls


def _find_others(layout: Layout, steps: tuple[Step, ...]) -> None:
    """From the last step to the first, as what one branch hands on may come from a branch before it."""
    for step in reversed(steps):
        if step.options.exit:
            continue
        place = layout.places[step.name]
        outside = place.home.parent if step.options.when else place.home
        assert outside is not None
        for item in step.controls:
            if not layout.sees(outside, layout.places[item.sources[0][0]]):
                raise Refused(
                    f"The condition or loop of {step.name!r} reads {item.name!r}, which"
                    f" {item.sources[0][0]!r} sets only under a condition.",
                    hint="Set it in a step that always runs.",
                )
        for item in step.inputs:
            _take(layout, outside, item, step)
        if step.options.when:
            for item in layout.others.get(place.home.name, {}).values():
                if item.sources:
                    _take(layout, outside, item, step)


def _take(layout: Layout, scope: Scope, item: Input, step: Step) -> None:
    source = layout.places[item.sources[0][0]]
    if layout.sees(scope, source):
        return
    condition = source.home
    if condition.parent is None or not any(condition.parent is other for other in scope.around):
        raise Refused(
            f"{step.name!r} takes {item.name!r} from {source.step.name!r}, which is in a condition inside another one.",
            hint="Write both conditions as one: `when A and B`.",
        )
    if source.is_loop:
        raise Refused(
            f"{step.name!r} takes {item.name!r} from {source.step.name!r}, a loop that runs only under a condition.",
            hint="Leave out the condition and let the loop go over an empty list.",
        )
    wanted = fallback(item)
    known = layout.others.setdefault(condition.name, {}).setdefault(wanted.name, wanted)
    if known.sources != wanted.sources:
        raise Refused(
            f"Steps take {wanted.name!r} from different steps where {source.step.name!r} does not run.",
            hint="Let one step between them choose the value.",
        )


def _add_other_branch(layout: Layout, names: Names, place: Place) -> None:
    """Put the condition's graph beside one that runs when it does not, both in a graph of their own."""
    condition = place.home
    if condition.kind != "condition" or condition.step is not place.step or condition.name not in layout.others:
        return
    outside = condition.parent
    branches = Scope("branches", names.part("condition-branches"), outside)
    other = Scope("else", names.part("condition"), branches, place.step)
    condition.parent = branches
    layout.scopes.insert(layout.scopes.index(condition), branches)
    layout.scopes.append(other)
    items = layout.others[condition.name]
    step = Step(
        name=f"{place.step.name} (not run)",
        component=Component("cells", (), place.step.component.setup, place.step.component.definitions),
        inputs=tuple(item for item in items.values() if item.sources),
        outputs=tuple(items),
        by_value=place.step.by_value,
    )
    layout.other_places[condition.name] = Place(step, names.task(f"{place.task}-not-run"), other, other)
