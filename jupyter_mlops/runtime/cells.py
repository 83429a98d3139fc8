"""What the two ways to run a cell (IPython, plain Python) share: lines of ours that are inert, errors as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn, Optional

from jupyter_mlops.runtime.errors import MlopsError

# Declarations: they tell tools what the cell is for. Where the cell runs as part of a run they do nothing.
_CELL_MAGIC = re.compile(r"\A(\s*)%%(step|train|sweep|deploy|mlops)\b[^\n]*")
_ASSIGNED_MAGIC = re.compile(r"^([ \t]*[\w., \t]+=[ \t]*)%mlops\b[^\n]*$", re.MULTILINE)
_LINE_MAGIC = re.compile(r"^([ \t]*)%(mlops\b|(?:re)?load_ext[ \t]+jupyter_mlops\b)[^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class CellError:
    """Why a cell failed. `traceback` may hold ANSI colours; `line` is in the cell, from 1."""

    name: str
    message: str
    traceback: tuple[str, ...]
    line: Optional[int]
    hint: str = ""


class InputRefused(MlopsError):
    """`input()` in a task."""


class CellTimeout(MlopsError):
    """A cell ran longer than it may."""


def inert(source: str) -> str:
    """The source with our own magic lines doing nothing; the numbers of the other lines stay."""
    if "%" not in source:
        return source
    source = _CELL_MAGIC.sub(_nothing, source)
    return _LINE_MAGIC.sub(r"\1pass", _ASSIGNED_MAGIC.sub(r"\1None", source))


def _nothing(magic: re.Match[str]) -> str:
    """`pass`, as IPython drops an empty first line; empty above another cell magic, which has to come first."""
    below = magic.string[magic.end() :].lstrip()
    return magic[1] + ("" if below.startswith("%%") else "pass")


def refuse_input(prompt: object = "", *_: Any, **__: Any) -> NoReturn:
    """Replaces `input` and `getpass`: nobody sits at a task."""
    raise InputRefused(
        f"input() was called ({str(prompt)!r}), and nobody can answer in a pipeline.",
        hint="Make it a parameter (-p NAME=VALUE) or an environment variable.",
    )


def without_ansi(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Lines of a traceback without colours."""
    return tuple(re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines)


def cell_line(error: BaseException, filename: str) -> Optional[int]:
    """The line of the cell that was running when the error came; of a syntax error, where it is."""
    if isinstance(error, SyntaxError) and error.filename in (filename, None, "<unknown>", "<string>"):
        return error.lineno
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == filename and line is None:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def sentence_of_exit(error: BaseException) -> str:
    """The message of an error, in words where Python has none."""
    if isinstance(error, SystemExit):
        return f"the cell called sys.exit({'' if error.code is None else repr(error.code)})"
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "interrupted"
    return str(error)
