"""Changing single values inside a JSON text, so that every other character of it stays: numbers, escapes, layout."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()

Span = tuple[int, int]


def members(text: str, start: int) -> dict[str, Span]:
    """Where the value of each key stands, for the object that begins at `start` of a sound JSON text."""
    found: dict[str, Span] = {}
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1)
        begin = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, begin)
        found[key] = (begin, end)
        at = _next(text, end)
    return found


def items(text: str, start: int) -> list[Span]:
    """Where each item stands, for the array that begins at `start` of a sound JSON text."""
    found: list[Span] = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append((at, end))
        at = _next(text, end)
    return found


def splice(text: str, changes: dict[Span, str]) -> str:
    """The text with each span replaced."""
    parts: list[str] = []
    done = 0
    for (begin, end), new in sorted(changes.items()):
        parts += [text[done:begin], new]
        done = end
    return "".join([*parts, text[done:]])


def start_of(text: str) -> int:
    """Where the value that the whole text is begins."""
    return _skip(text, 0)


def dump(value: Any, *, indent: str | None, separator: str, ascii_only: bool, depth: int) -> str:
    """A value as JSON text, as it stands `depth` levels inside a text of this layout."""
    between = "," if indent is not None or separator == ":" else ", "
    made = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=(between, separator))
    if not ascii_only and not _has_utf8(made):
        made = json.dumps(value, ensure_ascii=True, indent=indent, separators=(between, separator))
    return made.replace("\n", "\n" + indent * depth) if indent else made


def _has_utf8(text: str) -> bool:
    """Whether UTF-8 can say it: half a surrogate pair, as broken outputs hold, only an escape can write."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _next(text: str, end: int) -> int:
    """The next member or item, or the bracket that closes."""
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
