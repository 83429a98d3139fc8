"""From a kernel's name to what runs it: an interpreter of Python, or another language's own kernel."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.errors import NotFound
from jupyter_mlops.notebook.kernel_specs import OURS, how_to_install


@dataclass(frozen=True)
class Kernel:
    """An installed kernel. `python` is its interpreter when it is an IPython kernel, else empty."""

    name: str
    language: str
    python: str = ""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it runs in the interpreter of this process."""
        return bool(self.python) and _same_file(self.python, sys.executable)


def find_kernel(name: str, *, exact: bool = False) -> Kernel:
    """Look up a kernel spec. The usual names of Python mean this environment, unless `exact`: then what is installed.

    Raises:
        NotFound: no kernel of that name is installed, or its spec is broken; the hint says how to install it.
    """
    if name in OURS and not (exact and name):
        return Kernel(name or "python3", "python", sys.executable)
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from traitlets import TraitError

    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(name)
    except NoSuchKernel:
        raise NotFound(f"The kernel {name!r} is not installed here.", hint=how_to_install(name)) from None
    except (ValueError, TypeError, OSError, TraitError) as error:
        raise _broken(name, manager, str(error)) from error
    if not spec.argv:
        raise _broken(name, manager, "it names no program")
    language = str(spec.language).lower()
    return Kernel(name, language, _interpreter(spec.argv, language), dict(spec.env))


def python_for(name: str) -> str:
    """The interpreter behind a kernel name.

    Raises:
        NotFound: there is no such kernel, or it is not Python's.
    """
    kernel = find_kernel(name)
    if not kernel.python:
        raise NotFound(f"The kernel {name!r} speaks {kernel.language or 'an unknown language'}, not Python.")
    return kernel.python


def _interpreter(argv: list[str], language: str) -> str:
    if language != "python" or not any("ipykernel" in word for word in argv):
        return ""
    program = argv[0]
    # jupyter_client reads a bare "python" as the interpreter it runs in itself.
    if re.fullmatch(r"python(\d(\.\d+)?)?(\.exe)?", program):
        return sys.executable
    return program


def _broken(name: str, manager: Any, why: str) -> NotFound:
    folder = manager.find_kernel_specs().get(name, "its folder")
    return NotFound(
        f"The kernel {name!r} has a broken kernel.json in {folder}: {why}.", hint="Install that kernel again."
    )


def _same_file(one: str, other: str) -> bool:
    # `python` and `python3` of one environment are one; those of two environments are not, though they may link to one.
    same_folder = os.path.dirname(os.path.abspath(one)) == os.path.dirname(os.path.abspath(other))
    return same_folder and os.path.realpath(one) == os.path.realpath(other)
