"""What is shipped: a wheel and an sdist that have every data file and none of the tests, and need no Node."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

DATA = (".json", ".js", ".css", ".svg", ".typed")
SHARE = "jupyter_mlops-0.1.0.data/data/share/jupyter/labextensions/jupyter-mlops/"


def wheel_names(folder: Path) -> set[str]:
    return set(zipfile.ZipFile(next(folder.glob("*.whl"))).namelist())


def sdist_names(folder: Path) -> set[str]:
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def unpacked(built: Path, folder: Path) -> Path:
    """The tree of the sdist."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("jupyter_mlops-*"))


def test_the_wheel_has_every_module_and_data_file(root: Path, built: Path) -> None:
    source = {
        path.relative_to(root).as_posix()
        for path in (root / "jupyter_mlops").rglob("*")
        if path.suffix in {".py", *DATA} and not {"__pycache__", "labextension"} & set(path.parts)
    }
    assert source - wheel_names(built) == set()
    assert {f"jupyter_mlops/widgets/static/run_graph.{kind}" for kind in ("js", "css")} <= source
    assert any(name.endswith("schema/cell_metadata.json") for name in source)


def test_the_wheel_has_the_extension_where_jupyterlab_looks_for_it(root: Path, built: Path) -> None:
    shared = {name.removeprefix(SHARE) for name in wheel_names(built) if name.startswith(SHARE)}
    schemas = {f"schemas/jupyter-mlops/{path.name}" for path in (root / "labextension" / "schema").glob("*.json")}
    assert {"package.json", "install.json", *schemas} - shared == set()
    described = json.loads(zipfile.ZipFile(next(built.glob("*.whl"))).read(f"{SHARE}package.json"))
    assert described["jupyterlab"]["_build"]["load"] in shared


def test_the_wheel_has_nothing_else(built: Path) -> None:
    names = wheel_names(built)
    assert {top for top in (name.partition("/")[0] for name in names) if not top.endswith(".dist-info")} == {
        "jupyter_mlops",
        "jupyter_mlops_server",
        "jupyter_mlops-0.1.0.data",  # the front end, and the file that enables the server extension
    }
    assert [name for name in names if name.endswith((".map", ".ts", "build_log.json", ".built"))] == []


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
    names = sdist_names(built)
    wanted = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile", "tests/conftest.py"}
    wanted |= {"hatch_build.py", "tools/front_end.py", "labextension/package-lock.json", "labextension/src/index.ts"}
    wanted |= {"jupyter_mlops/labextension/package.json", "jupyter_mlops/widgets/static/run_graph.js"}
    assert wanted - names == set()
    assert any(name.startswith("examples/notebooks/") for name in names)
    assert [name for name in names if "node_modules" in name or name.startswith("labextension/lib")] == []


def test_a_wheel_made_of_the_sdist_is_the_same_and_asks_for_no_node(built: Path, clean_python, tmp_path: Path) -> None:
    tree = unpacked(built, tmp_path)
    code = "from hatchling.build import get_requires_for_build_wheel as asked; print(asked())"
    assert clean_python.run("-c", code, cwd=tree).stdout == "[]\n"
    done = clean_python.run("-m", "hatchling", "build", "-t", "wheel", "-d", "again", cwd=tree)
    assert done.returncode == 0, done.stdout
    assert wheel_names(tree / "again") == wheel_names(built)


def test_both_parts_have_one_version(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    package = json.loads((root / "labextension" / "package.json").read_text())
    lock = json.loads((root / "labextension" / "package-lock.json").read_text())
    assert [package["version"], lock["version"], lock["packages"][""]["version"]] == [project] * 3


def test_the_built_front_end_is_within_its_size(root: Path, built_front_end: None) -> None:
    done = subprocess.run([sys.executable, "tools/bundle_size.py"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def install(wheel: Path, environment: Path) -> None:
    """Install nothing but the wheel, by whichever of uv and pip is here."""
    uv, options = shutil.which("uv"), ["--no-deps", "--no-index", str(wheel)]
    if uv:
        command = [uv, "pip", "install", "--python", str(environment / "bin" / "python"), *options]
    else:
        # This environment's pip, run by the other's Python.
        command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--ignore-installed", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_installing_the_wheel_enables_both_parts(built: Path, clean_python, tmp_path: Path) -> None:
    install(next(built.glob("*.whl")), clean_python.folder)
    here = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "path": os.environ["PATH"]}
    lab = clean_python.run("-m", "jupyterlab.labextensions", "list", "--verbose", cwd=tmp_path, **here)
    assert "jupyter-mlops v0.1.0 enabled OK (python, jupyter-mlops)" in plain(lab.stdout)
    server = clean_python.run("-m", "jupyter_server.extension.serverextension", "list", cwd=tmp_path, **here)
    assert "jupyter_mlops_server enabled" in plain(server.stdout)
    assert "jupyter_mlops_server 0.1.0 OK" in plain(server.stdout)


def plain(text: str) -> str:
    """Text without colours, on one line."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
