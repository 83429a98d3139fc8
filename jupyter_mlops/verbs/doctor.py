"""`doctor`: is this machine, this environment and this folder fit to run pipelines?"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.project import WAY_OUT, Project

MINIMUM_FREE = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One check. `ok` is None where it could not be told; `hint` says what to do."""

    check: str
    ok: bool | None
    message: str
    hint: str = ""


def doctor(folder: str | Path = ".") -> list[Finding]:
    """Run every check for work in `folder`. Nothing is changed but for a file made and removed in the store."""
    return [finding for probe in _PROBES for finding in probe(Path(folder).absolute())]


def _python(_: Path) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "python", sys.version_info >= (3, 11), f"Python {found} at {sys.executable}", "Python 3.11 or newer is needed."
    )


def _libraries(_: Path) -> Iterator[Finding]:
    for name, purpose in _LIBRARIES.items():
        there = importlib.util.find_spec(name) is not None
        yield Finding(name, there, purpose if there else f"is missing, needed for {purpose}", _install(name))


def _install(name: str) -> str:
    return f"pip install {name}"


def _store(folder: Path) -> Iterator[Finding]:
    try:
        project = Project.find(folder)
        project.ensure()
        with tempfile.NamedTemporaryFile(dir=project.home):
            pass
    except MlopsError as error:
        yield Finding("store", False, error.message, error.hint)
        return
    except OSError as error:
        yield Finding("store", False, str(error), WAY_OUT)
        return
    yield Finding("store", True, f"runs are kept in {project.home}")
    free = shutil.disk_usage(project.home).free
    yield Finding(
        "disk",
        free >= MINIMUM_FREE,
        f"{free / 2**30:.1f} GiB free beside the store",
        "`jupyter mlops store gc` removes what old runs left.",
    )


def _fork(_: Path) -> Iterator[Finding]:
    fork = hasattr(os, "fork") and sys.platform == "linux"
    yield Finding(
        "start of steps",
        True,
        "steps fork from a warm process" if fork else "steps start in workers that were warmed up before",
    )


def _kernels(_: Path) -> Iterator[Finding]:
    try:
        from jupyter_client.kernelspec import KernelSpecManager

        names = sorted(KernelSpecManager().find_kernel_specs())
    except ImportError as error:
        yield Finding("kernels", None, f"cannot list kernels: {error}", "pip install jupyter_client")
        return
    yield Finding("kernels", bool(names), ", ".join(names) or "none", "python -m ipykernel install --user")


def _targets(folder: Path) -> Iterator[Finding]:
    """Targets other than this machine; one that cannot be used is a fault only if the project's runs go there."""
    from jupyter_mlops.verbs.targets import targets

    try:
        found = targets(Project.find(folder))
    except MlopsError as error:
        yield Finding("targets", False, error.message, error.hint)
        return
    for item in found["targets"]:
        if item["name"] == "local":
            continue
        name, default = f"target {item['name']}", item["name"] == found["default"]
        if item["missing"]:
            yield Finding(name, False if default else None, item["missing"], item["hint"])
            continue
        can = [one["name"] for one in item["capabilities"] if one["available"]]
        where = f" in the namespace {item['namespace']} of {item['context']}" if item["context"] else ""
        yield Finding(name, True, f"can do {', '.join(can) or 'what it was made for'}{where}")


_LIBRARIES = {
    "IPython": "magics and rich output in steps",
    "cloudpickle": "functions and classes that travel between steps by value",
    "papermill": "whole notebooks as steps",
    "nbformat": "old notebook formats",
    "anywidget": "the live graph in a notebook",
}
_PROBES: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    _python,
    _libraries,
    _store,
    _fork,
    _kernels,
    _targets,
)
