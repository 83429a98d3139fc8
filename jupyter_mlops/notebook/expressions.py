"""The expressions of a cell: one method a kind, each says what the expression reads and what its value may share."""

from __future__ import annotations

import ast
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable

from jupyter_mlops.notebook.facts import (
    NOTHING,
    Attribute,
    Bind,
    Call,
    Event,
    Identity,
    Keep,
    Protocol,
    Read,
    Ref,
    Text,
    Use,
    Value,
    either,
    holding,
    inside,
)
from jupyter_mlops.notebook.scope import Scope, comprehension_scope
from jupyter_mlops.notebook.special_methods import (
    COMPARING,
    GOING_OVER,
    HASHING,
    LOOKING_UP,
    TEXT_METHODS,
    TRUTH,
    UNARY,
    operator_methods,
)
from jupyter_mlops.notebook.texts import text_of

# Operators whose result shares what is inside a container operand: `[a] + [b]`, `[a] * 2`, `{...} | {...}`.
_SHARING_OPERATORS = (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd, ast.Sub)
# Calls that see names no analysis can see.
DYNAMIC_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "compile", "__import__"})
SHELL_METHODS = frozenset({"system", "getoutput", "run_line_magic", "run_cell_magic", "pinfo"})


class ExpressionVisitor(ABC):
    """Visits expressions in the order in which Python evaluates them. Not reused: one a cell.

    What assigns and what yields stands in statements: their visitor, which derives from this one, says what is done.
    """

    scope: Scope

    def __init__(self) -> None:
        self.dynamic: list[Use] = []
        self.strings: set[str] = set()
        self.optional = 0  # above 0 inside a shell line: a name that is not there stays as it is written
        self._temporaries = itertools.count(1)

    # ------------------------------------------------------------------------------------------------- what is done

    def emit(self, event: Event) -> None:
        """Record an event of the code that is being visited."""
        self.scope.frame.events.append(event)

    @property
    def sure(self) -> bool:
        """Whether this point is reached whenever the code runs to its end."""
        return self.scope.frame.sure and not self.scope.frame.dead

    def temporary(self) -> int:
        """A new reference to the value of an expression."""
        return next(self._temporaries)

    def load(self, name: str, line: int, *, called: bool = False) -> str:
        """Read a name; give its reference."""
        reference = self.scope.reference(name)
        frame = self.scope.frame
        if reference[0] in ".^" or reference in frame.bound:
            return reference
        key = (reference, self.sure, called)
        if not ({key, (reference, True, False), (reference, True, called)} & frame.seen) or self.optional:
            frame.seen.add(key)
            self.emit(Read(reference, line, self.sure, called, bool(self.optional)))
        return reference

    def bind(self, name: str, value: Value, line: int, *, scope: Scope | None = None, text: Text = ()) -> None:
        """Set a name."""
        self.bind_reference((scope or self.scope), name, Bind("", value, line, self.sure, text=text))

    def bind_reference(self, scope: Scope, name: str, event: Bind) -> None:
        """Set a name of a scope; `event` says all but its reference."""
        if scope.kind == "class":
            name = scope.mangled(name)
            if name in scope.own_names:
                scope.names.add(name)
        reference = scope.reference(name)
        self.emit(event._replace(name=reference))
        scope.frame.bound.add(reference)

    # ------------------------------------------------------------------------------------------------- expressions

    def value(self, node: ast.expr | None) -> Value:
        """Visit an expression."""
        if node is None:
            return NOTHING
        method = getattr(self, f"value_{type(node).__name__}", None)
        if method is None:
            return self.all_of(node)
        found: Value = method(node)
        return found

    def all_of(self, node: ast.AST) -> Value:
        """Visit every part of an expression that gives a plain value: a comparison, a string, a slice."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return NOTHING

    def value_Constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str) and len(node.value) < 300:
            self.strings.add(node.value)
        return NOTHING

    def value_Name(self, node: ast.Name) -> Value:
        reference = self.load(node.id, node.lineno)
        return Value(same=(reference,), chain=(reference,))

    def value_Attribute(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        chain = (*base.chain, node.attr) if base.chain else ()
        found = inside(base)
        if not base.refs:
            return found._replace(chain=chain)
        result = self.temporary()
        self.emit(Attribute(result, base, node.attr, node.lineno, self.sure))
        return found._replace(same=(*found.same, result), chain=chain)

    def value_Subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        index = self.value(node.slice)
        given = self.protocol((base,), LOOKING_UP, node.lineno, given=(index,))
        found = inside(base)
        return found._replace(same=found.same + given)

    def protocol(
        self, values: Iterable[Value], names: tuple[str, ...], line: int, *, given: Iterable[Value] = ()
    ) -> tuple[Ref, ...]:
        """Python calls methods of these names on values, if they have them; what those give. `given` are arguments."""
        called = either(values)
        if not called.same and not called.part:
            return ()
        result = self.temporary()
        self.emit(Protocol(result, Value(called.same, called.part), names, line, self.sure, either(given)))
        return (result,)

    def operator(self, left: Value, right: Value, names: tuple[str, ...], line: int) -> tuple[Ref, ...]:
        """Methods of an operator, on the one or the other; what those give."""
        return self.protocol((left, right), names, line, given=(left, right))

    def test(self, node: ast.expr | None) -> Value:
        """Visit an expression whose truth is asked for."""
        found = self.value(node)
        if node is not None:
            self.protocol((found,), TRUTH, node.lineno)
        return found

    def elements(self, source: Value, line: int) -> Value:
        """What going over something gives, one after the other."""
        given = self.protocol((source,), GOING_OVER, line)
        found = inside(source)
        return found._replace(part=found.part + given)

    def value_Starred(self, node: ast.Starred) -> Value:
        return self.elements(self.value(node.value), node.lineno)

    def value_List(self, node: ast.List | ast.Set) -> Value:
        return holding([self.value(item) for item in node.elts])._replace(fresh=True)

    value_Set = value_List

    def value_Tuple(self, node: ast.Tuple) -> Value:
        elements = tuple(self.value(item) for item in node.elts)
        starred = any(isinstance(item, ast.Starred) for item in node.elts)
        return holding(elements)._replace(elements=() if starred else elements)

    def value_Dict(self, node: ast.Dict) -> Value:
        items = [self.value(item) for pair in zip(node.keys, node.values, strict=True) for item in pair]
        self.protocol(items[::2], HASHING, node.lineno)
        return holding(items)._replace(fresh=True)

    def value_BinOp(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        operands = left.refs + right.refs
        inner = operands if isinstance(node.op, _SHARING_OPERATORS) else ()
        given = self.operator(left, right, operator_methods(node.op), node.lineno)
        return Value(same=given, inner=inner, operands=operands, fresh=left.fresh or right.fresh)

    def value_UnaryOp(self, node: ast.UnaryOp) -> Value:
        operand = self.value(node.operand)
        given = self.protocol((operand,), UNARY, node.lineno)
        return (
            NOTHING if isinstance(node.op, ast.Not) else Value(same=given, operands=operand.refs, fresh=operand.fresh)
        )

    def value_Compare(self, node: ast.Compare) -> Value:
        values = [self.value(node.left)]
        identity = False
        for operator, right in zip(node.ops, node.comparators, strict=True):
            values.append(self.value(right))
            identity |= isinstance(operator, ast.Is | ast.IsNot) and not isinstance(right, ast.Constant)
        if identity:
            self.emit(Identity(tuple(values), node.lineno))
        operands = tuple(ref for value in values for ref in value.refs)
        contained = any(isinstance(operator, ast.In | ast.NotIn) for operator in node.ops)
        names = (*COMPARING, "__contains__", "__iter__") if contained else COMPARING
        inner = [inside(value) for value in values] if contained else []
        self.protocol((*values, *inner), names, node.lineno, given=values)
        return Value(operands=operands) if isinstance(node.ops[0], ast.Eq | ast.Lt | ast.Gt | ast.NotEq) else NOTHING

    def value_BoolOp(self, node: ast.BoolOp) -> Value:
        found = [self.test(node.values[0])]

        def rest(index: int) -> None:
            found.append(self.test(node.values[index]))
            if index + 1 < len(node.values):
                self.scope.frame.maybe(lambda: rest(index + 1))

        self.scope.frame.maybe(lambda: rest(1))
        return either(found)

    def value_IfExp(self, node: ast.IfExp) -> Value:
        self.test(node.test)
        found: list[Value] = []
        self.scope.frame.branches(
            lambda: found.append(self.value(node.body)), lambda: found.append(self.value(node.orelse))
        )
        return either(found)

    def value_NamedExpr(self, node: ast.NamedExpr) -> Value:
        found = self.kept(self.value(node.value))
        self.bind(node.target.id, found, node.lineno, scope=self.scope.target())
        return found._replace(chain=())

    def kept(self, value: Value) -> Value:
        """The value as one object, for code that uses it more than once."""
        if value.same and not (value.part or value.held or value.inner or value.fresh):
            return value
        result = self.temporary()
        self.emit(Keep(result, value))
        return Value(same=(result,), elements=value.elements)

    def value_JoinedStr(self, node: ast.JoinedStr) -> Value:
        for item in node.values:
            if isinstance(item, ast.FormattedValue):
                self.protocol((self.value(item.value),), TEXT_METHODS, node.lineno)
                self.value(item.format_spec)
            elif isinstance(item, ast.Constant) and isinstance(item.value, str):
                self.strings.add(item.value)
        return NOTHING

    def value_Await(self, node: ast.Await) -> Value:
        return inside(self.value(node.value))

    def value_Yield(self, node: ast.Yield) -> Value:
        self.yielded(self.value(node.value) if node.value else NOTHING)
        return Value(fresh=True)

    def value_YieldFrom(self, node: ast.YieldFrom) -> Value:
        found = self.elements(self.value(node.value), node.lineno)
        self.yielded(found)
        return found

    @abstractmethod
    def yielded(self, value: Value) -> None:
        """A generator gives a value."""

    # ---------------------------------------------------------------------------------------------- comprehensions

    def value_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        return self._comprehension(node.generators, [node.elt])

    value_SetComp = value_GeneratorExp = value_ListComp

    def value_DictComp(self, node: ast.DictComp) -> Value:
        return self._comprehension(node.generators, [node.key, node.value])

    def _comprehension(self, generators: list[ast.comprehension], results: list[ast.expr]) -> Value:
        """The first iterable belongs to the code around; the rest is a scope of its own and may not run at all."""
        outside = self.scope
        first = self.value(generators[0].iter)
        self.scope = comprehension_scope(outside)
        self.scope.names = {
            item.id
            for generator in generators
            for item in ast.walk(generator.target)
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
        }
        found: list[Value] = []

        def body() -> None:
            for index, generator in enumerate(generators):
                source = first if index == 0 else self.value(generator.iter)
                self.assign(generator.target, self.elements(source, generator.target.lineno)._replace(row=True))
                for condition in generator.ifs:
                    self.test(condition)
            found.extend(self.value(item) for item in results)

        self.scope.frame.maybe(body)
        self.scope = outside
        return holding(found)._replace(fresh=True)

    @abstractmethod
    def assign(self, target: ast.expr, value: Value) -> None:
        """Set a target of an assignment or a loop."""

    # ------------------------------------------------------------------------------------------------------- calls

    def value_Call(self, node: ast.Call) -> Value:
        root, path, receiver = self._callee(node.func)
        magic = path == ("system",) or (bool(path) and path[0] in SHELL_METHODS and _is_shell(node.func))
        self.optional += magic
        arguments = tuple(self.value(item) for item in node.args)
        keywords = tuple((item.arg or "", self.value(item.value)) for item in node.keywords)
        self.optional -= magic
        if root in DYNAMIC_CALLS and not path and not (root == "vars" and node.args):
            self.dynamic.append(Use(root, node.lineno, self.sure, self.scope.frame.name))
        result = self.temporary()
        self.emit(
            Call(
                result,
                root,
                path,
                receiver,
                arguments,
                keywords,
                node.lineno,
                self.sure,
                self._texts(node),
                _flags(node),
            )
        )
        return Value(same=(result,))

    def _texts(self, node: ast.Call) -> tuple[tuple[str | int, Text], ...]:
        arguments: list[tuple[str | int, ast.expr]] = [*enumerate(node.args)]
        arguments += [(item.arg, item.value) for item in node.keywords if item.arg]
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call | ast.BinOp | ast.Constant):
            arguments.append(("", node.func.value))  # `Path("f").write_text(...)`
        texts = ((place, text_of(item)) for place, item in arguments)
        return tuple((place, tuple(map(self._piece, text))) for place, text in texts if text)

    def _piece(self, piece: str | tuple[str]) -> str | tuple[str]:
        return piece if isinstance(piece, str) else (self.scope.reference(piece[0]),)

    def _callee(self, node: ast.expr) -> tuple[str, tuple[str, ...], Value]:
        """Root name and dotted path of what is called; the value of what a method belongs to if it has no such root."""
        path: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            path.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            root = self.load(inner.id, inner.lineno, called=not path)
            return root, tuple(reversed(path)), NOTHING
        if isinstance(node, ast.Attribute):
            return "", (node.attr,), self.value(node.value)
        return "", (), self.value(node)


def _is_shell(function: ast.expr) -> bool:
    """`get_ipython().system(...)`: what `ipython_source` writes for a magic or a shell line."""
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Call)
        and isinstance(function.value.func, ast.Name)
        and function.value.func.id == "get_ipython"
    )


def _flags(node: ast.Call) -> frozenset[str]:
    """Keywords given as `True`, and `*` where arguments are spread."""
    spread = frozenset("*" for item in node.args if isinstance(item, ast.Starred))
    return spread.union(
        item.arg
        for item in node.keywords
        if item.arg and isinstance(item.value, ast.Constant) and item.value.value is True
    )
