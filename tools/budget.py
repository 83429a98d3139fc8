"""Count the size budget of the libraries and fail over its limits: `python tools/budget.py`.

Limits are in `[tool.budget]` of pyproject.toml. A module counts all its lines; a function counts from `def` to its last
line, without its docstring; parameters do not count `self` and `cls`. A public function is typed when every parameter
and the return value are annotated. Of the front end modules are counted here, and functions by eslint.
"""

from __future__ import annotations

import ast
import statistics
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


@dataclass(frozen=True)
class Function:
    """One function: its place, lines without the docstring, number of parameters, whether it is public and typed."""

    place: str
    lines: int
    parameters: int
    public: bool
    typed: bool


@dataclass(frozen=True)
class Row:
    """One line of the table: what was counted, the limit, and the worst offenders when it is over."""

    what: str
    value: float
    limit: float
    at_least: bool = False
    offenders: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether the limit is passed."""
        return self.value < self.limit if self.at_least else self.value > self.limit


def main() -> int:
    """Print the table; 1 when a limit is passed."""
    budget: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["budget"]
    rows = count([ROOT / name for name in budget["libraries"]], ROOT / budget["tests"], budget)
    rows += front_end_rows(ROOT / budget["front_end"], budget)
    width = max(len(row.what) for row in rows)
    for row in rows:
        sign = ">=" if row.at_least else "<="
        print(f"{'OVER' if row.over else 'ok':<5} {row.what:<{width}} {row.value:>8g}  {sign} {row.limit:g}")
        for offender in row.offenders if row.over else ():
            print(f"        {offender}")
    return 1 if any(row.over for row in rows) else 0


def count(libraries: list[Path], tests: Path, budget: dict[str, Any]) -> list[Row]:
    """The rows of the table for the modules under `libraries` and the tests under `tests`."""
    modules = {path: _lines(path) for library in libraries for path in sorted(library.rglob("*.py"))}
    functions = [item for path in modules for item in functions_of(path)]
    test_lines = sum(_lines(path) for path in tests.rglob("*.py"))
    return [
        *_module_rows(modules, budget),
        *_function_rows(functions, budget),
        Row("test lines per code line", round(test_lines / sum(modules.values()), 2), budget["tests_per_code"], True),
    ]


def front_end_rows(sources: Path, budget: dict[str, Any]) -> list[Row]:
    """The rows for the TypeScript below `sources`."""
    modules = {path: _lines(path) for path in sorted(sources.rglob("*.ts*")) if not path.name.endswith(".d.ts")}
    return list(_module_rows(modules, budget, "front end: "))


def _module_rows(modules: dict[Path, int], budget: dict[str, Any], part: str = "") -> Iterator[Row]:
    most = budget["module_max"]
    long = tuple(f"{lines:>4} {_place(path)}" for path, lines in modules.items() if lines > most)
    empty = tuple(_place(path) for path in modules if path.stem in EMPTY_NAMES)
    middle = statistics.median(lines for lines in modules.values() if lines > 5)
    yield Row(f"{part}module lines, median", middle, budget["module_median"])
    yield Row(f"{part}module lines, max", max(modules.values()), most, offenders=long)
    yield Row(f"{part}modules with names that say nothing", len(empty), 0, offenders=empty)


def _function_rows(functions: list[Function], budget: dict[str, Any]) -> Iterator[Row]:
    lengths = [item.lines for item in functions]
    most, widest = budget["function_max"], budget["parameters_max"]
    long = tuple(f"{item.lines:>4} {item.place}" for item in functions if item.lines > most)
    wide = tuple(f"{item.parameters:>4} {item.place}" for item in functions if item.parameters > widest)
    public = [item for item in functions if item.public]
    untyped = tuple(item.place for item in public if not item.typed)
    typed = round(100 * (1 - len(untyped) / len(public)), 2)
    yield Row("function lines, median", statistics.median(lengths), budget["function_median"])
    yield Row("function lines, p90", statistics.quantiles(lengths, n=10)[-1], budget["function_p90"])
    yield Row("function lines, max", max(lengths), most, offenders=long)
    yield Row("parameters, max", max(item.parameters for item in functions), widest, offenders=wide)
    yield Row("public functions typed, %", typed, budget["typed_percent"], True, untyped)


def functions_of(path: Path) -> Iterator[Function]:
    """Every function of a module, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _function(node, path)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, path: Path) -> Function:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    own = [item for item in named if item.arg not in {"self", "cls"}]
    stars = [item for item in (arguments.vararg, arguments.kwarg) if item is not None]
    return Function(
        place=f"{_place(path)}:{node.lineno} {node.name}",
        lines=(node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node),
        parameters=len(own) + len(stars),
        public=not node.name.startswith("_"),
        typed=node.returns is not None and all(item.annotation is not None for item in [*own, *stars]),
    )


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
