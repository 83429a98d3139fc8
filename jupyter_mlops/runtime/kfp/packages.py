"""Packages that a component asks for: there at versions that fit, or installed where that was allowed, or named."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Sequence

from jupyter_mlops.runtime.errors import MlopsError

# Set in pods where `[kubernetes] pip = true`.
ALLOWED = "JUPYTER_MLOPS_PIP"
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;]*)(?:;.*)?", re.DOTALL)
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([^\s,]+)")


def need(packages: Sequence[str], index_urls: Sequence[str], folder: str) -> None:
    """Have what a component asks for, or say what is missing.

    With `JUPYTER_MLOPS_PIP` in the environment pip installs it into `folder`. Raises `MlopsError`.
    """
    absent = [package for package in packages if not fits(package)]
    if not absent:
        return
    if not os.environ.get(ALLOWED):
        raise MlopsError(
            f"the component needs {', '.join(absent)}, and this environment has not got it.",
            hint="Install it here. In a cluster: an image that has it, or pip = true under [kubernetes].",
        )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
    for number, url in enumerate(index_urls):
        command += ["--extra-index-url" if number else "--index-url", url]
    done = subprocess.run([*command, "--", *absent], check=False)
    if done.returncode:
        raise MlopsError(f"pip could not install {', '.join(absent)}; the log says why.")
    sys.path.insert(0, folder)


def fits(package: str) -> bool:
    """Whether it is here at a version that the requirement allows. What cannot be read (a URL) is not."""
    found = _REQUIREMENT.fullmatch(package)
    if found is None or "@" in found.group(2):
        return False
    try:
        version = importlib.metadata.version(found.group(1))
    except importlib.metadata.PackageNotFoundError:
        return False
    clauses = found.group(2).strip().strip("()")
    read = _CLAUSE.findall(clauses)
    if clauses and not read:
        return False
    return all(_holds(version, operator, wanted) for operator, wanted in read)


def _holds(version: str, operator: str, wanted: str) -> bool:
    if operator in ("==", "!=") and wanted.endswith(".*"):
        start = _numbers(wanted[:-2])
        same = _numbers(version)[: len(start)] == start
        return same is (operator == "==")
    here, there = _padded(_numbers(version), _numbers(wanted))
    if operator == "~=":
        start = _numbers(wanted)[:-1]
        return here >= there and _numbers(version)[: len(start)] == start
    return {
        "==": here == there,
        "===": version == wanted,
        "!=": here != there,
        "<=": here <= there,
        ">=": here >= there,
        "<": here < there,
        ">": here > there,
    }[operator]


def _numbers(version: str) -> list[int]:
    release = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return [int(part) for part in release.group(1).split(".")] if release else []


def _padded(one: list[int], other: list[int]) -> tuple[list[int], list[int]]:
    length = max(len(one), len(other))
    return one + [0] * (length - len(one)), other + [0] * (length - len(other))
