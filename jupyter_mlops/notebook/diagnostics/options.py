"""Options: values of the steps' options, and the metadata that holds them."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule


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
def bad_control(flow: Dataflow) -> Iterator[Finding]:
    """A condition or a loop reads a name that no earlier step makes and that is no parameter.

    Expressions are evaluated by the engine, between the steps: they see parameters, `metrics.NAME`, and values of
    earlier steps that are plain data (numbers, text, lists, dicts).
    """
    return from_problems(flow, "relative_control")
