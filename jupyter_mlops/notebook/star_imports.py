"""`from module import *`: its names, found by importing only where that is safe."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path

# Standard modules whose import does something that a reader of a notebook does not expect.
_NEVER = frozenset({"antigravity", "this", "idlelib", "turtledemo", "__main__"})


class _NotKnown(LookupError):
    """Not kept, unlike an answer: the module may be installed while this process runs."""


def star_names(module: str) -> tuple[str, ...] | None:
    """The names that `from module import *` binds; None when they cannot be known here.

    A module of the standard library or of site-packages is read, or imported when reading is not enough. A module of
    the user's own is not touched: importing it would run their code.
    """
    try:
        return _names(module)
    except _NotKnown:
        return None


@lru_cache(maxsize=256)
def _names(module: str) -> tuple[str, ...]:
    found = _looked_up(module)
    if found is None:
        raise _NotKnown(module)
    return found


def _looked_up(module: str) -> tuple[str, ...] | None:
    top = module.partition(".")[0]
    if not top or top in _NEVER:
        return None
    # The package first: looking for a module inside a package imports the package.
    if not _is_installed(top, _spec(top)):
        return None
    spec = _spec(module)
    return None if spec is None else _read(spec) or _imported(module)


def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None


def _is_installed(module: str, spec: ModuleSpec | None) -> bool:
    if spec is None:
        return False
    if module in sys.stdlib_module_names and spec.origin in {"built-in", "frozen"}:
        return True
    # By where it is, not by its name: a file of the user's may have the name of a standard module.
    paths = sysconfig.get_paths()
    roots = [Path(paths[key]).resolve() for key in ("purelib", "platlib", "stdlib", "platstdlib")]
    origin = Path(spec.origin or "").resolve()
    return any(origin.is_relative_to(root) for root in roots)


def _read(spec: ModuleSpec) -> tuple[str, ...] | None:
    """A literal `__all__` in the source."""
    if not spec.origin or not spec.origin.endswith(".py"):
        return None
    try:
        tree = ast.parse(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    found: list[object] | None = None
    for statement in tree.body:
        mentions = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == "__all__"]
        if not mentions:
            continue
        try:
            value = ast.literal_eval(statement.value) if isinstance(statement, ast.Assign) else None
        except ValueError:
            value = None
        if found is not None or not isinstance(value, list | tuple):
            return None
        found = list(value)
    return None if found is None else tuple(str(name) for name in found)


def _imported(module: str) -> tuple[str, ...] | None:
    try:
        namespace = importlib.import_module(module)
    except Exception:  # noqa: BLE001  # whatever a library raises at import, its names are not known
        return None
    names = getattr(namespace, "__all__", None)
    return tuple(names if names is not None else (name for name in vars(namespace) if not name.startswith("_")))
