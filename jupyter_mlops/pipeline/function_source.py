"""A function as cells: the source it needs as setup, so that a step can make it again anywhere."""

from __future__ import annotations
import __future__

import ast
import builtins
import dis
import hashlib
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.values import is_plain
from jupyter_mlops.runtime.spec import CellSource, Definition

_LAZY_ANNOTATIONS = __future__.annotations.compiler_flag
_DECORATORS = {"step", "pipeline"}


@dataclass(frozen=True)
class FunctionSource:
    """What must run before the function is called: whole sources, or definitions one by one.

    Steps from one file share its cells and definitions by id, so that a class is the same in all of them. `modules` are
    local files that it imports.
    """

    setup: tuple[CellSource, ...] = ()
    definitions: tuple[Definition, ...] = ()
    modules: tuple[str, ...] = ()


def function_source(function: Callable[..., Any]) -> FunctionSource:
    """What must run so that the function's name is bound to it.

    A function at the top of a script or a lone module brings that file; one of a package is imported; one that was
    defined in a notebook brings its own source and that of what it uses.

    Raises:
        Usage: its source is not known, or it uses a value that cannot be written as source.
    """
    inner = inspect.unwrap(function)
    if not isinstance(inner, FunctionType):
        raise Usage(f"{function!r} is not a function that can be a step.", hint="Decorate a plain `def`.")
    module = sys.modules.get(inner.__module__)
    file = getattr(module, "__file__", None)
    if module is None or not file or "<locals>" in inner.__qualname__ or Path(file).suffix != ".py":
        return FunctionSource(definitions=_Interactive(inner).definitions())
    if getattr(module, "__package__", "") and inner.__module__ != "__main__":
        source = f"from {inner.__module__} import {inner.__name__}\n"
        return FunctionSource(
            (CellSource(0, f"import-{inner.__module__}-{inner.__name__}", source, 1),), modules=(file,)
        )
    return _file_source(Path(file))


def _file_source(file: Path) -> FunctionSource:
    text = file.read_text(encoding="utf-8")
    sources = [module_source(text)]
    if "__file__" in text:
        sources.insert(0, f"__file__ = {str(file)!r}\n")
    setup = (
        CellSource(index, f"module-{index}", source, index + 1, notebook=file.name)
        for index, source in enumerate(sources)
    )
    return FunctionSource(tuple(setup), modules=tuple(_local_modules(ast.parse(text), file.parent)))


def module_source(text: str) -> str:
    """The module without `if __name__ == "__main__":` blocks and our decorators; every line keeps its number."""
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    for statement in tree.body:
        if _is_main_block(statement):
            _blank(lines, statement.lineno, statement.end_lineno or statement.lineno)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in statement.decorator_list:
                if _is_ours(decorator):
                    _blank(lines, decorator.lineno, decorator.end_lineno or decorator.lineno)
    return "".join(lines)


def _blank(lines: list[str], first: int, last: int) -> None:
    for index in range(first - 1, last):
        lines[index] = "\n"


def _is_main_block(statement: ast.stmt) -> bool:
    test = statement.test if isinstance(statement, ast.If) else None
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, *test.comparators]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _is_ours(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return target.attr in _DECORATORS and target.value.id in ("mlops", "jupyter_mlops")
    return isinstance(target, ast.Name) and target.id in _DECORATORS


def _local_modules(tree: ast.Module, folder: Path) -> Iterator[str]:
    """Files beside the module that it imports."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    for name in sorted({name.partition(".")[0] for name in names}):
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path.exists():
                yield str(path.parent if path.name == "__init__.py" else path)


class _Interactive:
    """The source of a function defined in a notebook or inside another function, with what it uses."""

    def __init__(self, function: FunctionType) -> None:
        self._function = function
        self._parts: dict[str, str] = {}

    def definitions(self) -> tuple[Definition, ...]:
        """The function last, before it what it uses. Each comes after those that it may need."""
        self._add_function(self._function.__name__, self._function)
        made: list[Definition] = []
        line = 1
        for name, source in self._parts.items():
            digest = hashlib.sha256(source.encode()).hexdigest()[:32]
            needs = tuple(other.id for other in made)
            made.append(Definition(digest, (name,), source, needs, line=line, wanted=True))
            line += source.count("\n") + 1
        return tuple(made)

    def _add_function(self, name: str, function: FunctionType) -> None:
        self._parts[name] = ""  # ends the recursion of functions that call each other
        source = _own_source(function)
        for other, value in (_closure(function) | _globals(function, source)).items():
            self._add(other, value, function)
        if function.__code__.co_flags & _LAZY_ANNOTATIONS:
            source = f"from __future__ import annotations\n{source}"
        del self._parts[name]
        self._parts[name] = source if function.__name__ == name else f"{source}\n{name} = {function.__name__}\n"

    def _add_class(self, name: str, made: type, user: FunctionType) -> None:
        self._parts[name] = ""
        source = _own_source(made)
        around = vars(sys.modules[made.__module__]) if made.__module__ in sys.modules else user.__globals__
        for other, value in _known(_words(ast.parse(source)), around).items():
            if other != made.__name__:
                self._add(other, value, user)
        del self._parts[name]
        self._parts[name] = source

    def _add(self, name: str, value: Any, user: FunctionType) -> None:
        value = getattr(value, "function", value) if type(value).__module__.startswith("jupyter_mlops.") else value
        if name in self._parts:
            return
        if isinstance(value, ModuleType):
            self._parts[name] = f"import {value.__name__} as {name}\n"
        elif isinstance(value, FunctionType | type) and value.__module__ != user.__module__ and _importable(value):
            self._parts[name] = f"from {value.__module__} import {value.__qualname__} as {name}\n"
        elif isinstance(value, FunctionType):
            self._add_function(name, value)
        elif isinstance(value, type):
            self._add_class(name, value, user)
        elif is_plain(value):
            self._parts[name] = f"{name} = {value!r}\n"
        elif _importable(value):
            self._parts[name] = f"from {value.__module__} import {value.__qualname__} as {name}\n"
        else:
            raise Usage(
                f"The step {user.__name__!r} uses `{name}` ({type(value).__name__}) from outside.",
                hint="Pass it as an argument, or make it inside the function.",
            )


def _own_source(thing: Any) -> str:
    try:
        source = textwrap.dedent(inspect.getsource(thing))
        if not _defines(source, thing.__name__):
            raise OSError("another source under the same file name")
    except (OSError, TypeError, SyntaxError) as error:
        raise Usage(
            f"The source of {thing.__name__!r} is not known.", hint="Define it in a cell or a file, not with exec."
        ) from error
    return module_source(source)


def _defines(source: str, name: str) -> bool:
    """Whether it is that function or class. Since Python 3.13 code made by `exec` seems to come from `python -c`."""
    found = ast.parse(source).body
    return bool(found) and (name == "<lambda>" or getattr(found[0], "name", "") == name)


def _closure(function: FunctionType) -> dict[str, Any]:
    try:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError as error:
        raise Usage(f"The step {function.__name__!r} uses a name that is not set yet.") from error
    return dict(zip(function.__code__.co_freevars, cells, strict=True))


def _globals(function: FunctionType, source: str) -> dict[str, Any]:
    """Global names that the function may read, with their values now; and what its `def` line evaluates."""
    return _known({*_names(function.__code__), *_evaluated_names(function, source)}, function.__globals__)


def _known(names: set[str], around: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the names that the user can have set: no builtins, nothing that tools put there."""
    found = {name: around[name] for name in sorted(names) if name in around and name.isidentifier()}
    return {name: value for name, value in found.items() if not hasattr(builtins, name) and not name.startswith("__")}


def _names(code: CodeType) -> Iterator[str]:
    yield from (item.argval for item in dis.get_instructions(code) if item.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _evaluated_names(function: FunctionType, source: str) -> Iterator[str]:
    """Names in the `def` line: defaults, decorators that are not ours, and annotations unless they stay text."""
    definition = ast.parse(source).body[0]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    arguments = definition.args
    parts: list[ast.AST] = [*definition.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)]
    if not function.__code__.co_flags & _LAZY_ANNOTATIONS:
        parts += [arguments, *filter(None, [definition.returns])]
    for part in parts:
        yield from _words(part)


def _words(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _importable(value: Any) -> bool:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or module == "__main__" or not isinstance(name, str) or "." in name:
        return False
    try:
        return getattr(importlib.import_module(module), name, None) is value
    except ImportError:
        return False
