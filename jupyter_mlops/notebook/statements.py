"""The statements of a cell, in the order of evaluation: one method a kind.

What is conditional is followed path by path: a name that every path sets is surely set after them; the rest may be.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

from jupyter_mlops.notebook.bodies import BodyVisitor
from jupyter_mlops.notebook.facts import (
    NOTHING,
    Bind,
    Call,
    Event,
    Keep,
    Mutate,
    Read,
    StarImport,
    Unbind,
    Value,
    either,
    inside,
)
from jupyter_mlops.notebook.ipython_source import PythonSource
from jupyter_mlops.notebook.scope import (
    imported_name,
)
from jupyter_mlops.notebook.special_methods import GOING_OVER, TEXT_METHODS, deleting, operator_methods, setting
from jupyter_mlops.notebook.star_imports import star_names
from jupyter_mlops.notebook.texts import text_of

_SHOWING = (*TEXT_METHODS, "_repr_html_", "_repr_mimebundle_", "_ipython_display_")
_ENTERING = ("__enter__", "__exit__", "__aenter__", "__aexit__")


class StatementVisitor(BodyVisitor):
    """Visits the statements of one cell."""

    def __init__(self) -> None:
        super().__init__()
        self.star_imports: list[StarImport] = []
        self.displays: Value | None = None

    def run(self, python: PythonSource) -> None:
        """Visit a cell."""
        if python.timed:
            self._run_timed(python.tree)
            return
        body = python.tree.body
        last = body[-1] if body else None
        for statement in body:
            if statement is last and isinstance(statement, ast.Expr):
                self.displays = self.value(statement.value)
                self.protocol((self.displays,), _SHOWING, statement.lineno)
            else:
                self.statement(statement)

    def _run_timed(self, tree: ast.Module) -> None:
        """`%%timeit` runs its body in a function of its own."""
        arguments = ast.arguments([], [], None, [], [], None, [])
        function = ast.FunctionDef("<timeit>", arguments, tree.body or [ast.Pass()], [], lineno=1, col_offset=0)
        made = self.function(function, NOTHING)
        self.emit(Call(self.temporary(), "", (), made, (), (), 1, True))

    def statement(self, node: ast.stmt) -> None:
        """Visit a statement by the method for its kind; kinds without one have only expressions."""
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is not None:
            method(node)
        else:
            self.all_of(node)

    # ------------------------------------------------------------------------------------------------- assignments

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        if len(node.targets) > 1:
            value = self.kept(value)
        for target in node.targets:
            self._assign_display(target, node.value, value)

    def _assign_display(self, target: ast.expr, node: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, value, target.lineno, text=text_of(node))
        else:
            self.assign(target, value)

    def assign(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name, lineno=line):
                self.bind(name, value, line)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                self.protocol((value,), GOING_OVER, target.lineno)
                for item, part in zip(items, self._taken_apart(items, value), strict=True):
                    self.assign(item, part)
            case ast.Starred(value=inner):
                self.assign(inner, Value(held=value.refs, operands=value.refs, fresh=True))
            case ast.Attribute(value=base) | ast.Subscript(value=base):
                self._set_inside(target, self.value(base), value)

    def _set_inside(self, target: ast.Attribute | ast.Subscript, owner: Value, value: Value) -> None:
        """Set an attribute or an item of an object."""
        if isinstance(target, ast.Attribute):
            self.protocol((owner,), setting(target.attr), target.lineno, given=(value,))
        else:
            index = self.value(target.slice)
            self.protocol((owner,), ("__setitem__",), target.lineno, given=(index, value))
        self._change(owner, value, target.lineno)

    def _taken_apart(self, targets: list[ast.expr], value: Value) -> list[Value]:
        """`a, b = x, y` gives each its own, after all are known; of another value each gets something inside."""
        if any(isinstance(item, ast.Starred) for item in targets):
            return [inside(value)] * len(targets)
        if len(value.elements) != len(targets):
            return [inside(value)._replace(position=index, row=value.row) for index in range(len(targets))]
        kept = []
        for element in value.elements:
            result = self.temporary()
            self.emit(Keep(result, element))
            kept.append(Value(same=(result,), elements=element.elements))
        return kept

    def _change(self, owner: Value, value: Value, line: int) -> None:
        self.emit(Mutate(owner, value, line, self.sure))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            value = self.value(node.value)
            self._assign_display(node.target, node.value, value)
        elif not isinstance(node.target, ast.Name):
            self.value(node.target.value if isinstance(node.target, ast.Attribute | ast.Subscript) else None)
        if self.scope.kind != "function" and node.simple:
            self.annotation(node.annotation)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            reference = self.load(target.id, target.lineno)
            added = self.value(node.value)
            self._change(Value(same=(reference,)), inside(added), node.lineno)
            given = self.operator(Value(same=(reference,)), added, operator_methods(node.op), node.lineno)
            self.bind(
                target.id,
                Value(same=(reference, *given), inner=added.refs, operands=added.refs, fresh=added.fresh),
                node.lineno,
            )
            return
        before = self.value(target)
        added = self.value(node.value)
        self._change(before, inside(added), node.lineno)
        given = self.operator(before, added, operator_methods(node.op), node.lineno)
        self._set_inside(target, self.value(target.value), either((before, added, Value(same=given))))

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete(target)

    def _delete(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self._unbind(name, target.lineno)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                for item in items:
                    self._delete(item)
            case ast.Attribute(value=base, attr=name):
                owner = self.value(base)
                self.protocol((owner,), deleting(name), target.lineno)
                self._change(owner, NOTHING, target.lineno)
            case ast.Subscript(value=base, slice=index):
                owner = self.value(base)
                given = self.value(index)
                self.protocol((owner,), ("__delitem__",), target.lineno, given=(given,))
                self._change(owner, NOTHING, target.lineno)

    def _unbind(self, name: str, line: int) -> None:
        self.load(name, line)
        self._forget(name, line)

    def _forget(self, name: str, line: int) -> None:
        reference = self.scope.reference(name)
        self.emit(Unbind(reference, line, self.sure))
        self.scope.frame.bound.discard(reference)

    # ----------------------------------------------------------------------------------------------------- imports

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            self._bind_import(imported_name(alias), module, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        if module == "__future__":
            self.future_annotations |= any(alias.name == "annotations" for alias in node.names)
        for alias in node.names:
            if alias.name == "*":
                self._import_star(module, node.lineno)
            else:
                self._bind_import(imported_name(alias), f"{module}.{alias.name}", node.lineno)

    def _import_star(self, module: str, line: int) -> None:
        names = star_names(module)
        self.star_imports.append(StarImport(module, line, names))
        for name in names or ():
            self._bind_import(name, f"{module}.{name}", line)

    def _bind_import(self, name: str, module: str, line: int) -> None:
        self.bind_reference(self.scope, name, Bind("", NOTHING, line, self.sure, "import", (), module))

    # -------------------------------------------------------------------------------------------------- conditions

    def visit_If(self, node: ast.If) -> None:
        self.test(node.test)
        paths = (partial(self.statements, node.body), partial(self.statements, node.orelse))
        self.scope.frame.branches(*paths)

    def visit_Match(self, node: ast.Match) -> None:
        subject = self.value(node.subject)
        last = node.cases[-1]
        complete = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        paths = (partial(self._case, case, subject) for case in node.cases)
        self.scope.frame.branches(*paths, always_one=complete)

    def _case(self, case: ast.match_case, subject: Value) -> None:
        self._pattern(case.pattern, subject)
        self.test(case.guard)
        self.statements(case.body)

    def _pattern(self, pattern: ast.AST, subject: Value) -> None:
        name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
        for child in ast.iter_child_nodes(pattern):
            if isinstance(child, ast.expr):
                self.value(child)
            else:
                self._pattern(child, inside(subject))
        if isinstance(name, str):
            whole = isinstance(pattern, ast.MatchAs)
            self.bind(name, subject if whole else inside(subject), getattr(pattern, "lineno", 1))

    # ------------------------------------------------------------------------------------------------------- loops

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.value(node.iter)
        taken = self.elements(source, node.lineno)._replace(row=True)
        self._loop(partial(self.assign, node.target, taken), node)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.test(node.test)
        self._loop(partial(self.test, node.test), node)

    def _loop(self, head: Callable[[], object], node: ast.For | ast.AsyncFor | ast.While) -> None:
        """What the body changes may come round: its events count twice."""
        events = self.scope.frame.events
        start = len(events)

        def body() -> None:
            head()
            self.statements(node.body)
            self.scope.frame.dead = False

        self.scope.frame.maybe(body)
        events += _again(events[start:])
        if _has_break(node.body):
            self.scope.frame.maybe(partial(self.statements, node.orelse))
        else:
            self.statements(node.orelse)

    # -------------------------------------------------------------------------------------------- with, try, assert

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            given = self.protocol((value,), _ENTERING, node.lineno)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, Value(same=value.same + given, part=value.refs, fresh=value.fresh))
        if any(_swallows(item.context_expr) for item in node.items):
            self.scope.frame.branches(partial(self.statements, node.body), lambda: None)
        else:
            self.statements(node.body)

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try) -> None:
        if node.handlers:
            before = len(self.raised)
            self.scope.frame.branches(
                lambda: self.statements([*node.body, *node.orelse]),
                *(partial(self._handler, handler, before) for handler in node.handlers),
            )
        else:
            self.statements(node.body)
        dead, self.scope.frame.dead = self.scope.frame.dead, False
        self.statements(node.finalbody)
        self.scope.frame.dead |= dead

    visit_TryStar = visit_Try

    def _handler(self, handler: ast.ExceptHandler, before: int) -> None:
        """It catches what was raised in the body, after the first `before` of what the code raises."""
        self.value(handler.type)
        if handler.name:
            self.bind(handler.name, either(self.raised[before:]), handler.lineno)
        self.statements(handler.body)
        if handler.name:
            self._forget(handler.name, handler.lineno)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.test(node.test)
        if node.msg is not None:
            self.scope.frame.maybe(partial(self.ignore, node.msg))

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """`type X = ...` (Python 3.12): the right side is evaluated when it is asked for."""
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            self.bind(name.id, Value(fresh=True), name.lineno)


def _again(events: list[Event]) -> list[Event]:
    """A second round sees what the first one left; names are read and made only once."""
    if len(events) > 2000:
        return []
    return [event for event in events if not isinstance(event, Read)]


def _has_break(body: list[ast.stmt]) -> bool:
    """Whether the loop may end early; a `break` of a loop inside it counts too, which is only less exact."""
    return any(isinstance(node, ast.Break) for statement in body for node in ast.walk(statement))


def _swallows(manager: ast.expr) -> bool:
    """Whether leaving the `with` body half-way may go unnoticed: `contextlib.suppress` and its like."""
    function = manager.func if isinstance(manager, ast.Call) else manager
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"suppress", "raises", "assertRaises", "assertRaisesRegex", "ExitStack", "AsyncExitStack"}
