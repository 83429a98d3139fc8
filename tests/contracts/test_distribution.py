"""What is shipped: a wheel that has every data file and none of the tests, built without Node."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

DATA = (".json", ".js", ".css", ".svg", ".typed")


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist; nothing but Python is on the path."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, timeout=120)
    return folder


def wheel_names(built: Path) -> set[str]:
    return set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())


def test_the_wheel_has_every_module_and_data_file(root: Path, built: Path) -> None:
    source = {
        path.relative_to(root).as_posix()
        for path in (root / "jupyter_mlops").rglob("*")
        if path.suffix in {".py", *DATA} and "__pycache__" not in path.parts
    }
    assert source - wheel_names(built) == set()
    assert any(name.endswith("schema/cell_metadata.json") for name in source)


def test_the_wheel_has_nothing_else(built: Path) -> None:
    tops = {name.partition("/")[0] for name in wheel_names(built)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "jupyter_mlops",
        "jupyter_mlops_server",
        "jupyter_mlops-0.1.0.data",  # the file that enables the server extension
    }


def test_the_wheel_declares_the_command_and_the_plugins(built: Path) -> None:
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    name = next(item for item in wheel.namelist() if item.endswith("entry_points.txt"))
    text = wheel.read(name).decode()
    for line in (
        "jupyter-mlops = jupyter_mlops.cli:main",
        "mlops = jupyter_mlops.targets.local.papermill_engine:MlopsEngine",
        "local = jupyter_mlops.targets.local:LocalTarget",
    ):
        assert line in text


def test_the_sdist_has_what_building_and_testing_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile", "tests/conftest.py"}
    assert wanted - names == set()
    assert any(name.startswith("examples/notebooks/") for name in names)
