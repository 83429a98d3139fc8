"""What is wrong with an IR, whoever wrote it: references, types, names, cycles. Needs no library of KFP's.

KFP's own check (protobuf) knows the fields but accepts a reference to nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_mlops.pipeline.topology import cycle

PARAMETER_TYPES = frozenset(
    "NUMBER_DOUBLE NUMBER_INTEGER STRING BOOLEAN LIST STRUCT TASK_FINAL_STATUS TASK_CONFIG".split()
)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_READ = re.compile(r"inputs\.parameter_values\['((?:[^'\\]|\\.)*)'\]")
_NUMBERS = {"NUMBER_DOUBLE", "NUMBER_INTEGER"}
# What a default of each type is; a whole number is a double, too.
_DEFAULTS: Mapping[str, Callable[[Any], bool]] = {
    "STRING": lambda value: isinstance(value, str),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "LIST": lambda value: isinstance(value, list),
    "STRUCT": lambda value: isinstance(value, dict),
    "NUMBER_DOUBLE": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "NUMBER_INTEGER": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0,
}


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with a PipelineSpec (JSON data), as sentences."""
    components = spec.get("components", {})
    executors = spec.get("deploymentSpec", {}).get("executors", {})
    if spec.get("schemaVersion") != "2.1.0":
        yield f"The schemaVersion is {spec.get('schemaVersion')!r}, not '2.1.0'."
    if not _NAME.fullmatch(str(spec.get("pipelineInfo", {}).get("name", ""))):
        yield "The pipeline's name is not one of lower case letters, digits and `-`."
    used: set[str] = set()
    for name, component in {**components, "root": spec.get("root", {})}.items():
        yield from _component(name, component, components, executors)
        tasks = component.get("dag", {}).get("tasks", {})
        used |= {task.get("componentRef", {}).get("name", "") for task in tasks.values()}
    for name in sorted(set(components) - used):
        yield f"No task uses the component {name!r}."
    labels = {component.get("executorLabel") for component in components.values()}
    for name in sorted(set(executors) - labels):
        yield f"No component uses the executor {name!r}."
    uses = {
        name: [task.get("componentRef", {}).get("name", "") for task in item.get("dag", {}).get("tasks", {}).values()]
        for name, item in components.items()
    }
    path = cycle(uses)
    if path:
        yield f"Components contain each other: {' -> '.join(path)}."


def _component(
    name: str, component: Mapping[str, Any], components: Mapping[str, Any], executors: Mapping[str, Any]
) -> Iterator[str]:
    for side in ("inputDefinitions", "outputDefinitions"):
        for key, item in component.get(side, {}).get("parameters", {}).items():
            kind = item.get("parameterType")
            if kind not in PARAMETER_TYPES:
                yield f"The parameter {key!r} of {name!r} has the type {kind!r}, which there is not."
            elif "defaultValue" in item and not _DEFAULTS.get(kind, lambda _: True)(item["defaultValue"]):
                yield f"The default of {key!r} of {name!r} is no {kind}: {item['defaultValue']!r}."
    if "dag" in component:
        yield from _Dag(name, component, components).problems()
    elif component.get("executorLabel") not in executors:
        yield f"The component {name!r} uses the executor {component.get('executorLabel')!r}, which there is not."


class _Dag:
    """One graph: its tasks, what they take, and what it gives."""

    def __init__(self, name: str, component: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        self._name = name
        self._component = component
        self._components = components
        self._tasks: Mapping[str, Any] = component["dag"].get("tasks", {})

    def problems(self) -> Iterator[str]:
        waits: dict[str, list[str]] = {}
        for name, task in self._tasks.items():
            where = f"The task {name!r} of {self._name!r}"
            if not _NAME.fullmatch(name) or task.get("taskInfo", {}).get("name") != name:
                yield f"{where} has a bad name."
            component = self._components.get(task.get("componentRef", {}).get("name"))
            if component is None:
                yield f"{where} refers to the component {task.get('componentRef')!r}, which there is not."
                continue
            yield from (f"{where} {text}" for text in self._task(task, component))
            waits[name] = [*task.get("dependentTasks", ()), *self._producers(task)]
            yield from (
                f"{where} comes after {other!r}, which there is not."
                for other in waits[name]
                if other not in self._tasks
            )
        path = cycle(waits)
        if path:
            yield f"Tasks of {self._name!r} wait for each other: {' -> '.join(path)}."
        yield from self._outputs()

    def _producers(self, task: Mapping[str, Any]) -> Iterator[str]:
        for found in (*_given(task, "artifacts").values(), *_given(task, "parameters").values()):
            for kind in ("taskOutputArtifact", "taskOutputParameter"):
                if kind in found:
                    yield found[kind]["producerTask"]

    def _task(self, task: Mapping[str, Any], component: Mapping[str, Any]) -> Iterator[str]:
        for kind in ("artifacts", "parameters"):
            wanted, given = _defined(component, "inputDefinitions", kind), _given(task, kind)
            item = task.get("parameterIterator", {}).get("itemInput") if kind == "parameters" else None
            for key, reference in given.items():
                if key not in wanted:
                    yield f"gives {key!r}, which its component does not take."
                else:
                    yield from self._reference(kind, key, reference, wanted[key])
            for key, definition in wanted.items():
                if key not in given and key != item and not definition.get("isOptional"):
                    yield f"does not give {key!r}, which its component needs."
        yield from self._controls(task, component)

    def _reference(self, kind: str, key: str, reference: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
        one = "Artifact" if kind == "artifacts" else "Parameter"
        if f"componentInput{one}" in reference:
            name = reference[f"componentInput{one}"]
            found = _defined(self._component, "inputDefinitions", kind).get(name)
            origin = f"the input {name!r}"
        elif f"taskOutput{one}" in reference:
            place = reference[f"taskOutput{one}"]
            name = place[f"output{one}Key"]
            found = self._output(place["producerTask"], kind, name)
            origin = f"the output {name!r} of {place['producerTask']!r}"
        else:
            return
        if found is None:
            yield f"takes {key!r} from {origin}, which there is not."
        elif not _fits(found, wanted):
            yield f"takes {key!r} from {origin}, which has another type."
        elif found.get("isOptional") and "defaultValue" not in found and not wanted.get("isOptional"):
            yield f"needs {key!r}, and {origin} may be left out."

    def _output(self, task: str, kind: str, key: str) -> Mapping[str, Any] | None:
        component = self._components.get(self._tasks.get(task, {}).get("componentRef", {}).get("name"), {})
        found: Mapping[str, Any] | None = _defined(component, "outputDefinitions", kind).get(key)
        return found

    def _controls(self, task: Mapping[str, Any], component: Mapping[str, Any]) -> Iterator[str]:
        taken = _defined(component, "inputDefinitions", "parameters")
        for key in _READ.findall(task.get("triggerPolicy", {}).get("condition", "")):
            if json.loads('"' + key.replace("\\'", "'").replace('"', '\\"') + '"') not in taken:
                yield f"has a condition over {key!r}, which it does not take."
        iterator = task.get("parameterIterator")
        if iterator is None:
            return
        if iterator.get("itemInput") not in taken:
            yield f"loops with {iterator.get('itemInput')!r}, which its component does not take."
        items = iterator.get("items", {})
        if "inputParameter" in items and taken.get(items["inputParameter"], {}).get("parameterType") != "LIST":
            yield f"loops over {items['inputParameter']!r}, which is no list that it takes."
        if "raw" in items and not _is_list(items["raw"]):
            yield "loops over what is no list."

    def _outputs(self) -> Iterator[str]:
        promised = self._component.get("outputDefinitions", {})
        given = self._component["dag"].get("outputs", {})
        for kind in ("artifacts", "parameters"):
            for key in sorted(set(promised.get(kind, {})) ^ set(given.get(kind, {}))):
                yield f"The output {key!r} of {self._name!r} is promised or given, not both."
            for key, selector in given.get(kind, {}).items():
                for task, name in _selected(selector):
                    if self._output(task, kind, name) is None:
                        yield f"The output {key!r} of {self._name!r} is {name!r} of {task!r}, which there is not."


def _given(task: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = task.get("inputs", {}).get(kind, {})
    return found


def _defined(component: Mapping[str, Any], side: str, kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = component.get(side, {}).get(kind, {})
    return found


def _fits(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    kinds = {found.get("parameterType"), wanted.get("parameterType")}
    same_list = bool(found.get("isArtifactList")) == bool(wanted.get("isArtifactList"))
    return same_list and (len(kinds) == 1 or kinds <= _NUMBERS)


def _selected(selector: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for item in selector.get("artifactSelectors", ()):
        yield item["producerSubtask"], item["outputArtifactKey"]
    one = [selector["valueFromParameter"]] if "valueFromParameter" in selector else []
    for item in (*one, *selector.get("valueFromOneof", {}).get("parameterSelectors", ())):
        yield item["producerSubtask"], item["outputParameterKey"]


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False
