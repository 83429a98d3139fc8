"""Source reduced to what it does: no comments, no formatting, and of setup cells only what a step can reach."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache

_WORD = re.compile(r"[^\W\d]\w*")
# The declaration of a step says how it runs, not what it does; its options are parts of the key where they matter.
_STEP_MAGIC = re.compile(r"\A\s*%%step\b[^\n]*\n?")

_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def normalised(source: str) -> str:
    """What the source does, as text to hash. Cells with magics count as they are written."""
    source = _STEP_MAGIC.sub("", source)
    tree = _parsed(source)
    return source.strip() if tree is None else ast.dump(tree)


def reachable_setup(setup: Iterable[tuple[str, str]], used_by: Iterable[str]) -> list[tuple[str, str]]:
    """The parts of setup cells (id, source) that count for cells `used_by`: all but definitions that nobody names.

    Names are compared as words, in strings too (`df.query("@limit < x")`), so rather too much is taken than too little.
    Each part comes with the id of its cell: bundles refer to what a setup cell defines by that.
    """
    always: list[tuple[str, str]] = []
    offered: list[tuple[str, frozenset[str], ast.stmt]] = []
    words = set[str]().union(*(_words(source) for source in used_by))
    for cell, source in setup:
        tree = _parsed(_STEP_MAGIC.sub("", source))
        if tree is None:
            always.append((cell, source.strip()))
            words |= _words(source)
        for statement in tree.body if tree else ():
            names = frozenset(_defined(statement))
            if names:
                offered.append((cell, names, statement))
            else:
                always.append((cell, ast.dump(statement)))
                words |= _words(ast.unparse(statement))
    return always + _closure(offered, words)


def _closure(offered: list[tuple[str, frozenset[str], ast.stmt]], words: set[str]) -> list[tuple[str, str]]:
    """Definitions whose names are among the words, and those that they name in turn; in the order of the source."""
    taken = set[int]()
    grew = True
    while grew:
        grew = False
        for index, (_, names, statement) in enumerate(offered):
            if index not in taken and ("*" in names or names & words):
                taken.add(index)
                words |= _words(ast.unparse(statement))
                grew = True
    return [(cell, ast.dump(statement)) for index, (cell, _, statement) in enumerate(offered) if index in taken]


def _defined(statement: ast.stmt) -> Iterator[str]:
    """Names that a definition or import binds; nothing for other statements."""
    if not isinstance(statement, _DEFINITION):
        return
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield (alias.asname or alias.name).partition(".")[0]
    else:
        yield statement.name


@lru_cache(maxsize=4096)
def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=4096)
def _words(source: str) -> frozenset[str]:
    return frozenset(_WORD.findall(source))
