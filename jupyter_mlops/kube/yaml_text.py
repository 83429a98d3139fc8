"""Manifests as YAML for people, without a library: mappings, lists, text, whole numbers, true, false and null."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?", re.ASCII)
# What YAML 1.1 reads as something else than text.
_WORDS = frozenset("y n yes no on off true false null".split())


def documents(items: Iterable[Mapping[str, Any]]) -> str:
    """The manifests one after the other, each with its keys in the order they have.

    Raises:
        TypeError: something in them is no plain data, or a key is no text.
    """
    return "---\n".join("".join(f"{line}\n" for line in _lines(item)) for item in items)


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of a manifest has to be text, not {key!r}")
            yield from _entry(f"{_text(key)}:", inner, "  " if isinstance(inner, Mapping) else "")
    elif isinstance(value, (list, tuple)) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)) and value:
        yield key
        yield from (f"{indent}{line}" for line in _lines(value))
    else:
        yield f"{key} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (Mapping, list, tuple)):
        return "{}" if isinstance(value, Mapping) else "[]"
    raise TypeError(f"{value!r} cannot be in a manifest")


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_letter, value)) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable() and letter != "\ufeff":
        return letter
    return f"\\U{ord(letter):08x}"
