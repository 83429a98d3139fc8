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


def reachable_setup(setup: Iterable[str], used_by: Iterable[str]) -> list[str]:
    """The parts of setup cells that count for cells `used_by`: all but definitions and imports that nobody names.

    Names are compared as words, in strings too (`df.query("@limit < x")`), so rather too much is taken than too little.
    """
    always: list[str] = []
    offered: list[tuple[frozenset[str], ast.stmt]] = []
    words = set[str]()
    for source in used_by:
        words |= _words(source)
    for source in setup:
        tree = _parsed(_STEP_MAGIC.sub("", source))
        if tree is None:
            always.append(source.strip())
            words |= _words(source)
            continue
        for statement in tree.body:
            names = frozenset(_defined(statement))
            if names:
                offered.append((names, statement))
            else:
                always.append(ast.dump(statement))
                words |= _words(ast.unparse(statement))
    return always + [ast.dump(statement) for statement in _closure(offered, words)]


def _closure(offered: list[tuple[frozenset[str], ast.stmt]], words: set[str]) -> list[ast.stmt]:
    """Definitions whose names are among the words, and those that they name in turn; in the order of the source."""
    taken = set[int]()
    grew = True
    while grew:
        grew = False
        for index, (names, statement) in enumerate(offered):
            if index not in taken and ("*" in names or names & words):
                taken.add(index)
                words |= _words(ast.unparse(statement))
                grew = True
    return [statement for index, (_, statement) in enumerate(offered) if index in taken]


def _defined(statement: ast.stmt) -> Iterator[str]:
    """Names that a definition or import binds; nothing for other statements."""
    if not isinstance(statement, _DEFINITION):
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
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
