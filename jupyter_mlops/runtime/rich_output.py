"""What is shown beside text: as a notebook can hold it, and not more than an editor can open."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

# Characters of JSON, about: beyond that the browser is slow, or gives up.
OUTPUT_CAP = 8 << 20
CELL_CAP = 16 << 20
# Outputs of one cell, counting text between two others as one.
COUNT_CAP = 1000

_TEXT = "text/plain"
_TEXT_LEFT = 10_000
_WIDGET = "application/vnd.jupyter.widget-view+json"


def fit(data: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """A MIME bundle for a notebook, and its size; of one that is too large only the text is left, with a note.

    A widget needs a live kernel: its text stays, its view would only say that the model is missing.
    """
    shown = {str(kind): value for kind, value in data.items() if kind != _WIDGET}
    sizes = {kind: size_of(value, OUTPUT_CAP) for kind, value in shown.items()}
    if sum(sizes.values()) <= OUTPUT_CAP:
        return as_json_data(shown), sum(sizes.values())
    large = ", ".join(kind for kind, size in sizes.items() if size > OUTPUT_CAP) or ", ".join(shown)
    text = f"{_beginning(shown)}[{large} left out: more than {OUTPUT_CAP >> 20} MiB. Save it to a file to keep it.]"
    return {_TEXT: text}, len(text)


def fit_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an output; nothing of it if it is too large."""
    return as_json_data(metadata) if size_of(metadata, OUTPUT_CAP) <= OUTPUT_CAP else {}


def size_of(value: Any, enough: int) -> int:
    """About how many characters the value has as JSON. Beyond `enough` it is not counted on."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return len(value) * 4 // 3
    if not isinstance(value, (Mapping, list, tuple)):
        return 8
    total = 2
    for item in value.items() if isinstance(value, Mapping) else value:
        total += 1 + size_of(item, enough - total)
        if total > enough:
            break
    return total


def as_json_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """A MIME bundle (or its metadata) as a notebook can hold it: bytes in base64, what JSON does not know as text."""
    return {str(kind): _as_json(value) for kind, value in data.items()}


def _beginning(data: Mapping[str, Any]) -> str:
    """The start of the plain text of a MIME bundle."""
    text = data.get(_TEXT)
    text = "".join(text) if isinstance(text, list) else text
    if not isinstance(text, str) or not text:
        return ""
    return f"{text[:_TEXT_LEFT]}{' ...' if len(text) > _TEXT_LEFT else ''}\n"


def _as_json(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return as_json_data(value)
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    return str(value)
