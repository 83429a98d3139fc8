"""Hand-over: values that cannot leave the process that made them, known by what makes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jupyter_mlops.notebook.configuration import dotted, import_aliases
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.python_source import module_of
from jupyter_mlops.notebook.walking import walk

_STAY: Mapping[str, str] = {
    **dict.fromkeys(
        [f"threading.{name}" for name in ("Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore")],
        "a lock",
    ),
    **dict.fromkeys(["multiprocessing.Lock", "multiprocessing.RLock", "asyncio.Lock"], "a lock"),
    **dict.fromkeys(["threading.Thread", "threading.Timer"], "a thread"),
    **dict.fromkeys(
        [
            *("multiprocessing.Pool", "multiprocessing.pool.Pool", "multiprocessing.pool.ThreadPool"),
            *("multiprocessing.Process", "multiprocessing.Manager", "subprocess.Popen"),
            *("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor"),
        ],
        "a running process or pool",
    ),
    **dict.fromkeys(
        [
            *("open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.scandir", "os.popen"),
            *("tempfile.TemporaryFile", "tempfile.NamedTemporaryFile", "zipfile.ZipFile", "tarfile.open"),
            *("h5py.File", "pandas.HDFStore", "netCDF4.Dataset", "rasterio.open", "cv2.VideoCapture"),
        ],
        "an open file",
    ),
    **dict.fromkeys(["csv.reader", "csv.writer", "csv.DictWriter"], "a reader of an open file"),
    **dict.fromkeys(["socket.socket", "socket.create_connection"], "a socket"),
    **dict.fromkeys(
        [
            *("sqlite3.connect", "psycopg2.connect", "psycopg.connect", "pymysql.connect", "mysql.connector.connect"),
            *(
                "pyodbc.connect",
                "cx_Oracle.connect",
                "oracledb.connect",
                "duckdb.connect",
                "snowflake.connector.connect",
            ),
            *("pymongo.MongoClient", "redis.Redis", "boto3.client", "boto3.resource", "google.cloud.bigquery.Client"),
        ],
        "a connection",
    ),
    **dict.fromkeys(["torch.utils.tensorboard.SummaryWriter", "wandb.init"], "a writer that holds an open file"),
}


@dataclass(frozen=True)
class _Made:
    what: str
    cell: int
    line: int


@rule("MLO301", severity="warning")
def stays_in_its_process(flow: Dataflow) -> Iterator[Finding]:
    """A step hands on a value that cannot leave its process: a lock, a thread, an open file, a connection, a generator.

    Make it in each step that uses it (a function in a setup cell that makes it is enough), keep both steps in one, or
    hand on what it gives: the text instead of the file, `list(...)` instead of the generator.
    """
    modules = {cell.index: module_of(cell.source) for cell in flow.document.code_cells}
    aliases = import_aliases([module for module in modules.values() if module])
    generators = {name for module in modules.values() if module for name in _generator_functions(module)}
    for step in flow.steps:
        made: dict[str, _Made | None] = {}
        for index in step.declaration.cells:
            module = modules.get(index)
            for statement in module.body if module else ():
                made |= _bound(statement, index, aliases, generators)
        for name in step.outputs:
            found = made.get(name)
            if found is not None:
                yield Finding(
                    message=f"{name!r} is {found.what}, which cannot be handed to the steps that use it.",
                    hint=_HINTS.get(found.what, "Make it in each step that uses it, or keep them in one step."),
                    name=name,
                    step=step.name,
                    cell=found.cell,
                    line=found.line,
                )


_HINTS = {
    "a generator": "Hand on a list instead: `list(...)`.",
    "an open file": "Read it here and hand on what it holds, or open it in each step that uses it.",
}


def _bound(
    statement: ast.stmt, cell: int, aliases: Mapping[str, str], generators: set[str]
) -> Iterator[tuple[str, _Made | None]]:
    """Each name that the statement binds, with what stays (None: a value that may leave)."""
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        what = _what(statement.value, aliases, generators)
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            plain = isinstance(target, ast.Name)
            for node in walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, _Made(what, cell, statement.lineno) if what and plain else None
    else:
        for node in walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield node.id, None


def _what(value: ast.expr, aliases: Mapping[str, str], generators: set[str]) -> str:
    if isinstance(value, ast.GeneratorExp):
        return "a generator"
    if not isinstance(value, ast.Call):
        return ""
    if isinstance(value.func, ast.Name) and value.func.id not in aliases:
        if value.func.id in generators:
            return "a generator"
        return "an open file" if value.func.id == "open" else ""
    return _STAY.get(dotted(value.func, aliases), "")


def _generator_functions(module: ast.Module) -> Iterator[str]:
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list and _yields(statement):
            yield statement.name


def _yields(function: ast.FunctionDef) -> bool:
    inner = list[ast.AST](function.body)
    while inner:
        node = inner.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            inner += ast.iter_child_nodes(node)
    return False
