"""The document: cells in order, read from `.ipynb` or percent-format `.py`, and written with the rest untouched."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import NotANotebook, NotFound, Usage
from jupyter_mlops.notebook import ipynb, percent
from jupyter_mlops.notebook.cells import Cell, CellKind, Document, Layout
from jupyter_mlops.notebook.include import expand_with

__all__ = ["Cell", "CellKind", "Document", "Layout", "expand", "read", "read_data", "read_text", "write", "write_text"]

MAX_BYTES = 200 * 1024 * 1024


def read(path: str | Path) -> Document:
    """Read the notebook (`.ipynb`) or percent-format script at `path` (any other suffix: by what is in it).

    Raises:
        NotFound: there is no such file.
        NotANotebook: the file cannot be read as a notebook; the message says where it is broken.
    """
    path = Path(path)
    return read_text(_text(path), path)


def read_text(text: str, path: str | Path | None = None) -> Document:
    """Read a notebook from its text; `path` says what it is called and decides the format (default: by content).

    Raises:
        NotANotebook: the text is not a notebook.
    """
    path = None if path is None else Path(path)
    name = path.name if path else "the notebook"
    if not text.strip():
        raise NotANotebook(f"{name} is empty.", hint="Give a notebook with at least one cell.")
    looks_like_json = text.lstrip("\ufeff \t\r\n").startswith("{")
    as_json = path.suffix == ".ipynb" if path and path.suffix in (".ipynb", ".py") else looks_like_json
    if not as_json and path and path.suffix not in (".py", "") and not percent.has_marker(text):
        raise NotANotebook(
            f"{name} is not a notebook: it has no cells.", hint="Give an .ipynb or a percent-format .py."
        )
    return ipynb.parse(text, name, path) if as_json else percent.parse(text, name, path)


def read_data(data: Mapping[str, Any], path: Path) -> Document:
    """Read a notebook from its JSON as data; `path` is where it is, or would be.

    Raises:
        NotANotebook: it is none.
    """
    return ipynb.from_data(data, path.name, path)


def write(document: Document, path: str | Path) -> None:
    """Write to `path`, as a percent-format script if it ends in `.py` and as `.ipynb` otherwise.

    What the document did not change stays as it was in the file it was read from. The file appears whole or not at all.

    Raises:
        Usage: the file cannot be written there.
    """
    path = Path(path)
    data = write_text(document, path).encode("utf-8")
    target = Path(os.path.realpath(path))
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _keep_mode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def write_text(document: Document, path: str | Path) -> str:
    """The text that `write` would put into the file at `path`."""
    return percent.serialise(document) if Path(path).suffix == ".py" else ipynb.serialise(document)


def expand(document: Document) -> Document:
    """The document with the cells of every notebook that it includes in their place.

    Raises:
        NotFound: an included notebook is not there.
        Usage: notebooks include each other in a circle, or a path leaves the project.
    """
    return expand_with(document, read)


def _text(path: Path) -> str:
    """The file's text; a byte order mark stays in it."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise NotANotebook(f"{str(path)!r} is a folder, not a notebook.", hint="Give the .ipynb file inside it.")
        if size > MAX_BYTES:
            raise NotANotebook(
                f"{path.name} has {size // 2**20} MB; notebooks of more than {MAX_BYTES // 2**20} MB are not read.",
                hint="Clear its outputs: `jupyter nbconvert --clear-output --inplace` does so.",
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no file {str(path)!r}.", hint="Check the path; it is relative to where you are."
        ) from error
    except OSError as error:
        raise NotANotebook(f"{str(path)!r} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    return _decoded(data, path.name)


def _decoded(data: bytes, name: str) -> str:
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotANotebook(f"{name} is a binary file, not a notebook.", hint="Give an .ipynb or a percent-format .py.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotANotebook(
            f"{name} is not UTF-8 text (line {line}).", hint="Notebooks are UTF-8: save it again in that encoding."
        ) from error


def _keep_mode(target: Path, temporary: str) -> None:
    if target.exists():
        shutil.copymode(target, temporary)
    else:
        # mkstemp makes private files; a new notebook gets what the user's umask gives any new file.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)


def _unwritable(path: Path, error: OSError) -> Usage:
    return Usage(
        f"{str(path)!r} cannot be written: {error.strerror or error}.", hint="Choose another place with `-o FILE`."
    )
