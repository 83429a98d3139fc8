"""Functions, lambdas and classes: what is evaluated when they are made, and their bodies as code of its own."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Iterable
from functools import partial

from jupyter_mlops.notebook.expressions import ExpressionVisitor
from jupyter_mlops.notebook.facts import (
    Bind,
    Call,
    ClassFacts,
    FunctionFacts,
    MakeClass,
    MakeFunction,
    Return,
    StoreKind,
    Value,
    holding,
)
from jupyter_mlops.notebook.scope import (
    FunctionNode,
    Scope,
    all_arguments,
    class_scope,
    comprehension_scope,
    function_scope,
    module_scope,
)


class BodyVisitor(ExpressionVisitor):
    """Visits what makes functions and classes. The visitor of statements, which derives from it, visits bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.scope: Scope = module_scope()
        self.future_annotations = False
        self._methods: list[dict[str, FunctionFacts]] = []
        self._class_names: list[str] = []
        self.raised: list[Value] = []

    def statements(self, body: Iterable[ast.stmt]) -> None:
        """Visit a block."""
        for statement in body:
            self.statement(statement)

    @abstractmethod
    def statement(self, node: ast.stmt) -> None:
        """Visit a statement."""

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self.value(item) for item in node.decorator_list]
        signature = self._signature(node.args)
        outside = self._enter_type_parameters(node)
        made = self.function(node, signature)
        for argument in all_arguments(node.args):
            self.annotation(argument.annotation)
        self.annotation(node.returns)
        self.scope = outside
        self._bind_made(node, made, decorators, "function")

    visit_AsyncFunctionDef = visit_FunctionDef

    def _enter_type_parameters(self, node: ast.AST) -> Scope:
        """`def f[T](x: T)` (Python 3.12): go into the scope that knows `T`; give the one around it."""
        outside = self.scope
        parameters = getattr(node, "type_params", ())
        if parameters:
            self.scope = comprehension_scope(outside)
            self.scope.names = {item.name for item in parameters}
            for item in parameters:  # a bound is evaluated when somebody asks for it
                self.scope.frame.maybe(partial(self.ignore, getattr(item, "bound", None)))
        return outside

    def ignore(self, node: ast.expr | None) -> None:
        """Visit an expression whose value goes nowhere."""
        self.value(node)

    def _bind_made(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
        made: Value,
        decorators: list[Value],
        kind: StoreKind,
    ) -> None:
        """Decorators are called with what was made, the nearest first; what they give is bound."""
        for decorator, value in zip(reversed(node.decorator_list), reversed(decorators), strict=True):
            result = self.temporary()
            self.emit(Call(result, "", (), value, (made,), (), decorator.lineno, self.sure))
            made = Value(same=(result, *made.same))
        self.bind_reference(self.scope, node.name, Bind("", made, node.lineno, self.sure, kind))

    def _signature(self, arguments: ast.arguments) -> Value:
        defaults = [self.value(item) for item in (*arguments.defaults, *arguments.kw_defaults)]
        return holding(defaults)

    def value_Lambda(self, node: ast.Lambda) -> Value:
        return self.function(node, self._signature(node.args))

    def function(self, node: FunctionNode, defaults: Value) -> Value:
        """Visit a body in a frame of its own; give the value of the function."""
        outside, raised = self.scope, self.raised
        self.scope = inner = function_scope(node, outside)
        self.raised = []
        arguments = node.args
        refs = {argument.arg: inner.reference(argument.arg) for argument in all_arguments(arguments)}
        if isinstance(node, ast.Lambda):
            self.emit(Return(self.value(node.body)))
        else:
            self.statements(node.body)
        self.scope, self.raised = outside, raised
        code = FunctionFacts(
            name=".".join((*self._class_names, inner.frame.name)),
            line=node.lineno,
            parameters=tuple(refs[item.arg] for item in (*arguments.posonlyargs, *arguments.args)),
            keyword_only=tuple(refs[item.arg] for item in arguments.kwonlyargs),
            variadic=tuple(refs[item.arg] for item in (arguments.vararg, arguments.kwarg) if item),
            events=tuple(inner.frame.events),
            captured=tuple(inner.frame.captured),
            sure_writes=frozenset(() if inner.frame.left else (n for n in inner.frame.bound if n[0] not in ".^")),
            generator=inner.frame.generator,
            marks=_marks(node),
        )
        if self._methods and (outside.kind == "class" or _in_class(node, outside)):
            self._methods[-1][_method_name(code, inner.frame.name)] = code
        result = self.temporary()
        self.emit(MakeFunction(result, code, defaults, node.lineno))
        return Value(same=(result,))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        decorators = [self.value(item) for item in node.decorator_list]
        around = self._enter_type_parameters(node)
        bases = [self.value(item) for item in node.bases]
        bases += [self.value(item.value) for item in node.keywords]
        outside = self.scope
        self.scope = class_scope(node, outside)
        self._methods.append({})
        self._class_names.append(node.name)
        start = len(self.scope.frame.events)
        self.statements(node.body)
        held = tuple(event.name for event in self.scope.frame.events[start:] if isinstance(event, Bind))
        self._class_names.pop()
        methods = self._methods.pop()
        self.scope = outside = around
        if self._methods and outside.kind == "class":
            self._methods[-1].update({f"{node.name}.{name}": code for name, code in methods.items()})
        names = tuple(base.chain[0] if len(base.chain) == 1 else "" for base in bases)
        result = self.temporary()
        local = tuple(name for name in held if name.startswith("."))
        base_refs = tuple(ref for base in bases for ref in base.refs)
        code = ClassFacts(node.name, node.lineno, methods, names)
        self.emit(MakeClass(result, code, Value(held=local + base_refs), node.lineno))
        self._bind_made(node, Value(same=(result,)), decorators, "class")

    def visit_Return(self, node: ast.Return) -> None:
        self.emit(Return(self.value(node.value)))
        self._leave()

    def yielded(self, value: Value) -> None:
        self.emit(Return(Value(held=value.refs, fresh=True)))

    def visit_Raise(self, node: ast.Raise) -> None:
        self.raised.append(self.value(node.exc))
        self.value(node.cause)
        self.scope.frame.dead = True

    def _leave(self) -> None:
        frame = self.scope.frame
        frame.left |= not frame.sure
        frame.dead = True

    def visit_Break(self, _node: ast.Break | ast.Continue) -> None:
        self.scope.frame.dead = True

    visit_Continue = visit_Break

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        """Known from the scope."""

    visit_Nonlocal = visit_Global

    def annotation(self, node: ast.expr | None) -> None:
        """Annotations are expressions, unless the cell postpones them."""
        if node is not None and not self.future_annotations:
            self.value(node)


def _in_class(node: FunctionNode, scope: Scope) -> bool:
    """Whether a function with type parameters stands in a class: their scope is between."""
    return bool(getattr(node, "type_params", ())) and scope.parent is not None and scope.parent.kind == "class"


def _method_name(code: FunctionFacts, name: str) -> str:
    """`size.setter` for what sets a property: it has the name of the function that gets it."""
    return next((f"{name}.{mark}" for mark in ("setter", "deleter") if mark in code.marks), name)


def _marks(node: FunctionNode) -> frozenset[str]:
    """The last names of decorators: `setter` of `@size.setter`."""
    found = set()
    for item in getattr(node, "decorator_list", ()):
        function = item.func if isinstance(item, ast.Call) else item
        found.add(function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "?"))
    return frozenset(found)
