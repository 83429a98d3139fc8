"""Parameters: the literals that the cell tagged `parameters` assigns, and what a run gives instead."""

from __future__ import annotations

import ast
import io
import json
import shlex
import tokenize
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.parameter_types import (
    Type,
    checked,
    from_text,
    holds_paths,
    path_or_text,
    plain,
    read_type,
    type_of_annotation,
    type_of_value,
)
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.python_source import calls_shell, module_of
from jupyter_mlops.notebook.schema import did_you_mean

__all__ = ["Parameter", "bind", "check_default", "is_path", "parse_value", "read_parameters"]


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter, assigned in a parameters cell.

    `type` is its Python spelling, e.g. `int`, `Literal['a', 'b']`. A path is text here; in the notebook it is a
    `pathlib.Path` if the type is one that `parameter_types.holds_paths`.
    """

    name: str
    default: Any
    type: str
    cell: int
    line: int
    help: str = ""
    required: bool = False


def read_parameters(cells: Iterable[Cell]) -> tuple[list[Parameter], list[Problem]]:
    """The parameters that these cells assign, in order, and what in them cannot be one.

    Assigned twice, the last counts, as in a run from top to bottom; but a notebook's own parameters win over those of
    the notebooks that it includes.
    """
    found: dict[str, tuple[str, Parameter]] = {}
    problems: list[Problem] = []
    for cell in cells:
        module = module_of(cell.source)
        notes = _comments(cell.source) if module else {}
        for statement in module.body if module else ():
            item = _read(statement, cell, notes)
            if isinstance(item, Problem):
                problems.append(item)
            elif item and (item.name not in found or found[item.name][0] == cell.group or not cell.group):
                found[item.name] = (cell.group, item)
    return [item for _, item in found.values()], problems


def bind(parameters: Iterable[Any], overrides: Mapping[str, object], *, later: Collection[str] = ()) -> dict[str, Any]:
    """The value of every parameter: what `overrides` says (text is read by the parameter's type), else its default.

    Those in `later` get theirs from elsewhere (a pipeline around this one), and are left out of the answer. The one
    place where values are checked: for the command line, the Python API and pipelines inside others.

    Raises:
        Usage: a parameter that does not exist, has a wrong type, or is required and not given.
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name in (*overrides, *later):
        if name not in known:
            there = f"There are: {', '.join(known)}." if known else "Tag a cell `parameters` to make some."
            raise Usage(f"There is no parameter {name!r}.", hint=did_you_mean(name, known) or there)
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in later:
            continue
        if name in overrides:
            values[name] = _given(parameter, overrides[name])
        elif parameter.required:
            raise Usage(
                f"The parameter {name!r} has no default.", hint=f"Give it: `-p {name}=VALUE` ({parameter.type})."
            )
        else:
            values[name] = parameter.default
    return values


def parse_value(parameter: Any, text: str) -> Any:
    """The value that `text` spells for the parameter, as plain data.

    Raises:
        Usage: naming the parameter and its type.
    """
    try:
        return from_text(_type(parameter), text)
    except ValueError as error:
        raise _wrong(parameter, text) from error


def is_path(parameter: Any) -> bool:
    """Whether text in the parameter's value is a path: in the notebook it is a `pathlib.Path`."""
    return holds_paths(_type(parameter))


def check_default(parameter: Any) -> None:
    """See whether a default is of its parameter's type; it is what it is, text is not read.

    Raises:
        Usage: it is not.
    """
    try:
        checked(_type(parameter), plain(parameter.default))
    except ValueError as error:
        raise _wrong(parameter, parameter.default) from error


def _given(parameter: Any, value: object) -> Any:
    if isinstance(value, str):
        return parse_value(parameter, value)
    try:
        return checked(_type(parameter), plain(value))
    except ValueError as error:
        raise _wrong(parameter, value) from error


def _type(parameter: Any) -> Type:
    """The parameter's type; that of a function's parameter may be one that we do not know: anything is taken then."""
    try:
        return read_type(parameter.type)
    except ValueError:
        return Type("Any")


# Characters of a value in a message.
_SHOWN = 80
_EXAMPLES = {
    "int": "3",
    "float": "0.1",
    "bool": "true",
    "list": "[1, 2]",
    "dict": '{"a": 1}',
    "None": "null",
}


def _wrong(parameter: Any, value: object) -> Usage:
    kind = _type(parameter)
    members = kind.args if kind.name == "Union" else (kind,)
    choices = [repr(choice) for member in members if member.name == "Literal" for choice in member.args]
    examples = [_example(member, parameter.default) for member in members if member.name in _EXAMPLES]
    hint = f"It is one of {', '.join(choices)}." if choices else ""
    if examples:
        hint = f"{hint} Write for example `-p {shlex.quote(f'{parameter.name}={examples[0]}')}`.".strip()
    return Usage(f"The parameter {parameter.name!r} takes {parameter.type}, not {_shown(value)}.", hint=hint)


def _example(kind: Type, default: object) -> str:
    """How a value of the type is written: a list or dict with elements of its own type, as the default has them."""
    if kind.args and default and type(default).__name__ == kind.name:
        return json.dumps(default, ensure_ascii=False)
    return _EXAMPLES[kind.name]


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or value.bit_length() < 1000 else "a number of that size"
    return _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _read(statement: ast.stmt, cell: Cell, notes: Mapping[int, str]) -> Parameter | Problem | None:
    """What a statement of a parameters cell is; None for what is no matter: a docstring, an import for the types."""
    if isinstance(statement, (ast.Pass, ast.Import, ast.ImportFrom)) or calls_shell(statement):
        return None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return None
    target = _target(statement)
    if target is None:
        return _no_parameter(statement, cell, "")
    name, value, annotation = target
    try:
        kind = type_of_annotation(annotation) if annotation else None
    except ValueError:
        return _no_parameter(statement, cell, name, f"its type is {ast.unparse(annotation)}" if annotation else "")
    note = notes.get(statement.lineno, "")
    if value is None:
        return Parameter(name, None, str(kind), cell.index, statement.lineno, note, required=True)
    try:
        default, own = _literal(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _no_parameter(statement, cell, name)
    if kind is not None:
        try:
            checked(kind, default)
            kind = _with_default(kind, default, own)
        except ValueError:
            return Problem(
                "wrong_default",
                f"The parameter {name!r} is declared as {kind}, but its default is {_shortened(ast.unparse(value))}.",
                "Correct the annotation or the default.",
                name=name,
                cell=cell.index,
                line=statement.lineno,
            )
    return Parameter(name, default, str(kind or own), cell.index, statement.lineno, note)


def _target(statement: ast.stmt) -> tuple[str, ast.expr | None, ast.expr | None] | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value, statement.annotation
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value, None
    return None


def _literal(node: ast.expr) -> tuple[Any, Type]:
    """The value of a literal that JSON can say, and its type; a tuple or a set is none, since a list would come back.

    `Path("x")` is a literal here, as is a list or a dict of such: the value is then the text.

    Raises:
        ValueError: it is computed, or no plain data.
    """
    value, kind = _paths(node)
    if kind is None:
        value = ast.literal_eval(node)
        kind = type_of_value(value)
    if json_exact(value):
        return value, kind
    raise ValueError("no plain data")


def _paths(node: ast.expr) -> tuple[Any, Type | None]:
    """A path as text, a list or a dict of them, and the type; without a type if it is none of these."""
    own = Type("Path")
    if isinstance(node, (ast.List, ast.Dict)):
        items = node.elts if isinstance(node, ast.List) else node.values
        texts = [_path(item) for item in items]
        if not texts or None in texts:
            return None, None
        if isinstance(node, ast.List):
            return texts, Type("list", (own,))
        keys = [ast.literal_eval(key) if key else None for key in node.keys]
        return dict(zip(keys, texts)), Type("dict", (Type("str"), own))
    text = _path(node)
    return text, None if text is None else own


def _path(node: ast.expr) -> str | None:
    """The text of `Path("x")` or `pathlib.Path("x")`."""
    if not isinstance(node, ast.Call) or node.keywords or len(node.args) != 1:
        return None
    called, argument = ast.unparse(node.func), node.args[0]
    if called in ("Path", "pathlib.Path") and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return None


def _with_default(kind: Type, default: Any, own: Type) -> Type:
    """The declared type, made to say whether the notebook has paths or text.

    Raises:
        ValueError: a path where none is declared.
    """
    if not holds_paths(own):
        return path_or_text(kind) if holds_paths(kind) and _has_text(default) else kind
    if holds_paths(kind):
        return kind
    if "Path" in str(kind) or kind.name == "Any":
        return own
    raise ValueError("a path is not declared")


def _has_text(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(_has_text, value)) if isinstance(value, list) else isinstance(value, str)


def json_exact(value: Any) -> bool:
    """Whether the value comes back as it is from JSON."""
    if isinstance(value, list):
        return all(json_exact(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and json_exact(item) for key, item in value.items())
    return value is None or isinstance(value, (bool, int, float, str))


def _no_parameter(statement: ast.stmt, cell: Cell, name: str, why: str = "its value is computed") -> Problem:
    what = (
        f"{name!r} is no parameter: {why}"
        if name
        else "A statement in the parameters cell is no assignment of a literal"
    )
    return Problem(
        "not_a_parameter",
        f"{what}, so a run cannot change it.",
        "Keep literals in the parameters cell, and move the rest to the next one.",
        name=name,
        cell=cell.index,
        line=statement.lineno,
    )


def _comments(source: str) -> dict[int, str]:
    """Help by line: the comment at a line's end, else the comment lines directly above it."""
    own: dict[int, str] = {}
    trailing: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                text = token.string.lstrip("#").strip()
                (own if not token.line[: token.start[1]].strip() else trailing)[token.start[0]] = text
    except (tokenize.TokenError, SyntaxError):
        # Magics do not tokenize; what was read until there is still right.
        pass
    lines = len(source.splitlines())
    notes: dict[int, str] = {}
    above: list[str] = []
    for line in range(1, lines + 1):
        if line in own:
            above.append(own[line])
            continue
        if line in trailing or above:
            notes[line] = trailing.get(line) or " ".join(above)
        above = []
    return notes
