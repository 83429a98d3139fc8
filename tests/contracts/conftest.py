"""A Python of its own that sees the libraries of this one, and the front end that `make test` built."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import front_end


@dataclass(frozen=True)
class CleanPython:
    """An environment with no commands, and nothing of ours installed."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def run(self, *arguments: str, cwd: Path, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python with `path` as the only place for commands; stderr is in stdout."""
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", front_end.SKIP}}
        return subprocess.run(
            [self.python, *arguments],
            cwd=cwd,
            env={**kept, "PATH": path, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
        )


@pytest.fixture
def clean_python(tmp_path: Path) -> CleanPython:
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    libraries = next((folder / "lib").glob("python*")) / "site-packages"
    # Lines of a .pth file are folders; .pth files in those are not read, so nothing editable comes along.
    (libraries / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return CleanPython(folder)


@pytest.fixture(scope="session")
def built_front_end() -> None:
    if not front_end.is_built():
        pytest.skip("the front end is not built: `make front-end`")


@pytest.fixture(scope="session")
def built(root: Path, built_front_end: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist; nothing but Python is on the path."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent), front_end.SKIP: ""}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder
