"""The beginning of a file in a form that is safe to show: text, a table, or an image; never code that runs."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

_TEXT_BYTES, _IMAGE_BYTES, _ROWS = 64_000, 5_000_000, 100
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_MAGIC = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"GIF8": ".gif"}


@dataclass(frozen=True)
class Preview:
    """`text` of a text file, `image` as a data URL, `rows` of a table, or nothing to show ("none"). `bytes` is its
    size, `cut` whether there is more.
    """

    kind: Literal["text", "html", "image", "table", "none"]
    bytes: int
    cut: bool = False
    text: str = ""
    image: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def preview(name: str, path: Path) -> Preview:
    """What to show of a file, by its name and by what is in it. HTML is for a sandboxed frame only."""
    size = path.stat().st_size
    suffix = Path(name).suffix.lower()
    with path.open("rb") as file:
        head = file.read(_TEXT_BYTES)
    suffix = next((found for magic, found in _MAGIC.items() if head.startswith(magic)), suffix)
    if suffix in _IMAGES:
        if size > _IMAGE_BYTES:
            return Preview("none", size)
        return Preview(
            "image", size, image=f"data:{_IMAGES[suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
        )
    cut = size > len(head)
    try:
        text = head.decode("utf-8") if not cut else head.decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return Preview("none", size)
    if "\0" in text:
        return Preview("none", size)
    if suffix in (".csv", ".tsv"):
        return _table(text, size, cut, "\t" if suffix == ".tsv" else ",")
    if suffix in (".html", ".htm", ".svg"):
        return Preview("html", size, cut, text=text)
    return Preview("text", size, cut, text=_indented(text) if suffix == ".json" and not cut else text)


def _table(text: str, size: int, cut: bool, delimiter: str) -> Preview:
    whole = text.rpartition("\n")[0] if cut else text
    try:
        rows = tuple(tuple(row) for row in islice(csv.reader(io.StringIO(whole), delimiter=delimiter), _ROWS + 1))
    except csv.Error:
        return Preview("text", size, cut, text=text)
    return Preview("table", size, cut or len(rows) > _ROWS, rows=rows[:_ROWS])


def _indented(text: str) -> str:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(data, indent=2, ensure_ascii=False)
