"""What a notebook needs and this machine does not have."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlops.notebook.annotations import annotate
from jupyter_mlops.notebook.dataflow import link
from jupyter_mlops.notebook.diagnostics import Diagnostic, check, check_whole
from jupyter_mlops.notebook.document import expand, read

R = {"name": "ir", "language": "R"}


@pytest.fixture(autouse=True)
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Besides Python's there is one kernel, `here`."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    folder = tmp_path / "kernels" / "here"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["x"], "language": "x", "display_name": "x"}))


def notebook(path: Path, *sources: str | dict[str, object], kernel: dict[str, str] | None = None) -> Path:
    """A text is a code cell's source, a dict its metadata `jupyter_mlops`."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{index}",
            "metadata": {} if isinstance(source, str) else {"jupyter_mlops": source},
            "source": source if isinstance(source, str) else "",
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"display_name": "K", **kernel}} if kernel else {}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def said(path: Path, code: str) -> list[Diagnostic]:
    source = expand(read(path))
    return [item for item in check(link(source, annotate(source))) if item.code == code]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", False),
        ("python", False),
        ("python3", False),
        ("here", False),
        ("HERE", False),
        ("conda-env-x-py", True),
        ("no/../such", True),
        ("a\0b", True),
    ],
)
def test_a_kernel_that_is_not_installed_is_an_error(tmp_path: Path, name: str, told: bool) -> None:
    found = said(notebook(tmp_path / "n.ipynb", "x = 1", kernel={"name": name, "language": "python"}), "MLO901")
    assert [(item.severity, item.name, item.cell) for item in found] == [("error", name, None)] * told


def test_a_missing_kernel_is_told_with_its_way_out_and_what_is_there(tmp_path: Path) -> None:
    [found] = said(notebook(tmp_path / "n.ipynb", "x = 1", kernel={"name": "lab", "language": "python"}), "MLO901")
    assert found.message == "The kernel 'lab' is not installed here."
    assert "python -m ipykernel install --user --name lab" in found.hint
    assert "Installed are: here, python3." in found.hint


def test_a_notebook_in_another_language_is_checked_for_its_kernel(tmp_path: Path) -> None:
    [found] = check_whole(read(notebook(tmp_path / "r.ipynb", "x <- 1", kernel=R)))
    assert (found.code, found.severity, found.name) == ("MLO901", "error", "ir")
    assert "IRkernel" in found.hint
    assert check_whole(read(notebook(tmp_path / "h.ipynb", "x <- 1", kernel={**R, "name": "here"}))) == []


@pytest.mark.parametrize(("isolated", "language"), [(True, "python"), (True, "R"), (False, "R")])
def test_the_kernel_of_a_notebook_that_runs_whole_inside_is_looked_for(
    tmp_path: Path, isolated: bool, language: str
) -> None:
    inner = tmp_path / "sub" / "inner.ipynb"
    inner.parent.mkdir()
    notebook(inner, "1", kernel={"name": "nosuch", "language": language})
    outer = notebook(tmp_path / "n.ipynb", "x = 1", {"notebook": "sub/inner.ipynb", "isolated": isolated})
    assert [(item.name, item.cell) for item in said(outer, "MLO901")] == [("nosuch", 1)]


def test_a_notebook_included_as_its_cells_runs_in_the_kernel_of_the_outer_one(tmp_path: Path) -> None:
    notebook(tmp_path / "inner.ipynb", "1", kernel={"name": "nosuch", "language": "python"})
    outer = notebook(tmp_path / "n.ipynb", "x = 1", {"notebook": "inner.ipynb"})
    assert said(outer, "MLO901") == []


@pytest.mark.parametrize("name", ["python3", "here"])
def test_jupyter_is_not_imported_to_see_a_kernel_that_is_there(tmp_path: Path, name: str) -> None:
    notebook(tmp_path / "n.ipynb", "x = 1", kernel={"name": name, "language": "python"})
    code = "import sys; from jupyter_mlops.verbs.check import check; print(check('n.ipynb'), [*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] ")
    assert "jupyter_client" not in done.stdout
