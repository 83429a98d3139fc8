"""Names: read but never set, set twice, hidden."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import replace

from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, from_problems, rule
from jupyter_mlops.notebook.schema import did_you_mean

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
# Set all the time, and hardly ever called in a notebook.
_HARMLESS = frozenset(
    {"copyright", "credits", "license", "exit", "quit", "id", "dir", "vars", "hash", "help", "format"}
)
_TELLING = _BUILTINS - _HARMLESS


@rule("MLO101", severity="error")
def undefined(flow: Dataflow) -> Iterator[Finding]:
    """A cell reads a name that nothing sets before it: the notebook itself fails there when it runs from the top.

    A notebook that was run out of order can look right while a name in it is gone. Set the name in a cell above, or
    correct its spelling.
    """
    yield from _with_hints(flow, "undefined")


@rule("MLO102", severity="warning")
def undefined_in_function(flow: Dataflow) -> Iterator[Finding]:
    """The body of a function reads a name that nothing sets: calling the function fails."""
    yield from _with_hints(flow, "undefined_in_function")


@rule("MLO103", severity="warning")
def undefined_on_some_path(flow: Dataflow) -> Iterator[Finding]:
    """A cell reads a name that nothing surely sets before it: it depends on which way the code takes."""
    yield from _with_hints(flow, "undefined_maybe")


@rule("MLO104", severity="info")
def two_producers(flow: Dataflow) -> Iterator[Finding]:
    """A value comes from one of two steps: from the nearer one if its condition lets it run, else from the other."""
    for step in flow.steps:
        for item in step.inputs:
            if len(item.sources) > 1 and item.required and item.name.isidentifier():
                nearest, *others = item.sources
                yield Finding(
                    message=f"{item.name!r} in {step.name!r} comes from {nearest!r}, or if that is skipped "
                    f"from {' or '.join(map(repr, others))}.",
                    hint="Give the two values names of their own if both should be there.",
                    name=item.name,
                    step=step.name,
                    cell=next(iter(step.declaration.cells), None),
                )


@rule("MLO105", severity="error")
def set_later(flow: Dataflow) -> Iterator[Finding]:
    """A cell reads a name that only a later cell sets: the notebook fails there when it runs from the top.

    Move the cell that sets the name up.
    """
    yield from _with_hints(flow, "set_later")


@rule("MLO106", severity="info")
def builtin_hidden(flow: Dataflow) -> Iterator[Finding]:
    """A cell gives a value the name of a builtin such as `list` or `max`: later cells no longer reach the builtin."""
    seen: set[str] = set()
    for index, facts in sorted(flow.facts.items()):
        for name, store in facts.stores.items():
            if name in _TELLING and name not in seen and store.kind == "value":
                seen.add(name)
                yield Finding(
                    message=f"{name!r} hides the builtin of that name from here on.",
                    hint=f"Call it otherwise, for example {name + '_'!r}.",
                    name=name,
                    cell=index,
                    line=store.line,
                )


@rule("MLO107", severity="warning")
def star_import(flow: Dataflow) -> Iterator[Finding]:
    """`from module import *` sets names that cannot be known without importing the module here.

    Names that nothing else sets are taken to come from it. Import the names that you use.
    """
    yield from from_problems(flow, "star_import")


@rule("MLO108", severity="warning")
def dynamic(flow: Dataflow) -> Iterator[Finding]:
    """Code reaches names in a way that cannot be seen: `exec`, `eval`, `globals()`, `locals()`, `vars()`.

    Names that it reads or sets are not handed over by themselves; mention them in the cell.
    """
    yield from from_problems(flow, "dynamic")


def _with_hints(flow: Dataflow, kind: str) -> Iterator[Finding]:
    """The dataflow's findings, with the name that was perhaps meant where they have no better hint."""
    known = _known_names(flow)
    for finding in from_problems(flow, kind):
        near = did_you_mean(finding.name or "", known - {finding.name})
        yield replace(finding, hint=finding.hint or near or "Set it in a cell above.")


def _known_names(flow: Dataflow) -> set[str | None]:
    names: set[str | None] = {name for facts in flow.facts.values() for name in facts.stores}
    return names | {parameter.name for parameter in flow.annotations.parameters} | _BUILTINS
