"""KFP's conditions (a little of CEL) as this software's expressions."""

from __future__ import annotations

import re
from collections.abc import Callable

from jupyter_mlops.errors import Refused
from jupyter_mlops.runtime import expressions
from jupyter_mlops.runtime.errors import MlopsError

_TOKEN = re.compile(
    r"""\s+ | inputs\.parameter_values\[(?P<q>['"])(?P<name>.*?)(?P=q)\] | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?) | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\].,+*/%-])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": "True", "false": "False", "null": "None", "string": "str", "double": "float", "in": "in"}
_KEPT = ("int", "bool", "len")
_SIGNS = {"&&": "and", "||": "or", "!": "not"}
_TIGHT = frozenset("([.")


def translated(condition: str, name_of: Callable[[str], str]) -> str:
    """The condition as an expression; `name_of` says how an input is written in it.

    Raises:
        Refused: it has something that is not known.
    """
    parts: list[str] = []
    position = 0
    while position < len(condition):
        found = _TOKEN.match(condition, position)
        if found is None:
            raise _refused(condition)
        position = found.end()
        piece = _piece(found, condition, name_of)
        parts += [piece] if piece else []
    text = _joined(parts)
    try:
        expressions.names(text)
    except MlopsError as error:
        raise _refused(condition) from error
    return text


def _piece(found: re.Match[str], condition: str, name_of: Callable[[str], str]) -> str:
    if found["name"] is not None:
        return name_of(found["name"])
    if found["text"] or found["number"]:
        return found["text"] or found["number"]
    if found["word"]:
        if found["word"] not in _WORDS and found["word"] not in _KEPT:
            raise _refused(condition)
        return _WORDS.get(found["word"], found["word"])
    if found["sign"]:
        return _SIGNS.get(found["sign"], found["sign"])
    return ""


def _joined(parts: list[str]) -> str:
    """The pieces as a person would write them."""
    text = ""
    for piece in parts:
        tight = text[-1:] in _TIGHT or piece in (")", "]", ",", ".") or (piece in _TIGHT and text[-1:].isalnum())
        calls = piece == "(" and text.rpartition(" ")[2] in ("and", "or", "not", "in")
        text += piece if not text or (tight and not calls) else f" {piece}"
    return text


def _refused(condition: str) -> Refused:
    return Refused(f"The condition {condition!r} cannot be read.", hint="Conditions that KFP's own dsl writes can be.")
