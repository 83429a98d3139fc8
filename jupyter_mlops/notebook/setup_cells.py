"""Setup cells of a notebook without annotations: imports, pure definitions, configuration; safe to run in each step."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_mlops.notebook.cell_syntax import cell_syntax, import_aliases, tree_syntax
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.configuration import LINE_MAGICS, is_configuration
from jupyter_mlops.notebook.per_source import per_source
from jupyter_mlops.notebook.python_source import calls_shell, cell_magic, line_magics, module_of
from jupyter_mlops.notebook.scope import imported_name
from jupyter_mlops.notebook.walking import walk

_BUILTINS = frozenset(dir(builtins))
_PURE_DECORATORS = frozenset({"property", "staticmethod", "classmethod"})


def setup_cells(cells: Sequence[Cell], *, given: Collection[int] = ()) -> frozenset[int]:
    """The indices of the code cells that may run whole, and again, in every step after them without a difference.

    What is evaluated at definition time may use imports and other setup only; a constant beside imports must be an
    immutable literal that nothing rebinds. A cell of constants alone stays in its step, where a change of one reruns
    only what reads it. `given` are cells that are setup because somebody said so.
    """
    code = [cell for cell in cells if cell.kind == "code"]
    scan = _Scan(
        import_aliases(cell.source for cell in code),
        Counter(name for cell in code for name in cell_syntax(cell.source).stored),
    )
    return frozenset(cell.index for cell in code if scan.takes(cell.source, given=cell.index in given))


def has_code(cell: Cell) -> bool:
    """Whether the cell does anything: comments and blank lines do not, a magic or broken Python may."""
    if cell.kind != "code":
        return False
    return _has_code(cell.source)


@per_source
def _has_code(source: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in source.splitlines())


@dataclass
class _Scan:
    """The names known so far, from top to bottom: `known` by setup, `data` by anything else."""

    aliases: Mapping[str, str]
    stores: Mapping[str, int]
    known: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)

    def takes(self, source: str, *, given: bool = False) -> bool:
        """Whether the cell is setup; either way its names count for the cells below."""
        syntax = cell_syntax(source)
        bound = {*syntax.stored, *syntax.imported} if given else set[str]()
        if given or not _surely_works(source):
            given |= self._is_setup(source, bound, to_the_end=given)
        if given:
            self.known |= bound
            return True
        self.data.update(syntax.stored)
        self.known |= syntax.imported
        return False

    def _is_setup(self, source: str, bound: set[str], *, to_the_end: bool) -> bool:
        """Whether nothing in the cell forbids it; `bound` then has the names that it sets (`to_the_end`: always)."""
        tree = module_of(source)
        ok = tree is not None and _magics_are_configuration(source)
        solid = any(name in LINE_MAGICS for name, _ in line_magics(source))
        for statement in tree.body if tree else ():
            if not (ok or to_the_end):
                return False
            kind = self._kind(statement, bound)
            solid = solid or kind == "solid"
            ok = ok and bool(kind)
        return ok and solid

    def _kind(self, statement: ast.stmt, bound: set[str]) -> str:
        """`solid` for what makes a cell setup, `neutral` for what does not spoil it, empty for the rest."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            bound.update(imported_name(item) for item in statement.names)
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
            own.update(tree_syntax(part).stored)
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


@per_source
def _surely_works(source: str) -> bool:
    """Whether the cell cannot be setup, whatever its names are: it begins by computing a value, as most cells do."""
    tree = module_of(source)
    first = tree.body[0] if tree and tree.body else None
    if not isinstance(first, ast.Assign) or calls_shell(first):
        return False
    return all(isinstance(item, ast.Name) for item in first.targets) and not _immutable(first.value)


def _magics_are_configuration(source: str) -> bool:
    return cell_magic(source) == "" and all(name in LINE_MAGICS for name, _ in line_magics(source))


def _loaded(tree: ast.AST) -> Iterator[str]:
    return (node.id for node in walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
