"""Do the cells of two executed notebooks show the same? Addresses and progress bars do not count, colours neither."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.runtime.compare import without_addresses

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_DURATION = re.compile(r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\s?(?:ns|[µμ]s|us|ms|s|min|h)\b(?: per loop)?")
_TIMED = re.compile(r"^(CPU times:|Wall time:|\d.* per loop)", re.MULTILINE)
_SHORTENED = re.compile(r"\.\.\.(?:0?x)?[0-9a-f]{8,}(?=&gt;|>)")  # a shortened text that ends with an address
_TEMPORARY = re.compile(r"(?<=/)tmp[a-z0-9_]{8}\b")  # what `tempfile` draws
_STYLED = re.compile(r"#T_[0-9a-f]{5}")  # rules of a table for cells that it may not have
_ID = re.compile(r"""\bid=["']([\w:.-]*\d[\w:.-]*)["']""")
_WORD_WITH_DIGIT = re.compile(r"[\w:.-]*\d[\w:.-]*")


@dataclass(frozen=True)
class OutputDifference:
    """A cell (index in the notebook) that shows something else; `kind` is the stream or MIME type."""

    cell: int
    kind: str
    left: str
    right: str


def output_differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[OutputDifference]:
    """Compare two executed notebooks (parsed JSON) cell by cell; a cell that one lacks shows nothing there."""
    ours, theirs = _by_cell(left), _by_cell(right)
    found: list[OutputDifference] = []
    for cell in sorted({*ours, *theirs}):
        found.extend(_differences(cell, _shown(ours.get(cell, ())), _shown(theirs.get(cell, ()))))
    return found


def load_notebook(path: str) -> dict[str, Any]:
    """An executed notebook as data."""
    with open(path, encoding="utf-8") as file:
        data: dict[str, Any] = json.load(file)
    return data


def _by_cell(notebook: Mapping[str, Any]) -> dict[int, list[Any]]:
    """Outputs by the cell's index in the original notebook; injected cells have none."""
    found: dict[int, list[Any]] = {}
    for position, cell in enumerate(notebook.get("cells", ())):
        about = cell.get("metadata", {}).get("jupyter_mlops", {})
        index = about.get("index", position)
        if cell.get("cell_type") == "code" and about.get("role") not in ("parameters", "setup"):
            found.setdefault(index, []).extend(cell.get("outputs", ()))
    return found


def _shown(outputs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(kind, text) of what a cell shows: a stream once per run of it, each MIME type of a display."""
    shown: list[tuple[str, str]] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            text = _join(output["text"])
            if shown and shown[-1][0] == output["name"]:
                text = shown.pop()[1] + text
            shown.append((output["name"], text))
        elif kind == "error":
            shown.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            shown.extend((mime, _join(data)) for mime, data in sorted(output["data"].items()))
    return [(kind, normalised(kind, text)) for kind, text in shown]


def normalised(kind: str, text: str) -> str:
    """A text without what differs from process to process: addresses, colours, measured times, drawn ids."""
    if kind.startswith("image/") and kind != "image/svg+xml":
        return text.strip()
    text = _SHORTENED.sub("...", _ANSI.sub("", without_addresses(text)))
    text = _TEMPORARY.sub("<temporary>", text)
    if _TIMED.search(text):
        text = _DURATION.sub("<time>", text)
    return _without_ids(text) if kind in {"text/html", "image/svg+xml"} else text


def _without_ids(text: str) -> str:
    """HTML whose ids say only which of its elements are meant: libraries draw them, or count up in the process."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(_ID.findall(text)))}
    if numbers:
        text = _WORD_WITH_DIGIT.sub(lambda found: _numbered(found[0], numbers), text)
    return _STYLED.sub("#<table>", text)


def _numbered(word: str, numbers: Mapping[str, int]) -> str:
    return f"<id {numbers[word]}>" if word in numbers else word


def _differences(cell: int, left: list[tuple[str, str]], right: list[tuple[str, str]]) -> Iterator[OutputDifference]:
    if sorted(left) == sorted(right):  # stdout and stderr may interleave differently
        return
    for position in range(max(len(left), len(right))):
        ours = left[position] if position < len(left) else ("nothing", "")
        theirs = right[position] if position < len(right) else ("nothing", "")
        if ours != theirs:
            kind = ours[0] if ours[0] != "nothing" else theirs[0]
            yield OutputDifference(cell, kind, ours[1], theirs[1])


def _join(text: Any) -> str:
    if isinstance(text, list):
        return "".join(map(str, text))
    return text if isinstance(text, str) else json.dumps(text, sort_keys=True, default=str)
