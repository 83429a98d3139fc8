"""Names of the methods that Python calls where no call is written."""

from __future__ import annotations

import ast

GOING_OVER = ("__iter__", "__next__", "__aiter__", "__anext__")
TEXT_METHODS = ("__format__", "__str__", "__repr__")
LOOKING_UP = ("__getitem__", "__missing__", "__class_getitem__")
TRUTH = ("__bool__", "__len__")
HASHING = ("__hash__", "__eq__")
UNARY = ("__neg__", "__pos__", "__invert__", *TRUTH)
COMPARING = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
    ast.FloorDiv: "floordiv",
}
_OPERATOR_METHODS = {kind: (f"__{name}__", f"__r{name}__", f"__i{name}__") for kind, name in _OPERATORS.items()}


def setting(attribute: str) -> tuple[str, ...]:
    """The methods that setting an attribute may call; the function of a property has a name of its own."""
    return (f"{attribute}.setter", "__setattr__", "__set__")


def deleting(attribute: str) -> tuple[str, ...]:
    """The methods that deleting an attribute may call."""
    return (f"{attribute}.deleter", "__delattr__", "__delete__")


def operator_methods(operator: ast.operator) -> tuple[str, ...]:
    """The methods that `+` or `+=` may call."""
    methods = _OPERATOR_METHODS[type(operator)]
    return (*methods, *TEXT_METHODS) if isinstance(operator, ast.Mod) else methods  # "%s" % x
