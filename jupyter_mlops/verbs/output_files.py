"""Files that a person asked for by path: whole or not at all, and a sentence when it cannot be."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlops.errors import Usage
from jupyter_mlops.store.atomic_write import write_atomically


def write_output(path: str | Path, text: str) -> None:
    """Write text to `path`; what stood there stays if it fails. A device or pipe is written to as it is.

    Raises:
        Usage: the folder is not there, or the file cannot be written.
    """
    target = Path(path).expanduser()
    if not target.parent.is_dir():
        raise Usage(
            f"There is no folder {str(target.parent)!r} to write {target.name!r} into.",
            hint="Make it first, or correct the path.",
        )
    if target.is_dir():
        raise Usage(f"{str(path)!r} is a folder.", hint="Name a file in it.")
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
        else:
            write_atomically(target.resolve(), text.encode("utf-8"))
    except OSError as error:
        raise Usage(
            f"{str(path)!r} cannot be written: {error.strerror or error}.", hint="Choose another place."
        ) from error
