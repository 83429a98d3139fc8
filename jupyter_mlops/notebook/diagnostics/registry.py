"""The rules by code. A rule is a small function from the dataflow to findings; its docstring is its documentation."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from jupyter_mlops.notebook.collection import without_collection
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic, Severity
from jupyter_mlops.notebook.document import Document

# Families in the order of the documentation; loading them fills RULES.
FAMILIES = (
    *("syntax", "names", "steps", "parameters", "options", "magics", "hand_over", "hidden_state", "secrets"),
    "environment",
)


@dataclass(frozen=True)
class Finding:
    """What a rule yields: a diagnostic that has not got its code yet. `severity` differs from the rule's where set.

    `cell` is an index in the (expanded) document.
    """

    message: str
    hint: str = ""
    name: str | None = None
    step: str | None = None
    cell: int | None = None
    line: int | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class Rule:
    """A registered rule. `summary` is the first line of its documentation, `text` the whole."""

    code: str
    severity: Severity
    family: str
    find: Callable[[Dataflow], Iterable[Finding]]

    @property
    def text(self) -> str:
        """Its documentation."""
        lines = (self.find.__doc__ or "").strip().splitlines()
        return "\n".join(line.removeprefix("    ") for line in lines)

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return self.text.partition("\n")[0]


RULES: dict[str, Rule] = {}


def rule(
    code: str, *, severity: Severity
) -> Callable[[Callable[[Dataflow], Iterator[Finding]]], Callable[[Dataflow], Iterator[Finding]]]:
    """Register a rule. A code is given once, and never again after its rule is gone."""

    def register(find: Callable[[Dataflow], Iterator[Finding]]) -> Callable[[Dataflow], Iterator[Finding]]:
        if code in RULES:
            raise ValueError(f"two rules with the code {code}")
        RULES[code] = Rule(code, severity, find.__module__.rpartition(".")[2], find)
        return find

    return register


def check(flow: Dataflow) -> list[Diagnostic]:
    """Every finding of every rule, by place in the notebook; one that has no place comes first."""
    load_families()
    with without_collection():
        found = [(item, entry) for entry in RULES.values() for item in entry.find(flow)]
    found.sort(key=lambda pair: (_order(pair[0].cell), _order(pair[0].line), pair[1].code, pair[0].name or ""))
    return list(dict.fromkeys(_diagnostic(flow, item, entry) for item, entry in found))


def check_whole(document: Document) -> list[Diagnostic]:
    """What can be said of a notebook in another language, which runs as a whole."""
    from jupyter_mlops.notebook.diagnostics.environment import missing_kernel_of

    entry = RULES["MLO901"]
    return [
        Diagnostic(entry.code, entry.severity, item.message, item.hint, item.name)
        for item in missing_kernel_of(document)
    ]


def load_families() -> None:
    """Import every family of rules."""
    for family in FAMILIES:
        importlib.import_module(f"jupyter_mlops.notebook.diagnostics.{family}")


def from_problems(flow: Dataflow, *kinds: str) -> Iterator[Finding]:
    """The problems of these kinds, of the annotations and of the dataflow, as findings."""
    for problem in (*flow.annotations.problems, *flow.problems):
        if problem.kind in kinds:
            yield Finding(
                message=problem.message,
                hint=problem.hint,
                name=problem.name or None,
                step=problem.step or None,
                cell=problem.cell,
                line=problem.line,
            )


def _order(place: int | None) -> int:
    return -1 if place is None else place


def _diagnostic(flow: Dataflow, item: Finding, entry: Rule) -> Diagnostic:
    """The finding with its code, its cell as people count it, and the step that the cell is in."""
    cell = flow.document.cells[item.cell] if item.cell is not None else None
    step = item.step or (flow.annotations.step_of.get(cell.index) if cell else None)
    made = Diagnostic(
        code=entry.code,
        severity=item.severity or entry.severity,
        message=item.message,
        hint=item.hint,
        name=item.name,
        step=step,
        cell=cell.position if cell else None,
        line=item.line,
        cell_id=cell.id if cell else None,
        notebook=cell.notebook if cell else "",
    )
    return replace(made, message=f"{cell.notebook}: {item.message}") if cell and cell.notebook else made
