# ruff: noqa: E501 - rows of programs
"""The scopes of real modules agree with Python's own symbol tables."""

from __future__ import annotations

import ast
import symtable
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.notebook.scopes import read_scopes

STDLIB = Path(sysconfig.get_paths()["stdlib"])
MODULES = """abc argparse ast asyncio/base_events.py asyncio/tasks.py bdb bisect calendar cgitb cmd codecs collections/__init__.py
    concurrent/futures/process.py configparser contextlib copy csv dataclasses datetime decimal difflib dis doctest
    email/_header_value_parser.py email/message.py enum filecmp fractions functools gettext glob gzip heapq http/client.py
    http/cookiejar.py inspect ipaddress json/decoder.py locale logging/__init__.py mailbox multiprocessing/pool.py ntpath
    numbers opcode optparse os pathlib pdb pickle pickletools platform plistlib pprint pydoc queue random re/_parser.py
    runpy sched shelve shlex smtplib socket ssl statistics string subprocess symtable tarfile tempfile textwrap threading
    timeit tkinter/__init__.py tokenize traceback types typing unittest/case.py unittest/mock.py urllib/parse.py uuid
    warnings weakref xml/dom/minidom.py zipfile zoneinfo/_zoneinfo.py""".split()


def sources() -> Iterator[Path]:
    for name in MODULES:
        path = STDLIB / (name if name.endswith(".py") else f"{name}.py")
        if path.exists():
            yield path


def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from tables(child)


def globals_set(top: symtable.SymbolTable) -> set[str]:
    """Names that the module sets when it runs: at the top, or in a class body by `global`."""
    return {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }


def globals_read(top: symtable.SymbolTable) -> set[str]:
    """Names read as globals anywhere."""
    found = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    for table in tables(top):
        if table is not top:
            found |= {
                symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and symbol.is_global()
            }
    return found


def comprehension_targets(source: str) -> set[str]:
    """Variables of comprehensions: since Python 3.12 the symbol table counts them to the scope around."""
    if sys.version_info < (3, 12):
        return set()
    loops = [node.target for node in ast.walk(ast.parse(source)) if isinstance(node, ast.comprehension)]
    return {name.id for loop in loops for name in ast.walk(loop) if isinstance(name, ast.Name)}


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: path.relative_to(STDLIB).as_posix())
def test_a_module_sets_and_reads_the_names_that_python_says(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    facts = read_scopes(source)
    top = symtable.symtable(source, path.name, "exec")
    stars = {name for star in facts.star_imports for name in star.names or ()}
    inlined = globals_set(top) - facts.stores.keys() - stars
    assert inlined <= comprehension_targets(source)
    assert facts.stores.keys() - stars == globals_set(top) - stars - inlined
    read = {use.name for use in facts.loads}
    assert read <= globals_read(top) | facts.stores.keys()
    # What is read but not reported was surely set before, so it is among the stores.
    assert globals_read(top) - read - inlined <= facts.stores.keys() | {"__class__"}
