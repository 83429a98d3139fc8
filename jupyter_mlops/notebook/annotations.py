"""What a cell is for: its role, its step and the step's options, from metadata, magics, Kale's tags or headings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["step", "setup", "parameters", "skip"]
Origin = Literal["metadata", "magic", "kale", "headings", "cells"]


@dataclass(frozen=True)
class StepDeclaration:
    """A step before analysis: its cells (indices in the document, ascending) and its options as plain data.

    `options` uses the names of `pipeline.model.Options`; `group` is the sub-pipeline it is in ("" at the top);
    `notebook` is set when the step is one whole notebook run by papermill and has no cells of its own.
    """

    name: str
    cells: tuple[int, ...]
    after: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    group: str = ""
    notebook: str = ""


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter: assigned in a parameters cell. `type` is its Python spelling, e.g. `int`, `Literal['a', 'b']`."""

    name: str
    default: Any
    type: str
    cell: int
    line: int
    help: str = ""
    required: bool = False


@dataclass(frozen=True)
class Annotations:
    """Every cell with its role, and the steps in document order. `steps` of a cell without one are absent from `step_of`."""

    roles: Mapping[int, Role]
    step_of: Mapping[int, str]
    steps: tuple[StepDeclaration, ...]
    parameters: tuple[Parameter, ...]
    origin: Origin
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Any, ...] = ()
