"""Setup cells of a notebook without annotations: imports, pure definitions, configuration; safe to run in each step."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.configuration import LINE_MAGICS, import_aliases, is_configuration
from jupyter_mlops.notebook.python_source import calls_shell, cell_magic, line_magics, module_of
from jupyter_mlops.notebook.walking import walk

_BUILTINS = frozenset(dir(builtins))
_PURE_DECORATORS = frozenset({"property", "staticmethod", "classmethod"})


def setup_cells(cells: Sequence[Cell], *, given: Collection[int] = ()) -> frozenset[int]:
    """The indices of the code cells that may run whole, and again, in every step after them without a difference.

    What is evaluated at definition time may use imports and other setup only; a constant beside imports must be an
    immutable literal that nothing rebinds. A cell of constants alone stays in its step, where a change of one reruns
    only what reads it. `given` are cells that are setup because somebody said so.
    """
    trees = {cell.index: module_of(cell.source) for cell in cells if cell.kind == "code"}
    modules = [tree for tree in trees.values() if tree is not None]
    scan = _Scan(import_aliases(modules), _store_counts(modules))
    return frozenset(
        cell.index
        for cell in cells
        if cell.kind == "code" and scan.takes(cell, trees[cell.index], given=cell.index in given)
    )


def has_code(cell: Cell) -> bool:
    """Whether the cell does anything: comments and blank lines do not, a magic or broken Python may."""
    if cell.kind != "code":
        return False
    return bool(_code_lines(cell.source))


def _code_lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@dataclass
class _Scan:
    """The names known so far, from top to bottom: `known` by setup, `data` by anything else."""

    aliases: Mapping[str, str]
    stores: Mapping[str, int]
    known: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)

    def takes(self, cell: Cell, tree: ast.Module | None, *, given: bool = False) -> bool:
        """Whether the cell is setup; either way its names count for the cells below."""
        bound: set[str] = set()
        ok = tree is not None and _magics_are_configuration(cell.source)
        solid = any(name in LINE_MAGICS for name, _ in line_magics(cell.source))
        for statement in tree.body if tree else ():
            kind = self._kind(statement, bound)
            solid = solid or kind == "solid"
            ok = ok and bool(kind)
        if given and tree is not None:
            bound |= set(_stored(tree)) | _imported(tree)
        if given or (ok and solid):
            self.known |= bound
            return True
        self.data |= set(_stored(tree)) if tree else set()
        self.known |= _imported(tree) if tree else set()
        return False

    def _kind(self, statement: ast.stmt, bound: set[str]) -> str:
        """`solid` for what makes a cell setup, `neutral` for what does not spoil it, empty for the rest."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            bound |= _imported(statement)
            return "solid"
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            pure = statement.name not in self.data and self._pure(statement, bound)
            bound.add(statement.name)
            return "solid" if pure else ""
        if isinstance(statement, ast.Pass) or calls_shell(statement):
            return "neutral"
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return "neutral"
        if is_configuration(statement, self.aliases):
            return "solid"
        if isinstance(statement, ast.Try):
            return self._guarded_import(statement, bound)
        return self._constant(statement, bound)

    def _guarded_import(self, statement: ast.Try, bound: set[str]) -> str:
        """`try: import x` with another import, or a constant, where it fails."""
        parts = [
            statement.body,
            *(handler.body for handler in statement.handlers),
            statement.orelse,
            statement.finalbody,
        ]
        kinds = [self._kind(inner, bound) for part in parts for inner in part]
        return "solid" if all(kinds) and "solid" in kinds else ""

    def _constant(self, statement: ast.stmt, bound: set[str]) -> str:
        if not isinstance(statement, ast.Assign) or not all(isinstance(item, ast.Name) for item in statement.targets):
            return ""
        names = {item.id for item in statement.targets if isinstance(item, ast.Name)}
        if not _immutable(statement.value) or any(self.stores.get(name, 0) > 1 for name in names):
            return ""
        bound |= names
        return "neutral"

    def _pure(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, bound: set[str]) -> bool:
        allowed = (self.known | bound | set(self.aliases)) - self.data
        own: set[str] = set()
        decorators = [name for item in node.decorator_list for name in _loaded(item)]
        if not all(name in self.aliases or name in _PURE_DECORATORS for name in decorators):
            return False
        for part in _evaluated(node):
            if _makes_mutable(part):
                return False
            if not all(name in allowed or name in _BUILTINS or name in own for name in _loaded(part)):
                return False
            own |= set(_stored(part))
        return not isinstance(node, ast.ClassDef) or all(self._pure_member(item, bound | own) for item in node.body)

    def _pure_member(self, item: ast.stmt, bound: set[str]) -> bool:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [name for part in item.decorator_list for name in _loaded(part)]
            fine = all(name in self.aliases or name in _PURE_DECORATORS or name in bound for name in names)
            allowed = (self.known | bound | set(self.aliases)) - self.data
            parts = [*item.args.defaults, *(default for default in item.args.kw_defaults if default)]
            return fine and all(
                not _makes_mutable(part) and all(name in allowed or name in _BUILTINS for name in _loaded(part))
                for part in parts
            )
        return not isinstance(item, ast.ClassDef) or self._pure(item, bound)


def _evaluated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[ast.AST]:
    """What runs when the definition does, decorators and methods apart."""
    if isinstance(node, ast.ClassDef):
        yield from node.bases
        yield from node.keywords
        for item in node.body:
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield ast.Assign(targets=[ast.Name(item.name, ast.Store())], value=ast.Constant(None))
            else:
                yield item
    else:
        arguments = node.args
        yield from arguments.defaults
        yield from (default for default in arguments.kw_defaults if default is not None)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        yield from (item.annotation for item in every if item is not None and item.annotation is not None)
        if node.returns is not None:
            yield node.returns


def _makes_mutable(part: ast.AST) -> bool:
    """A list, dict or set made at definition time would lose in the next step what this one put into it."""
    if isinstance(part, ast.AnnAssign):
        return part.value is not None and _makes_mutable(part.value)
    if isinstance(part, ast.Assign):
        return _makes_mutable(part.value)
    return isinstance(part, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def _immutable(node: ast.expr) -> bool:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return _is_immutable(value)


def _is_immutable(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_immutable(item) for item in value)
    return value is None or isinstance(value, bool | int | float | complex | str | bytes)


def _magics_are_configuration(source: str) -> bool:
    return cell_magic(source) == "" and all(name in LINE_MAGICS for name, _ in line_magics(source))


def _store_counts(modules: Sequence[ast.Module]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for module in modules:
        for name in _stored(module):
            counts[name] = counts.get(name, 0) + 1
    return counts


def _stored(tree: ast.AST) -> Iterator[str]:
    """Names that are bound or deleted anywhere inside, imports and definitions apart."""
    for node in walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name


def _loaded(tree: ast.AST) -> Iterator[str]:
    return (node.id for node in walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _imported(tree: ast.AST) -> set[str]:
    return {
        item.asname or item.name.partition(".")[0]
        for node in walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for item in node.names
    }
