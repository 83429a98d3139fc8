"""The graph of the IR: tasks and components, and how values come through the borders of inner graphs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_mlops.pipeline.kfp import executors
from jupyter_mlops.pipeline.kfp.carried import Tasks
from jupyter_mlops.pipeline.kfp.conditions import parsed, translate, variable_of
from jupyter_mlops.pipeline.kfp.controls import ITEMS, Controls, Source
from jupyter_mlops.pipeline.kfp.kinds import BOOLEAN, DOUBLE, LIST, TEXT, Kind, kind_of_parameter, may_be_none
from jupyter_mlops.pipeline.kfp.layout import Layout, Place, Scope
from jupyter_mlops.pipeline.kfp.names import CHANNEL
from jupyter_mlops.pipeline.model import Options, Pipeline

ARTIFACT: Mapping[str, Any] = {"artifactType": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}
LIST_OF_ARTIFACTS: Mapping[str, Any] = {**ARTIFACT, "isArtifactList": True}
BUNDLE, NOTEBOOK = "bundle", "notebook"
# What the pod does with a value before it exports it (`runtime.kfp_step`).
_EXPORTED: Mapping[Kind, str] = {DOUBLE: "float", TEXT: "text", BOOLEAN: "flag", LIST: "list", ITEMS: "items"}
_WHATEVER_HAPPENED = "ALL_UPSTREAM_TASKS_COMPLETED"


class Graph:
    """Collects tasks in their scopes, components and executors, step by step."""

    def __init__(self, pipeline: Pipeline, layout: Layout, tasks: Tasks, image: str) -> None:
        self.components: dict[str, Any] = {}
        self.executors: dict[str, Any] = {}
        self.options: dict[str, Options] = {}
        self._pipeline = pipeline
        self._layout = layout
        self._tasks = tasks
        self._image = image
        self._controls = Controls(pipeline)
        self._parameters = {item.name: item for item in pipeline.parameters}

    def build(self) -> None:
        """Add every step, then every inner graph as a task of the one around it. Raises `Refused`."""
        for place in self._layout.places.values():
            self._add_control(place)
            self._add_task(place, place.step.options)
            self._add_order(place)
        for place in self._layout.other_places.values():
            assert place.scope.step is not None
            # It loads the same values, so it needs the same room.
            self._add_task(place, replace(place.scope.step.options, gpu=None))
        for scope in reversed(self._layout.scopes):
            self.components[f"comp-{scope.name}"] = scope.component()
            assert scope.parent is not None
            scope.parent.tasks[scope.name] = scope.as_task()

    def _add_task(self, place: Place, options: Options) -> None:
        step, name = place.step, place.task
        task: dict[str, Any] = {"artifacts": {}, "parameters": {}}
        given: dict[str, Any] = {"artifacts": {}, "parameters": {}}
        after: set[str] = set()
        ports = {"inputs": self._values(place, task, given, after), "params": self._params(place, task, given)}
        kinds = self._controls.kinds_of(step)
        ports["exports"] = {name: _EXPORTED[kind] for name, kind in kinds.items()}
        digest = self._tasks.add(name, step, ports)
        outputs: dict[str, Any] = {"artifacts": {**({BUNDLE: ARTIFACT} if step.outputs else {}), NOTEBOOK: ARTIFACT}}
        if kinds:
            outputs["parameters"] = {name: {"parameterType": kind.ir} for name, kind in kinds.items()}
        label = f"exec-{name}"
        self.components[f"comp-{name}"] = {
            "executorLabel": label,
            **_unless_empty("inputDefinitions", _kept(task)),
            "outputDefinitions": outputs,
        }
        self.executors[label] = {"container": executors.container(options, self._image, name, digest)}
        self.options[label] = options
        made = {
            "cachingOptions": {"enableCache": True} if options.cache and not options.exit else {},
            "componentRef": {"name": f"comp-{name}"},
            **_unless_empty("dependentTasks", sorted(after)),
            **_unless_empty("inputs", _kept(given)),
            **_unless_empty("retryPolicy", executors.retry_policy(options)),
            "taskInfo": {"name": name},
        }
        place.scope.tasks[name] = made

    def _values(self, place: Place, task: dict[str, Any], given: dict[str, Any], after: set[str]) -> list[Any]:
        """The bundles that the step takes, each once; as the pod is told."""
        ports: dict[str, dict[str, Any]] = {}
        for item in place.step.inputs:
            (name, there) = item.sources[0]
            source = self._layout.places[name]
            key = source.task.replace("-", "_")
            if key not in ports:
                definition = LIST_OF_ARTIFACTS if source.is_loop else ARTIFACT
                task["artifacts"][key] = definition
                given["artifacts"][key] = self._artifact(place, source, definition, after)
                ports[key] = {"artifact": key, "names": {}, "collect": definition is LIST_OF_ARTIFACTS}
            ports[key]["names"][item.name] = there
            if item.required and not self._layout.sees(place.scope, source):
                ports[key].setdefault("required", []).append(item.name)
        return list(ports.values())

    def _artifact(self, place: Place, source: Place, definition: Any, after: set[str]) -> dict[str, Any]:
        """A reference to the source's bundle, brought to where the step is."""
        scope, task, key = source.home, source.task, BUNDLE
        channel = f"{CHANNEL}{source.task}-{BUNDLE}"
        if source.is_loop:
            source.scope.put_out("artifacts", channel, {"artifactSelectors": [_select(task, BUNDLE)]}, definition)
            task, key = source.visible, channel
        if not self._layout.sees(place.scope, source):
            branches, other = source.home.parent, self._layout.other_places[source.home.name]
            assert branches is not None
            assert branches.parent is not None
            source.home.put_out("artifacts", channel, {"artifactSelectors": [_select(task, key)]}, definition)
            theirs = f"{CHANNEL}{other.task}-{BUNDLE}"
            other.scope.put_out("artifacts", theirs, {"artifactSelectors": [_select(other.task, BUNDLE)]}, definition)
            both = [_select(source.home.name, channel), _select(other.scope.name, theirs)]
            branches.put_out("artifacts", channel, {"artifactSelectors": both}, definition)
            scope, task, key = branches.parent, branches.name, channel
        reference = {"taskOutputArtifact": {"producerTask": task, "outputArtifactKey": key}}
        return self._bring("artifacts", (scope, task, reference), place.scope, (channel, definition), after)

    def _params(self, place: Place, task: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """The parameters and the loop's item; as the pod is told."""
        ports: dict[str, Any] = {}
        for local, name in place.step.params.items():
            parameter = self._parameters[name]
            kind, definition = kind_of_parameter(parameter), self._definition(name)
            task["parameters"][local] = definition
            given["parameters"][local] = self._parameter(name, place.scope)
            ports[local] = {"made": kind.made, **({"default": parameter.default} if not parameter.required else {})}
        if place.is_loop:
            loop = place.step.options.for_each
            assert loop is not None
            kind = self._controls.items(place.step).kind
            task["parameters"][loop.variable] = {"parameterType": kind.ir}
            given["parameters"][loop.variable] = {"componentInputParameter": place.scope.item}
            ports[loop.variable] = {"made": kind.made, "item": True}
        return ports

    def _definition(self, name: str) -> dict[str, Any]:
        parameter = self._parameters[name]
        optional = {"isOptional": True} if may_be_none(parameter) else {}
        return {"parameterType": kind_of_parameter(parameter).ir, **optional}

    def _parameter(self, name: str, scope: Scope) -> dict[str, Any]:
        reference = {"componentInputParameter": name}
        origin = (self._layout.root, "", reference)
        return self._bring("parameters", origin, scope, (f"{CHANNEL}{name}", self._definition(name)), set())

    def _add_control(self, place: Place) -> None:
        """The condition and the items of a step, on the graphs that are there for them."""
        step = place.step
        if step.options.when:
            inside = [place.home]
            if place.home.parent is not None and place.home.parent.kind == "branches":
                inside.append(self._layout.other_places[place.home.name].scope)
            for scope in inside:
                variables = {
                    name: self._channel(self._controls.source(step, name), scope) for name in _names(step.options.when)
                }
                condition = translate(step.options.when, variables, step.name)
                scope.control["triggerPolicy"] = {
                    "condition": condition if scope.kind == "condition" else f"!({condition})"
                }
        if place.is_loop:
            scope, items = place.scope, self._controls.items(step)
            scope.item = f"{CHANNEL}loop-item-param-{scope.name.rpartition('-')[2]}"
            source: dict[str, Any] = {"raw": items.raw}
            if items.source is not None:
                channel, _ = self._channel(items.source, scope)
                scope.item, source = f"{channel}-loop-item", {"inputParameter": channel}
            scope.control["parameterIterator"] = {"itemInput": scope.item, "items": source}
            scope.definitions["parameters"][scope.item] = {"parameterType": items.kind.ir}

    def _channel(self, source: Source, scope: Scope) -> tuple[str, Any]:
        """Bring what an expression reads to the graph that it controls: its key there, and its kind."""
        if source.item is None:
            return self._parameter(source.parameter, scope)["componentInputParameter"], source.kind
        name, export = source.item.sources[0]
        maker = self._layout.places[name]
        reference = {"taskOutputParameter": {"producerTask": maker.task, "outputParameterKey": export}}
        channel = (f"{CHANNEL}{maker.task}-{export}", {"parameterType": source.kind.ir})
        brought = self._bring("parameters", (maker.home, maker.task, reference), scope, channel, set())
        return brought["componentInputParameter"], source.kind

    def _bring(
        self,
        kind: str,
        origin: tuple[Scope, str, dict[str, Any]],
        target: Scope,
        channel: tuple[str, Any],
        after: set[str],
    ) -> dict[str, Any]:
        """A reference that tasks in `target` can use, to what is one in the graph of `origin`.

        Each graph between takes it as an input. `after` gets the producing task where they are in the same graph.
        """
        scope, producer, reference = origin
        name, definition = channel
        inner = "componentInputArtifact" if kind == "artifacts" else "componentInputParameter"
        waits = after
        for between in target.around[len(scope.around) :]:
            if producer:
                between.after.add(producer)
            between.definitions[kind][name] = definition
            between.given[kind][name] = reference
            reference, producer, waits = {inner: name}, "", set()
        if producer:
            waits.add(producer)
        return reference

    def _add_order(self, place: Place) -> None:
        """`after`, and an exit step's place behind all others."""
        step = place.step
        outermost = place.scope.around[1:]
        if step.options.exit and self._layout.main is not self._layout.root:
            self._wait(place, self._layout.root, self._layout.main.name)
        for name in step.after:
            other = self._layout.places[name]
            shared = [one for one, two in zip(place.scope.around, other.home.around) if one is two]
            beyond = other.home.around[len(shared) :]
            self._wait(place, shared[-1], beyond[0].name if beyond else other.visible)
        if step.options.exit:
            control = outermost[0].control if outermost else place.scope.tasks[place.task]
            control.setdefault("triggerPolicy", {})["strategy"] = _WHATEVER_HAPPENED

    def _wait(self, place: Place, scope: Scope, producer: str) -> None:
        """Let the step, or the graph that it is in, start after a task of `scope`."""
        between = place.scope.around[len(scope.around) :]
        if between:
            between[0].after.add(producer)
            return
        task = place.scope.tasks[place.task]
        task["dependentTasks"] = sorted({*task.get("dependentTasks", ()), producer})


def _names(expression: str) -> list[str]:
    """The variables of a condition, `params.n` whole."""
    tree = parsed(expression)
    skipped = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    skipped |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = (variable_of(node) for node in ast.walk(tree) if id(node) not in skipped)
    return [name for name in dict.fromkeys(found) if name and not name.startswith("metrics.")]


def _select(task: str, key: str) -> dict[str, str]:
    return {"producerSubtask": task, "outputArtifactKey": key}


def _kept(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _unless_empty(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
