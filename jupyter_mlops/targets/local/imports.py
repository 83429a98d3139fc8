"""Which libraries an attempt will import at its top level: what is worth importing before it starts."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterable
from pathlib import Path

from jupyter_mlops.runtime.spec import TaskSpec


def modules_of(spec: TaskSpec) -> tuple[str, ...]:
    """Modules imported by the attempt's definitions, setup cells and cells, in order of appearance."""
    return tuple(dict.fromkeys(module for source in sources_of(spec) for module in imported(source)))


def sources_of(spec: TaskSpec) -> list[str]:
    """The code that an attempt runs: its definitions, setup cells and cells, those of a whole notebook too."""
    sources = [item.source for item in spec.definitions if item.wanted]
    sources += [cell.source for cell in (*spec.setup, *spec.cells)]
    return sources + (_sources_of(Path(spec.notebook)) if spec.notebook else [])


@functools.lru_cache(maxsize=1024)
def imported(source: str) -> tuple[str, ...]:
    """Modules that the statements of a cell import unconditionally; magics are no hindrance."""
    if "import" not in source:
        return ()
    plain = "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines())
    try:
        statements = ast.parse(plain).body
    except (SyntaxError, ValueError):
        return ()
    return tuple(module for statement in statements for module in _named(statement))


def _named(statement: ast.stmt) -> Iterable[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        return [statement.module]
    return []


def _sources_of(notebook: Path) -> list[str]:
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8")).get("cells", [])
        return ["".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        return []  # whoever runs it will say what is wrong with it
