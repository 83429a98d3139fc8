"""What a task process is told (`TaskSpec`) and what it answers (`TaskResult`): plain data, JSON both ways.

The spec is written to a file by whoever starts the task; `runtime.task` reads it,
does the work and writes the result beside it. Nothing else passes between the two,
so a fork on this machine and a pod in a cluster run the same code.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

SPEC_VERSION = 1


@dataclass(frozen=True)
class CellSource:
    """One cell as the user wrote it, magics included.

    `count` is the number that `In[count]` has when the notebook runs from top to
    bottom: `Out[count]` and `_count` then mean the same in a step.
    """

    index: int
    id: str
    source: str
    count: int
    notebook: str = ""


@dataclass(frozen=True)
class Definition:
    """A top-level import, function or class that is re-made from source where it is needed.

    `needs` are ids of definitions that must be made before (or that its body uses);
    `wanted` says that the step is known to use it. The others are made only when an
    input bundle refers to them.
    """

    id: str
    names: tuple[str, ...]
    source: str
    needs: tuple[str, ...] = ()
    cell: int = 0
    line: int = 1
    wanted: bool = False


@dataclass(frozen=True)
class BundleRef:
    """A file of values and the seal its writer recorded: it is loaded only if the seal matches."""

    path: str
    seal: str


@dataclass(frozen=True)
class InputValues:
    """Values to bind before the cells run: `names` maps the local name to the name in the bundle.

    With `collect`, `bundles` has one entry an item of a loop (None where the item has
    no value) and each name becomes the list of them, in order.
    """

    names: Mapping[str, str]
    bundles: tuple[Optional[BundleRef], ...]
    collect: bool = False


@dataclass(frozen=True)
class Block:
    """A run of cells (positions in `TaskSpec.cells`) with a condition or a loop around it.

    Only a run from top to bottom in one process has blocks: in a pipeline the engine decides. `when` and `items` are
    expressions (`runtime.expressions`); with `is_path` text in the items is a path. After a loop each name of `collect`
    is the list of its values, in order.
    """

    cells: tuple[int, ...]
    when: str = ""
    variable: str = ""
    items: str = ""
    collect: tuple[str, ...] = ()
    is_path: bool = False


@dataclass(frozen=True)
class TaskSpec:
    """Everything a task process needs. Paths are absolute on the machine that runs it.

    Order of work: parameters are bound, setup cells run, wanted definitions are made, inputs are loaded, `bind` is set,
    cells run, outputs leave. Text in `params` and `bind` under a name of `paths` is bound as `pathlib.Path`.
    `container` is a component of Kubeflow Pipelines (`runtime.kfp.task`); its values are all in `params` and `bind`.
    """

    run: str
    step: str
    task: str
    attempt: int
    directory: str
    cwd: str
    cells: tuple[CellSource, ...] = ()
    setup: tuple[CellSource, ...] = ()
    definitions: tuple[Definition, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    bind: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[InputValues, ...] = ()
    outputs: tuple[str, ...] = ()
    by_value: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    final: bool = False
    files_out: tuple[str, ...] = ()
    notebook: str = ""
    kernel: str = ""
    cell_timeout: Optional[float] = None
    notebook_metadata: Mapping[str, Any] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    container: Mapping[str, Any] = field(default_factory=dict)
    version: int = SPEC_VERSION

    def to_json(self) -> str:
        """Write as JSON text; parameters and bound values are plain JSON data."""
        return _json(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TaskSpec:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        if data.get("version") != SPEC_VERSION:
            raise ValueError(f"task spec of version {data.get('version')}, this runtime reads {SPEC_VERSION}")
        for name in ("cells", "setup"):
            data[name] = tuple(CellSource(**cell) for cell in data[name])
        data["blocks"] = tuple(
            Block(**{**item, "cells": tuple(item["cells"]), "collect": tuple(item["collect"])})
            for item in data["blocks"]
        )
        data["definitions"] = tuple(_definition(item) for item in data["definitions"])
        data["inputs"] = tuple(_input(item) for item in data["inputs"])
        for name in ("paths", "outputs", "by_value", "exports", "files_out"):
            data[name] = tuple(data[name])
        return cls(**data)


def _definition(data: dict[str, Any]) -> Definition:
    return Definition(**{**data, "names": tuple(data["names"]), "needs": tuple(data["needs"])})


def _input(data: dict[str, Any]) -> InputValues:
    bundles = tuple(None if item is None else BundleRef(**item) for item in data["bundles"])
    return InputValues(names=data["names"], bundles=bundles, collect=data["collect"])


@dataclass(frozen=True)
class ErrorInfo:
    """Why a task failed, for people: `cell` and `line` are in the notebook (line from 1), when known."""

    kind: str
    message: str
    hint: str = ""
    cell: Optional[int] = None
    line: Optional[int] = None
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueInfo:
    """What an output is, without loading it: type name, shape and bytes where they mean something, content digest."""

    type: str
    digest: str
    shape: Optional[tuple[int, ...]] = None
    bytes: Optional[int] = None
    text: str = ""


@dataclass(frozen=True)
class TaskResult:
    """What a task process answers. `outputs` describes the values in `bundle`, `exports` are plain JSON copies.

    `fate` is "succeeded" or "failed"; a process that dies writes no result at all.
    `digests` of files are sha256 in hex, by path relative to the working directory.
    """

    fate: str
    seconds: float
    bundle: Optional[BundleRef] = None
    outputs: Mapping[str, ValueInfo] = field(default_factory=dict)
    exports: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    error: Optional[ErrorInfo] = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write as JSON text."""
        return _json(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TaskResult:
        """Read what `to_json` wrote."""
        return cls.from_data(json.loads(text))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> TaskResult:
        """From plain data, as JSON or `dataclasses.asdict` give it."""
        bundle, error = data["bundle"], data["error"]
        more = {
            "bundle": BundleRef(**bundle) if bundle else None,
            "outputs": {name: _value_info(item) for name, item in data["outputs"].items()},
            "error": ErrorInfo(**{**error, "traceback": tuple(error["traceback"])}) if error else None,
        }
        return cls(**{**data, **more})


def _value_info(data: dict[str, Any]) -> ValueInfo:
    return ValueInfo(**{**data, "shape": None if data["shape"] is None else tuple(data["shape"])})


def _json(data: Any) -> str:
    """JSON that UTF-8 can say: half of a pair of surrogates is escaped."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
