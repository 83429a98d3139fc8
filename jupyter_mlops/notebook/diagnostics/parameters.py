"""Parameters: what the parameters cell holds that is none."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule


@rule("MLO401", severity="error")
def wrong_default(flow: Dataflow) -> Iterator[Finding]:
    """A parameter's default is not of the type that it is annotated with.

    Correct the annotation or the default.
    """
    return from_problems(flow, "wrong_default")


@rule("MLO402", severity="warning")
def not_a_parameter(flow: Dataflow) -> Iterator[Finding]:
    """A statement in the parameters cell is not the assignment of a literal, so a run cannot change it.

    Parameters are plain data: numbers, text, booleans, None, lists and dicts of them. Move everything else to the
    next cell.
    """
    return from_problems(flow, "not_a_parameter")
