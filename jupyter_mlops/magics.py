"""The magics `%mlops` and `%%step`: the command line's grammar in a cell, and steps declared where they are written.

`%mlops VERB ...` returns an object that shows itself. `%%step NAME ...` runs its cell in the kernel as before.
Inside a task of a pipeline both do nothing: the cells of a step are run by the engine.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jupyter_mlops.cli.grammar import SUMMARIES, HelpAsked, load, parse, parser_of
from jupyter_mlops.cli.kernel import session_of, shown
from jupyter_mlops.errors import Usage
from jupyter_mlops.runtime.errors import MlopsError

_IN_TASK = "JUPYTER_MLOPS_TASK"
# Where the value of a cell's last expression is kept for a moment.
_VALUE = "_jupyter_mlops_value"


def register(shell: Any) -> None:
    """Add the magics and their completion to an IPython shell; a second time changes nothing."""
    unregister(shell)
    magics = Magics(shell)
    shell.register_magic_function(magics.mlops, "line", "mlops")
    shell.register_magic_function(magics.step, "cell", "step")
    shell.input_transformers_cleanup.append(run_plain_step)
    shell.set_hook("complete_command", lambda _, event: complete(event.line), str_key="%mlops")


def unregister(shell: Any) -> None:
    """Take away what `register` added."""
    shell.magics_manager.magics["line"].pop("mlops", None)
    shell.magics_manager.magics["cell"].pop("step", None)
    if run_plain_step in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(run_plain_step)
    hooks = shell.strdispatchers.get("complete_command")
    if hooks is not None:
        hooks.strs.pop("%mlops", None)


class Magics:
    """The magics of one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def mlops(self, line: str) -> Any:
        """Run a verb: `%mlops VERB ...`; `%mlops --help` lists the verbs. Without a notebook it means this one."""
        if in_task():
            return None
        with _as_usage_error():
            words = shlex.split(line)
            if not words or words[0] in ("-h", "--help", "help"):
                from jupyter_mlops.cli.command import help_text

                sys.stdout.write(help_text())
                return None
            return self._run(words)

    def step(self, line: str, cell: str) -> Any:
        """Declare the cell as a step and run it here: `%%step NAME [--when CONDITION] [--for-each 'x in ITEMS']`."""
        __tracebackhide__ = True
        from jupyter_mlops.notebook.step_line import parse_step_line

        with _as_usage_error():
            _, options = parse_step_line(line)
        body = StepBody(self.shell, cell)
        if in_task():
            return body.run()
        if options.get("when") and not self._value(options["when"]):
            sys.stdout.write(f"skipped: {options['when']} is not true\n")
            return None
        if options.get("for_each"):
            variable, items = _loop(options["for_each"])
            return body.run_each(variable, self._items(items))
        return body.run()

    def _run(self, words: list[str]) -> Any:
        try:
            command = parse(words, in_kernel=True)
        except HelpAsked as asked:
            sys.stdout.write(str(asked))
            return None
        result = command.verb.call(command.options, session_of(self.shell))
        data = command.verb.data(result)
        if command.options.json:
            return data
        # What was streamed already (`logs -f`) is not shown again, as an empty output.
        found = shown(command.verb, result, data)
        return found if found.text else None

    def _value(self, expression: str) -> Any:
        """The value of a condition or of a loop's items, from the plain values that the kernel has."""
        from jupyter_mlops.runtime import expressions
        from jupyter_mlops.runtime.describe import plain

        space = self.shell.user_ns
        known: dict[str, Any] = {"metrics": _metrics(), "params": {}}
        with _as_usage_error():
            for name in expressions.names(expression):
                if name in space and name not in expressions.OBJECTS:
                    known[name] = plain(space[name], name)
            return expressions.evaluate(expression, known)

    def _items(self, expression: str) -> list[Any]:
        with _as_usage_error():
            items = self._value(expression)
            if not hasattr(items, "__iter__") or isinstance(items, (str, bytes)):
                raise Usage(f"for-each needs a list, and {expression!r} is {type(items).__name__}.")
            return list(items)


class StepBody:
    """The cell of a `%%step` with a condition or a loop: run as IPython runs cells."""

    def __init__(self, shell: Any, cell: str) -> None:
        self._shell = shell
        self._code = shell.transform_cell(cell)

    def run(self) -> Any:
        """Run the cell; the value of its last expression, unless a semicolon ends it."""
        __tracebackhide__ = True
        import ast

        name = self._shell.compile.cache(self._code, self._shell.execution_count, raw_code=self._code)
        tree = self._shell.transform_ast(ast.parse(self._code, filename=name))
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            kept = ast.Name(_VALUE, ast.Store(), lineno=last.lineno, col_offset=last.col_offset)
            tree.body[-1] = ast.copy_location(ast.Assign([kept], last.value), last)
        space = self._shell.user_ns
        exec(self._shell.compile(ast.fix_missing_locations(tree), name, "exec"), space)  # noqa: S102 the user's cell
        value = space.pop(_VALUE, None)
        return None if self._code.rstrip().endswith(";") else value

    def run_each(self, variable: str, items: list[Any]) -> None:
        """Run the cell once an item; then each name it set is the list of its values, in order, as in the pipeline."""
        __tracebackhide__ = True
        from IPython.display import display

        space = self._shell.user_ns
        names = [name for name in self._names_set() if name != variable]
        before = {name: space[name] for name in (*names, variable) if name in space}
        collected: dict[str, list[Any]] = {name: [] for name in names}
        for item in items:
            _restore(space, names, before)
            space[variable] = item
            value = self.run()
            if value is not None:
                display(value)
            for name in names:
                collected[name].append(space.get(name))
        _restore(space, [variable], before)
        space.update(collected)

    def _names_set(self) -> list[str]:
        """Names that the cell binds to values: its imports, functions and classes are the same for each item."""
        import symtable

        table = symtable.symtable(self._code, "<cell>", "exec")
        return [
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_assigned() and not symbol.is_imported() and not symbol.is_namespace()
        ]


def in_task() -> bool:
    """Whether this process runs a task of a pipeline."""
    return bool(os.environ.get(_IN_TASK))


def run_plain_step(lines: list[str]) -> list[str]:
    """An input transformer: a cell under a `%%step` line without condition and loop is the cell itself.

    So it runs as if the line were not there: `await`, `Out`, `;`, a `%%time` below it, line numbers in tracebacks.
    """
    if not lines or not lines[0].startswith("%%step"):
        return lines
    from jupyter_mlops.notebook.step_line import parse_step_line

    try:
        _, options = parse_step_line(lines[0])
    except MlopsError:
        return lines
    body = "".join(lines[1:]).strip()
    if not body or options.get("when") or options.get("for_each"):
        return lines
    if body.startswith("%%"):
        return "".join(lines[1:]).lstrip("\n").splitlines(keepends=True)
    return [f"# {lines[0]}", *lines[1:]]


def complete(line: str) -> list[str]:
    """What may come next on a `%mlops` line: verbs, then the options of the verb."""
    words = line.split()
    if len(words) < 2 or (len(words) == 2 and not line.endswith(" ")):
        return list(SUMMARIES)
    try:
        parser = parser_of(load(words[1]), in_kernel=True)
    except Usage:
        return []
    return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]


@contextmanager
def _as_usage_error() -> Iterator[None]:
    """Our errors as IPython shows its own: a sentence, no traceback, and the cell has failed."""
    from IPython.core.error import UsageError

    try:
        yield
    except MlopsError as error:
        raise UsageError(f"{error.message}\n{error.hint}".rstrip()) from error
    except ValueError as error:
        raise UsageError(f"{error}".rstrip()) from error


def _loop(option: Any) -> tuple[str, str]:
    if isinstance(option, Mapping):
        return str(option["variable"]), str(option["items"])
    from jupyter_mlops.runtime.expressions import parse_loop

    variable, items = parse_loop(option)
    return variable, items


def _metrics() -> dict[str, float]:
    """The last value of each metric that this kernel has logged."""
    session = sys.modules.get("jupyter_mlops.store.session")
    if session is None:
        return {}
    from jupyter_mlops.store.run_state import load_run

    tracker = session.session_tracker()
    return dict(load_run(tracker.project.run_directory(tracker.run)).metrics) if tracker.run else {}


def _restore(space: dict[str, Any], names: list[str], before: Mapping[str, Any]) -> None:
    for name in names:
        if name in before:
            space[name] = before[name]
        else:
            space.pop(name, None)
