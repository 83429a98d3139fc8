"""Cells without IPython: Python with top-level await, the last expression, `display` and figures shown; no magics."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any, Callable, Optional

from jupyter_mlops.runtime import figures
from jupyter_mlops.runtime.cells import CellError, cell_line, inert, refuse_input, sentence_of_exit
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.namespace import cell_file, fresh_main, remember_source
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.spec import CellSource

_MAGIC = re.compile(r"^\s*(%|!|\?)|^\s*\w+\s*=\s*[%!]|\?\s*$", re.MULTILINE)
# What only sets up a shell with a screen: without one there is nothing to do.
_CONFIGURES = re.compile(r"^([ \t]*)%(?:matplotlib|config|load_ext|reload_ext|autoreload)\b[^\n]*", re.MULTILINE)
_REPRESENTATIONS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
}


class PlainCells:
    """Runs cells with `exec` in a fresh `__main__`."""

    def __init__(self, _: Callable[[Mapping[str, Any], Mapping[str, Any], str], None]) -> None:
        self.main: ModuleType = fresh_main()
        self.main.__dict__.update({"In": [""], "Out": {}, "_": "", "__": "", "___": ""})
        builtins.input = refuse_input
        vars(builtins)["display"] = self._display
        self._outputs = CellOutputs()
        self._loop: Any = None

    def run(self, cell: CellSource, outputs: CellOutputs) -> Optional[CellError]:
        """Run a cell; its output goes to `outputs`. Answers the error that ended it, if one did."""
        self._outputs = outputs
        figures.send_to(self._draw)
        filename = cell_file(cell.index, cell.notebook)
        source = _CONFIGURES.sub(r"\1pass", inert(cell.source))
        namespace = self.main.__dict__
        namespace["In"].extend("" for _ in range(cell.count + 1 - len(namespace["In"])))
        namespace["In"][cell.count] = source
        try:
            body, last = _compile(source, filename)
            self._execute(body)
            if last is not None:
                self._show(self._execute(last), cell.count)
            figures.flush()
        except BaseException as error:
            return self._failed(error, filename)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        return None

    def transform(self, source: str) -> str:
        """There is no IPython syntax here."""
        return source

    def set_result(self, name: str, value: Any) -> None:
        """Bind `_`, `__`, `___` or `_N` as a shell would have done."""
        self.main.__dict__[name] = value
        if name[1:].isdigit():
            self.main.__dict__["Out"][int(name[1:])] = value

    def close(self) -> None:
        """End the event loop, if cells used one."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    def _execute(self, code: CodeType) -> Any:
        """Run code in the namespace; await it if it awaits."""
        value = eval(code, self.main.__dict__)  # noqa: S307 - the user's own code: running it is the purpose
        if not (inspect.iscoroutine(value) and code.co_flags & inspect.CO_COROUTINE):
            return value
        if self._loop is None:
            self._loop = importlib.import_module("asyncio").new_event_loop()
        return self._loop.run_until_complete(value)

    def _show(self, value: Any, count: int) -> None:
        if value is None:
            return
        namespace = self.main.__dict__
        namespace["___"], namespace["__"], namespace["_"] = namespace["__"], namespace["_"], value
        namespace["Out"][count] = namespace[f"_{count}"] = value
        sys.stdout.flush()
        self._outputs.result(mime_bundle(value), {}, count)

    def _display(self, *values: Any, **_: Any) -> None:
        """The builtin `display` of a notebook."""
        sys.stdout.flush()
        for value in values:
            self._outputs.display(mime_bundle(value), {})

    def _draw(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        sys.stdout.flush()
        self._outputs.display(data, metadata)

    def _failed(self, error: BaseException, filename: str) -> CellError:
        sys.stdout.flush()
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != filename and frames.tb_next is not None:
            frames = frames.tb_next
        lines = [line.rstrip("\n") for line in traceback.format_exception(type(error), error, frames)]
        self._outputs.error(type(error).__name__, str(error), lines)
        hint = error.hint if isinstance(error, MlopsError) else ""
        return CellError(type(error).__name__, sentence_of_exit(error), tuple(lines), cell_line(error, filename), hint)


def mime_bundle(value: Any) -> dict[str, Any]:
    """How an object shows itself, without IPython's formatters."""
    bundle: dict[str, Any] = {}
    if not isinstance(value, type):
        if hasattr(value, "_repr_mimebundle_"):
            answer = value._repr_mimebundle_()
            bundle.update(answer[0] if isinstance(answer, tuple) else answer or {})
        for method, kind in _REPRESENTATIONS.items():
            shown = getattr(value, method)() if hasattr(value, method) else None
            if shown is not None:
                bundle.setdefault(kind, shown)
    drawn = figures.png(value)
    if drawn:
        bundle.setdefault("image/png", drawn)
    bundle.setdefault("text/plain", _text(value))
    return bundle


def _text(value: Any) -> str:
    """The text of an object; one that has none of its own is called as IPython calls it."""
    kind: Any = type(value)
    if kind.__repr__ is not object.__repr__:
        return repr(value)
    return f"<{kind.__module__}.{kind.__qualname__} at {id(value):#x}>"


def _compile(source: str, filename: str) -> tuple[CodeType, Optional[CodeType]]:
    """Code of a cell and of its last expression, if it is to be shown."""
    linecache.cache.pop(filename, None)
    remember_source(filename, source)
    try:
        tree = ast.parse(source, filename)
    except SyntaxError:
        found = _MAGIC.search(source)
        if found is None:
            raise
        raise MlopsError(
            f"the cell has IPython syntax ({found.group().strip()!r} in line {_line(source, found)}), "
            "and this environment has no IPython.",
            hint="Install ipython there, or write it as Python.",
        ) from None
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
        last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    body = compile(tree, filename, "exec", flags, True)
    return body, None if last is None else compile(last, filename, "eval", flags, True)


def _line(source: str, found: re.Match[str]) -> int:
    return source.count("\n", 0, found.end()) + 1
