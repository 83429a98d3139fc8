"""Options of steps and the metadata that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule
from jupyter_mlops.notebook.schema import did_you_mean
from jupyter_mlops.notebook.step_options import loop_parts, names_read


@rule("MLO501", severity="error")
def bad_option(flow: Dataflow) -> Iterator[Finding]:
    """An option of a step has a value that makes no sense: an amount of memory, a duration, a loop.

    The message says which form it takes. The option is left out until it is right.
    """
    return from_problems(flow, "bad_option")


@rule("MLO502", severity="error")
def bad_step_line(flow: Dataflow) -> Iterator[Finding]:
    """A `%%step` line cannot be read: an unknown flag, a value that is missing, no name or several."""
    return from_problems(flow, "bad_step_line")


@rule("MLO503", severity="warning")
def unknown_key(flow: Dataflow) -> Iterator[Finding]:
    """The metadata `jupyter_mlops` of a cell or the notebook has a key that does not exist; it is ignored.

    The schemas are in the package: `jupyter_mlops/notebook/schema/`.
    """
    return from_problems(flow, "unknown_key")


@rule("MLO504", severity="error")
def bad_metadata(flow: Dataflow) -> Iterator[Finding]:
    """A key of the metadata `jupyter_mlops` has a value of the wrong kind."""
    return from_problems(flow, "bad_metadata")


@rule("MLO505", severity="warning")
def two_values(flow: Dataflow) -> Iterator[Finding]:
    """Two cells of one step give an option different values; the later counts."""
    return from_problems(flow, "two_values")


@rule("MLO506", severity="error")
def unknown_in_expression(flow: Dataflow) -> Iterator[Finding]:
    """A condition or a loop reads a name that no earlier step makes and that is no parameter.

    Expressions are evaluated by the engine, between the steps: they see parameters, `metrics.NAME`, and values of
    earlier steps that are plain data (numbers, text, lists, dicts).
    """
    parameters = {parameter.name for parameter in flow.annotations.parameters}
    for step in flow.steps:
        known = {item.name for item in step.controls} | parameters
        for option, expression in _expressions(step.declaration.options):
            for name in sorted(names_read(expression) - known):
                yield Finding(
                    message=f"{name!r}, which {option!r} of the step {step.name!r} reads, comes from no earlier step.",
                    hint=did_you_mean(name, _plain_names(flow) | parameters)
                    or "Make it in an earlier step, or make it a parameter.",
                    name=name,
                    step=step.name,
                    cell=next(iter(step.declaration.cells), None),
                )


def _expressions(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(options.get("when"), str):
        yield "when", options["when"]
    if options.get("for_each"):
        yield "for_each", loop_parts(options["for_each"])[1]


def _plain_names(flow: Dataflow) -> set[str]:
    return {name for step in flow.steps for name in step.final if name.isidentifier()}
