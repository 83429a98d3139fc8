"""The graphs of a file made flat: each task that runs something becomes a step; groups become conditions and loops."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.pipeline.kfp.reading.conditions import translated
from jupyter_mlops.pipeline.kfp.reading.drafts import Guard, Names
from jupyter_mlops.pipeline.kfp.reading.values import (
    Ending,
    Item,
    Loop,
    Made,
    Param,
    Part,
    Value,
    const,
    leaves,
    one_of,
    selected,
)
from jupyter_mlops.pipeline.topology import cycle

MAX_STEPS = 5000
_GROUP = re.compile(r"(for-loop|condition|condition-branches|exit-handler)-\d+")
_AGAIN = "The file is damaged, or was changed by hand: compile the pipeline again."


@dataclass(frozen=True)
class Around:
    """What is around a task: loops, conditions, what comes before it, and the name of its pipeline in others."""

    loops: tuple[Loop, ...] = ()
    guards: tuple[Guard, ...] = ()
    after: tuple[str, ...] = ()
    exits: bool = False
    prefix: str = ""
    inside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A task that runs something."""

    name: str
    task: Mapping[str, Any]
    component: Mapping[str, Any]
    inputs: Mapping[str, Value]
    around: Around


@dataclass
class Expansion:
    """Goes through the graphs from the root. `leaves` are all steps, in an order that respects what each needs."""

    spec: Mapping[str, Any]
    names: Names
    leaves: list[Leaf] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def root(self) -> None:
        """Expand the pipeline itself."""
        root = part(self.spec, "root", "the pipeline")
        given: dict[str, Value] = {name: Param(name) for name in definitions(root, "inputDefinitions", "parameters")}
        for name, item in definitions(root, "inputDefinitions", "artifacts").items():
            if not item.get("isOptional"):
                raise Refused(f"The pipeline takes the artifact {name!r}.", hint="Import it by dsl.importer instead.")
        self._graph(root, given, Around())

    def _graph(self, component: Mapping[str, Any], given: Mapping[str, Value], around: Around) -> dict[str, Value]:
        """Expand one graph; what it hands on, by name."""
        dag = part(component, "dag", "the pipeline")
        tasks = part(dag, "tasks", "a graph")
        made: dict[str, dict[str, Value]] = {}
        steps: dict[str, tuple[str, ...]] = {}
        for name in _ordered(tasks):
            first = len(self.leaves)
            task = part(tasks, name, "a graph")
            after = tuple(step for other in _before(task) for step in steps.get(other, ()))
            made[name] = self._task(
                name, task, _Scope(given, made, steps), replace(around, after=(*around.after, *after))
            )
            steps[name] = tuple(leaf.name for leaf in self.leaves[first:])
        return _handed_on(dag.get("outputs") or {}, made)

    def _task(self, name: str, task: Mapping[str, Any], scope: _Scope, around: Around) -> dict[str, Value]:
        reference = str((task.get("componentRef") or {}).get("name", ""))
        component = part(part(self.spec, "components", "the file"), reference, f"the task {name!r}")
        inputs = self._inputs(name, task, component, scope)
        around = self._controlled(name, task, inputs, around)
        if "dag" in component:
            if reference in around.inside:
                raise Usage(f"The component {reference!r} contains itself.", hint=_AGAIN)
            is_group = bool(_GROUP.fullmatch(name))
            prefix = around.prefix if is_group else f"{around.prefix}{name}."
            return self._graph(component, inputs, replace(around, prefix=prefix, inside=(*around.inside, reference)))
        if len(self.leaves) >= MAX_STEPS:
            raise Usage(f"The pipeline has more than {MAX_STEPS} steps.", hint="Use a loop.")
        step = self._step_name(f"{around.prefix}{name}")
        self.leaves.append(Leaf(step, task, component, inputs, around))
        outputs = component.get("outputDefinitions") or {}
        keys = [*(outputs.get("parameters") or {}), *(outputs.get("artifacts") or {})]
        return {key: Made(((step, key),), around.loops) for key in keys}

    def _step_name(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}-{number}", number + 1
        self._taken.add(name)
        return name

    def _inputs(
        self, name: str, task: Mapping[str, Any], component: Mapping[str, Any], scope: _Scope
    ) -> dict[str, Value]:
        given = task.get("inputs") or {}
        found: dict[str, Value] = {}
        for kind in ("parameters", "artifacts"):
            taken = given.get(kind) or {}
            for key, item in definitions(component, "inputDefinitions", kind).items():
                value = scope.value(taken[key], f"the task {name!r}") if key in taken else None
                if value is None and "defaultValue" in item:
                    value = const(item["defaultValue"])
                if value is not None:
                    found[key] = value
        return found

    def _controlled(self, name: str, task: Mapping[str, Any], inputs: dict[str, Value], around: Around) -> Around:
        """What is around the task with its own condition, loop and place at the end added; the item joins `inputs`."""
        trigger = task.get("triggerPolicy") or {}
        if trigger.get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED":
            around = replace(around, exits=True)
        if trigger.get("condition"):
            around = replace(around, guards=(*around.guards, self._guard(str(trigger["condition"]), inputs)))
        for kind, key in (("parameterIterator", "inputParameter"), ("artifactIterator", "inputArtifact")):
            iterator = task.get(kind)
            if not iterator:
                continue
            source = iterator.get("items") or {}
            if "raw" in source:
                items: Value = const(_list(str(source["raw"]), name))
            elif source.get(key) in inputs:
                items = inputs[source[key]]
            else:
                raise Usage(f"The loop {name!r} has no items.", hint=_AGAIN)
            inputs[str(iterator.get("itemInput"))] = Item(len(around.loops))
            around = replace(around, loops=(*around.loops, Loop(f"{around.prefix}{name}", items)))
        return around

    def _guard(self, condition: str, inputs: Mapping[str, Value]) -> Guard:
        values: dict[str, Value] = {}

        def name_of(key: str) -> str:
            if key not in inputs:
                raise Usage(f"A condition reads {key!r}, which its task does not take.", hint=_AGAIN)
            text, found = self._spelled(inputs[key])
            values.update(found)
            return text

        text = translated(condition, name_of)
        return Guard(text, values)

    def _spelled(self, value: Value) -> tuple[str, dict[str, Value]]:
        """The value as expressions write it, and what their names are."""
        if isinstance(value, Param):
            return value.name, {value.name: value}
        if isinstance(value, Part):
            text, found = self._spelled(value.whole)
            return text + "".join(f"[{key!r}]" for key in value.path), found
        if isinstance(value, Made):
            name = self.names.of(value.sources)
            return name, {name: value}
        if isinstance(value, Item):
            name = f"item_{value.depth}"
            return name, {name: value}
        made = [leaf for leaf in leaves(value) if isinstance(leaf, Made)]
        if made:
            name = self.names.of(tuple(source for leaf in made for source in leaf.sources))
            return name, {name: value}
        return repr(getattr(value, "value", None)), {}


@dataclass(frozen=True)
class _Scope:
    """What tasks of one graph can take: inputs of the graph, outputs of its tasks."""

    given: Mapping[str, Value]
    made: Mapping[str, Mapping[str, Value]]
    steps: Mapping[str, tuple[str, ...]]

    def value(self, reference: Mapping[str, Any], where: str) -> Value | None:
        """What a reference means; None for an input that was not given."""
        value = self._plain(reference, where)
        selector = reference.get("parameterExpressionSelector")
        return selected(value, str(selector)) if selector and value is not None else value

    def _plain(self, reference: Mapping[str, Any], where: str) -> Value | None:
        if "runtimeValue" in reference:
            return const(reference["runtimeValue"].get("constant"))
        for key in ("componentInputParameter", "componentInputArtifact"):
            if key in reference:
                return self.given.get(reference[key])
        for kind, key in (("taskOutputParameter", "outputParameterKey"), ("taskOutputArtifact", "outputArtifactKey")):
            if kind in reference:
                place = reference[kind]
                found = self.made.get(place.get("producerTask"), {}).get(place.get(key))
                if found is None:
                    raise Usage(
                        f"{where} takes {place.get(key)!r} of {place.get('producerTask')!r}, which there is not.",
                        hint=_AGAIN,
                    )
                return found
        if "taskFinalStatus" in reference:
            task = str(reference["taskFinalStatus"].get("producerTask"))
            return Ending(task, self.steps.get(task, ()))
        raise Refused(f"An input of {where} comes from {', '.join(reference) or 'nothing'}, which is not known.")


def definitions(component: Mapping[str, Any], side: str, kind: str) -> Mapping[str, Any]:
    """Inputs or outputs of a component, by name."""
    found = (component.get(side) or {}).get(kind) or {}
    return found if isinstance(found, Mapping) else {}


def part(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """A mapping in a mapping.

    Raises:
        Usage: it is not there.
    """
    found = data.get(key)
    if not isinstance(found, Mapping):
        raise Usage(f"{where[0].upper()}{where[1:]} has no {key!r}.", hint=_AGAIN)
    return found


def _before(task: Mapping[str, Any]) -> list[str]:
    """The tasks that a task comes after: said, or as it takes something from them."""
    found = dict.fromkeys(str(name) for name in task.get("dependentTasks") or ())
    inputs = task.get("inputs") or {}
    for reference in (*(inputs.get("parameters") or {}).values(), *(inputs.get("artifacts") or {}).values()):
        for kind in ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus"):
            if kind in reference:
                found[str(reference[kind].get("producerTask"))] = None
    return list(found)


def _ordered(tasks: Mapping[str, Any]) -> list[str]:
    """Names of tasks so that each comes after those that it needs."""
    needs = {name: [other for other in _before(part(tasks, name, "a graph")) if other in tasks] for name in tasks}
    for name in tasks:
        for other in _before(tasks[name]):
            if other not in tasks:
                raise Usage(f"The task {name!r} comes after {other!r}, which there is not.", hint=_AGAIN)
    path = cycle(needs)
    if path:
        raise Usage(f"The tasks form a cycle: {' -> '.join(path)}.", hint=_AGAIN)
    done: dict[str, None] = {}
    waiting = list(tasks)
    while waiting:
        ready = [name for name in waiting if all(other in done for other in needs[name])]
        done.update(dict.fromkeys(ready))
        waiting = [name for name in waiting if name not in done]
    return list(done)


def _handed_on(outputs: Mapping[str, Any], made: Mapping[str, Mapping[str, Value]]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, item in (outputs.get("parameters") or {}).items():
        one = [item["valueFromParameter"]] if "valueFromParameter" in item else []
        several = (item.get("valueFromOneof") or {}).get("parameterSelectors") or []
        found[name] = _one(
            name, [(place.get("producerSubtask"), place.get("outputParameterKey")) for place in (*one, *several)], made
        )
    for name, item in (outputs.get("artifacts") or {}).items():
        places = item.get("artifactSelectors") or []
        found[name] = _one(
            name, [(place.get("producerSubtask"), place.get("outputArtifactKey")) for place in places], made
        )
    return found


def _one(name: str, places: list[tuple[Any, Any]], made: Mapping[str, Mapping[str, Value]]) -> Value:
    choices = [made.get(task, {}).get(key) for task, key in places]
    there = [choice for choice in choices if choice is not None]
    if not there or len(there) != len(choices):
        raise Usage(f"The output {name!r} of a graph is made by nothing in it.", hint=_AGAIN)
    return one_of(there)


def _list(text: str, name: str) -> list[Any]:
    import json

    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise Usage(f"The loop {name!r} goes over what is no list.", hint=_AGAIN)
    return found
