"""What can be known of a string without running anything: enough to see that two steps mean the same file."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from jupyter_mlops.notebook.facts import Text

_MAX_LENGTH = 300
_PATH_CLASSES = frozenset({"Path", "PurePath", "PosixPath", "str"})


def text_of(node: ast.expr) -> Text:
    """The pieces of a string or path expression; empty when some piece cannot be known."""
    match node:
        case ast.Constant(value=str(text)) if len(text) <= _MAX_LENGTH and "\n" not in text:
            return (text,)
        case ast.Name(id=name):
            return ((name,),)
        case ast.JoinedStr(values=values):
            return _joined([_formatted(item) for item in values])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([text_of(left), text_of(right)])
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined([text_of(left), ("/",), text_of(right)])
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _PATH_CLASSES:
            return _with_slashes(arguments)
        case ast.Call(func=ast.Attribute(value=inner, attr="joinpath"), args=arguments, keywords=[]):
            return _with_slashes([inner, *arguments])
        case ast.Call(func=ast.Attribute(attr=name), args=arguments, keywords=[]) if name in {"Path", "join"}:
            joins_strings = name == "join" and isinstance(node.func, ast.Attribute) and not _is_path_module(node.func)
            return () if joins_strings else _with_slashes(arguments)
        case ast.Call(func=ast.Attribute(value=inner, attr="resolve" | "absolute" | "expanduser" | "as_posix")):
            return text_of(inner)
    return ()


def filled_in(text: Text, strings: Mapping[str, str]) -> str | None:
    """The text with its names filled in; None when one is not known."""
    pieces = [piece if isinstance(piece, str) else strings.get(piece[0]) for piece in text]
    if not pieces or any(piece is None for piece in pieces):
        return None
    return "".join(piece for piece in pieces if piece is not None)


def _formatted(node: ast.expr) -> Text:
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value) if node.format_spec is None and node.conversion == -1 else ()
    return text_of(node)


def _with_slashes(arguments: list[ast.expr]) -> Text:
    pieces: list[Text] = []
    for argument in arguments:
        pieces += [("/",), text_of(argument)]
    return _joined(pieces[1:])


def _joined(pieces: list[Text]) -> Text:
    return () if not all(pieces) else tuple(part for piece in pieces for part in piece)


def _is_path_module(node: ast.Attribute) -> bool:
    inner = node.value
    return (isinstance(inner, ast.Attribute) and inner.attr == "path") or (
        isinstance(inner, ast.Name) and inner.id in {"path", "osp", "op"}
    )
