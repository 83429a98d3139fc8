"""Definitions: statements whose result is made again from source where it is needed, instead of being handed over."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jupyter_mlops.notebook.hidden_state import CONFIGURING_MAGICS, may_configure
from jupyter_mlops.notebook.ipython_source import MagicUse, PythonSource, read_source
from jupyter_mlops.notebook.per_source import per_source_if
from jupyter_mlops.notebook.scope import imported_name
from jupyter_mlops.notebook.scopes import facts_of
from jupyter_mlops.notebook.star_imports import star_names

# Calls that make a type: `P = namedtuple("P", "x y")`.
_TYPE_MAKERS = frozenset(
    "namedtuple NamedTuple TypedDict TypeVar ParamSpec TypeVarTuple NewType Enum IntEnum StrEnum Flag IntFlag".split()
)

CandidateKind = Literal["import", "code", "type", "setting", "statement"]


@dataclass(frozen=True)
class Candidate:
    """A statement that could be a definition; whether it is depends on what its names are (see `in_force`).

    `eager` are names that it needs when it is made, `lazy` those that its functions need when they are called,
    `decorators` those that decorate. A setting sets something of the process: `chain` is what it calls or assigns to.
    """

    kind: CandidateKind
    names: tuple[str, ...]
    source: str
    line: int
    digest: str
    eager: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    decorators: frozenset[str] = frozenset()
    chain: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    is_call: bool = False


def _are_settled(found: tuple[Candidate, ...]) -> bool:
    """The names of `import *` may become known when its module is installed."""
    return all(item.names or item.kind != "import" for item in found)


@per_source_if(_are_settled)
def candidates(source: str) -> tuple[Candidate, ...]:
    """The statements of a cell that could be definitions, in order; magics that set something are among them."""
    python = read_source(source)
    if python.timed:
        return ()
    found = [*_settings_by_magic(python), *_statements(python, source, only_definitions=True)]
    return tuple(sorted(found, key=lambda item: item.line))


@per_source_if(_are_settled)
def statements(source: str) -> tuple[Candidate, ...]:
    """Every statement of a cell, for a parameters cell: what it computes is computed again from the parameters."""
    return tuple(_statements(read_source(source), source, only_definitions=False))


def _statements(python: PythonSource, source: str, *, only_definitions: bool) -> Iterator[Candidate]:
    lines = source.replace("\r\n", "\n").split("\n")
    magic_lines = {magic.line for magic in python.magics}
    body = python.tree.body
    for index, node in enumerate(body):
        kind = _kind(node)
        if only_definitions and (kind is None or (_sets_nothing(node) and ":=" not in source)):
            continue
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
        last = node.end_lineno or first
        if any(first <= line <= last for line in magic_lines):
            continue
        shared = (index > 0 and (body[index - 1].end_lineno or 0) >= first) or (
            index + 1 < len(body) and body[index + 1].lineno <= last
        )
        text = ast.unparse(node) if shared else "\n".join(lines[first - 1 : last])
        found = _candidate(node, kind or "statement", text, first)
        if kind == "code" and only_definitions and len(found.names) > 1:  # `def f(v=(w := [])): ...` sets more names
            continue
        yield found


def _kind(node: ast.stmt) -> CandidateKind | None:
    match node:
        case ast.Import() | ast.ImportFrom():
            return "import"
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return "code"
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=function)):
            last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            return "type" if last in _TYPE_MAKERS else None
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Delete(targets=[ast.Subscript()]):
            return "setting" if _chain(node) else None
        case ast.Expr(value=ast.Call()):
            return "setting" if _chain(node) else None
    return None


def _sets_nothing(node: ast.stmt) -> bool:
    """Whether it calls something that is no setting in any module, as most statements do that are a call."""
    chain = _chain(node)
    return isinstance(node, ast.Expr) and len(chain) > 1 and not may_configure(chain[-1])


def _candidate(node: ast.stmt, kind: CandidateKind, text: str, line: int) -> Candidate:
    facts = facts_of(PythonSource(ast.Module([node], [])))
    names = tuple(facts.stores)
    modules: tuple[str, ...] = ()
    if isinstance(node, ast.Import):
        names = tuple(imported_name(alias) for alias in node.names)
        modules = tuple(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        modules = (base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*"))
        names = tuple(name for alias in node.names for name in _names_from(base, alias))
    return Candidate(
        kind=kind,
        names=tuple(dict.fromkeys(names)),
        source=text,
        line=line,
        digest=hashlib.sha256(ast.dump(node).encode()).hexdigest()[:16],
        eager=frozenset(use.name for use in facts.loads if not use.function),
        lazy=frozenset(use.name for use in facts.loads if use.function),
        decorators=_decorators(node),
        chain=_chain(node),
        modules=modules,
        is_call=isinstance(node, ast.Expr),
    )


def _names_from(module: str, alias: ast.alias) -> tuple[str, ...]:
    return (star_names(module) or ()) if alias.name == "*" else (imported_name(alias),)


def _decorators(node: ast.stmt) -> frozenset[str]:
    """Names in decorators of a function or a class, and of what is inside the class."""
    found: set[str] = set()
    pending: list[ast.stmt] = [node]
    while pending:
        item = pending.pop()
        for decorator in getattr(item, "decorator_list", ()):
            found |= {name.id for name in ast.walk(decorator) if isinstance(name, ast.Name)}
        if isinstance(item, ast.ClassDef):
            pending += item.body
    return frozenset(found)


def _chain(node: ast.stmt) -> tuple[str, ...]:
    """`plt.rcParams["x"] = 1` -> ("plt", "rcParams"); `pd.set_option(...)` -> ("pd", "set_option")."""
    match node:
        case ast.Assign(targets=[target]) | ast.Delete(targets=[target]):
            inner: ast.expr = target
        case ast.Expr(value=ast.Call(func=function)):
            inner = function
        case _:
            return ()
    path: list[str] = []
    while isinstance(inner, ast.Attribute | ast.Subscript):
        if isinstance(inner, ast.Attribute):
            path.append(inner.attr)
        inner = inner.value
    return (inner.id, *reversed(path)) if isinstance(inner, ast.Name) else ()


def _settings_by_magic(python: PythonSource) -> Iterator[Candidate]:
    for magic in python.magics:
        if magic.kind == "line" and magic.name in CONFIGURING_MAGICS and not _inert(magic):
            text = f"%{magic.name} {magic.arguments}".rstrip()
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            yield Candidate("setting", (), text, magic.line, digest)


def _inert(magic: MagicUse) -> bool:
    """Our own extension says nothing in a step; a magic that interpolates names depends on data."""
    return "$" in magic.arguments or "{" in magic.arguments or magic.arguments.startswith("jupyter_mlops")
