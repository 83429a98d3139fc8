"""A function with KFP's annotations: what it is called with, and what it gives. With kfp's types, or ours."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp.sources import converted

_RETURNED = "Output"


class Call:
    """One call of a component's function. `given` is KFP's executor input."""

    def __init__(self, function: Callable[..., Any], given: Mapping[str, Any], kinds: Mapping[str, str]) -> None:
        self._function = function
        self._inputs: Mapping[str, Any] = given["inputs"]
        self._outputs: Mapping[str, Any] = given["outputs"]
        self._kinds = kinds
        self._made: dict[str, Any] = {}

    def arguments(self) -> dict[str, Any]:
        """What the function is called with, by name. Raises `MlopsError` for an annotation that is not known."""
        found: dict[str, Any] = {}
        for name, parameter in inspect.signature(self._function).parameters.items():
            there, value = self._argument(name, parameter.annotation)
            if there:
                found[name] = value
            elif parameter.default is inspect.Parameter.empty and _may_be_none(parameter.annotation):
                found[name] = None
        return found

    def _argument(self, name: str, annotation: Any) -> tuple[bool, Any]:
        """(whether it is passed, its value)."""
        side, inner = _side(annotation)
        if side == "output":
            self._made[name] = self._artifacts(self._outputs["artifacts"].get(name), inner)
            return True, self._made[name]
        if side == "output_path":
            return True, self._output_path(name)
        taken = self._inputs["artifacts"].get(name)
        if side in ("input", "input_path") or taken is not None:
            if taken is None:
                return False, None
            made = self._artifacts(taken, inner if side == "input" else annotation)
            return True, made.path if side == "input_path" else made
        values = self._inputs["parameterValues"]
        if name not in values:
            return False, None
        value = values[name]
        if _is_final_status(annotation, value):
            return True, _final_status(annotation, value)
        return True, value

    def _output_path(self, name: str) -> str:
        parameter = self._outputs["parameters"].get(name)
        if parameter is not None:
            return str(parameter["outputFile"])
        return str(self._outputs["artifacts"][name]["artifacts"][0]["uri"])

    def _artifacts(self, described: Optional[Mapping[str, Any]], annotation: Any) -> Any:
        items = (described or {}).get("artifacts", [])
        listed = _item_type(annotation)
        if listed is not None:
            return [_artifact(item, listed) for item in items]
        if not items:
            return None
        return _artifact(items[0], annotation)

    def take(self, result: Any) -> dict[str, Any]:
        """What the function gave, as KFP's executor output."""
        made: dict[str, Any] = {"parameterValues": {}, "artifacts": {}}
        for name, artifact in self._made.items():
            if artifact is not None:
                made["artifacts"][name] = {"artifacts": [_described(one) for one in _listed(artifact)]}
        names = self._returned()
        if not names:
            return made
        for name, value in zip(names, _values(result, names)):
            self._give(made, name, value)
        return made

    def _returned(self) -> list[str]:
        """Names of the outputs that come by `return`, in their order."""
        fields = getattr(inspect.signature(self._function).return_annotation, "_fields", None)
        if fields:
            return list(fields)
        known = {**self._outputs["parameters"], **self._outputs["artifacts"]}
        return [_RETURNED] if _RETURNED in known and _RETURNED not in self._made else []

    def _give(self, made: dict[str, Any], name: str, value: Any) -> None:
        if name in self._outputs["parameters"]:
            plain = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
            made["parameterValues"][name] = converted(plain, self._kinds.get(name, ""), name)
            return
        described = dict(self._outputs["artifacts"][name]["artifacts"][0])
        if hasattr(value, "metadata") and hasattr(value, "uri"):
            made["artifacts"][name] = {"artifacts": [{**described, **_described(value), "name": described["name"]}]}
            return
        os.makedirs(os.path.dirname(described["uri"]), exist_ok=True)
        with open(described["uri"], "w", encoding="utf-8") as file:
            file.write(str(value))
        made["artifacts"][name] = {"artifacts": [described]}


def _side(annotation: Any) -> tuple[str, Any]:
    """("input", the type) for `Input[X]`, ("output_path", the type) for `OutputPath(X)`, ("", it) for others."""
    side = getattr(annotation, "side", "")
    if side in ("input", "output"):
        return side, annotation.type
    for mark in getattr(annotation, "__metadata__", ()):  # kfp's own: Annotated[X, InputAnnotation]
        name = getattr(mark, "__name__", type(mark).__name__)
        if name in ("InputAnnotation", "OutputAnnotation"):
            return name[: -len("Annotation")].lower(), annotation.__origin__
    kind = annotation if isinstance(annotation, type) else type(annotation)
    for name, found in (("InputPath", "input_path"), ("OutputPath", "output_path")):
        if kind.__name__ == name:
            return found, getattr(annotation, "type", None)
    return "", annotation


def _item_type(annotation: Any) -> Any:
    """The type of the items of a list; None if it is no list."""
    if annotation is list:
        return object
    if getattr(annotation, "__origin__", None) is list:
        return (getattr(annotation, "__args__", None) or (object,))[0]
    return None


def _artifact(item: Mapping[str, Any], annotation: Any) -> Any:
    kind = annotation if isinstance(annotation, type) and hasattr(annotation, "schema_title") else None
    if kind is None or kind.__name__ == "Artifact":
        kind = _class_of(str(item["type"].get("schemaTitle", "")))
    path = item["uri"]
    if os.path.isabs(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    return kind(name=item["name"], uri=path, metadata=dict(item.get("metadata") or {}))


def _class_of(title: str) -> Any:
    import importlib

    dsl = importlib.import_module("kfp.dsl")
    return getattr(dsl, title.rpartition(".")[2], dsl.Artifact)


def _described(artifact: Any) -> dict[str, Any]:
    path = getattr(artifact, "custom_path", "") or artifact.uri
    title = getattr(artifact, "schema_title", "system.Artifact")
    type_ = {"schemaTitle": title, "schemaVersion": getattr(artifact, "schema_version", "0.0.1")}
    return {"name": artifact.name, "uri": path, "type": type_, "metadata": dict(artifact.metadata)}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _values(result: Any, names: Sequence[str]) -> list[Any]:
    if len(names) == 1 and not hasattr(result, "_fields"):
        return [result]
    if hasattr(result, "_fields"):
        return [getattr(result, name) for name in names]
    if not isinstance(result, (tuple, list)) or len(result) != len(names):
        raise MlopsError(f"the function gave {type(result).__name__}, and {', '.join(names)} are asked for.")
    return list(result)


def _may_be_none(annotation: Any) -> bool:
    return type(None) in getattr(annotation, "__args__", ())


def _is_final_status(annotation: Any, value: Any) -> bool:
    return getattr(annotation, "__name__", "") == "PipelineTaskFinalStatus" and isinstance(value, Mapping)


def _final_status(annotation: Any, value: Mapping[str, Any]) -> Any:
    error = value.get("error") or {}
    return annotation(
        state=value.get("state"),
        pipeline_job_resource_name=value.get("pipelineJobResourceName"),
        pipeline_task_name=value.get("pipelineTaskName"),
        error_code=error.get("code"),
        error_message=error.get("message"),
    )
