"""Fixes of what is wrong with steps: their names, their order, what they are for."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlops.notebook import step_names
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.diagnostics.steps import circles, reason_not_to_run
from jupyter_mlops.notebook.fixes.fix import Edit, Fix
from jupyter_mlops.notebook.fixes.registry import Case, fixes, said
from jupyter_mlops.notebook.fixes.step_edits import (
    changed_after,
    free_name,
    is_waited_for,
    magic_line,
    named_by,
    renamed_step,
)
from jupyter_mlops.notebook.python_source import module_of
from jupyter_mlops.notebook.schema import nearest
from jupyter_mlops.notebook.setup_cells import has_code


@fixes("MLO201")
def bad_name(case: Case) -> Iterator[Fix]:
    """Give the step a sound name in all of its cells; people go on reading the old one as its title."""
    better = step_names.suggestion(case.step)
    if not better or not step_names.is_good(better):
        return
    new = free_name(case, better)
    mine = case.of_step(case.step)
    edits = renamed_step(mine, case.step, new)
    if not edits or not named_by(mine[0], case.step):
        return
    if all(edit.metadata for edit in edits) and not any("title" in said(cell) for cell in mine):
        edits[0] = Edit(edits[0].cell, metadata={"step": new, "title": case.step})
    after = changed_after(case.cells, case.step, new, edits)
    told = {edit.cell for edit in after}
    waiting = [step.name for step in case.flow.steps if case.step in step.declaration.after]
    if all(any(cell.id in told for cell in case.of_step(name)) for name in waiting):
        yield Fix(f"Call the step {new!r}", (*_without(edits, after), *after))


@fixes("MLO202", "MLO210")
def apart(case: Case) -> Iterator[Fix]:
    """Make the cells from here on a step of their own."""
    if case.cell is None or not case.step:
        return
    mine = case.of_step(case.step)
    following = [cell for cell in mine if cell.index >= case.cell.index]
    group = [cell for cell in following if not _others_between(case, case.cell, cell)]
    new = free_name(case, case.step)
    edits = renamed_step(group, case.step, new)
    if edits and named_by(case.cell, case.step):
        yield Fix(f"Make it a step of its own: {new!r}", tuple(edits))


@fixes("MLO203")
def unknown_after(case: Case) -> Iterator[Fix]:
    """Name the step that was meant, or none."""
    mine = case.of_step(case.step)
    if not case.name:
        return
    near = nearest(case.name, [step.name for step in case.flow.steps if _comes_before(case, step.name)])
    if near and (edits := changed_after(mine, case.name, near)):
        yield Fix(f"Run it after {near!r}", tuple(edits))
    if edits := changed_after(mine, case.name, None):
        yield Fix(f"Take {case.name!r} out of `after`", tuple(edits))


@fixes("MLO204")
def cycle(case: Case) -> Iterator[Fix]:
    """Take an `after` out that names the step itself, or one that stands further down."""
    mine = changed_after(case.of_step(case.step), case.step, None)
    if mine:
        yield Fix(f"Take {case.step!r} out of its own `after`", tuple(mine))
        return
    order = {step.name: place for place, step in enumerate(case.flow.annotations.steps)}
    for path in circles(case.flow):
        if path[0] != case.step:
            continue
        for before, waiting in zip([path[-1], *path], path, strict=False):
            edits = changed_after(case.of_step(waiting), before, None)
            if edits and order[before] > order[waiting]:
                yield Fix(f"Take {before!r} out of `after` of {waiting!r}", tuple(edits))


@fixes("MLO205")
def two_names(case: Case) -> Iterator[Fix]:
    """Write the metadata's name in the magic too."""
    if case.cell is None:
        return
    line, text = magic_line(case.cell)
    words = text.split()
    if line and len(words) > 1 and step_names.is_good(case.step):
        edits = renamed_step([case.cell], words[1], case.step)
        yield from [Fix(f"Call it {case.step!r} in both", tuple(edits))] if edits else []


@fixes("MLO206")
def start_step(case: Case) -> Iterator[Fix]:
    """Mark the cells as setup, or say that they are this step."""
    mine = case.of_step(case.step)
    yield Fix("Mark as setup", tuple(Edit(cell.id, metadata={"role": "setup"}) for cell in mine))
    declared = {"role": "step", "step": case.step}
    yield Fix(f"Make it the step {case.step!r}", tuple(Edit(cell.id, metadata=declared) for cell in mine))


@fixes("MLO207")
def empty_step(case: Case) -> Iterator[Fix]:
    """Skip its cells."""
    if not is_waited_for(case, case.step):
        yield _skipped(case)


@fixes("MLO208")
def never_runs(case: Case) -> Iterator[Fix]:
    """Take the condition out that is never true, or skip its cells."""
    mine = case.of_step(case.step)
    conditions = [cell for cell in mine if "when" in said(cell)]
    step = next(step for step in case.flow.steps if step.name == case.step)
    if conditions and not reason_not_to_run({**step.declaration.options, "when": None}):
        edits = tuple(Edit(cell.id, metadata={"when": None}) for cell in conditions)
        yield Fix("Take the condition out", edits)
    if mine and not is_waited_for(case, case.step):
        yield _skipped(case)


@fixes("MLO209")
def no_steps(case: Case) -> Iterator[Fix]:
    """Make the last cell with code a step."""
    code = [cell for cell in case.cells if case.role(cell) == "setup" and has_code(cell)]
    if code:
        name = step_names.from_code(module_of(code[-1].source), "work")
        edit = Edit(code[-1].id, metadata={"role": "step", "step": name})
        yield Fix(f"Make cell {code[-1].position} the step {name!r}", (edit,))


@fixes("MLO211")
def setup_reads_step(case: Case) -> Iterator[Fix]:
    """Take the role away: the cell then belongs to the step above."""
    if case.cell is not None and said(case.cell).get("role") == "setup":
        yield Fix("Make it part of the step above", (Edit(case.cell.id, metadata={"role": None}),))


def _skipped(case: Case) -> Fix:
    edits = []
    for cell in case.of_step(case.step):
        step = {"step": None} if "step" in said(cell) else {}
        edits.append(Edit(cell.id, metadata={"role": "skip", **step}))
    return Fix("Skip it", tuple(edits))


def _others_between(case: Case, first: Cell, last: Cell) -> bool:
    """Whether a cell of another step stands between two cells of one."""
    step_of = case.flow.annotations.step_of
    return any(
        step_of.get(cell.index, case.step) != case.step for cell in case.cells if first.index < cell.index < last.index
    )


def _comes_before(case: Case, name: str) -> bool:
    """Whether a step stands above the one that the diagnostic is about."""
    names = [step.name for step in case.flow.annotations.steps]
    return case.step in names and names.index(name) < names.index(case.step)


def _without(edits: list[Edit], later: list[Edit]) -> list[Edit]:
    """Those of other cells or of other keys: a line is changed once."""
    lines = {(edit.cell, edit.line) for edit in later if edit.line}
    return [edit for edit in edits if not edit.line or (edit.cell, edit.line) not in lines]
