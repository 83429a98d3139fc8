"""The notebook's namespace: the dict of a module that is registered as `__main__`, as in a kernel."""

from __future__ import annotations

import builtins
import linecache
import sys
from types import ModuleType
from typing import Any

# Names that belong to the interactive shell, not to the user.
SHELL_NAMES = frozenset(
    ["In", "Out", "exit", "quit", "open", "get_ipython", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "_", "__", "___"]
)


def fresh_main() -> ModuleType:
    """A new, empty `__main__`: pickle, multiprocessing and `import __main__` find the notebook's names in it.

    It has no `__file__`, as in a notebook.
    """
    module = ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    return module


def is_users(name: str) -> bool:
    """Whether a name in the namespace was (or may have been) set by the user's code."""
    if name in SHELL_NAMES or (name.startswith("__") and name.endswith("__")):
        return False
    return not (name.startswith("_") and name[1:].lstrip("i").isdigit())


def cell_file(index: int, notebook: str = "") -> str:
    """The file name that code of a cell has in tracebacks and warnings."""
    where = f" of {notebook}" if notebook else ""
    return f"<cell {index}{where}>"


def remember_source(filename: str, source: str, line: int = 1) -> None:
    """Make `source`, which begins at `line` of `filename`, known to `inspect.getsource` and to tracebacks.

    Parts of one cell that arrive one by one are laid over each other.
    """
    known = linecache.cache.get(filename)
    lines: list[str] = list(known[2]) if known is not None and len(known) == 4 else []
    new = [text + "\n" for text in source.splitlines()]
    lines.extend("\n" for _ in range(line - 1 + len(new) - len(lines)))
    lines[line - 1 : line - 1 + len(new)] = new
    # No modification time: checkcache leaves such entries alone.
    linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)


def remembered_source(filename: str) -> str:
    """The source of a cell's file as far as it is known, "" otherwise; real files are not asked for."""
    known = linecache.cache.get(filename)
    if known is None or len(known) != 4 or known[1] is not None or not filename.startswith("<"):
        return ""
    return "".join(known[2])


def bind(namespace: dict[str, Any], name: str, value: Any, *, present: bool = True) -> None:
    """Set or remove a binding."""
    if present:
        namespace[name] = value
    else:
        namespace.pop(name, None)
