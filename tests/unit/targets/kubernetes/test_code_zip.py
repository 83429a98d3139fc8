"""The zip has all that a pod needs, and nothing that a pod could not have."""

from __future__ import annotations

import ast
import hashlib
import io
import marshal
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from jupyter_mlops.runtime.spec import CellSource, TaskResult, TaskSpec
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.pod_main import USAGE


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(code_zip())
    return path


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python without any installed library."""
    return subprocess.run([sys.executable, "-I", "-S", *arguments], capture_output=True, text=True, check=False)


def test_the_same_code_has_the_same_bytes(code: Path) -> None:
    assert hashlib.sha256(code_zip()).digest() == hashlib.sha256(code.read_bytes()).digest()


def test_it_fits_into_one_object_of_a_cluster(code: Path) -> None:
    assert code.stat().st_size < 900_000


def test_it_has_the_modules_that_its_modules_import(code: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        sources = {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
    there = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources}
    lacking = set()
    for name, source in sources.items():
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("jupyter_mlops"):
                lacking |= {(name, statement.module)} if statement.module not in there else set()
            elif isinstance(statement, ast.Import):
                names = {item.name for item in statement.names if item.name.startswith("jupyter_mlops")}
                lacking |= {(name, item) for item in names - there}
    assert lacking == set()


def test_what_a_step_imports_is_compiled_for_this_python(code: Path, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{}")
    done = bare("-v", str(code), "task", str(tmp_path / "spec.json"))
    imported = set(re.findall(r"^import '(jupyter_mlops.*?)'", done.stderr, re.MULTILINE))
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pyc")]
        for name in names:
            compiled = marshal.loads(archive.read(name)[16:])
            assert compiled == compile(archive.read(name[:-1]), compiled.co_filename, "exec", dont_inherit=True), name
    modules = {name[:-4].replace("/", ".").removesuffix(".__init__") for name in names}
    assert len(imported) > 20
    assert imported <= modules


def test_it_does_the_work_of_a_task(code: Path, tmp_path: Path) -> None:
    spec = TaskSpec(
        "run", "a", "a", 1, str(tmp_path), str(tmp_path), (CellSource(0, "c", "x = 6 * 7", 1),), exports=("x",)
    )
    (tmp_path / "spec.json").write_text(spec.to_json())
    done = bare(str(code), "task", str(tmp_path / "spec.json"))
    assert done.returncode == 0, done.stderr
    assert TaskResult.from_json((tmp_path / "result.json").read_text()).exports == {"x": 42}


def test_the_driver_starts_without_any_library(code: Path, tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_text("{}")
    done = bare(str(code), "drive", str(order))
    assert "KeyError: 'place'" in done.stderr  # all was imported, and the order was read


def test_what_makes_no_sense_is_refused(code: Path) -> None:
    done = bare(str(code), "fly")
    assert (done.returncode, done.stderr) == (2, f"usage: code.zip {USAGE}\n")


def test_it_keeps_to_python_3_9(code: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        archive.extractall(tmp_path)
    vermin = str(Path(sys.executable).with_name("vermin"))
    done = subprocess.run(
        [vermin, "--quiet", "--no-tips", "-t=3.9-", "--violations", str(tmp_path / "jupyter_mlops")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
