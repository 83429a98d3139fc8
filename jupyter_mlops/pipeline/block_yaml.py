"""Plain JSON data as YAML that people read: blocks, plain words where that is safe, else JSON's double quotes.

A subset so small that it needs no library, here or in a pod: what it writes, every YAML reader (1.1 or 1.2) reads back
as the same data.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Words that no reader takes for something else: they start with a letter or `/`, and are no boolean, null or number.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_RESERVED = re.compile(r"(y|n|yes|no|on|off|true|false|null|nan|inf)", re.IGNORECASE)
# Characters that YAML does not allow as they are, and those that some readers take for the end of a line.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def to_yaml(*documents: Any) -> str:
    """The documents as one text, each after the first behind `---`.

    Raises:
        TypeError: something that JSON cannot say (a set, a float that is no number).
    """
    return "---\n".join("\n".join(_document(item)) + "\n" for item in documents)


def _document(data: Any) -> Iterator[str]:
    if isinstance(data, (Mapping, list, tuple)) and data:
        yield from _block(data, "")
    else:
        yield _scalar(data)


def _block(data: Any, indent: str) -> Iterator[str]:
    """The lines of a mapping or a list that is not empty."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{indent}{_text(str(key))}:", value, indent)
    else:
        for value in data:
            yield from _item(value, indent)


def _entry(front: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)) and value:
        yield front
        # As is usual, the items of a list stand below the key, not deeper.
        yield from _block(value, f"{indent}  " if isinstance(value, Mapping) else indent)
    else:
        yield f"{front} {_scalar(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)) and value:
        lines = _block(value, f"{indent}  ")
        yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
        yield from lines
    else:
        yield f"{indent}- {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence):
        return "[]"
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise TypeError(f"{value} is not plain data")
    mantissa, exponent, power = repr(value).partition("e")
    if exponent:  # YAML 1.1 takes `1e16` for text: a number has a point and a sign
        mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
        power = power if power[0] in "+-" else f"+{power}"
    return f"{mantissa}{exponent}{power}"


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and not _RESERVED.fullmatch(value):
        return value
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(value, ensure_ascii=False))
