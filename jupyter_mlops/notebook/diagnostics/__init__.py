"""Diagnostics: what is wrong or doubtful in a notebook, before it runs."""

from __future__ import annotations

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic, Severity

__all__ = ["Diagnostic", "Severity", "check"]


def check(flow: Dataflow) -> list[Diagnostic]:
    """Every finding of every rule, by place in the notebook; one that has no place comes first."""
    from jupyter_mlops.notebook.diagnostics import registry

    return registry.check(flow)
