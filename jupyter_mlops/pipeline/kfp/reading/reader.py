"""From the file to the model: parameters, then each task as a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.kfp.reading import executors
from jupyter_mlops.pipeline.kfp.reading.document import Document, read_document, texts
from jupyter_mlops.pipeline.kfp.reading.drafts import ITEM, Draft, Names, key
from jupyter_mlops.pipeline.kfp.reading.expansion import Expansion, Leaf, definitions, part
from jupyter_mlops.pipeline.kfp.reading.values import const
from jupyter_mlops.pipeline.model import Component, Parameter, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource

_TYPES = {
    "NUMBER_INTEGER": "int",
    "NUMBER_DOUBLE": "float",
    "STRING": "str",
    "BOOLEAN": "bool",
    "LIST": "list",
    "STRUCT": "dict",
}
_NOT_CACHED = "{{$.pipeline_"


def read_ir(path: str | Path) -> Pipeline:
    """The pipeline that a file of KFP's is.

    Raises:
        Usage: the file cannot be read, or refers to what is not in it.
        Refused: it has something that cannot be run here; the message says what.
    """
    place = Path(path).absolute()
    return replace(to_pipeline(read_document(place)), cwd=str(place.parent))


def to_pipeline(document: Document) -> Pipeline:
    """The pipeline of a document.

    Raises:
        Usage, Refused: as `read_ir`.
    """
    try:
        return _pipeline(document)
    except (
        AttributeError,
        TypeError,
        KeyError,
        ValueError,
    ) as error:  # something is not of the shape that it has to be
        raise Usage(
            f"The pipeline cannot be read: {type(error).__name__}: {error}.",
            hint="The file is damaged, or was changed by hand: compile the pipeline again.",
        ) from error


def _pipeline(document: Document) -> Pipeline:
    spec = document.spec
    info = part(spec, "pipelineInfo", "the file")
    given = definitions(part(spec, "root", "the file"), "inputDefinitions", "parameters")
    for name in given:
        if not name.isidentifier():
            raise Usage(f"The parameter {name!r} of the pipeline has to be a Python name.", hint="Rename it.")
    expansion = Expansion(spec, Names(list(given)))
    expansion.root()
    steps = [
        _Reading(document, expansion.names, leaf, str(info.get("name", "pipeline"))).step() for leaf in expansion.leaves
    ]
    return Pipeline(
        name=str(info.get("displayName") or info.get("name") or "pipeline"),
        steps=tuple(_ending_late(steps)),
        parameters=tuple(_parameter(name, item) for name, item in given.items()),
        description=str(info.get("description") or ""),
    )


def _parameter(name: str, item: Mapping[str, Any]) -> Parameter:
    kind = _TYPES.get(str(item.get("parameterType")), "Any")
    default = item.get("defaultValue")
    if kind == "int" and isinstance(default, float) and default.is_integer():
        default = int(default)
    if "defaultValue" not in item:
        optional = bool(item.get("isOptional"))
        kind = f"{kind} | None" if optional and kind != "Any" else kind
        return Parameter(name, kind, None, not optional, str(item.get("description") or ""))
    return Parameter(name, kind, default, False, str(item.get("description") or ""))


def _ending_late(steps: list[Step]) -> list[Step]:
    """What needs a step that runs at the end whatever happened runs at the end, too."""
    exits = {step.name for step in steps if step.options.exit}
    for step in steps:  # each comes after what it needs
        if exits.intersection(step.needs):
            exits.add(step.name)
    return [replace(one, options=replace(one.options, exit=one.name in exits)) for one in steps]


class _Reading:
    """One task as a step."""

    def __init__(self, document: Document, names: Names, leaf: Leaf, pipeline: str) -> None:
        self._document = document
        self._leaf = leaf
        self._pipeline = pipeline
        self._draft = Draft(leaf.name, names, leaf.around.loops)

    def step(self) -> Step:
        leaf, draft, around = self._leaf, self._draft, self._leaf.around
        label = str(leaf.component.get("executorLabel", ""))
        every = part(part(self._document.spec, "deploymentSpec", "the file"), "executors", "the file")
        executor = part(every, label, f"the component of {leaf.name!r}")
        own, source = executors.program(self._document, label, executor)
        ports = self._ports(own)
        guards = [guard for guard in around.guards if guard.varies_in(around.loops)]
        for guard in guards:
            for value in guard.values.values():
                draft.take(value)
        program = {
            **own,
            "inputs": self._sourced(ports),
            "outputs": _outputs(leaf.component),
            "guards": [
                {"condition": guard.text, "values": {name: draft.source(value) for name, value in guard.values.items()}}
                for guard in guards
            ],
            "pipeline": self._pipeline,
            "task": str((leaf.task.get("taskInfo") or {}).get("name") or leaf.name),
        }
        if around.loops:
            program["variable"] = ITEM
        cache = not any(_NOT_CACHED in text for text in texts(program))
        options, more = executors.options(self._document, label, executor, leaf.task, cache=cache)
        if more:
            program["platform"] = more
        loop, when = draft.loop(), draft.when(around.guards)
        if draft.statuses:
            program["statuses"] = draft.statuses
        own_name = leaf.name.rpartition(".")[2]
        return Step(
            name=leaf.name,
            component=Component("container", cells=_cells(program, source), container=key(program)),
            inputs=tuple(draft.inputs.values()),
            params=draft.params,
            after=tuple(name for name in dict.fromkeys(around.after)),
            options=replace(options, when=when, for_each=loop, exit=around.exits),
            controls=tuple(draft.controls.values()),
            exports=tuple(dict.fromkeys((*program["outputs"]["parameters"], *program["outputs"]["artifacts"]))),
            title=program["task"] if program["task"] != own_name else "",
            group=around.prefix.rstrip("."),
        )

    def _ports(self, own: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The inputs by kind and name: type and value, as far as one is given."""
        leaf = self._leaf
        found: dict[str, dict[str, Any]] = {"parameters": {}, "artifacts": {}}
        for kind, ports in found.items():
            for name, item in definitions(leaf.component, "inputDefinitions", kind).items():
                if name in leaf.inputs:
                    self._draft.take(leaf.inputs[name])
                    ports[name] = {"type": str(item.get("parameterType", "")), "value": leaf.inputs[name]}
                elif not item.get("isOptional"):
                    raise Usage(f"The task {leaf.name!r} does not give {name!r}, which its component needs.")
        if own["kind"] == "importer":
            uri = own.pop("uri")
            if "constant" in uri:
                found["parameters"]["uri"] = {"type": "STRING", "value": const(uri["constant"])}
            elif uri.get("runtimeParameter", "uri") != "uri":
                found["parameters"]["uri"] = found["parameters"].pop(str(uri["runtimeParameter"]))
        return found

    def _sourced(self, ports: dict[str, dict[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for kind, items in ports.items():
            made[kind] = {
                name: {"type": item["type"], "source": self._draft.source(item["value"])}
                for name, item in items.items()
            }
        return made


def _outputs(component: Mapping[str, Any]) -> dict[str, Any]:
    parameters = definitions(component, "outputDefinitions", "parameters")
    artifacts = definitions(component, "outputDefinitions", "artifacts")
    made: dict[str, Any] = {
        "parameters": {name: str(item.get("parameterType", "")) for name, item in parameters.items()},
        "artifacts": {name: dict(item.get("artifactType") or {}) for name, item in artifacts.items()},
    }
    lists = [name for name, item in artifacts.items() if item.get("isArtifactList")]
    return {**made, **({"lists": lists} if lists else {})}


def _cells(program: Mapping[str, Any], source: str) -> tuple[CellSource, ...]:
    """A function's source, and its call."""
    if not source:
        return ()
    call = f"outputs = {program['function']}(**inputs)"
    return (CellSource(0, "source", source, 1), CellSource(1, "call", call, 2))
