"""Notebooks that include others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlops.errors import MlopsError, NotFound, Usage
from jupyter_mlops.notebook import document
from jupyter_mlops.notebook.annotations import annotate


def include(path: str, step: str = "", **more: object) -> str:
    ours = {"role": "step", "notebook": path, **({"step": step} if step else {}), **more}
    return f"# %% jupyter_mlops={json.dumps(ours)}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "parts").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "parts" / "clean.py").write_text(
        "# %% [markdown]\n# ## Drop\n# %%\nd = x\n# %% [markdown]\n# ## Fill\n# %%\nf = d\n"
    )
    return folder


def main(project: Path, text: str) -> document.Document:
    (project / "main.py").write_text(text)
    return document.expand(document.read(project / "main.py"))


def test_the_cells_of_the_other_notebook_take_the_place(project: Path) -> None:
    found = main(project, "# %%\nx = 1\n" + include("parts/clean.py") + "# %%\nprint(f)\n")
    assert [(cell.index, cell.source, cell.notebook, cell.position, cell.group) for cell in found.cells] == [
        (0, "x = 1", "", 0, ""),
        (1, "## Drop", "parts/clean.py", 0, "clean"),
        (2, "d = x", "parts/clean.py", 1, "clean"),
        (3, "## Fill", "parts/clean.py", 2, "clean"),
        (4, "f = d", "parts/clean.py", 3, "clean"),
        (5, "print(f)", "", 2, ""),
    ]
    assert [cell.count for cell in found.code_cells] == [1, 2, 3, 4]


def test_each_group_is_annotated_on_its_own(project: Path) -> None:
    text = '# %% jupyter_mlops={"step": "load"}\nx = 1\n' + include("parts/clean.py", "tidy", after=["load"], cpu=2)
    text += "# %%\nreport(f)\n" + '# %% jupyter_mlops={"step": "end", "after": ["tidy"]}\n1\n'
    found = annotate(main(project, text))
    assert [(step.name, step.group, step.after) for step in found.steps] == [
        ("load", "", ()),
        ("tidy.drop", "tidy", ("load",)),
        ("tidy.fill", "tidy", ("load",)),
        ("report", "", ()),
        ("end", "", ("tidy.drop", "tidy.fill")),
    ]
    assert found.steps[1].options == {"cpu": 2.0}
    assert not found.problems


def test_a_whole_group_cannot_loop(project: Path) -> None:
    found = annotate(main(project, include("parts/clean.py", for_each="i in [1]", exit=True)))
    assert [(problem.kind, problem.name) for problem in found.problems] == [
        ("bad_option", "for_each"),
        ("bad_option", "exit"),
    ]


def test_kale_includes_by_tag_and_path(project: Path) -> None:
    found = main(project, '# %% tags=["notebook:sub", "prev:a"] notebook_path="parts/clean.py"\n')
    assert {cell.group for cell in found.cells} == {"sub"}


def test_inclusion_goes_on_inside(project: Path) -> None:
    (project / "parts" / "outer.py").write_text(include("clean.py") + "# %%\nz = 1\n")
    found = main(project, include("parts/outer.py") + include("parts/outer.py", "again"))
    assert {cell.group for cell in found.cells} == {"outer.clean", "outer", "again.clean", "again"}
    assert len({cell.id for cell in found.cells}) == len(found.cells)
    assert [step.name for step in annotate(found).steps][:3] == ["outer.clean.drop", "outer.clean.fill", "outer.z"]


def test_an_isolated_notebook_and_one_in_another_language_stay_one_step(project: Path) -> None:
    r = {"cells": [], "metadata": {"kernelspec": {"name": "ir", "language": "R"}}, "nbformat": 4, "nbformat_minor": 5}
    (project / "parts" / "r.ipynb").write_text(json.dumps(r))
    found = annotate(
        main(project, include("parts/r.ipynb") + include("parts/clean.py", isolated=True) + "# %%\nx = 1\n")
    )
    assert [(step.name, step.notebook, step.cells) for step in found.steps] == [
        ("r", "parts/r.ipynb", ()),
        ("clean", "parts/clean.py", ()),
        ("x", "", (2,)),
    ]


def test_without_inclusions_the_document_is_the_same(project: Path) -> None:
    plain = document.read_text("x = 1")
    assert document.expand(plain) is plain


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("parts/none.ipynb", NotFound, "not there"),
        ("../outside.py", Usage, "outside the project"),
        ("/etc/passwd", Usage, "outside the project"),
        ("link.py", Usage, "outside the project"),
        ("main.py", Usage, "main.py -> main.py"),
        ("parts/back.py", Usage, "main.py -> back.py -> main.py"),
    ],
)
def test_a_bad_path_is_a_clear_error(project: Path, path: str, error: type[MlopsError], says: str) -> None:
    (project.parent / "outside.py").write_text("x = 1\n")
    (project / "link.py").symlink_to("../outside.py")
    (project / "parts" / "back.py").write_text(include("../main.py"))
    with pytest.raises(error, match=says) as caught:
        main(project, include(path))
    assert caught.value.hint


def test_without_a_project_the_parent_of_the_folder_is_the_limit(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    (tmp_path / "root" / "b" / "sub.py").write_text("x = 1\n")
    (tmp_path / "far.py").write_text("x = 1\n")
    path = tmp_path / "root" / "a" / "n.py"
    path.write_text(include("../b/sub.py"))
    assert document.expand(document.read(path)).cells[0].notebook == "../b/sub.py"
    path.write_text(include("../../far.py"))
    with pytest.raises(Usage):
        document.expand(document.read(path))


def test_a_text_that_is_no_file_includes_nothing() -> None:
    with pytest.raises(Usage, match="must be a file"):
        document.expand(document.read_text(include("a.py")))
