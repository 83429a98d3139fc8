"""Steps in the making: the cells of one notebook put into steps by their marks, by headings, or one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.notebook import step_names
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.headings import Section, sections
from jupyter_mlops.notebook.marks import Mark, Role
from jupyter_mlops.notebook.per_source import per_source
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.python_source import module_of
from jupyter_mlops.notebook.setup_cells import has_code

START = "start"


@dataclass
class Draft:
    """A step that still takes cells. `anchor` is the cell that step_of it."""

    name: str
    anchor: int
    cells: list[int] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    notebook: str = ""


@dataclass
class Plan:
    """The steps and roles of one notebook's cells, and what went wrong on the way."""

    named: dict[str, Draft] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    last: str = ""
    numbers: dict[str, int] = field(default_factory=dict)

    def free(self, name: str) -> str:
        """The name, or the name with the first number that no step has yet."""
        if name not in self.named:
            return name
        number = self.numbers.get(name, 2)
        while f"{name}_{number}" in self.named:
            number += 1
        self.numbers[name] = number + 1
        return f"{name}_{number}"

    @property
    def drafts(self) -> list[Draft]:
        """The steps in the order of their first cells."""
        return sorted(self.named.values(), key=lambda draft: draft.anchor)


@dataclass(frozen=True)
class Material:
    """What a plan is made from: all cells of one notebook, what each says, and which could be setup.

    `breaks` are cells that an included notebook stands in front of: no step goes on across it.
    """

    cells: Sequence[Cell]
    marks: Mapping[int, Mark]
    setup: Collection[int]
    breaks: Collection[int] = ()

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.kind == "code"]


def by_marks(material: Material) -> Plan:
    """Steps as the cells' marks name them. A cell without one belongs to the step above."""
    plan = Plan()
    current: Draft | None = None
    first: list[Cell] = []
    broken = False
    for cell in material.code:
        mark = material.marks[cell.index]
        if cell.index in material.breaks:
            current, broken = None, True
        if mark.role == "step":
            current = _marked(plan, cell, mark)
        elif mark.role is not None:
            plan.roles[cell.index] = mark.role
        elif current is not None and not current.notebook:
            _join(plan, current, cell.index)
        elif broken and has_code(cell) and cell.index not in material.setup:
            current = _new(plan, _free_name(plan, cell), cell.index)
            _join(plan, current, cell.index)
        else:
            first.append(cell)
    _place_first(plan, material, first)
    return plan


def by_headings(material: Material) -> Plan:
    """One step a heading; without several sections of code, one step a cell."""
    plan = _with_roles(material)
    free = [cell for cell in material.code if cell.index not in plan.roles]
    found = sections(material.cells, {cell.index for cell in free if has_code(cell)})
    for section in found:
        draft = _new(plan, _section_name(section, plan), section.cells[0])
        draft.title = step_names.plain_text(section.heading.text) if section.heading else ""
        for index in section.cells:
            _join(plan, draft, index)
            _adopt(plan, draft, material.marks[index], index)
    return _with_empty(plan, free)


def by_cells(material: Material) -> Plan:
    """One step a code cell."""
    plan = _with_roles(material)
    free = [cell for cell in material.code if cell.index not in plan.roles]
    for cell in free:
        if has_code(cell):
            draft = _new(plan, _free_name(plan, cell), cell.index)
            _join(plan, draft, cell.index)
            _adopt(plan, draft, material.marks[cell.index], cell.index)
    return _with_empty(plan, free)


def has_sections(material: Material) -> bool:
    """Whether headings split the code: a title above all of it does not."""
    plan = _with_roles(material)
    code = {cell.index for cell in material.code if cell.index not in plan.roles and has_code(cell)}
    found = sections(material.cells, code)
    headed = [section.heading for section in found if section.heading]
    if len(found) > 1:
        return bool(headed)
    return len(headed) == 1 and (len(code) == 1 or headed[0].level > 1)


def _marked(plan: Plan, cell: Cell, mark: Mark) -> Draft:
    """The step that the cell names, joined if there is one of that name."""
    name = mark.step or _free_name(plan, cell)
    draft = plan.named.get(name)
    if draft is None:
        draft = _new(plan, name, cell.index)
    elif plan.last != name:
        plan.problems.append(
            Problem(
                "split_step",
                f"The step {name!r} goes on here, after other steps; its cells run together, in order.",
                "Give this cell a step of its own if it should run later.",
                step=name,
                cell=cell.index,
            )
        )
    _adopt(plan, draft, mark, cell.index)
    draft.notebook = draft.notebook or mark.notebook
    if mark.notebook:
        plan.roles[cell.index] = "step"
    else:
        _join(plan, draft, cell.index)
    return draft


def _adopt(plan: Plan, draft: Draft, mark: Mark, index: int) -> None:
    """Take over what a mark says of the step; said twice and differently, the later counts."""
    for name, value in mark.options.items():
        if name in draft.options and draft.options[name] != value:
            plan.problems.append(
                Problem(
                    "two_values",
                    f"The step {draft.name!r} has two values for {name!r}: {draft.options[name]!r} and {value!r}.",
                    "The later counts; say it once.",
                    name=name,
                    step=draft.name,
                    cell=index,
                )
            )
        draft.options[name] = value
    draft.after += [name for name in mark.after if name not in draft.after]
    draft.title = mark.title or draft.title


def _place_first(plan: Plan, material: Material, cells: Sequence[Cell]) -> None:
    """Cells above the first step: setup if they can be, else a step of their own."""
    working = [cell for cell in cells if has_code(cell) and cell.index not in material.setup]
    if not working:
        plan.roles |= {cell.index: "setup" for cell in cells}
        return
    draft = _new(plan, plan.free(START), working[0].index)
    for cell in cells:
        if cell.index in material.setup or not has_code(cell):
            plan.roles[cell.index] = "setup"
        else:
            _join(plan, draft, cell.index)
    plan.problems.append(
        Problem(
            "start_step",
            f"The code above the first step became the step {draft.name!r}.",
            "Give it a step's name, or the role `setup`.",
            step=draft.name,
            cell=draft.anchor,
        )
    )


def _with_roles(material: Material) -> Plan:
    """A plan with the roles that cells have whatever makes the steps."""
    plan = Plan()
    for cell in material.code:
        mark = material.marks[cell.index]
        if mark.notebook:
            _marked(plan, cell, mark)
        elif mark.role not in (None, "step"):
            plan.roles[cell.index] = mark.role
        elif cell.index in material.setup:
            plan.roles[cell.index] = "setup"
    return plan


def _with_empty(plan: Plan, free: Sequence[Cell]) -> Plan:
    """Cells without code belong to the step above, or are setup where there is none."""
    above: Draft | None = None
    step_of = {index: draft for draft in plan.drafts for index in draft.cells}
    for cell in free:
        if cell.index in step_of:
            above = step_of[cell.index]
        elif above is not None:
            _join(plan, above, cell.index)
        else:
            plan.roles[cell.index] = "setup"
    for draft in plan.named.values():
        draft.cells.sort()
    return plan


def _new(plan: Plan, name: str, anchor: int) -> Draft:
    draft = plan.named[name] = Draft(name, anchor)
    plan.last = name
    return draft


def _join(plan: Plan, draft: Draft, index: int) -> None:
    plan.roles[index] = "step"
    plan.last = draft.name
    draft.cells.append(index)


def _section_name(section: Section, plan: Plan) -> str:
    if section.heading is None:
        return plan.free(START)
    name = step_names.from_heading(section.heading.text) or f"step_{len(plan.named) + 1}"
    return plan.free(name)


def _free_name(plan: Plan, cell: Cell) -> str:
    """A name from the cell's code that no step has yet."""
    return plan.free(_name_from_code(cell.source) or f"cell_{cell.count}")


@per_source
def _name_from_code(source: str) -> str:
    return step_names.from_code(module_of(source), "")
