"""Cells with IPython: a shell without history, terminal or threads, whose output goes to `CellOutputs`.

Only imported where the environment has IPython. One instance a process: it may be made before a fork.
"""

from __future__ import annotations

import getpass
import linecache
import os
import subprocess
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Callable, Optional

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from jupyter_mlops.runtime.cells import CellError, cell_line, inert, refuse_input, sentence_of_exit
from jupyter_mlops.runtime.namespace import cell_file, fresh_main, remember_source
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.spec import CellSource

_CONFIG = Config(
    {
        "HistoryManager": {"enabled": False, "hist_file": ":memory:"},
        # The colours of a kernel's tracebacks: they can be read on light and dark pages.
        "InteractiveShell": {"colors": "neutral", "cache_size": 100_000},
    }
)


class _Compiler(CachingCompiler):  # type: ignore[misc]
    """Names code after its cell: the same in every process, so bundles and warnings are, too."""

    cell: Optional[CellSource] = None

    def cache(self, transformed_code: str, number: int = 0, raw_code: Optional[str] = None) -> str:
        if self.cell is None or number != self.cell.count:
            return str(super().cache(transformed_code, number, raw_code))
        name = cell_file(self.cell.index, self.cell.notebook)
        self._filename_map[name] = number
        linecache.cache.pop(name, None)
        remember_source(name, transformed_code)
        return name


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    """`display()` goes to the cell's outputs."""

    def publish(self, data: Any, metadata: Any = None, **options: Any) -> None:
        self._validate_data(data, metadata)
        shell = self.shell
        display_id = str((options.get("transient") or {}).get("display_id", ""))
        metadata = metadata or {}
        sys.stdout.flush()
        if options.get("update"):
            shell.updates(data, metadata, display_id)
        else:
            shell.outputs.display(data, metadata, display_id)

    def clear_output(self, wait: bool = False) -> None:
        sys.stdout.flush()
        self.shell.outputs.clear(wait)


class _DisplayHook(DisplayHook):  # type: ignore[misc]
    """The value of a cell's last expression goes to the cell's outputs."""

    def write_output_prompt(self) -> None:
        sys.stdout.flush()

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.outputs.result(format_dict, md_dict or {}, self.prompt_count)

    def log_output(self, format_dict: Any) -> None:
        pass

    def finish_displayhook(self) -> None:
        self._is_active = False


class TaskShell(InteractiveShell):  # type: ignore[misc]
    """The shell of a task process."""

    displayhook_class = Type(_DisplayHook)
    display_pub_class = Type(_Publisher)
    compiler_class = _Compiler

    outputs: CellOutputs = CellOutputs()
    updates: Callable[[Mapping[str, Any], Mapping[str, Any], str], None] = staticmethod(lambda *_: None)

    def init_ipython_dir(self, _: Any) -> None:
        """No profile is read, none is made: a home folder may be read-only, or another's."""
        self.ipython_dir = ""

    def init_profile_dir(self, profile_dir: Any) -> None:
        """No profile."""

    def init_virtualenv(self) -> None:
        """The interpreter is the right one already."""

    def init_io(self) -> None:
        """The task redirects the streams."""

    def enable_gui(self, gui: Any = None) -> None:
        """No event loops of windows."""

    def ask_exit(self) -> None:
        """`exit` and `quit` end the task as `sys.exit()` does."""
        raise SystemExit

    def system(self, cmd: str) -> None:
        """`!cmd`: output goes where print goes, as it comes."""
        self.user_ns["_exit_code"] = self._command(self.var_expand(cmd, depth=1), _print)

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """`x = !cmd`."""
        parts: list[str] = []
        self.user_ns["_exit_code"] = self._command(self.var_expand(cmd, depth=depth + 1), parts.append)
        text = "".join(parts)
        if not split:
            return text
        from IPython.utils.text import SList

        return SList(text.splitlines())

    def _command(self, command: str, take: Callable[[str], Any]) -> int:
        sys.stdout.flush()
        shell = os.environ.get("SHELL") or "/bin/sh"
        with subprocess.Popen(
            [shell, "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                for line in process.stdout or ():
                    take(line.decode("utf-8", "replace"))
            except KeyboardInterrupt:
                process.terminate()
                raise
        return process.returncode

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        lines = [line for line in stb if isinstance(line, str)]
        self.outputs.error(getattr(etype, "__name__", str(etype)), str(evalue), lines)
        self._last_traceback = lines


class IPythonCells:
    """Runs cells in the process's `TaskShell`. `updates` is told of displays that change what was shown before."""

    def __init__(self, updates: Callable[[Mapping[str, Any], Mapping[str, Any], str], None]) -> None:
        self._shell = take_shell()
        self._shell.updates = updates
        self.main: ModuleType = self._shell.user_module

    def run(self, cell: CellSource, outputs: CellOutputs) -> Optional[CellError]:
        """Run a cell; its output goes to `outputs`. Answers the error that ended it, if one did."""
        shell = self._shell
        shell.outputs = outputs
        shell._last_traceback = []
        shell.execution_count = cell.count
        _pad(shell.history_manager, cell.count)
        shell.compile.cell = cell
        try:
            result = shell.run_cell(inert(cell.source), store_history=True)
        except KeyboardInterrupt as error:
            return self._error(error, cell)
        finally:
            shell.compile.cell = None
        problem = result.error_before_exec or result.error_in_exec
        return None if problem is None else self._error(problem, cell)

    def transform(self, source: str) -> str:
        """IPython syntax as Python."""
        return str(self._shell.transform_cell(source))

    def set_result(self, name: str, value: Any) -> None:
        """Bind `_`, `__`, `___` or `_N` as the shell would have done."""
        shell = self._shell
        shell.user_ns[name] = value
        if name in ("_", "__", "___"):
            setattr(shell.displayhook, name, value)
            shell.user_ns_hidden.pop(name, None)
        elif name[1:].isdigit():
            shell.user_ns["_oh"][int(name[1:])] = value

    def close(self) -> None:
        """Nothing to end: the shell lives as long as its process."""

    def _error(self, error: BaseException, cell: CellSource) -> CellError:
        shown = self._shell._last_traceback
        if not shown:
            self._shell.outputs.error(type(error).__name__, str(error), [])
        line = cell_line(error, cell_file(cell.index, cell.notebook))
        return CellError(type(error).__name__, sentence_of_exit(error), tuple(shown), line)


def take_shell() -> TaskShell:
    """The process's shell in a clean state, with a fresh `__main__`: made now, or before a fork by `prepare`."""
    shell = _instance()
    if getattr(shell, "_taken", False):
        _reset(shell)
    shell._taken = True
    sys.modules["__main__"] = shell.user_module
    _quiet_input()
    return shell


def prepare() -> None:
    """Make the shell ahead of time, and let it load what it loads with the first cell."""
    shell = _instance()
    shell.transform_cell("x = 1\n")
    shell.should_run_async("x = 1\n", transformed_cell="x = 1\n")
    assert shell.logger is not None


def _instance() -> TaskShell:
    if InteractiveShell.initialized() and not isinstance(InteractiveShell._instance, TaskShell):
        raise RuntimeError("another IPython shell lives in this process")
    if not TaskShell.initialized():
        before = sys.modules.get("__main__")
        main = fresh_main()
        TaskShell.instance(config=_CONFIG, user_module=main, user_ns=main.__dict__)
        if before is not None:
            sys.modules["__main__"] = before  # until a task takes the shell
    shell: TaskShell = TaskShell.instance()
    return shell


def _reset(shell: TaskShell) -> None:
    main = fresh_main()
    shell.user_module = main
    shell.user_ns = main.__dict__
    shell.user_ns_hidden.clear()
    shell.history_manager.reset()
    for name in ("_", "__", "___"):
        setattr(shell.displayhook, name, "")
    shell.history_manager.output_hist = {}
    shell.init_user_ns()
    shell.user_ns.update({"_": "", "__": "", "___": ""})
    shell.compile = shell.compiler_class()


def _pad(history: Any, count: int) -> None:
    """`In[n]` must be the n-th cell of the notebook although this process runs only some."""
    for inputs in (history.input_hist_parsed, history.input_hist_raw):
        del inputs[count:]
        inputs.extend("" for _ in range(count - len(inputs)))


def _quiet_input() -> None:
    import builtins

    builtins.input = refuse_input
    getpass.getpass = refuse_input


def _print(text: str) -> None:
    sys.stdout.write(text)
