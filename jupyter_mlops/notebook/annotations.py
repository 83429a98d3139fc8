"""What a cell is for: its role, its step and the step's options, from metadata, magics, Kale's tags or headings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jupyter_mlops.notebook.cells import Document
from jupyter_mlops.notebook.declarations import StepDeclaration, finish
from jupyter_mlops.notebook.drafts import Material, Plan, by_cells, by_headings, by_marks, has_sections
from jupyter_mlops.notebook.marks import Mark, Role, read_mark, read_pipeline
from jupyter_mlops.notebook.parameters import Parameter, read_parameters
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.setup_cells import setup_cells
from jupyter_mlops.notebook.step_line import parse_step_line

__all__ = [
    "Annotations",
    "By",
    "Origin",
    "Parameter",
    "Problem",
    "Role",
    "StepDeclaration",
    "annotate",
    "parse_step_line",
]

Origin = Literal["metadata", "magic", "kale", "headings", "cells"]
By = Literal["auto", "headings", "cells", "kale"]


@dataclass(frozen=True)
class Annotations:
    """Every code cell with its role, and the steps in document order; `step_of` has the cells that are in a step."""

    roles: Mapping[int, Role]
    step_of: Mapping[int, str]
    steps: tuple[StepDeclaration, ...]
    parameters: tuple[Parameter, ...]
    origin: Origin
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def annotate(document: Document, *, by: By = "auto") -> Annotations:
    """Give every code cell its role and step.

    `auto`: metadata and `%%step` magics if a cell has any, else Kale's tags, else headings, else one step a cell.
    `headings` and `cells` make steps anew, and keep the other roles that cells have. Metadata wins over a magic, and
    both over a tag. Nothing is raised: what is wrong is in `problems`.
    """
    problems: list[Problem] = []
    marks = {cell.index: read_mark(cell, problems, kale_first=by == "kale") for cell in document.code_cells}
    if by in ("headings", "cells"):
        marks = {index: _without_step(mark) for index, mark in marks.items()}
    setup = setup_cells(
        [cell for cell in document.code_cells if marks[cell.index].role != "skip"],
        given={index for index, mark in marks.items() if mark.role == "setup"},
    )
    plans = {group: _plan(_material(document, marks, setup, group), by) for group in _groups(document)}
    problems += [problem for _, plan in plans.values() for problem in plan.problems]
    steps = finish({group: plan.drafts for group, (_, plan) in plans.items()}, document, problems)
    roles = {index: role for _, plan in plans.values() for index, role in plan.roles.items()}
    parameters, wrong = read_parameters(cell for cell in document.code_cells if roles[cell.index] == "parameters")
    return Annotations(
        roles=dict(sorted(roles.items())),
        step_of={cell: step.name for step in steps for cell in step.cells},
        steps=steps,
        parameters=tuple(parameters),
        origin=plans[""][0],
        pipeline=read_pipeline(document.metadata, problems),
        problems=(*problems, *wrong),
    )


def _plan(material: Material, by: By) -> tuple[Origin, Plan]:
    named = [mark.source for mark in material.marks.values() if mark.role == "step" and not mark.notebook]
    if named and by in ("auto", "kale"):
        origin: Origin = "metadata" if "metadata" in named else "magic" if "magic" in named else "kale"
        return origin, by_marks(material)
    if by != "cells" and (by == "headings" or has_sections(material)):
        return "headings", by_headings(material)
    return "cells", by_cells(material)


def _groups(document: Document) -> list[str]:
    """The document itself (""), then the notebooks that it includes."""
    return list(dict.fromkeys(["", *(cell.group for cell in document.cells)]))


def _material(document: Document, marks: Mapping[int, Mark], setup: Collection[int], group: str) -> Material:
    cells = [cell for cell in document.cells if cell.group == group]
    breaks = {cell.index for cell in cells if cell.index and document.cells[cell.index - 1].group != group}
    own = {cell.index: marks[cell.index] for cell in cells if cell.kind == "code"}
    return Material(cells, own, setup, breaks)


def _without_step(mark: Mark) -> Mark:
    """A mark whose step is to be made anew; its options stay."""
    return mark if mark.role != "step" or mark.notebook else replace(mark, role=None, step="", after=(), title="")
