"""The file: YAML documents or JSON, untrusted; what kind each document is, and whether its version can be read."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Refused, Usage

MAX_BYTES = 16 << 20
# Values in a document, those that an alias repeats counted each time: a small file can stand for a huge one.
MAX_VALUES = 1_000_000
MAX_DEPTH = 100
_AGAIN = "Compile the pipeline again with kfp 2, or with `jupyter mlops compile --target kfp`."


@dataclass(frozen=True)
class Document:
    """A pipeline's IR. `kubernetes` are the settings of executors, by label; `steps` the zip of our own steps (b"")."""

    spec: Mapping[str, Any]
    kubernetes: Mapping[str, Any] = field(default_factory=dict)
    steps: bytes = b""


def is_ir(path: Path) -> bool:
    """Whether a file that was given as a pipeline is one for KFP, by its name, or by its first key where it is JSON."""
    if path.suffix in (".yaml", ".yml"):
        return True
    if path.suffix != ".json" or path.stat().st_size > MAX_BYTES:
        return False
    with contextlib.suppress(ValueError, OSError):
        found = json.loads(path.read_bytes())
        return isinstance(found, dict) and "pipelineInfo" in found
    return False


def read_document(path: Path) -> Document:
    """Read a file of KFP's.

    Raises:
        Usage: it is too large, no YAML, or no pipeline.
        Refused: it is of a version that is not known.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Usage(f"{path.name} has {size >> 20} MiB; a pipeline has at most {MAX_BYTES >> 20}.", hint=_AGAIN)
    found = [item for item in _documents(path) if item is not None]
    for item in found:
        _check_size(item, path.name)
    specs = [item for item in found if isinstance(item, dict) and "pipelineInfo" in item]
    if len(specs) != 1:
        said = _other_kind(found) or "it has no pipelineInfo"
        raise Usage(f"{path.name} is no pipeline of Kubeflow Pipelines: {said}.", hint=_AGAIN)
    version = str(specs[0].get("schemaVersion", ""))
    if not version.startswith("2."):
        raise Refused(f"{path.name} has the schemaVersion {version!r}; 2.x can be read.", hint=_AGAIN)
    platforms = [
        item["platforms"] for item in found if isinstance(item, dict) and isinstance(item.get("platforms"), dict)
    ]
    kubernetes: dict[str, Any] = {}
    for platform in platforms:
        settings = _mapping(_mapping(_mapping(platform, "kubernetes"), "deploymentSpec"), "executors")
        kubernetes.update(settings)
    return Document(specs[0], kubernetes, _steps_beside(path))


def _documents(path: Path) -> list[Any]:
    text = path.read_bytes()
    try:
        if path.suffix == ".json":
            return [json.loads(text)]
        import yaml  # type: ignore[import-untyped,unused-ignore]

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return list(yaml.load_all(text, Loader=loader))  # both are safe loaders
    except ImportError as error:
        raise Usage("Reading YAML needs the package PyYAML.", hint="pip install pyyaml") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Usage(f"{path.name} cannot be read as YAML: {first}.", hint=_AGAIN) from error


def _check_size(document: Any, name: str) -> None:
    """Count what the document stands for; aliases of aliases would never end."""
    left = MAX_VALUES
    stack: list[tuple[Any, int]] = [(document, 0)]
    while stack:
        value, depth = stack.pop()
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            raise Usage(f"{name} is too large, or nested too deeply, for a pipeline.", hint=_AGAIN)
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise Usage(f"{name} is no pipeline: it has keys that are no text.", hint=_AGAIN)
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)


def _other_kind(found: list[Any]) -> str:
    kinds = [str(item["kind"]) for item in found if isinstance(item, dict) and "kind" in item]
    if kinds:
        return f"it is a Kubernetes {kinds[0]}"
    if any(isinstance(item, dict) and "implementation" in item for item in found):
        return "it is a single component of KFP 1"
    return ""


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _steps_beside(path: Path) -> bytes:
    """The steps that `compile --target kfp` wrote beside the pipeline, in the ConfigMap that its pods mount."""
    beside = path.with_suffix(".code.yaml")
    if not beside.is_file() or beside.stat().st_size > MAX_BYTES:
        return b""
    for item in _documents(beside):
        data = _mapping(item, "binaryData") if isinstance(item, dict) else {}
        text = data.get("steps.zip")
        if isinstance(text, str):
            with contextlib.suppress(binascii.Error, ValueError):
                return base64.b64decode(text, validate=True)
    return b""


def texts(value: Any) -> Iterator[str]:
    """All text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)
