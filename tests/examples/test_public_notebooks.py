"""Notebooks in the style of public tutorials, without annotation: the same from top to bottom and as a pipeline."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.verify_notebooks import NOTEBOOKS, needs, verify

FOLDER = Path(__file__).resolve().parent.parent / "public_notebooks"


@pytest.mark.parametrize("name", [path.name for path in NOTEBOOKS])
def test_a_public_notebook_means_the_same_as_a_pipeline(name: str, tmp_path: Path) -> None:
    for library in needs(FOLDER / name):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    verdict = verify(FOLDER / name, tmp_path)
    assert verdict.error == ""
    assert verdict.unexpected == []


@pytest.mark.parametrize("name", ["02_pandas_in_ten_minutes.ipynb", "13_monte_carlo.ipynb"])
def test_a_public_notebook_means_the_same_cell_by_cell(name: str, tmp_path: Path) -> None:
    """One step a cell is the hardest cut: every name crosses from process to process."""
    shutil.copy(FOLDER / name, tmp_path / name)
    command = [str(Path(sys.executable).with_name("jupyter-mlops"))]
    subprocess.run(
        [*command, "convert", name, "--by", "cells"], cwd=tmp_path, check=True, capture_output=True, timeout=60
    )
    verdict = verify(tmp_path / name, tmp_path)
    assert (verdict.error, verdict.differences) == ("", ())
