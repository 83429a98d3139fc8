"""Scope analysis: what a cell reads, sets, changes and deletes, with the precision of Python's own symbol table.

`statements` and `expressions` visit the cell, one method a kind of syntax; here their events become facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jupyter_mlops.notebook.depth import with_room
from jupyter_mlops.notebook.facts import Bind, Call, CellFacts, Event, MakeFunction, Mutate, Read, Store, Unbind, Use
from jupyter_mlops.notebook.ipython_source import PythonSource, SyntaxProblem, read_source
from jupyter_mlops.notebook.library import is_pure_method
from jupyter_mlops.notebook.per_source import per_source_if
from jupyter_mlops.notebook.statements import StatementVisitor

__all__ = ["facts_of", "read_scopes"]


def _is_settled(facts: CellFacts) -> bool:
    """A module of which `import *` takes names may be installed, and its names then known, at any time."""
    return all(star.names is not None for star in facts.star_imports)


@per_source_if(_is_settled)
def read_scopes(source: str) -> CellFacts:
    """The facts of a cell. Never raises: a cell that is no Python has none, and says why in `syntax_error`."""
    return facts_of(read_source(source))


def facts_of(python: PythonSource) -> CellFacts:
    """The facts of Python source."""
    try:
        return with_room(lambda: _visited(python))
    except RecursionError:
        problem = SyntaxProblem("nested too deeply to be analysed", 1)
        return CellFacts(magics=python.magics, syntax_error=python.problem or problem)


def _visited(python: PythonSource) -> CellFacts:
    visitor = StatementVisitor()
    visitor.run(python)
    return _facts(python, visitor)


# ------------------------------------------------------------------------------------------------------------- facts


def _facts(python: PythonSource, visitor: StatementVisitor) -> CellFacts:
    frame = visitor.scope.frame
    events = tuple(frame.events)
    return CellFacts(
        loads=tuple(_loads(events)),
        stores=_stores(events, frame.bound),
        mutations=tuple(_mutations(events)),
        dynamic=tuple(visitor.dynamic),
        star_imports=tuple(visitor.star_imports),
        magics=python.magics,
        syntax_error=python.problem,
        displays=visitor.displays,
        events=events,
        files_in=python.files_in,
        files_out=python.files_out,
        files_gone=python.files_gone,
        strings=frozenset(visitor.strings),
    )


def _loads(events: Iterable[Event]) -> Iterator[Use]:
    found: dict[tuple[str, str], Use] = {}
    for use in _all_loads(events, ""):
        key = (use.name, use.function)
        if key not in found or (use.sure and not found[key].sure):
            found[key] = use
    yield from found.values()


def _all_loads(events: Iterable[Event], function: str) -> Iterator[Use]:
    for event in events:
        if isinstance(event, Read):
            yield Use(event.name, event.line, event.sure, "!" if event.optional else function)
        elif isinstance(event, MakeFunction):
            yield from _all_loads(event.code.events, event.code.name)


def _stores(events: Iterable[Event], bound: set[str]) -> dict[str, Store]:
    found: dict[str, Store] = {}
    for event in events:
        if isinstance(event, Bind) and event.name[0] not in ".^":
            found[event.name] = Store(event.name, event.line, event.name in bound, event.kind)
        elif isinstance(event, Unbind) and event.name[0] not in ".^":
            found[event.name] = Store(event.name, event.line, event.sure, "delete")
    return found


def _mutations(events: Iterable[Event]) -> Iterator[Use]:
    seen: set[str] = set()
    for event in events:
        if isinstance(event, Mutate):
            refs = [ref for ref in event.value.same + event.value.part if isinstance(ref, str) and ref[0] not in ".^"]
        elif isinstance(event, Call) and event.path and event.root and event.root[0] not in ".^":
            refs = [event.root] if not is_pure_method(event.path[-1]) else []
        else:
            refs = []
        for ref in refs:
            if ref not in seen and isinstance(event, Mutate | Call):
                seen.add(ref)
                yield Use(ref, event.line, event.sure)
