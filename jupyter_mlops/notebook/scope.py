"""Scopes and frames: which variable a name means (Python's rules), and what is surely set at a point of the code."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from jupyter_mlops.notebook.facts import Event

ScopeKind = Literal["module", "function", "class", "comprehension"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(eq=False)
class Frame:
    """Code that runs as one: the cell, or a function's body with its comprehensions and classes.

    `bound` are references surely set here; `sure` is false on a path that may not be taken; `dead` after `return`,
    `raise`, `break` or `continue`; `left` once a path may have returned early.
    """

    name: str = ""
    events: list[Event] = field(default_factory=list)
    captured: dict[str, None] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    seen: set[tuple[str, bool, bool]] = field(default_factory=set)
    sure: bool = True
    dead: bool = False
    left: bool = False
    generator: bool = False

    def branches(self, *paths: Callable[[], None], always_one: bool = True) -> None:
        """Visit paths of which one is taken (or perhaps none): after them, only what all of them set is surely set."""
        before, sure, dead = set(self.bound), self.sure, self.dead
        ends: list[set[str]] = [] if always_one else [before]
        self.sure = False
        for path in paths:
            self.bound, self.dead = set(before), False
            path()
            if not self.dead:
                ends.append(self.bound)
        self.bound = set.intersection(*ends) if ends else before
        self.dead = dead or not ends
        self.sure = sure and not self.left

    def maybe(self, path: Callable[[], None]) -> None:
        """Visit a path that may not be taken, or be left anywhere."""
        self.branches(path, always_one=False)


@dataclass(eq=False)
class Scope:
    """A block of Python's scoping rules. `names` are its variables; a class's are those its body has set so far, of the
    `own_names` that it sets at all.
    """

    kind: ScopeKind
    number: int
    frame: Frame
    parent: Scope | None = None
    names: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    outer_names: set[str] = field(default_factory=set)
    own_names: set[str] = field(default_factory=set)
    class_name: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def reference(self, name: str) -> str:
        """What a name means here (see `facts`): a global name as it is, else `.name:scope` or `^name:scope`."""
        name = self.mangled(name)
        owner = self._owner(name)
        if owner.kind == "module":
            return name
        if owner.frame is self.frame:
            return f".{name}:{owner.number}"
        self._capture(name, owner)
        return f"^{name}:{owner.number}"

    def mangled(self, name: str) -> str:
        """`__x` in a class `C` is `_C__x`."""
        if not name.startswith("__") or name.endswith("__"):
            return name
        scope: Scope | None = self
        while scope is not None:
            if scope.kind == "class":
                return f"_{scope.class_name.lstrip('_')}{name}"
            scope = scope.parent
        return name

    def target(self) -> Scope:
        """Where a walrus binds: outside the comprehensions around it."""
        scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        return scope

    def _owner(self, name: str) -> Scope:
        scope: Scope = self
        while scope.parent is not None:
            visible = scope.kind != "class" or scope is self
            if visible and name in scope.global_names:
                return scope._module()
            if visible and name in scope.names:
                return scope
            if scope is self and name in scope.own_names:
                return scope._module()  # a class body looks for a name that it sets later among the globals
            scope = scope.parent
        return scope

    def _module(self) -> Scope:
        return self if self.parent is None else self.parent._module()

    def _capture(self, name: str, owner: Scope) -> None:
        """Every function between here and the owner passes the variable on."""
        scope: Scope | None = self
        while scope is not None and scope.frame is not owner.frame:
            outside = scope.parent
            while outside is not None and outside.frame is scope.frame:
                outside = outside.parent
            if outside is not None:
                mark = "." if outside.frame is owner.frame else "^"
                scope.frame.captured[f"{mark}{name}:{owner.number}"] = None
            scope = outside


def module_scope() -> Scope:
    """The scope of a cell."""
    return Scope("module", 0, Frame())


def comprehension_scope(parent: Scope) -> Scope:
    """A comprehension: it runs as part of the code around it."""
    return Scope("comprehension", next(parent.numbers), parent.frame, parent, numbers=parent.numbers)


def class_scope(node: ast.ClassDef, parent: Scope) -> Scope:
    """A class body: it runs as part of the code around it."""
    scope = Scope("class", next(parent.numbers), parent.frame, parent, numbers=parent.numbers, class_name=node.name)
    found = _Bindings()
    for statement in node.body:
        found.visit(statement)
    scope.global_names = {scope.mangled(item) for item in found.global_names}
    scope.outer_names = {scope.mangled(item) for item in found.nonlocal_names}
    scope.own_names = {scope.mangled(item) for item in found.names} - scope.global_names - scope.outer_names
    return scope


def function_scope(node: FunctionNode, parent: Scope) -> Scope:
    """A function's body: a frame of its own."""
    name = getattr(node, "name", "<lambda>")
    scope = Scope("function", next(parent.numbers), Frame(name), parent, numbers=parent.numbers)
    body = node.body if isinstance(node.body, list) else [node.body]
    found = _Bindings()
    for statement in body:
        found.visit(statement)
    scope.global_names = {scope.mangled(item) for item in found.global_names}
    local = {*found.names, *(argument.arg for argument in all_arguments(node.args))}
    scope.names = {scope.mangled(item) for item in local - found.nonlocal_names} - scope.global_names
    scope.frame.generator = found.generator
    return scope


def all_arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    """Every parameter, in no particular order."""
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (item for item in (arguments.vararg, arguments.kwarg) if item)


def imported_name(alias: ast.alias) -> str:
    """The name that `import a.b` (`a`) or `import a.b as c` (`c`) binds."""
    return alias.asname or alias.name.partition(".")[0]


class _Bindings(ast.NodeVisitor):
    """Names that a block binds, without those of blocks inside it."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()
        self.generator = False

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.names.add(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        if not isinstance(node, ast.ClassDef):
            self._defaults(node.args)

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)

    def _defaults(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)

    def visit_Global(self, node: ast.Global) -> None:
        self.global_names.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.nonlocal_names.update(node.names)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.names.update(imported_name(alias) for alias in node.names)

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.names.add(node.rest)
        self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield | ast.YieldFrom) -> None:
        self.generator = True
        self.generic_visit(node)

    visit_YieldFrom = visit_Yield

    def generic_visit(self, node: ast.AST) -> None:
        """Of a comprehension, only what a walrus binds and its parts outside count here."""
        if not isinstance(node, _COMPREHENSIONS):
            super().generic_visit(node)
            return
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name):
                self.names.add(inner.target.id)
