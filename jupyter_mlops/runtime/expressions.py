"""Conditions and loops: a small expression language, read with `ast` and evaluated here; nothing is ever executed.

Python's literals, names, arithmetic, comparisons, `and or not in`, conditional expressions, displays, subscripts,
`metrics.NAME`, `params.NAME`, and the functions of `FUNCTIONS`. Sizes are bounded, so that no expression takes long.
"""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_mlops.runtime.errors import MlopsError

MAX_LENGTH = 10_000  # characters of an expression, items of a range
MAX_ITEMS = 100_000  # items of a container, characters of a string
MAX_BITS = 4096  # of a whole number
OBJECTS = ("metrics", "params")


class ExpressionError(MlopsError, ValueError):
    """An expression that cannot be read or evaluated; `position` is the column in it, from 1 (0: unknown)."""

    code = "expression"

    def __init__(self, message: str, *, hint: str = "", position: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.position = position


def names(expression: str) -> set[str]:
    """Names that the expression reads, functions not counted. Raises `ExpressionError`."""
    tree = _parse(expression)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """The value of the expression over `values` (plain data). Raises `ExpressionError`."""
    tree = _parse(expression)
    try:
        return _Evaluator(expression, values).value(tree)
    except RecursionError:
        raise ExpressionError(f"the expression {_short(expression)} is nested too deeply.") from None


def parse_loop(text: str) -> tuple[str, str]:
    """Split `depth in [2, 4]` into the variable and the items' expression. Raises `ExpressionError`."""
    tree = _tree(text)
    loop = tree if isinstance(tree, ast.Compare) else None
    if loop is None or len(loop.ops) != 1 or not isinstance(loop.ops[0], ast.In) or not isinstance(loop.left, ast.Name):
        raise ExpressionError(f"{_short(text)} is not a loop.", hint="Write it as `NAME in ITEMS`: `depth in [2, 4]`.")
    # What follows the first `in`: the variable cannot contain one, and comments or parentheses stay as they were.
    items = text.strip()[len(loop.left.id) :].lstrip()[len("in") :].strip()
    _parse(items)
    return loop.left.id, items


def _short(expression: str) -> str:
    return repr(expression if len(expression) <= 80 else expression[:77] + "...")


def _tree(expression: str) -> ast.expr:
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, this one {len(expression)}.")
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = getattr(error, "offset", None) or 0
        where = f" at column {column}" if column else ""
        raise ExpressionError(f"the expression {_short(expression)} cannot be read{where}.", position=column) from None


def _parse(expression: str) -> ast.expr:
    tree = _tree(expression)
    for node in ast.walk(tree):
        _check(node, expression)
    return tree


def _check(node: ast.AST, expression: str) -> None:
    problem = ""
    if not isinstance(node, _ALLOWED):
        problem = f"{_NAMES.get(type(node).__name__, type(node).__name__.lower())} cannot be used"
    elif isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in OBJECTS):
        problem = f"attributes can be read of {' and '.join(OBJECTS)} only, not .{node.attr}"
    elif isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
        problem = f"{ast.unparse(node.func)} cannot be called; known are {', '.join(FUNCTIONS)}"
    elif isinstance(node, ast.Constant) and not isinstance(node.value, (str, int, float, bool, type(None))):
        problem = f"{node.value!r} cannot be used"
    if problem:
        raise _error(node, problem, expression)


def _error(node: ast.AST, problem: str, expression: str) -> ExpressionError:
    position = getattr(node, "col_offset", -1) + 1
    where = f" (column {position})" if position else ""
    return ExpressionError(f"in the expression {_short(expression)}: {problem}{where}.", position=position)


_ALLOWED = (
    *(ast.Constant, ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.keyword),
    *(ast.BinOp, ast.operator, ast.UnaryOp, ast.unaryop, ast.BoolOp, ast.boolop, ast.Compare, ast.cmpop),
    *(ast.IfExp, ast.List, ast.Tuple, ast.Dict, ast.Set),
)
_NAMES = {
    "Lambda": "lambda",
    "ListComp": "comprehensions",
    "SetComp": "comprehensions",
    "DictComp": "comprehensions",
    "GeneratorExp": "comprehensions",
    "JoinedStr": "f-strings",
    "NamedExpr": "assignments",
    "Starred": "*",
    "Await": "await",
}


class _Evaluator:
    """One rule a node type; every result is checked for its size."""

    def __init__(self, expression: str, values: Mapping[str, Any]) -> None:
        self._expression = expression
        self._values = values

    def value(self, node: ast.AST) -> Any:
        try:
            return _bounded(getattr(self, f"_{type(node).__name__.lower()}")(node))
        except ExpressionError as error:
            raise error if error.position else _error(node, error.message.rstrip("."), self._expression) from None
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            text = f"{type(error).__name__}: {error}" if not isinstance(error, KeyError) else f"there is no key {error}"
            raise _error(node, text, self._expression) from error

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self._values:
            raise _error(node, f"{node.id!r} has no value here", self._expression)
        return self._values[node.id]

    def _attribute(self, node: ast.Attribute) -> Any:
        assert isinstance(node.value, ast.Name)
        found = self._values.get(node.value.id, {})
        if node.attr not in found:
            raise _error(node, f"there is no {node.value.id}.{node.attr} yet", self._expression)
        return found[node.attr]

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> Any:
        return slice(*(None if part is None else self.value(part) for part in (node.lower, node.upper, node.step)))

    def _call(self, node: ast.Call) -> Any:
        assert isinstance(node.func, ast.Name)
        options = {item.arg: self.value(item.value) for item in node.keywords if item.arg}
        return FUNCTIONS[node.func.id](*(self.value(item) for item in node.args), **options)

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Mod) and isinstance(left, (str, bytes)):
            raise ValueError("text cannot be formatted here")
        _refuse_large(node.op, left, right)
        return _OPERATORS[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return _OPERATORS[type(node.op)](self.value(node.operand))

    def _boolop(self, node: ast.BoolOp) -> Any:
        stop = isinstance(node.op, ast.Or)
        result = None
        for part in node.values:
            result = self.value(part)
            if bool(result) is stop:
                break
        return result

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        for op, part in zip(node.ops, node.comparators):
            right = self.value(part)
            if not _OPERATORS[type(op)](left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _list(self, node: ast.List) -> Any:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.value(item) for item in node.elts)

    def _set(self, node: ast.Set) -> Any:
        return {self.value(item) for item in node.elts}

    def _dict(self, node: ast.Dict) -> Any:
        if None in node.keys:
            raise ValueError("** cannot be used")
        return {self.value(key): self.value(item) for key, item in zip(node.keys, node.values) if key is not None}


_OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.MatMult: operator.matmul,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}


def _refuse_large(op: ast.operator, left: Any, right: Any) -> None:
    """Before the work is done: `2**10**9` would not end."""
    bits = left.bit_length() if isinstance(left, int) else 0
    if isinstance(op, ast.Pow) and isinstance(right, int) and isinstance(left, int) and bits * abs(right) > MAX_BITS:
        raise ExpressionError("the number is too large")
    if isinstance(op, ast.LShift) and isinstance(right, int) and bits + right > MAX_BITS:
        raise ExpressionError("the number is too large")
    for container, times in ((left, right), (right, left)):
        repeats = isinstance(op, ast.Mult) and isinstance(container, (str, list, tuple)) and isinstance(times, int)
        if repeats and len(container) * times > MAX_ITEMS:
            raise ExpressionError("the result is too large")


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ExpressionError("the number is too large")
    if isinstance(value, (str, list, tuple, dict, set)) and len(value) > MAX_ITEMS:
        raise ExpressionError("the result is too large")
    return value


def _range(*arguments: int) -> list[int]:
    numbers = range(*arguments)
    if len(numbers) > MAX_LENGTH:
        raise ExpressionError(f"the range has {len(numbers)} items, at most {MAX_LENGTH} can be used")
    return list(numbers)


def _product(lists: Sequence[Any]) -> list[Any]:
    """Each item of the first with each of the second, and so on."""
    size = 1
    for items in lists:
        size *= len(items)
    if size > MAX_LENGTH:
        raise ExpressionError(f"there are {size} combinations, at most {MAX_LENGTH} can be used")
    return [list(group) for group in itertools.product(*lists)]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": len,
    "min": min,
    "max": max,
    "sum": sum,
    "any": any,
    "all": all,
    "abs": abs,
    "round": round,
    "sorted": sorted,
    "range": _range,
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "enumerate": lambda items, start=0: [list(pair) for pair in enumerate(items, start)],
    "product": lambda *items: _product(items),
    "zip": lambda *items: [list(group) for group in zip(*items)],
}
