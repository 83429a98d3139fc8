"""Every example is run as a person runs it: through the command line, in a folder of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = str(Path(sys.executable).with_name("jupyter-mlops"))


@dataclass(frozen=True)
class Said:
    """What a command answered: exit code, the object on stdout, the text on stderr."""

    code: int
    data: Any
    errors: str


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """A fresh project with the examples in it."""
    folder = tmp_path / "project"
    shutil.copytree(root / "examples/notebooks", folder, ignore=shutil.ignore_patterns(".jupyter_mlops"))
    (folder / ".jupyter_mlops").mkdir()
    return folder


@pytest.fixture
def mlops(project: Path) -> Callable[..., Said]:
    """`mlops("run", "iris.ipynb")` is `jupyter mlops run iris.ipynb --json` in the project."""

    def call(*words: str) -> Said:
        done = subprocess.run(
            [COMMAND, *words, "--json"], cwd=project, capture_output=True, text=True, timeout=150, check=False
        )
        return Said(done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr)

    return call
