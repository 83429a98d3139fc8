"""All code that pods run, as one zip: the runtime of steps and the engine of the driver.

    python code.zip task SPEC        do the work of a task
    python code.zip drive ORDER      drive a run
    python code.zip argo PART ORDER  do a part of a run that Argo Workflows drives

The same files give the same bytes, so the zip is named by its digest and kept in the cluster for all runs.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import jupyter_mlops
from jupyter_mlops.runtime.package import archive, runtime_files

_MAIN = """\
import sys

from jupyter_mlops.targets.kubernetes.pod_main import main

sys.exit(main(sys.argv[1:]))
"""
# What a pod may need; modules that only a laptop has a use for are left out.
_PACKAGES = ("store", "kube", "engine", "targets/kubernetes")
_LAPTOP_ONLY = ("store/mlflow_api/", "kube/kubeconfig.py", "targets/kubernetes/compiled.py")
_MODULES = (
    "errors",
    "targets.argo.pod_main",
    "targets.base",
    "pipeline.plain",
    "pipeline.validation",
    "notebook.parameters",
)


def code_zip() -> bytes:
    """The bytes of the zip."""
    return archive({**dict(runtime_files()), **dict(_engine_files()), "__main__.py": _MAIN.encode()})


def _engine_files() -> Iterator[tuple[str, bytes]]:
    root = Path(jupyter_mlops.__file__).parent
    packaged = (path for package in _PACKAGES for path in (root / package).rglob("*.py"))
    names = [path.relative_to(root).as_posix() for path in packaged]
    roots = [_module(name) for name in names if not name.startswith(_LAPTOP_ONLY)]
    for module in sorted(_reached([*roots, *(f"jupyter_mlops.{name}" for name in _MODULES)])):
        path = _source(module)
        yield f"jupyter_mlops/{path.relative_to(root).as_posix()}", path.read_bytes()


def _reached(modules: list[str]) -> set[str]:
    """These modules, and those that are imported when they are: imports in functions do not count."""
    reached: set[str] = set()
    while modules:
        module = modules.pop()
        if module not in reached:
            reached.add(module)
            modules += [module.rpartition(".")[0]] if "." in module else []
            modules += _imports(_source(module))
    return reached


def _imports(source: Path) -> list[str]:
    """The modules of ours that are imported at the top of a file."""
    found: list[str] = []
    for statement in ast.parse(source.read_bytes()).body:
        if isinstance(statement, ast.Import):
            found += [item.name for item in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            found.append(statement.module)
            found += [f"{statement.module}.{item.name}" for item in statement.names]
    return [name for name in found if name.split(".")[0] == "jupyter_mlops" and _is_module(name)]


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a name in a module, not in a package
        return False


def _source(module: str) -> Path:
    found = importlib.util.find_spec(module)
    assert found is not None, module
    assert found.origin is not None, module
    return Path(found.origin)


def _module(name: str) -> str:
    return ".".join(("jupyter_mlops", *Path(name).with_suffix("").parts)).removesuffix(".__init__")
