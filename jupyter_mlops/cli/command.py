"""One command line from words to exit code: the edge where errors become sentences."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from jupyter_mlops.cli.grammar import SUMMARIES, Command, HelpAsked, parse
from jupyter_mlops.cli.style import Style, style_of
from jupyter_mlops.errors import Usage
from jupyter_mlops.runtime.errors import MlopsError

_TOP = ("-h", "--help", "help")
_WAYS = {
    errno.ENOSPC: "Free some space: `jupyter mlops store gc` removes what no run needs.",
    errno.EDQUOT: "Free some space: `jupyter mlops store gc` removes what no run needs.",
    errno.EROFS: "Choose a place that can be written.",
    errno.EACCES: "Choose a place that you may write to.",
    errno.EPERM: "Choose a place that you may write to.",
    errno.ENOENT: "Make its folder first, or correct the path.",
    errno.EMFILE: "Raise the limit of open files: `ulimit -n 4096`.",
}


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Nothing but `SystemExit` of the interpreter escapes."""
    words = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    try:
        _refuse_deleted_folder()
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except KeyboardInterrupt:
        _say(sys.stderr, "Interrupted.")
        return 130
    except MlopsError as error:
        return _fail(words, error)
    except Exception as error:  # noqa: BLE001 the edge: whatever it is becomes a sentence
        return _fail_inside(words, error)


def help_text() -> str:
    """The help of the command itself; it fits 24 lines of 80 columns."""
    rows = [f"  {name:<10} {usage:<13} {summary}" for name, (usage, summary) in SUMMARIES.items()]
    return "\n".join(
        [
            "usage: jupyter mlops VERB ... [--json]      (the same in a cell: %mlops VERB)",
            *rows,
            "",
            "Help: jupyter mlops VERB --help    Try: jupyter mlops run NB -p depth=4",
            "",
        ]
    )


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in _TOP:
        sys.stdout.write(_verb_help(words[1]) if len(words) > 1 else help_text())
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        sys.stdout.write(f"jupyter-mlops {version('jupyter-mlops')}\n")
        return 0
    try:
        command = parse(words)
    except HelpAsked as asked:
        sys.stdout.write(str(asked))
        return 0
    return _run(command)


def _prepare_streams() -> None:
    """Text that the terminal cannot show becomes `?`; a stream that was closed (`>&-`) takes what is written to it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 lives as long as the process
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _refuse_deleted_folder() -> None:
    try:
        os.getcwd()
    except OSError as error:
        raise Usage("The folder that you are in does not exist any more.", hint="Go to another one: `cd`.") from error


def _verb_help(name: str) -> str:
    try:
        parse([name, "--help"])
    except HelpAsked as asked:
        return str(asked)
    return ""


def _run(command: Command) -> int:
    from jupyter_mlops.cli.terminal import TerminalSession

    with TerminalSession(as_json=command.options.json) as session:
        result = command.verb.call(command.options, session)
    if command.options.json:
        _print_json(command.verb.data(result))
    else:
        for line in command.verb.lines(result, style_of(sys.stdout)):
            sys.stdout.write(line + "\n")
    return command.verb.exit_code(result)


def _print_json(data: object) -> None:
    """One object on one line. JSON has no NaN and no infinity: they become null."""
    import json

    try:
        text = json.dumps(data, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(data), ensure_ascii=False, default=str)
    sys.stdout.write(text + "\n")


def _finite(data: object) -> object:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {name: _finite(value) for name, value in data.items()}
    return [_finite(item) for item in data] if isinstance(data, (list, tuple)) else data


def _fail(words: Sequence[str], error: MlopsError) -> int:
    if "--debug" in words:
        import traceback

        traceback.print_exception(error)
    style = style_of(sys.stderr)
    _say(sys.stderr, f"{style.paint('31', 'error:')} {error.message}")
    if error.hint:
        _say(sys.stderr, _hint(error.hint, style))
    if "--json" in words:
        _print_json({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
    return error.exit_code


def _fail_inside(words: Sequence[str], error: Exception) -> int:
    """A fault of ours, or of the machine: still one sentence, and how to see more."""
    if isinstance(error, MemoryError):
        wrapped = MlopsError("This machine has not enough memory for that.", hint="Close other programs, then retry.")
    elif isinstance(error, OSError):
        what = repr(str(error.filename)) if error.filename else "The output"
        hint = _WAYS.get(error.errno or 0, "With --debug it says where.")
        wrapped = MlopsError(f"{what} cannot be read or written: {error.strerror or error}.", hint=hint)
    else:
        hint = "This is a fault in jupyter-mlops: the same command with --debug shows where."
        wrapped = MlopsError(f"{type(error).__name__}: {error}", hint=hint)
    wrapped.__cause__ = error
    return _fail(words, wrapped)


def _hint(hint: str, style: Style) -> str:
    return "\n".join(style.dim(f"  {line}") for line in hint.splitlines())


def _say(stream: TextIO, text: str) -> None:
    with contextlib.suppress(OSError):
        stream.write(text + "\n")
        stream.flush()


def _forget_stdout() -> None:
    """Whoever read our output has gone: the interpreter must not complain when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
