"""The runtime works where nothing but Python is: no site-packages, no environment, only its own files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlops.runtime.spec import CellSource, TaskSpec


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> Path:
    """A folder with what travels into a step, and nothing else."""
    package = tmp_path / "zip" / "jupyter_mlops"
    package.mkdir(parents=True)
    shutil.copy(root / "jupyter_mlops/__init__.py", package)
    shutil.copytree(root / "jupyter_mlops/runtime", package / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    return package.parent


def write_spec(folder: Path, *sources: str, **fields: object) -> Path:
    cells = tuple(CellSource(i, f"c{i}", source, i + 1) for i, source in enumerate(sources))
    spec = TaskSpec(
        run="r", step="s", task="s", attempt=1, directory=str(folder), cwd=str(folder), cells=cells, **fields
    )
    path = folder / "spec.json"
    path.write_text(spec.to_json(), encoding="utf-8")
    return path


def run_alone(bare: Path, spec: Path) -> subprocess.CompletedProcess[str]:
    start = f"import sys; sys.path.insert(0, {str(bare)!r}); from jupyter_mlops.runtime.task import run_task; "
    command = [sys.executable, "-S", "-I", "-c", start + f"sys.exit(run_task({str(spec)!r}))"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_task_runs_without_site_packages(bare: Path, tmp_path: Path) -> None:
    task = tmp_path / "task"
    task.mkdir()
    sources = ("import sys\nx = 20", "print('hello', x)\ny = x + 22", "assert 'site' not in sys.modules\ny")
    spec = write_spec(task, *sources, outputs=("y",), exports=("y",))
    done = run_alone(bare, spec)
    assert done.returncode == 0, done.stderr
    result = json.loads((task / "result.json").read_text())
    assert result["fate"] == "succeeded"
    assert result["exports"] == {"y": 42}
    assert result["outputs"]["y"]["type"] == "int"
    assert "hello 20" in (task / "log").read_text()


def test_a_failing_cell_is_told_with_its_place(bare: Path, tmp_path: Path) -> None:
    task = tmp_path / "task"
    task.mkdir()
    done = run_alone(bare, write_spec(task, "a = 1", "\nb = a / 0"))
    assert done.returncode == 1
    error = json.loads((task / "result.json").read_text())["error"]
    assert (error["kind"], error["cell"], error["line"]) == ("ZeroDivisionError", 1, 2)


def test_the_runtime_keeps_to_python_3_9(root: Path) -> None:
    paths = [str(root / "jupyter_mlops/runtime"), str(root / "jupyter_mlops/__init__.py")]
    command = [str(Path(sys.executable).with_name("vermin")), "--quiet", "--no-tips", "-t=3.9-", "--violations", *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
