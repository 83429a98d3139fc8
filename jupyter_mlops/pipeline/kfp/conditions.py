"""Conditions in the language that KFP evaluates (CEL), and what kinds the values that they read must have.

Python and CEL differ, so only what means the same in both is translated: comparisons, `and or not`, `in`, `+ - * /`,
`x if y else z`, `len`. All else is refused; a step can compute it as a bool, which a condition then names.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp.kinds import BOOLEAN, DOUBLE, INTEGER, LIST, STRUCT, TEXT, Kind

HINT = "Compute it in a step as a bool (`ok = ...`) and write the name: `when ok`."
_COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_TYPES: Mapping[Kind, str] = {INTEGER: "int", DOUBLE: "number", TEXT: "text", BOOLEAN: "bool", LIST: "list"}


@dataclass(frozen=True)
class Term:
    """A piece of CEL. `atom` says that it needs no parentheses.

    `type` is int, number, text, bool or list; truth for a value of which only the truth was kept (`name or other`).
    """

    text: str
    type: str
    atom: bool = True

    @property
    def inside(self) -> str:
        """As an operand."""
        return self.text if self.atom else f"({self.text})"


def variable_of(node: ast.AST) -> str:
    """The name that a node reads: `acc`, or `params.n` for the pipeline's own; empty if it is neither."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def parsed(expression: str) -> ast.expr:
    """The tree of an expression; it was checked before."""
    return ast.parse(expression.strip(), mode="eval").body


def hints(expression: str, known: Callable[[str], Kind | None]) -> dict[str, set[str]]:
    """What the use of each name says about its type; `known` gives the kinds of those that have one (parameters)."""
    found: dict[str, set[str]] = {}

    def add(node: ast.AST, type: str) -> None:
        name = variable_of(node)
        if name and type:
            found.setdefault(name, set()).add(type)

    def type_of(node: ast.AST) -> str:
        name = variable_of(node)
        if name:
            kind = known(name)
            return _TYPES.get(kind, "").replace("int", "number") if kind else ""
        return _literal_type(node)

    for node in ast.walk(parsed(expression)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for op, left, right in zip(node.ops, sides, sides[1:]):
                if isinstance(op, (ast.In, ast.NotIn)):
                    add(right, "list")
                    add(left, type_of(right.elts[0]) if isinstance(right, (ast.List, ast.Tuple)) and right.elts else "")
                    continue
                ordered = "number" if isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) else ""
                unknown = not type_of(left) and not type_of(right)
                add(left, type_of(right) or (ordered if unknown else ""))
                add(right, type_of(left) or (ordered if unknown else ""))
        elif isinstance(node, ast.BinOp):
            add(node.left, type_of(node.right) or "number")
            add(node.right, type_of(node.left) or "number")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            add(node.operand, "number")
        elif isinstance(node, ast.Call) and node.args:
            add(node.args[0], "sized")
    return found


def kind_from(hinted: set[str], where: str) -> Kind:
    """The kind that the uses of an exported value ask for; one of which only the truth is asked is a bool.

    Raises:
        Refused: uses that exclude each other.
    """
    strong = hinted - {"sized"}
    if len(strong) > 1:
        raise Refused(
            f"{where} is used as {' and as '.join(sorted(strong))}, and a KFP parameter has one type.", hint=HINT
        )
    if not strong:
        return LIST if hinted else BOOLEAN
    return {"number": DOUBLE, "text": TEXT, "bool": BOOLEAN, "list": LIST}[strong.pop()]


def translate(expression: str, variables: Mapping[str, tuple[str, Kind]], step: str) -> str:
    """The condition in CEL. `variables` maps each name to its key in the task's inputs, and its kind.

    Raises:
        Refused: a part of it does not mean the same there.
    """
    translator = _Translator(variables, expression, step)
    return translator.truth(translator.term(parsed(expression))).text


def _literal_type(node: ast.AST) -> str:
    if isinstance(node, ast.UnaryOp):
        return _literal_type(node.operand) if not isinstance(node.op, ast.Not) else "bool"
    if not isinstance(node, ast.Constant) or node.value is None:
        return ""
    return {bool: "bool", str: "text"}.get(type(node.value), "number")


class _Translator:
    """One rule a node type, each gives a `Term`."""

    def __init__(self, variables: Mapping[str, tuple[str, Kind]], expression: str, step: str) -> None:
        self._variables = variables
        self._expression = expression
        self._step = step

    def refuse(self, what: str) -> NoReturn:
        raise Refused(f"`{self._expression}` of {self._step!r}: KFP cannot evaluate {what}.", hint=HINT)

    def term(self, node: ast.AST) -> Term:
        if variable_of(node):
            return self._variable(variable_of(node))
        rule = getattr(self, f"_{type(node).__name__.lower()}", None)
        if rule is None:
            self.refuse(f"`{ast.unparse(node)}`")
        found: Term = rule(node)
        return found

    def truth(self, term: Term) -> Term:
        """As a condition: what Python takes for true."""
        if term.type in {"bool", "truth"}:
            return term
        test = {"text": "!= ''", "int": "!= 0", "number": "!= 0.0"}.get(term.type)
        return Term(f"{term.inside} {test}" if test else f"size({term.text}) > 0", "bool", atom=False)

    def _variable(self, name: str) -> Term:
        if name.startswith("metrics."):
            self.refuse(f"`{name}`: it does not know the metrics of a run")
        key, kind = self._variables[name]
        text = f"inputs.parameter_values[{_quoted(key)}]"
        if kind not in _TYPES:
            self.refuse(f"`{name}`, whose type {'dict' if kind is STRUCT else 'is not one of its own'}")
        if kind is BOOLEAN:
            return Term(f"{text} == true", "bool", atom=False)
        return Term(f"int({text})" if kind is INTEGER else text, _TYPES[kind])

    def _constant(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, bool):
            return Term(json.dumps(value), "bool")
        if isinstance(value, str):
            return Term(_quoted(value), "text")
        if isinstance(value, int) and abs(value) < 2**53:
            return Term(str(value), "int")
        if not isinstance(value, float) or abs(value) == float("inf"):
            self.refuse(f"`{ast.unparse(node)}`")
        return Term(repr(value), "number")

    def _boolop(self, node: ast.BoolOp) -> Term:
        sign = " && " if isinstance(node.op, ast.And) else " || "
        parts = [self.term(part) for part in node.values]
        kept = "bool" if all(part.type == "bool" for part in parts) else "truth"
        return Term(sign.join(self.truth(part).inside for part in parts), kept, atom=False)

    def _unaryop(self, node: ast.UnaryOp) -> Term:
        if isinstance(node.op, ast.Not):
            return Term(f"!({self.truth(self.term(node.operand)).text})", "bool")
        term = self.term(node.operand)
        if not isinstance(node.op, ast.USub) or term.type not in {"int", "number"}:
            self.refuse(f"`{ast.unparse(node)}`")
        return Term(f"-{term.inside}", term.type, atom=False)

    def _binop(self, node: ast.BinOp) -> Term:
        sign = _ARITHMETIC.get(type(node.op))
        left, right = self.term(node.left), self.term(node.right)
        numbers = {left.type, right.type} <= {"int", "number"}
        if sign is None or not (numbers or (sign == "+" and left.type == right.type == "text")):
            self.refuse(f"`{ast.unparse(node)}`")
        if sign == "/" and numbers:
            left, right = _double(left), _double(right)
        left, right = self._alike(left, right, node)
        return Term(f"{left.inside} {sign} {right.inside}", left.type, atom=False)

    def _compare(self, node: ast.Compare) -> Term:
        sides = [node.left, *node.comparators]
        pairs = [self._pair(op, left, right) for op, left, right in zip(node.ops, sides, sides[1:])]
        if len(pairs) == 1:
            return pairs[0]
        return Term(" && ".join(pair.inside for pair in pairs), "bool", atom=False)

    def _pair(self, op: ast.cmpop, one: ast.expr, other: ast.expr) -> Term:
        if isinstance(op, (ast.In, ast.NotIn)):
            inside = self._contains(one, other)
            return Term(f"!({inside.text})", "bool") if isinstance(op, ast.NotIn) else inside
        sign = _COMPARED.get(type(op))
        if sign is None:
            self.refuse("`is`")
        left, right = self._alike(self.term(one), self.term(other), one)
        if left.type == "truth" or (left.type in {"bool", "list"} and sign not in {"==", "!="}):
            self.refuse(f"`{sign}` between values of the type {left.type}")
        flag = _flag(left, right, sign)
        return flag or Term(f"{left.inside} {sign} {right.inside}", "bool", atom=False)

    def _contains(self, one: ast.expr, other: ast.expr) -> Term:
        item = self.term(one)
        if isinstance(other, (ast.List, ast.Tuple, ast.Set)):
            items = [self.term(part) for part in other.elts]
            if {item.type, *(part.type for part in items)} == {"int", "number"}:
                item, items = _double(item), [_double(part) for part in items]
            if any(part.type != item.type for part in items):
                self.refuse(f"`{ast.unparse(other)}` beside a value of the type {item.type}")
            return Term(f"{item.inside} in [{', '.join(part.text for part in items)}]", "bool", atom=False)
        container = self.term(other)
        if container.type == item.type == "text":
            return Term(f"{container.inside}.contains({item.text})", "bool")
        if container.type != "list":
            self.refuse(f"`in {ast.unparse(other)}`")
        return Term(f"{_double(item).inside} in {container.inside}", "bool", atom=False)

    def _ifexp(self, node: ast.IfExp) -> Term:
        left, right = self.term(node.body), self.term(node.orelse)
        if left.type != right.type and not {left.type, right.type} <= {"int", "number"}:
            left, right = (Term(one.text, "truth", one.atom) for one in (self.truth(left), self.truth(right)))
        left, right = self._alike(left, right, node)
        text = f"{self.truth(self.term(node.test)).inside} ? {left.inside} : {right.inside}"
        return Term(text, left.type, atom=False)

    def _call(self, node: ast.Call) -> Term:
        if not isinstance(node.func, ast.Name) or node.func.id != "len" or len(node.args) != 1:
            self.refuse(f"`{ast.unparse(node)}`")
        term = self.term(node.args[0])
        if term.type not in {"list", "text"}:
            self.refuse(f"`{ast.unparse(node)}`")
        return Term(f"size({term.text})", "int")

    def _alike(self, left: Term, right: Term, node: ast.expr) -> tuple[Term, Term]:
        if {left.type, right.type} == {"int", "number"}:
            return _double(left), _double(right)
        if left.type != right.type:
            self.refuse(f"{left.type} beside {right.type} in `{ast.unparse(node)}`")
        return left, right


def _double(term: Term) -> Term:
    if term.type != "int":
        return term
    digits = term.text.lstrip("-").isdigit()
    return Term(f"{term.text}.0" if digits else f"double({term.text})", "number", term.atom)


def _flag(left: Term, right: Term, sign: str) -> Term | None:
    """`flag == True` is what a flag is written as already."""
    for one, other in ((left, right), (right, left)):
        if one.text in {"true", "false"} and other.text.endswith(" == true"):
            return other if (one.text == "true") == (sign == "==") else Term(f"!({other.text})", "bool")
    return None


def _quoted(text: str) -> str:
    """A string of CEL in single quotes."""
    return "'" + json.dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
