"""Diagnostics: what is wrong or doubtful in a notebook, before it runs."""

from __future__ import annotations

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic, Severity
from jupyter_mlops.notebook.document import Document

__all__ = ["OF_THIS_MACHINE", "Diagnostic", "Severity", "check", "check_whole"]

# Codes of findings that another machine may not have: a plan made here is no worse for them.
OF_THIS_MACHINE = ("MLO901", "MLO902")


def check(flow: Dataflow) -> list[Diagnostic]:
    """Every finding of every rule, by place in the notebook; one that has no place comes first."""
    from jupyter_mlops.notebook.diagnostics import registry

    return registry.check(flow)


def check_whole(document: Document) -> list[Diagnostic]:
    """The same for a notebook in another language, whose cells are not read."""
    from jupyter_mlops.notebook.diagnostics import registry

    return registry.check_whole(document)
