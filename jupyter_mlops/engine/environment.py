"""What the libraries around a step are, cheaply: enough to tell that an installation changed."""

from __future__ import annotations

import hashlib
import os
import platform
import site
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jupyter_mlops.runtime


@cache
def environment_digest() -> str:
    """Digest of the Python version and of the names of all installed distributions (their names hold the versions)."""
    return hashlib.sha256("\n".join([sys.version, sys.platform, *_distributions()]).encode()).hexdigest()


def environment() -> dict[str, Any]:
    """The interpreter and the installed libraries (name -> version), for the record of a run."""
    named = (name.removesuffix(".dist-info").removesuffix(".egg-info").partition("-") for name in _distributions())
    packages = {name: version for name, _, version in named}
    return {"python": platform.python_version(), "platform": sys.platform, "packages": packages}


@cache
def runtime_digest() -> str:
    """Digest of the code that runs inside steps: the same for a package in a folder and in the zip that pods run."""
    digest = hashlib.sha256()
    for name, content in sorted(_runtime_files()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def _runtime_files() -> Iterator[tuple[str, bytes]]:
    folder = Path(jupyter_mlops.runtime.__file__).parent
    archive = getattr(jupyter_mlops.runtime.__loader__, "archive", None)
    if archive is None:
        for path in folder.rglob("*.py"):
            yield path.relative_to(folder).as_posix(), path.read_bytes()
        return
    inside = folder.relative_to(archive).as_posix() + "/"
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if name.startswith(inside) and name.endswith(".py"):
                yield name[len(inside) :], opened.read(name)


@cache
def _distributions() -> tuple[str, ...]:
    """Names of the folders that describe installed distributions, e.g. `numpy-2.1.0.dist-info`.

    Those of the user count too, where this Python looks at them: pods do not have what `pip install --user` brought.
    """
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        folders.add(site.getusersitepackages())
    found: list[str] = []
    for folder in folders:
        try:
            found += [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
    return tuple(sorted(found))
