"""A cell's Python, as far as its annotations need it: magics are left out, not translated."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache

# Cell magics whose body is Python that runs in the notebook's own namespace.
PYTHON_CELL_MAGICS = frozenset({"step", "time", "timeit", "capture", "prun", "train", "sweep", "deploy"})
_LINE_MAGIC = re.compile(r"^(?P<indent>\s*)(?:%(?P<name>[A-Za-z_]\w*)|!|\?|[\w.]+\?{1,2}\s*$)")
_ASSIGNED_MAGIC = re.compile(r"^(?P<indent>\s*)(?P<target>[\w.,\s\[\]]+?)\s*=\s*(?:%[A-Za-z_]|!)")


@lru_cache(maxsize=8192)
def module_of(source: str) -> ast.Module | None:
    """The cell as a syntax tree with the same line numbers; None when it is no Python."""
    plain = _parsed(source)
    return plain if plain is not None else _parsed(without_magics(source))


def line_magics(source: str) -> list[str]:
    """The names of its line magics; a shell line or a help request is `!` or `?`."""
    if cell_magic(source) not in ("", *PYTHON_CELL_MAGICS) or _parsed(source) is not None:
        return []
    found = [match for line in _body(source) if (match := _LINE_MAGIC.match(line))]
    return [match["name"] or match.group().strip()[:1] for match in found]


def cell_magic(source: str) -> str:
    """The name of its cell magic; empty when it has none."""
    match = re.match(r"\s*%%([A-Za-z_!]\w*)", source)
    return match[1] if match else ""


def without_magics(source: str) -> str:
    """The source with magics made inert, line for line; a cell in another language has nothing left."""
    magic = cell_magic(source)
    if magic and magic not in PYTHON_CELL_MAGICS:
        return ""
    lines = []
    for line in source.split("\n"):
        if line.lstrip().startswith("%%"):
            lines.append("")
        elif assigned := _ASSIGNED_MAGIC.match(line):
            lines.append(f"{assigned['indent']}{assigned['target']} = __magic__()")
        elif match := _LINE_MAGIC.match(line):
            lines.append(f"{match['indent']}pass")
        else:
            lines.append(line)
    return "\n".join(lines)


def _body(source: str) -> list[str]:
    return [line for line in source.split("\n") if not line.lstrip().startswith("%%")]


@lru_cache(maxsize=8192)
def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            # A string with a doubtful escape is the user's business when it runs.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
