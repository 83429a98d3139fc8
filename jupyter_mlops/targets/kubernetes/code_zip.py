"""All code that pods run, as one zip: the runtime of steps and the engine of the driver.

    python code.zip task SPEC        do the work of a task
    python code.zip drive ORDER      drive a run
    python code.zip argo PART ORDER  do a part of a run that Argo Workflows drives

The same files give the same bytes, so the zip is named by its digest and kept in the cluster for all runs.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

import jupyter_mlops
from jupyter_mlops.runtime.package import archive, runtime_files

_MAIN = """\
import sys

from jupyter_mlops.targets.kubernetes.pod_main import main

sys.exit(main(sys.argv[1:]))
"""
_ROOT = Path(jupyter_mlops.__file__).parent
_IMPORT = re.compile(r"^(?:from|import) (jupyter_mlops[\w.]*)(?: import (\([^)]*\)|.*))?$", re.MULTILINE)
_NAME = re.compile(r"\w+")
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
# What steps begin with, and what most of them import later: a way to run cells, what reads and writes values.
_STEPS = (
    *("jupyter_mlops.targets.kubernetes.pod_main", "jupyter_mlops.targets.kubernetes.run_step"),
    *("jupyter_mlops.runtime.plain_shell", "jupyter_mlops.runtime.ipython_shell"),
    *("jupyter_mlops.runtime.bundle", "jupyter_mlops.runtime.hidden_state", "jupyter_mlops.runtime.compare"),
)


def code_zip() -> bytes:
    """The bytes of the zip.

    What steps import is there compiled, too, for pods with the Python of this process; others compile it.
    """
    files = {**dict(runtime_files()), **dict(_engine_files())}
    steps = {*map(_file, _reached(_STEPS)), *(name for name in files if name.startswith("cloudpickle/"))}
    compiled = {f"{name}c": code for name in steps if (code := _compiled(name, files[name]))}
    return archive({**files, **compiled, "__main__.py": _MAIN.encode()})


def _engine_files() -> Iterator[tuple[str, bytes]]:
    packaged = (path for package in _PACKAGES for path in (_ROOT / package).rglob("*.py"))
    names = [path.relative_to(_ROOT).as_posix() for path in packaged]
    roots = [_module(name) for name in names if not name.startswith(_LAPTOP_ONLY)]
    for module in sorted(_reached([*roots, *(f"jupyter_mlops.{name}" for name in _MODULES)])):
        name = _file(module)
        yield name, _source(name)


def _reached(modules: Sequence[str]) -> set[str]:
    """These modules, and those that are imported when they are: imports in functions do not count."""
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [module.rpartition(".")[0]] if "." in module else []
            waiting += _imports(_file(module))
    return reached


@cache
def _imports(name: str) -> tuple[str, ...]:
    """The modules of ours that are imported at the top of a file. Read by a pattern: a parser takes half a second."""
    found: set[str] = set()
    for module, names in _IMPORT.findall(_source(name).decode()):
        found.update((module, *(f"{module}.{item}" for item in _NAME.findall(names))))
    return tuple(item for item in sorted(found) if _path(item) is not None)


def _compiled(name: str, source: bytes) -> bytes:
    """A module as Python caches it, taken without a look at its source; the same source gives the same bytes.

    Empty where this Python cannot say it in a format that does not depend on what else is in memory.
    """
    code = compile(source, f"code.zip/{name}", "exec", dont_inherit=True)
    try:
        plain = marshal.dumps(code, 2)
    except ValueError:  # Python 3.14 keeps slices as constants
        return b""
    return MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(source) + plain


def _path(module: str) -> Path | None:
    """The file of a module of ours; None if there is none of that name."""
    plain = _ROOT.parent.joinpath(*module.split("."))
    return next((path for path in (plain.with_suffix(".py"), plain / "__init__.py") if path.is_file()), None)


def _file(module: str) -> str:
    """Its name in the zip."""
    found = _path(module)
    assert found is not None, module
    return found.relative_to(_ROOT.parent).as_posix()


def _source(name: str) -> bytes:
    return (_ROOT.parent / name).read_bytes()


def _module(name: str) -> str:
    return ".".join(("jupyter_mlops", *Path(name).with_suffix("").parts)).removesuffix(".__init__")
