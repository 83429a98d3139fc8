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


# Cells -> (module, cell, line) of what is told to be missing.
LIBRARIES: dict[tuple[str, ...], list[tuple[str, int, int]]] = {
    ("x = 1\nimport nosuch",): [("nosuch", 0, 2)],
    ("import os, nosuch.sub as n, json, other",): [("nosuch", 0, 1), ("other", 0, 1)],
    ("from nosuch.sub import a, b",): [("nosuch", 0, 1)],
    ("x = 1", "import nosuch", "import nosuch.sub\nfrom nosuch import a"): [("nosuch", 1, 1)],
    ("%matplotlib inline\nimport nosuch",): [("nosuch", 0, 2)],
    ("%%time\nimport nosuch",): [("nosuch", 0, 2)],
    ("# !pip install nosuch\nimport nosuch",): [("nosuch", 0, 2)],
    ("import nosuch\n!pip install nosuch", "import other"): [("nosuch", 0, 1)],
    ("import os, sys, json\nimport IPython, __main__\nfrom __future__ import annotations",): [],
    ("try:\n    import nosuch\nexcept ImportError:\n    nosuch = None",): [],
    ("if fast:\n    import nosuch",): [],
    ("def f():\n    import nosuch",): [],
    ("from . import nosuch",): [],
    ("%%R\nimport nosuch",): [],
    ("import nosuch (",): [],
    ("%pip install -q whatever", "import nosuch"): [],
    ("!pip install whatever\nimport nosuch",): [],
    ("!{sys.executable} -m pip install x", "import nosuch"): [],
    ("%%bash\nconda install -y x", "import nosuch"): [],
    ("!uv add x", "import nosuch"): [],
    ("!git clone https://host/nosuch", "import nosuch"): [],
    ("import sys\nsys.path.insert(0, '../lib')", "import nosuch"): [],
    ("import os\nos.chdir('sub')\nimport nosuch",): [],
    ("%cd sub", "import nosuch"): [],
    ("%%writefile nosuch.py\nx = 1", "import nosuch"): [],
    ("import beside",): [],
    ("import package.sub",): [],
    ("from native import f",): [],
}


@pytest.mark.parametrize("sources", LIBRARIES)
def test_a_library_that_is_not_installed_is_told_once_where_it_is_first_imported(
    tmp_path: Path, sources: tuple[str, ...]
) -> None:
    (tmp_path / "beside.py").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "native.abi3.so").touch()
    found = said(notebook(tmp_path / "n.ipynb", *sources), "MLO902")
    assert [(item.name, item.cell, item.line) for item in found] == LIBRARIES[sources]
    assert {item.severity for item in found} <= {"warning"}


@pytest.mark.parametrize(("module", "distribution"), [("nosuch", "nosuch"), ("cv2", "opencv-python-headless")])
def test_a_missing_library_is_told_by_the_name_to_install(tmp_path: Path, monkeypatch, module, distribution) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, module, raising=False)
    [found] = said(notebook(tmp_path / "n.ipynb", f"import {module}"), "MLO902")
    assert found.message == f"{module!r} is not installed in this environment: importing it fails."
    assert f"pip install {distribution}." in found.hint


def test_cells_that_do_not_run_or_may_fail_are_not_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "n.py"
    path.write_text(
        '# %% jupyter_mlops={"role": "skip"}\nimport nosuch\n'
        '# %% tags=["raises-exception"]\nimport nosuch\n# %%\nx = 1\n'
    )
    assert said(path, "MLO902") == []


def test_another_environment_has_other_libraries(tmp_path: Path) -> None:
    kernel = {"name": "here", "language": "python"}
    assert said(notebook(tmp_path / "n.ipynb", "import nosuch", kernel=kernel), "MLO902") == []


def test_a_module_beside_an_included_notebook_is_there(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "beside.py").touch()
    notebook(tmp_path / "sub" / "inner.ipynb", "import beside", "import nosuch")
    outer = notebook(tmp_path / "n.ipynb", "x = 1", {"notebook": "sub/inner.ipynb"})
    assert [(item.name, item.cell) for item in said(outer, "MLO902")] == [("nosuch", 1)]


def test_nothing_is_imported_to_look_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib" / "loud").mkdir(parents=True)
    (tmp_path / "lib" / "loud" / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    assert said(notebook(tmp_path / "n.ipynb", "import loud.part"), "MLO902") == []
