"""Scripts in percent format (`# %%` starts a cell), as jupytext, Spyder, VS Code and PyCharm write them.

The pieces of the text are kept in `Document.raw`, so that what is not changed is written as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import NotANotebook
from jupyter_mlops.notebook.cells import Cell, CellKind, Document, Layout, numbered

_MARKER = re.compile(r"^# ?%%(?P<level>%*)(?P<rest>[ \t].*)?$")
_HEADER_FENCE = re.compile(r"^# ?---\s*$")
_KIND = re.compile(r"\[(markdown|md|raw|code)\]")
_PAIR = re.compile(r"""(?P<key>[A-Za-z_][\w.-]*)=(?=[\["{\-0-9tfnNI])""")
# What jupytext comments out when it writes a script, and nothing that looks like an ordinary comment.
_COMMENTED_MAGIC = re.compile(r"^# ?(?P<magic>%{1,2}[A-Za-z_]\w.*|![A-Za-z./~\"'$({].*|\?{1,2}[A-Za-z_][\w.]*\s*)$")
_MAGIC = re.compile(r"^(%{1,2}[A-Za-z_]|!|\?{1,2}[A-Za-z_])")


@dataclass(frozen=True)
class Piece:
    """A cell's text as it stands in the file: its marker line ("" before the first marker) and its body."""

    marker: str
    body: str
    cell: Cell


def parse(text: str, name: str, path: Path | None) -> Document:
    """Read a script. Text before the first marker is a code cell of its own.

    Raises:
        NotANotebook: its header is not YAML.
    """
    layout = Layout(
        newline="\r\n" if "\r\n" in text else "\n", final_newline=text.endswith("\n"), bom=text.startswith("\ufeff")
    )
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    header, lines = _split_header(lines)
    taken: dict[str, int] = {}
    pieces = [_piece(marker, body, taken) for marker, body in _split_cells(lines)]
    cells = numbered([piece.cell for piece in pieces])
    return Document(
        cells=cells,
        metadata=_header_metadata(header, name),
        path=path,
        raw={"percent": {cell.id: piece for cell, piece in zip(cells, pieces)}, "header": header},
        layout=layout,
    )


def serialise(document: Document) -> str:
    """The script's text: as it was read, with what the document changed."""
    pieces: Mapping[str, Piece] = document.raw.get("percent", {})
    text = _header(document) + "".join(_cell_text(cell, pieces.get(cell.id)) for cell in document.cells)
    text = text.rstrip("\n") + "\n" if not pieces or document.layout.final_newline else text.removesuffix("\n")
    layout = document.layout if pieces else Layout()
    text = text.replace("\n", layout.newline) if layout.newline != "\n" else text
    return "\ufeff" + text if layout.bom else text


def has_marker(text: str) -> bool:
    """Whether any line starts a cell."""
    return any(_MARKER.match(line) for line in text.splitlines())


def _split_header(lines: list[str]) -> tuple[list[str], list[str]]:
    if not lines or not _HEADER_FENCE.match(lines[0]):
        return [], lines
    for position, line in enumerate(lines[1:], 1):
        if _HEADER_FENCE.match(line):
            return lines[: position + 1], lines[position + 1 :]
        if not line.startswith("#"):
            break
    return [], lines


def _split_cells(lines: list[str]) -> list[tuple[str, list[str]]]:
    """(marker line, body lines) of each cell; lines before the first marker count only if one is not blank."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        if _MARKER.match(line):
            found.append((line, []))
        else:
            found[-1][1].append(line)
    first = found[0][1]
    if len(found) > 1 and not any(line.strip() for line in first):
        # Blank lines between header and first cell belong to no cell: they are written in front of its marker.
        found[1] = ("\n" * len(first) + found[1][0], found[1][1])
        found.pop(0)
    return found


def _piece(marker: str, lines: list[str], taken: dict[str, int]) -> Piece:
    kind, metadata = read_marker(marker.lstrip("\n"))
    body = "".join(f"{line}\n" for line in lines)
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    while lines and not lines[0].strip():
        lines = lines[1:]
    source = _code(lines) if kind == "code" else _prose(lines)
    return Piece(marker, body, Cell(0, _id(source, taken), kind, source, metadata))


def _id(source: str, taken: dict[str, int]) -> str:
    taken[source] = taken.get(source, 0) + 1
    return hashlib.sha256(f"{taken[source]}:{source}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def read_marker(line: str) -> tuple[CellKind, dict[str, Any]]:
    """The kind and metadata that a marker line gives: `# %% title [markdown] tags=["parameters"]`."""
    match = _MARKER.match(line)
    rest = (match["rest"] or "").strip() if match else ""
    rest, metadata = _metadata(rest)
    kind: CellKind = "code"
    found = _KIND.search(rest)
    if found:
        kind = {"markdown": "markdown", "md": "markdown", "raw": "raw"}.get(found[1], "code")  # type: ignore[assignment]
        rest = (rest[: found.start()] + rest[found.end() :]).strip()
    if rest:
        metadata = {"title": rest, **metadata}
    return kind, metadata


def _metadata(text: str) -> tuple[str, dict[str, Any]]:
    """Split a marker's text into title and metadata; text that is no sound metadata stays in the title."""
    brace = text.find("{")
    first = _PAIR.search(text)
    if brace >= 0 and (first is None or brace < first.start()):
        value, end = _json_at(text, brace)
        if isinstance(value, dict) and not text[end:].strip():
            return text[:brace].strip(), value
    if first is None:
        return text, {}
    metadata: dict[str, Any] = {}
    position = first.start()
    while (pair := _PAIR.match(text, position)) is not None:
        value, end = _json_at(text, pair.end())
        if end < 0:
            break
        metadata[pair["key"]] = value
        position = end + len(text[end:]) - len(text[end:].lstrip())
    return (text[: first.start()].strip(), metadata) if position >= len(text) else (text, {})


def _json_at(text: str, position: int) -> tuple[Any, int]:
    """The JSON value that starts at `position` and where it ends (-1: there is none)."""
    try:
        return json.JSONDecoder().raw_decode(text, position)
    except (json.JSONDecodeError, RecursionError):
        return None, -1


def _code(lines: list[str]) -> str:
    if lines and (first := _COMMENTED_MAGIC.match(lines[0])) and first["magic"].startswith("%%"):
        # A cell magic takes the whole cell as its body, so jupytext comments all of it out.
        commented = all(line.startswith("#") or not line.strip() for line in lines)
        rest = [re.sub(r"^# ?", "", line) for line in lines[1:]] if commented else lines[1:]
        return "\n".join([first["magic"], *rest])
    return "\n".join(match["magic"] if (match := _COMMENTED_MAGIC.match(line)) else line for line in lines)


def _prose(lines: list[str]) -> str:
    text = "\n".join(lines).strip()
    for quotes in ('"""', "'''"):
        if text.startswith((quotes, "r" + quotes)) and text.endswith(quotes) and len(text) >= 6:
            return text.removeprefix("r").removeprefix(quotes).removesuffix(quotes).strip("\n")
    return "\n".join(re.sub(r"^# ?", "", line) for line in lines)


def _cell_text(cell: Cell, old: Piece | None) -> str:
    if old is None:
        return f"{_marker_line(cell)}\n{_body(cell)}\n\n"
    if old.cell.kind == cell.kind and old.cell.metadata == cell.metadata:
        marker = old.marker
    else:
        marker = "\n" * (len(old.marker) - len(old.marker.lstrip("\n"))) + _marker_line(cell)
    body = old.body if old.cell.source == cell.source else f"{_body(cell)}\n\n"
    return f"{marker}\n{body}" if marker else body


def _marker_line(cell: Cell) -> str:
    metadata = dict(cell.metadata)
    title = metadata.pop("title", "")
    parts = ["# %%", str(title) if title else "", "" if cell.kind == "code" else f"[{cell.kind}]"]
    parts += [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in metadata.items() if _is_key(key)]
    return " ".join(part for part in parts if part)


def _is_key(key: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][\w.-]*", key) is not None


def _body(cell: Cell) -> str:
    lines = cell.source.split("\n")
    if cell.kind != "code" or cell.source.startswith("%%"):
        return "\n".join(f"# {line}".rstrip() for line in lines)
    return "\n".join(f"# {line}" if _MAGIC.match(line) else line for line in lines)


def _header_metadata(header: list[str], name: str) -> dict[str, Any]:
    if not header:
        return {}
    import yaml  # type: ignore[import-untyped]

    try:
        data = yaml.safe_load("\n".join(re.sub(r"^# ?", "", line) for line in header[1:-1]))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = (mark.line + 2) if mark else 1
        raise NotANotebook(
            f"{name} has a header that is not YAML (line {line}).", hint="Correct the lines between `# ---`."
        ) from error
    jupyter = data.get("jupyter") if isinstance(data, dict) else None
    return jupyter if isinstance(jupyter, dict) else {}


def _header(document: Document) -> str:
    """The header's lines as they were, with our own section of the metadata replaced when it changed."""
    lines = list(document.raw.get("header", ())) if "percent" in document.raw else []
    ours = document.metadata.get("jupyter_mlops")
    if not lines:
        kept = {key: document.metadata[key] for key in ("kernelspec", "jupyter_mlops") if document.metadata.get(key)}
        if not kept:
            return ""
        inner = [f"#   {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in kept.items()]
        return "\n".join(["# ---", "# jupyter:", *inner, "# ---", "", ""])
    if _header_metadata(lines, "").get("jupyter_mlops") != ours:
        lines = _without_ours(lines)
        start = next((at for at, line in enumerate(lines) if re.match(r"^# ?jupyter:\s*$", line)), None)
        if start is None:
            start = len(lines) - 1
            lines.insert(start, "# jupyter:")
        lines.insert(start + 1, f"#   jupyter_mlops: {json.dumps(ours, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _without_ours(lines: list[str]) -> list[str]:
    kept: list[str] = []
    inside = -1
    for line in lines:
        text = line.removeprefix("#")
        depth = len(text) - len(text.lstrip())
        if inside >= 0 and depth > inside and text.strip():
            continue
        inside = depth if text.strip().startswith("jupyter_mlops:") else -1
        if inside < 0:
            kept.append(line)
    return kept
