"""Statements that set how libraries or the process behave rather than a value: `pd.set_option`, `%matplotlib`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from jupyter_mlops.notebook.walking import walk

# Dotted names after resolving import aliases (`plt` is `matplotlib.pyplot`).
CALLS = frozenset(
    [
        "IPython.display.set_matplotlib_formats",
        "matplotlib_inline.backend_inline.set_matplotlib_formats",
        "locale.setlocale",
        "logging.basicConfig",
        "logging.captureWarnings",
        "logging.disable",
        "logging.getLogger.setLevel",
        "matplotlib.pyplot.rc",
        "matplotlib.pyplot.rcParams.update",
        "matplotlib.pyplot.style.use",
        "matplotlib.rc",
        "matplotlib.rcParams.update",
        "matplotlib.style.use",
        "matplotlib.use",
        "mlflow.autolog",
        "mlflow.set_experiment",
        "mlflow.set_tracking_uri",
        *(
            f"mlflow.{library}.autolog"
            for library in ("keras", "lightgbm", "pytorch", "sklearn", "statsmodels", "tensorflow", "xgboost")
        ),
        "numpy.set_printoptions",
        "numpy.seterr",
        "os.chdir",
        "os.environ.setdefault",
        "os.environ.update",
        "os.putenv",
        "pandas.options.mode.chained_assignment",
        "pandas.reset_option",
        "pandas.set_option",
        "pandas.plotting.register_matplotlib_converters",
        "seaborn.set",
        "seaborn.set_context",
        "seaborn.set_palette",
        "seaborn.set_style",
        "seaborn.set_theme",
        "sklearn.set_config",
        "sys.path.append",
        "sys.path.insert",
        "sys.setrecursionlimit",
        "tensorflow.get_logger.setLevel",
        "torch.set_default_dtype",
        "torch.set_default_tensor_type",
        "torch.set_num_threads",
        "torch.set_printoptions",
        "tqdm.auto.tqdm.pandas",
        "tqdm.notebook.tqdm.pandas",
        "tqdm.tqdm.pandas",
        "warnings.filterwarnings",
        "warnings.simplefilter",
    ]
)
ASSIGNED = (
    "IPython.core.interactiveshell.InteractiveShell.ast_node_interactivity",
    "matplotlib.pyplot.rcParams",
    "matplotlib.rcParams",
    "os.environ",
    "pandas.options",
    "plotly.io.renderers.default",
    "plotly.io.templates.default",
)
LINE_MAGICS = frozenset(
    {"matplotlib", "config", "env", "set_env", "cd", "load_ext", "reload_ext", "autoreload", "aimport"}
)


def is_configuration(statement: ast.stmt, aliases: Mapping[str, str]) -> bool:
    """Whether the statement only sets how a library or the process behaves, from literals and imports."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        return dotted(call.func, aliases) in CALLS and _plain([*call.args, *call.keywords], aliases)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Subscript | ast.Attribute):
            return dotted(target, aliases).startswith(ASSIGNED) and _plain([statement.value], aliases)
    return False


def dotted(node: ast.expr, aliases: Mapping[str, str]) -> str:
    """`plt.rcParams['x']` as `matplotlib.pyplot.rcParams`; empty when it does not start at an import."""
    root, *path = spelled(node) or ("",)
    return ".".join((aliases[root], *path)) if root in aliases else ""


def spelled(node: ast.expr) -> tuple[str, ...]:
    """`plt.rcParams['x']` as ("plt", "rcParams"): what is between dots, without keys and arguments; empty when it does
    not start at a name.
    """
    path: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            path.append(node.attr)
        elif not isinstance(node, ast.Subscript | ast.Call):
            return ()
        node = node.func if isinstance(node, ast.Call) else node.value
    return (node.id, *reversed(path))


_KNOWN_WORDS = frozenset(
    {"FutureWarning", "UserWarning", "DeprecationWarning", "RuntimeWarning", "Warning", "True", "None"}
)


def _plain(nodes: Iterable[ast.AST], aliases: Mapping[str, str]) -> bool:
    names = {inner.id for node in nodes for inner in walk(node) if isinstance(inner, ast.Name)}
    return all(name in aliases or name in _KNOWN_WORDS for name in names)
