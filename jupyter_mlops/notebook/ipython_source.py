"""IPython's syntax as plain Python: same lines, so a line of the tree is a line of the cell. IPython is never imported.

A magic becomes a call on `get_ipython()` with the names that it interpolates as arguments, so that the analysis sees
what it reads and sets; a body in another language becomes nothing.
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from typing import Literal

from jupyter_mlops.notebook import removers
from jupyter_mlops.notebook.logical_lines import escaped_lines
from jupyter_mlops.notebook.per_source import per_source

__all__ = ["MagicUse", "PythonSource", "SyntaxProblem", "read_source"]


@dataclass(frozen=True)
class MagicUse:
    """A magic in a cell: `%name arguments`, `%%name arguments`; a shell line is called `!`, a help request `?`."""

    name: str
    kind: Literal["line", "cell"]
    line: int
    arguments: str = ""


@dataclass(frozen=True)
class SyntaxProblem:
    """Why a cell is no Python; `line` counts from 1 in the cell."""

    message: str
    line: int


@dataclass(frozen=True, eq=False)
class PythonSource:
    """A cell as Python. `tree` has the cell's own line numbers.

    `timed` says that the body runs inside a function (`%%timeit`): it sets no names. `files_out` are files that magics
    write, `files_in` those that they read, `files_gone` those that they take away.
    """

    tree: ast.Module
    magics: tuple[MagicUse, ...] = ()
    problem: SyntaxProblem | None = None
    timed: bool = False
    files_in: tuple[str, ...] = ()
    files_out: tuple[str, ...] = ()
    files_gone: tuple[str, ...] = ()


@per_source
def read_source(source: str) -> PythonSource:
    """Read a cell. Never raises: a cell that is no Python has an empty tree and a `problem`."""
    lines = _without_margin(source.replace("\r\n", "\n").split("\n"))
    source = "\n".join(lines)
    if not any(mark in source for mark in "%!?"):
        return _parsed(source, _Reader())
    start = _first_line(lines)
    if start is not None and lines[start].startswith("%%"):
        return _read_cell_magics(lines, start)
    tree = _try_parse(source)
    return PythonSource(tree) if isinstance(tree, ast.Module) else _read_lines(lines, _Reader())


@dataclass
class _Reader:
    """What was found on the way."""

    magics: list[MagicUse] = field(default_factory=list)
    files_in: list[str] = field(default_factory=list)
    files_out: list[str] = field(default_factory=list)
    files_gone: list[str] = field(default_factory=list)
    timed: bool = False

    def run_shell(self, command: str) -> None:
        """Note the files of a shell command."""
        self.files_in += mentioned_words(command)
        self.files_out += redirections(command)
        self.files_gone += removals(command)


def _without_margin(lines: list[str]) -> list[str]:
    """IPython takes away the indentation of the first line from all that have it."""
    first = _first_line(lines)
    margin = lines[first][: len(lines[first]) - len(lines[first].lstrip())] if first is not None else ""
    return [line.removeprefix(margin) for line in lines] if margin else lines


def _first_line(lines: list[str]) -> int | None:
    return next((index for index, line in enumerate(lines) if line.strip()), None)


def _parsed(text: str, reader: _Reader) -> PythonSource:
    tree = _try_parse(text)
    problem = None
    if not isinstance(tree, ast.Module):
        problem, tree = tree, ast.Module([], [])
    return PythonSource(
        tree,
        tuple(reader.magics),
        problem,
        reader.timed,
        tuple(reader.files_in),
        tuple(reader.files_out),
        tuple(reader.files_gone),
    )


def _try_parse(text: str) -> ast.Module | SyntaxProblem:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        return SyntaxProblem(error.msg, max(error.lineno or 1, 1))
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxProblem(str(error) or type(error).__name__, 1)


def _read_lines(lines: list[str], reader: _Reader) -> PythonSource:
    """Put Python in the place of every escaped line and parse the whole."""
    lines = list(lines)
    for found in escaped_lines(lines):
        indent = found.text[: len(found.text) - len(found.text.lstrip())]
        lines[found.first] = indent + _translated(found.text.strip(), found.first + 1, reader)
        lines[found.first + 1 : found.last + 1] = [""] * (found.last - found.first)
    return _parsed("\n".join(lines), reader)


# ----------------------------------------------------------------------------------------------------------- lines

_MAGIC = re.compile(r"%(?P<name>[A-Za-z_][\w.]*)\s*(?P<rest>.*)", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<target>.*?[^=<>!+\-*/%&|^@:])=\s*(?P<escape>[!%].*)", re.DOTALL)
# Magics whose argument is a statement that runs in the notebook's namespace.
_STATEMENT_MAGICS = frozenset({"time", "prun", "memit", "mprun", "lprun", "pyinstrument"})


def _translated(text: str, line: int, reader: _Reader) -> str:
    """Python for one escaped line."""
    if text.startswith("?") or text.endswith("?"):
        reader.magics.append(MagicUse("?", "line", line, text.strip("?")))
        return _call("pinfo", _expression(text.strip("?%")))
    if text.startswith("!"):
        return _shell(text.lstrip("!"), line, reader, "getoutput" if text.startswith("!!") else "system")
    if text.startswith("%"):
        return _magic(text, line, reader)
    assignment = _ASSIGNMENT.match(text)
    if assignment is None:
        return text
    target, escape = assignment["target"].rstrip(), assignment["escape"]
    if escape.startswith("!"):
        return f"{target} = {_shell(escape.lstrip('!'), line, reader, 'getoutput')}"
    value = _magic(escape, line, reader)
    return f"{target} = {value if _is_expression(value) else _call('run_line_magic')}"


def _magic(text: str, line: int, reader: _Reader) -> str:
    match = _MAGIC.match(text)
    name, rest = (match["name"], match["rest"].strip()) if match else ("", "")
    reader.magics.append(MagicUse(name, "line", line, rest))
    if name in _STATEMENT_MAGICS or name == "timeit":
        statement = _without_options(rest)
        tree = _try_parse(statement)
        if name != "timeit" and isinstance(tree, ast.Module):
            return statement or "pass"
        return _loads_only(tree)
    if name in {"sx", "system", "sc"}:
        return _shell(rest, line, reader, "getoutput", record=False)
    if name == "store" and "-r" not in rest.split():
        names, _, target = rest.partition(">")
        reader.files_out += [word.strip("'\"") for word in target.lstrip("> ").split()[:1]]
        return _call("run_line_magic", *(_expression(word) for word in names.split() if word.isidentifier()))
    if name in _ALIASES:
        reader.run_shell(f"{name} {rest}")
    stores = _stored_names(rest)
    call = _call("run_line_magic", repr(name), *_interpolated(rest), *_read_names(rest))
    return " = ".join([*stores, call])


def _without_options(rest: str) -> str:
    """`-n 10 -r3 f(x)` -> `f(x)`."""
    return re.sub(r"^(?:-{1,2}[A-Za-z][\w-]*(?:[ =]?(?:\d+|\w+(?=\s+-|\s+\w+\())\b)?\s+|-[a-z]\d*\s+)*", "", rest)


def _loads_only(tree: ast.Module | SyntaxProblem) -> str:
    """`%timeit` runs its statement in a function of its own: it reads names and sets none."""
    if not isinstance(tree, ast.Module):
        return _call("run_line_magic")
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        return ast.unparse(tree.body[0])
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return _call("run_line_magic", *sorted({node.id for node in names} - stored))


def _shell(command: str, line: int, reader: _Reader, how: str, *, record: bool = True) -> str:
    if record:
        reader.magics.append(MagicUse("!", "line", line, command.strip()))
    reader.run_shell(command)
    return _call(how, *_interpolated(command))


def _call(method: str, *arguments: str) -> str:
    return f"get_ipython().{method}({', '.join(item for item in arguments if item)})"


# --------------------------------------------------------------------------------------------------- interpolation

_DOLLAR = re.compile(r"(?<!\$)\$(?:\{\s*)?(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)")
_BRACES = re.compile(r"(?<!\{)\{(?P<expression>[^{}]+)\}(?!\})")
_WORD = re.compile(r"""[^\s'"$|;&<>()`]+\.\w+|[\w./~-]*/[\w./-]+""")
_PATH = r"""'[^'$]+'|"[^"$]+"|[^\s&|;<>()$]+"""
_REDIRECTION = re.compile(rf"(?<![<>\d&])>{{1,2}}\s*(?P<path>{_PATH})|\btee\s+(?:-a\s+)?(?P<tee>(?!-){_PATH})")
# All that is given to or taken from a command by `<` and `>`, also its errors.
_REDIRECTED = re.compile(rf"[\d&]?(?:>>?|<)&?\s*(?:{_PATH})")
_BEFORE_A_COMMAND = frozenset({"sudo", "then", "do", "else", "exec", "time"})
# Commands that write the last of their words, all of them, or what follows an option.
_TO_THE_LAST = frozenset({"cp", "mv", "ln", "rsync"})
_TO_ALL = frozenset({"touch", "mkdir"})
_TO_OPTION = {"wget": "-O", "curl": "-o"}
# Commands that IPython takes as magics: `%rm f`.
_ALIASES = frozenset({"cat", "cp", "ln", "mkdir", "mv", "rm", "rmdir"})


def _interpolated(text: str) -> list[str]:
    """The expressions that IPython fills in: `$name` and `{expression}`."""
    found = [match["name"] for match in _DOLLAR.finditer(text)]
    found += [match["expression"].split("!")[0] for match in _BRACES.finditer(text)]
    return [f"({item})" for item in dict.fromkeys(found) if _is_expression(item)]


def redirections(command: str) -> list[str]:
    """Files that a shell command writes: `> f`, `>> f`, `tee f`, `cp a f`, `touch f`."""
    found = [(match["path"] or match["tee"]).strip("'\"") for match in _REDIRECTION.finditer(command)]
    for name, words, plain in _commands(command):
        if name in _TO_ALL or (name in _TO_THE_LAST and len(plain) > 1):
            found += plain if name in _TO_ALL else plain[-1:]
        elif (option := _TO_OPTION.get(name)) and option in words[:-1]:
            found.append(words[words.index(option) + 1])
    return _known(found)


def removals(command: str) -> list[str]:
    """Files that a shell command takes away: `rm a b`, `mv a b` takes away `a`."""
    found: list[str] = []
    for name, _, plain in _commands(command):
        if name in removers.COMMANDS:
            found += plain[:-1] if name in removers.MOVERS else plain
    return _known(found)


def _commands(command: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Of each command its name, all its words, and those that are no options."""
    for part in re.split(r"[|;&\n]+", _REDIRECTED.sub(" ", command)):
        said = takewhile(lambda word: not word.startswith("#"), shell_words(part))
        name, *words = [*dropwhile(_BEFORE_A_COMMAND.__contains__, said)] or [""]
        yield name, words, [word for word in words if not word.startswith("-")]


def shell_words(command: str) -> list[str]:
    """The words of a command, without their quotes."""
    try:
        return shlex.split(command)
    except ValueError:  # half of something in quotes
        return [word.strip("'\"") for word in command.split()]


def _known(paths: list[str]) -> list[str]:
    """Those that are no patterns, and that nothing is filled in."""
    return [path for path in paths if path and path != "/dev/null" and not {"{", "$", "*"}.intersection(path)]


def mentioned_words(command: str) -> list[str]:
    """Words of a shell command that look like files."""
    written = set(redirections(command))
    words = (word for word in _WORD.findall(command) if word not in written and not word.startswith("/dev/"))
    return [word for word in words if "{" not in word and "://" not in word]


def _expression(text: str) -> str:
    return f"({text})" if _is_expression(text) else ""


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip() or "+", mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _options(rest: str) -> Iterator[tuple[str, str]]:
    words = rest.split()
    for index, word in enumerate(words):
        if word.startswith("-"):
            option, _, value = word.partition("=")
            yield option, value or (words[index + 1] if index + 1 < len(words) else "")


def _stored_names(rest: str) -> list[str]:
    """`--out x`, `-o x` (several magics set a name that way)."""
    names = [value for option, value in _options(rest) if option in {"--out", "--err", "-o", "--output", "--proc"}]
    return [part for name in names for part in name.split(",") if part.isidentifier()]


def _read_names(rest: str) -> list[str]:
    names = [value for option, value in _options(rest) if option in {"-i", "--input"}]
    return [part for name in names for part in name.split(",") if part.isidentifier()]


# ------------------------------------------------------------------------------------------------------ cell magics

# Cell magics whose body is Python that runs in the notebook's namespace.
PYTHON_BODY = frozenset({"step", "time", "timeit", "capture", "prun", "memit", "train", "sweep", "deploy", "mlops"})
SHELLS = frozenset({"bash", "sh", "script", "system", "sx", "!", "cmd"})
_QUOTED = re.compile(r"""(?P<mark>['"])(?P<path>.+)(?P=mark)\s*$""")
_CELL_MAGIC = re.compile(r"%%(?P<name>!|[A-Za-z_][\w.]*)\s*(?P<rest>.*)")


def _read_cell_magics(lines: list[str], start: int) -> PythonSource:
    """Peel the cell magics from the top, one a line, then read the body."""
    reader = _Reader()
    head: list[str] = []
    while start < len(lines) and (match := _CELL_MAGIC.match(lines[start])):
        name, rest = match["name"], match["rest"].strip()
        reader.magics.append(MagicUse(name, "cell", start + 1, rest))
        if name not in PYTHON_BODY:
            return _foreign_body(name, rest, lines, start, reader)
        reader.timed |= name == "timeit"
        head.append(_head(name, rest))
        start += 1
        while start < len(lines) and not lines[start].strip() and _later_magic(lines, start):
            start += 1
    body = [*[""] * start, *lines[start:]]
    if head and start:
        body[0] = "; ".join(item for item in head if item)
    return _read_lines(body, reader)


def _later_magic(lines: list[str], start: int) -> bool:
    following = next((line for line in lines[start:] if line.strip()), "")
    return following.startswith("%%")


def _head(name: str, rest: str) -> str:
    """What the magic's own line does: `%%capture out` sets `out`, `%%timeit x = 1` runs its setup."""
    if name == "capture":
        names = [word for word in rest.split() if word.isidentifier()]
        return f"{names[0]} = get_ipython().run_line_magic('capture')" if names else ""
    if name in {"time", "timeit"}:
        statement = _without_options(rest)
        return statement if statement and isinstance(_try_parse(statement), ast.Module) else ""
    return ""


def _foreign_body(name: str, rest: str, lines: list[str], start: int, reader: _Reader) -> PythonSource:
    """A body in another language, or a file: nothing of it is Python; IPython fills in names on the first line only."""
    body = "\n".join(lines[start + 1 :])
    if name in {"writefile", "file"}:
        quoted = _QUOTED.search(rest)
        path = quoted["path"] if quoted else rest.rsplit(maxsplit=1)[-1].strip("'\"") if rest.split() else ""
        (reader.files_in if "$" in path or "{" in path or not path else reader.files_out).append(path)
    elif name in SHELLS:
        reader.run_shell(body)
    stores = _stored_names(rest)
    call = _call("run_cell_magic", repr(name), *_interpolated(rest), *_read_names(rest))
    text = "\n" * start + " = ".join([*stores, call])
    return _parsed(text, reader)
