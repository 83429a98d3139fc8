"""Hand-over: values that cannot leave the process that made them, known by what makes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jupyter_mlops.notebook.cell_syntax import import_aliases
from jupyter_mlops.notebook.configuration import spelled
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.per_source import per_source
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
class _Binding:
    """A name that a statement at the top of a cell sets. `calls` spells what makes its value, from the name where it
    begins; empty if it is not known to be such a call. `plainly`: by its name alone (`open(...)`).
    """

    name: str
    line: int
    calls: tuple[str, ...] = ()
    plainly: bool = False
    generator: bool = False


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
    sources = {cell.index: cell.source for cell in flow.document.code_cells}
    aliases = import_aliases(sources.values())
    generators = {name for source in sources.values() for name in _generator_functions(source)}
    for step in flow.steps:
        made: dict[str, _Made | None] = {}
        for index in step.declaration.cells:
            for item in _bindings(sources.get(index, "")):
                what = _what(item, aliases, generators)
                made[item.name] = _Made(what, index, item.line) if what else None
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


@per_source
def _bindings(source: str) -> tuple[_Binding, ...]:
    """The names that the cell's statements set, in order."""
    module = module_of(source)
    return tuple(item for statement in (module.body if module else ()) for item in _bound(statement))


def _bound(statement: ast.stmt) -> Iterator[_Binding]:
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield _assigned(target.id, statement.value, statement.lineno)
            else:
                names = (node for node in walk(target) if isinstance(node, ast.Name))
                yield from (_Binding(node.id, node.lineno) for node in names if isinstance(node.ctx, ast.Store))
    else:
        for node in walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield _Binding(node.id, node.lineno)


def _assigned(name: str, value: ast.expr, line: int) -> _Binding:
    if isinstance(value, ast.Call):
        return _Binding(name, line, spelled(value.func), plainly=isinstance(value.func, ast.Name))
    return _Binding(name, line, generator=isinstance(value, ast.GeneratorExp))


def _what(item: _Binding, aliases: Mapping[str, str], generators: set[str]) -> str:
    """What stays in its process; empty for a value that may leave."""
    if item.generator:
        return "a generator"
    if not item.calls:
        return ""
    root, *path = item.calls
    if root not in aliases:
        by_name = "a generator" if root in generators else "an open file" if root == "open" else ""
        return by_name if item.plainly else ""
    return _STAY.get(".".join((aliases[root], *path)), "")


@per_source
def _generator_functions(source: str) -> tuple[str, ...]:
    module = module_of(source)
    return tuple(
        statement.name
        for statement in (module.body if module else ())
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list and _yields(statement)
    )


def _yields(function: ast.FunctionDef) -> bool:
    inner = list[ast.AST](function.body)
    while inner:
        node = inner.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            inner += ast.iter_child_nodes(node)
    return False
