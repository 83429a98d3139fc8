"""The runtime zip runs a task wherever there is a Python, and is the same whenever it is made."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from jupyter_mlops.runtime.package import runtime_zip, write_runtime_zip
from tests.unit.runtime.conftest import Tasks, read_ran


def test_the_same_files_give_the_same_bytes() -> None:
    assert runtime_zip() == runtime_zip()
    assert len(runtime_zip()) < 200_000


def test_a_task_runs_from_the_zip_without_site_packages(tasks: Tasks, tmp_path: Path) -> None:
    write_runtime_zip(str(tmp_path / "runtime.zip"))
    spec = tasks.spec("class A: pass\na = A()\nprint(a.__class__.__name__)", outputs=("A", "a"))
    path = Path(spec.directory) / "spec.json"
    path.write_text(spec.to_json())
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(tmp_path / "runtime.zip"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    ran = read_ran(0, path.parent)
    assert ran.text() == "A\n"
    assert ran.result.outputs["a"].type == "A"


def test_the_zip_holds_the_runtime_and_nothing_else_of_ours(tmp_path: Path) -> None:
    write_runtime_zip(str(tmp_path / "r.zip"))
    names = zipfile.ZipFile(tmp_path / "r.zip").namelist()
    assert {
        "__main__.py",
        "jupyter_mlops/__init__.py",
        "jupyter_mlops/runtime/task.py",
        "cloudpickle/__init__.py",
    } <= set(names)
    assert {name.split("/")[1] for name in names if name.startswith("jupyter_mlops/")} == {"__init__.py", "runtime"}
