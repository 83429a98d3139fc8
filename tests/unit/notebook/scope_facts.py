"""What a cell reads and sets, written in a word a name.

In the columns `x` is surely read or set on line 1, `x?` perhaps, `x:3` on line 3, `x(f)` in the body of `f`, and
`x/import` is a store of another kind than a value.
"""

from __future__ import annotations

from jupyter_mlops.notebook.facts import CellFacts, FunctionFacts, MakeFunction
from jupyter_mlops.notebook.scopes import read_scopes


def loads_of(facts: CellFacts) -> list[str]:
    return [written(use.name, sure=use.sure, line=use.line, function=use.function) for use in facts.loads]


def stores_of(facts: CellFacts) -> list[str]:
    return [written(s.name, sure=s.sure, line=s.line, kind=s.kind) for s in facts.stores.values()]


def written(name: str, *, sure: bool, line: int, function: str = "", kind: str = "value") -> str:
    kind = "" if kind == "value" else f"/{kind}"
    return f"{name}{'' if sure else '?'}{kind}{'' if line == 1 else f':{line}'}{f'({function})' if function else ''}"


def functions_made(events: tuple[object, ...]) -> list[FunctionFacts]:
    return [event.code for event in events if isinstance(event, MakeFunction)]


def function_of(source: str) -> FunctionFacts:
    (code,) = functions_made(read_scopes(source).events)
    return code


def plain(reference: str) -> str:
    return reference.lstrip(".^").partition(":")[0]
