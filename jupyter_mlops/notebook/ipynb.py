"""Notebook files of format 4: JSON to cells and back, everything unknown kept as it was."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from jupyter_mlops.errors import MissingLibrary, NotANotebook
from jupyter_mlops.notebook import json_splice
from jupyter_mlops.notebook.cells import Cell, CellKind, Document, Layout

KINDS = ("code", "markdown", "raw")
_INDENT = re.compile(r"^\s*\{\r?\n([ \t]*)\S")


def parse(text: str, name: str, path: Path | None) -> Document:
    """Read a notebook's JSON text; `name` is what messages call it.

    Raises:
        NotANotebook: broken JSON (with its line), not a notebook, or a format that is not read.
    """
    body = text.removeprefix("\ufeff").replace("\r\n", "\n")
    data = _json(body, name)
    found = from_data(data, name, path)
    return replace(found, layout=_layout(text), text=body if found.raw is data else "")


def from_data(data: Any, name: str, path: Path | None) -> Document:
    """A notebook from its JSON as data.

    Raises:
        NotANotebook: not a notebook, or a format that is not read.
    """
    raw = _version_4(data, name)
    cells = raw.get("cells")
    if not isinstance(cells, list):
        raise NotANotebook(f"{name} is JSON, but not a notebook: it has no list of cells.", hint=_EXPORT_HINT)
    metadata = raw.get("metadata")
    taken: set[str] = set()
    found: list[Cell] = []
    count = 0
    for position, item in enumerate(cells):
        count += isinstance(item, dict) and item.get("cell_type") == "code"
        found.append(_cell(item, position, count, name, taken))
    return Document(
        cells=tuple(found),
        metadata=metadata if isinstance(metadata, dict) else {},
        path=path,
        raw=raw,
    )


def serialise(document: Document) -> str:
    """The notebook's JSON text: as it was read, with what the document changed."""
    raw = document.raw if "cells" in document.raw and "nbformat" in document.raw else _new()
    old = _by_id(raw)
    with_ids = _has_ids(raw)
    cells = [_raw_cell(cell, old.get(cell.id), with_ids=with_ids) for cell in document.cells]
    changed = dict(document.metadata) if raw.get("metadata", {}) != document.metadata else None
    if document.text and [cell.id for cell in document.cells] == list(old):
        spliced = _spliced(document, list(zip(raw["cells"], cells)), changed)
        if spliced is not None:
            return spliced
    data = {**raw, "cells": cells, **({"metadata": changed} if changed is not None else {})}
    end = "\n" if document.layout.final_newline else ""
    return _framed(_value(data, document.layout, 0) + end, document.layout)


def _spliced(
    document: Document, cells: list[tuple[Any, Mapping[str, Any]]], metadata: dict[str, Any] | None
) -> str | None:
    """The text as it was read with only the changed values replaced; None if it has no place for one of them."""
    text, layout = document.text, document.layout
    changes: dict[json_splice.Span, str] = {}
    try:
        top = json_splice.members(text, json_splice.start_of(text))
        if metadata is not None:
            changes[top["metadata"]] = _value(metadata, layout, 1)
        changed = [position for position, (before, after) in enumerate(cells) if before is not after]
        spans = json_splice.items(text, top["cells"][0]) if changed else []
        for position in changed:
            before, after = cells[position]
            inside = json_splice.members(text, spans[position][0])
            for key in after:
                if before.get(key) is not after[key]:
                    changes[inside[key]] = _value(after[key], layout, 3)
    except KeyError:
        return None
    return _framed(json_splice.splice(text, changes), layout)


def _value(value: Any, layout: Layout, depth: int) -> str:
    return json_splice.dump(
        value, indent=layout.indent, separator=layout.separator, ascii_only=layout.ascii, depth=depth
    )


_EXPORT_HINT = "Open it in Jupyter and save it again."


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        conflict = re.search(r"^<<<<<<< ", text, re.MULTILINE)
        raise NotANotebook(
            f"{name} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            hint="It holds the marks of an unfinished git merge: finish that first." if conflict else _BROKEN_HINT,
        ) from error
    except RecursionError as error:
        raise NotANotebook(f"{name} is nested too deeply to be a notebook.", hint=_EXPORT_HINT) from error


_BROKEN_HINT = "Take it from a backup or a checkpoint (`.ipynb_checkpoints/`)."


def _version_4(data: Any, name: str) -> Mapping[str, Any]:
    """The data in format 4; format 3 is upgraded by nbformat."""
    version = data.get("nbformat") if isinstance(data, dict) else None
    if not isinstance(version, int):
        raise NotANotebook(f"{name} is JSON, but not a notebook: it does not name its format.", hint=_EXPORT_HINT)
    if version == 4:
        return cast(Mapping[str, Any], data)
    if version > 4:
        raise NotANotebook(
            f"{name} has notebook format {version}; this version of jupyter-mlops reads format 4.",
            hint="Upgrade jupyter-mlops, or save the notebook in format 4.",
        )
    return _upgraded(data, version, name)


def _upgraded(data: Any, version: int, name: str) -> Mapping[str, Any]:
    try:
        import nbformat
        from nbformat import reader
    except ImportError as error:
        raise MissingLibrary(
            f"{name} has the old notebook format {version}, which needs nbformat to be read.",
            hint="Install it: `pip install nbformat`.",
        ) from error
    try:
        upgraded = nbformat.convert(reader.reads(json.dumps(data)), 4)
    except Exception as error:
        # nbformat raises whatever a malformed old file makes its converters trip over.
        raise NotANotebook(
            f"{name} has the old notebook format {version} and cannot be upgraded: {error}.", hint=_EXPORT_HINT
        ) from error
    return cast(Mapping[str, Any], json.loads(json.dumps(upgraded)))


def _cell(item: Any, position: int, count: int, name: str, taken: set[str]) -> Cell:
    """A cell; `count` are the code cells so far, with this one."""
    if not isinstance(item, dict) or item.get("cell_type") not in KINDS:
        kind = item.get("cell_type") if isinstance(item, dict) else item
        raise NotANotebook(f"{name} is not a valid notebook: cell {position} has the type {kind!r}.", hint=_EXPORT_HINT)
    source = item.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotANotebook(f"{name} is not a valid notebook: cell {position} has no text as source.", hint=_EXPORT_HINT)
    metadata = item.get("metadata")
    return Cell(
        index=position,
        id=_id(item.get("id"), source, taken),
        kind=cast(CellKind, item["cell_type"]),
        source=source,
        metadata=metadata if isinstance(metadata, dict) else {},
        count=count if item["cell_type"] == "code" else 0,
    )


def _id(given: Any, source: str, taken: set[str]) -> str:
    """The cell's id; one that is missing, or used before, is made from the source so that it stays the same."""
    if isinstance(given, str) and given and given not in taken:
        taken.add(given)
        return given
    occurrence = 0
    while True:
        made = hashlib.sha256(f"{occurrence}:{source}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
        if made not in taken:
            taken.add(made)
            return made
        occurrence += 1


def _by_id(raw: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    taken: set[str] = set()
    return {_cell(item, position, 0, "", taken).id: item for position, item in enumerate(raw["cells"])}


def _has_ids(raw: Mapping[str, Any]) -> bool:
    """Whether the format of the file has cell ids (since 4.5): before, they would make it invalid."""
    minor = raw.get("nbformat_minor")
    return isinstance(minor, int) and minor >= 5


def _raw_cell(cell: Cell, old: Mapping[str, Any] | None, *, with_ids: bool) -> Mapping[str, Any]:
    if old is None:
        made: dict[str, Any] = {"cell_type": cell.kind, **({"id": cell.id} if with_ids else {})}
        made |= {"metadata": dict(cell.metadata), "source": cell.source.splitlines(keepends=True)}
        return {**made, "execution_count": None, "outputs": []} if cell.kind == "code" else made
    changed: dict[str, Any] = {}
    source = old.get("source", "")
    if ("".join(source) if isinstance(source, list) else source) != cell.source:
        changed["source"] = cell.source.splitlines(keepends=True) if isinstance(source, list) else cell.source
    if old.get("metadata") is not cell.metadata and (cell.metadata or "metadata" in old):
        changed["metadata"] = dict(cell.metadata)
    return {**old, **changed} if changed else old


def _new() -> dict[str, Any]:
    return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _layout(text: str) -> Layout:
    body = text.removeprefix("\ufeff")
    indent = _INDENT.match(body)
    return Layout(
        indent=indent.group(1) if indent else None,
        # Text outside ASCII that is written as \u escapes stays so; a file without any cannot tell.
        ascii=body.isascii() and re.search(r"\\u[0-9a-fA-F]{4}", body) is not None and _escapes_text(body),
        newline="\r\n" if "\r\n" in body[:4096] else "\n",
        final_newline=body.endswith("\n"),
        bom=body is not text and text.startswith("\ufeff"),
        separator=": " if '": ' in body else ":",
    )


def _escapes_text(body: str) -> bool:
    r"""Whether an escape stands for text beyond ASCII: control characters such as \u001b are escaped by everyone."""
    return any(int(code, 16) > 0x7F for code in re.findall(r"\\u([0-9a-fA-F]{4})", body))


def _framed(text: str, layout: Layout) -> str:
    """The text with the line ends and the byte order mark of the file."""
    text = text.replace("\n", layout.newline) if layout.newline != "\n" else text
    return "\ufeff" + text if layout.bom else text
