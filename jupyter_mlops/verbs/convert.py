"""`convert`: write step metadata into a notebook that has none, or has Kale's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook import convert as conversion
from jupyter_mlops.notebook import document, kale
from jupyter_mlops.notebook.annotations import By
from jupyter_mlops.verbs.sources import existing


def convert(
    path: str | Path, *, output: str | Path | None = None, by: By = "auto", dry_run: bool = False
) -> dict[str, Any]:
    """Convert the notebook at `path` into `output` (default: in place).

    Returns `{"output", "changes": [{"cell", "role", "step"}], "notes": [...]}`; with `dry_run` nothing is written.

    Raises:
        Usage: `by` is `kale`, and the notebook has nothing of Kale's.
    """
    source = document.read(existing(path))
    if by == "kale" and not any(kale.read_cell(cell) for cell in source.code_cells):
        raise Usage(
            f"{Path(path).name} has nothing of Kale's: no tag and no older metadata.",
            hint="`--by headings` and `--by cells` make steps of any notebook.",
        )
    converted, notes = conversion.convert(source, by=by)
    target = Path(output).expanduser().absolute() if output else source.path
    assert target is not None
    if not dry_run:
        document.write(converted, target)
    return {
        "output": None if dry_run else str(target),
        "changes": conversion.changes(source, converted),
        "notes": list(notes),
    }
