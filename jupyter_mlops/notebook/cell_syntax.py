"""What stands anywhere in a cell: imports, names that are set, texts that are given a name. One walk a source."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.notebook.per_source import per_source
from jupyter_mlops.notebook.python_source import module_of
from jupyter_mlops.notebook.scope import imported_name
from jupyter_mlops.notebook.walking import walk


@dataclass(frozen=True)
class CellSyntax:
    """A cell's parts, wherever in it they stand; nothing of a cell that is no Python.

    `aliases` are imported names with what they stand for, dotted (`plt`, `matplotlib.pyplot`), the last of a name last;
    `imported` all names that imports bind. `stored` are names that are set or deleted, imports and definitions apart,
    as often as they are. `texts` are literal texts with the name that they are given to, and their line.
    """

    aliases: tuple[tuple[str, str], ...] = ()
    imported: frozenset[str] = frozenset()
    stored: tuple[str, ...] = ()
    texts: tuple[tuple[str, str, int], ...] = ()


@per_source
def cell_syntax(source: str) -> CellSyntax:
    """The parts of a cell."""
    tree = module_of(source)
    return CellSyntax() if tree is None else tree_syntax(tree)


def tree_syntax(tree: ast.AST) -> CellSyntax:
    """The parts of a tree."""
    parts = _Parts()
    for node in walk(tree):
        take = _TAKE.get(type(node))
        if take is not None:
            take(parts, node)
    return CellSyntax(tuple(parts.aliases), frozenset(parts.imported), tuple(parts.stored), tuple(parts.texts))


def import_aliases(sources: Iterable[str]) -> dict[str, str]:
    """What each name that these cells import stands for, dotted (`plt` -> `matplotlib.pyplot`)."""
    return dict(alias for source in sources for alias in cell_syntax(source).aliases)


@dataclass
class _Parts:
    aliases: list[tuple[str, str]] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    stored: list[str] = field(default_factory=list)
    texts: list[tuple[str, str, int]] = field(default_factory=list)

    def take_name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.stored.append(node.id)

    def take_global(self, node: ast.Global) -> None:
        self.stored += node.names

    def take_capture(self, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.stored.append(node.name)

    def take_import(self, node: ast.Import) -> None:
        for item in node.names:
            self.imported.add(imported_name(item))
            self.aliases.append((imported_name(item), item.name if item.asname else item.name.partition(".")[0]))

    def take_import_from(self, node: ast.ImportFrom) -> None:
        for item in node.names:
            self.imported.add(imported_name(item))
            if node.module and not node.level:
                self.aliases.append((item.asname or item.name, f"{node.module}.{item.name}"))

    def take_given(self, node: ast.Assign | ast.AnnAssign | ast.keyword | ast.Dict) -> None:
        for name, value in _given(node):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.texts.append((name, value.value, value.lineno))


_TAKE: dict[type, Callable[[_Parts, Any], None]] = {
    ast.Name: _Parts.take_name,
    ast.Global: _Parts.take_global,
    ast.ExceptHandler: _Parts.take_capture,
    ast.MatchAs: _Parts.take_capture,
    ast.MatchStar: _Parts.take_capture,
    ast.Import: _Parts.take_import,
    ast.ImportFrom: _Parts.take_import_from,
    ast.Assign: _Parts.take_given,
    ast.AnnAssign: _Parts.take_given,
    ast.keyword: _Parts.take_given,
    ast.Dict: _Parts.take_given,
}


def _given(node: ast.Assign | ast.AnnAssign | ast.keyword | ast.Dict) -> Iterator[tuple[str, ast.expr | None]]:
    """Values with what they are assigned to, or passed as."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield _name(target), node.value
    elif isinstance(node, ast.AnnAssign):
        yield _name(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    else:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""
