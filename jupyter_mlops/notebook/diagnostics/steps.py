"""Steps: their names, their order, and whether they can run at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule
from jupyter_mlops.notebook.setup_cells import has_code
from jupyter_mlops.notebook.step_options import constant_value, loop_parts


@rule("MLO201", severity="error")
def bad_name(flow: Dataflow) -> Iterator[Finding]:
    """A step's name is odd: it takes letters of any language, digits, `_` and `-`, and starts with a letter.

    Names become folders, labels and names of Kubernetes objects. What people read is the step's `title`.
    """
    return from_problems(flow, "bad_name")


@rule("MLO202", severity="warning")
def split_step(flow: Dataflow) -> Iterator[Finding]:
    """Two runs of cells with other steps in between have the same step name; they run together, as one step.

    What the cells in between make is then not there yet. Give the later cells a step of their own, or move them up.
    """
    return from_problems(flow, "split_step")


@rule("MLO203", severity="error")
def unknown_after(flow: Dataflow) -> Iterator[Finding]:
    """A step is declared to come after one that does not exist."""
    return from_problems(flow, "unknown_after")


@rule("MLO204", severity="error")
def cycle(flow: Dataflow) -> Iterator[Finding]:
    """Steps wait for each other in a circle, by what they take from each other and by `after`."""
    yield from from_problems(flow, "after_itself")
    cells = {step.name: step.declaration.cells for step in flow.steps}
    for path in circles(flow):
        yield Finding(
            message=f"Steps wait for each other in a circle: {' -> '.join([*path, path[0]])}.",
            hint="Take one `after` of them out, or move the cells that a step needs above it.",
            name=path[0],
            step=path[0],
            cell=next(iter(cells.get(path[0], ())), None),
        )


@rule("MLO205", severity="warning")
def two_names(flow: Dataflow) -> Iterator[Finding]:
    """A cell's metadata and its `%%step` magic name different steps; the metadata count."""
    return from_problems(flow, "two_names")


@rule("MLO206", severity="info")
def start_step(flow: Dataflow) -> Iterator[Finding]:
    """Code above the first step does more than import and define, so it became a step of its own."""
    return from_problems(flow, "start_step")


@rule("MLO207", severity="warning")
def empty_step(flow: Dataflow) -> Iterator[Finding]:
    """A step has no code: nothing but comments and blank lines."""
    for step in flow.steps:
        cells = [flow.document.cells[index] for index in step.declaration.cells]
        if cells and not any(has_code(cell) and _beyond_magic(cell.source) for cell in cells):
            yield Finding(
                message=f"The step {step.name!r} has no code.",
                hint="Write some, or take its name out of the cell.",
                step=step.name,
                cell=cells[0].index,
            )


@rule("MLO208", severity="warning")
def never_runs(flow: Dataflow) -> Iterator[Finding]:
    """A step can never run: its condition is always false, or its loop has no items."""
    for step in flow.steps:
        reason = reason_not_to_run(step.declaration.options)
        if reason:
            yield Finding(
                message=f"The step {step.name!r} never runs: {reason}.",
                hint="Correct it, or give the cells the role `skip`.",
                step=step.name,
                cell=next(iter(step.declaration.cells), None),
            )


@rule("MLO209", severity="warning")
def no_steps(flow: Dataflow) -> Iterator[Finding]:
    """The notebook has no step: there is no code beyond setup and parameters."""
    if not flow.steps:
        yield Finding("The notebook has no step to run.", "Add a code cell that does something.")


@rule("MLO210", severity="error")
def interleaved(flow: Dataflow) -> Iterator[Finding]:
    """A step's cells stand on both sides of one that works with the same names: together they would mean another thing.

    Give the later cells a step of their own, or move them next to the first ones.
    """
    return from_problems(flow, "interleaved")


@rule("MLO211", severity="error")
def setup_reads_step(flow: Dataflow) -> Iterator[Finding]:
    """A setup cell reads what a step makes. Setup runs in every step after it, before any value is handed over.

    Take the role `setup` from the cell: it then belongs to the step above.
    """
    return from_problems(flow, "setup_reads_step")


def circles(flow: Dataflow) -> Iterator[list[str]]:
    """Steps that wait for each other, each circle in the order in which they would run."""
    return _cycles(_before(flow))


def reason_not_to_run(options: Mapping[str, Any]) -> str:
    """Why a step with these options can never run; empty if it can."""
    return _never(options.get("when"), options.get("for_each"))


def _before(flow: Dataflow) -> dict[str, list[str]]:
    """Which steps each step waits for."""
    names = {step.name for step in flow.steps}
    return {
        step.name: [
            name for name in dict.fromkeys((*flow.after.get(step.name, ()), *step.declaration.after)) if name in names
        ]
        for step in flow.steps
    }


def _cycles(before: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """One path for each circle that a walk meets, in the order in which its steps would run."""
    done: set[str] = set()
    for start in before:
        path: list[str] = []
        waiting = [(start, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                path.pop()
                done.add(name)
            elif name in path:
                yield path[path.index(name) :][::-1]
            elif name not in done:
                path.append(name)
                waiting.append((name, True))
                waiting += [(other, False) for other in before[name]]


def _never(when: Any, for_each: Any) -> str:
    value = constant_value(when) if isinstance(when, str) else ...
    if value is not ... and not value:
        return f"`{when}` is always false"
    items = loop_parts(for_each)[1] if for_each else ""
    value = constant_value(items) if items else ...
    if value is not ... and not value:
        return f"there are no items in `{items}`"
    return ""


def _beyond_magic(source: str) -> bool:
    lines = source.strip().splitlines()
    return not (lines and lines[0].startswith("%%step")) or any(
        line.strip() and not line.lstrip().startswith("#") for line in lines[1:]
    )
