from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_mlops.errors import NewerStore, Refused, StoreUnwritable, Usage
from jupyter_mlops.store.project import Project


def make(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)


def test_the_nearest_parent_with_a_store_is_the_root(tmp_path):
    make(tmp_path / ".git", tmp_path / "a/.jupyter_mlops", tmp_path / "a/b/c")
    assert Project.find(tmp_path / "a/b/c/n.ipynb", environ={}).root == tmp_path / "a"


def test_a_store_farther_up_wins_over_a_git_root_that_is_nearer(tmp_path):
    make(tmp_path / ".jupyter_mlops", tmp_path / "a/.git", tmp_path / "a/b")
    assert Project.find(tmp_path / "a/b", environ={}).root == tmp_path


def test_without_a_store_the_git_root_is_the_root(tmp_path):
    make(tmp_path / "a/b")
    (tmp_path / ".git").write_text("gitdir: elsewhere")  # a worktree has a file
    assert Project.find(tmp_path / "a/b/n.ipynb", environ={}).root == tmp_path


def test_without_either_the_folder_of_the_notebook_is_the_root(tmp_path):
    make(tmp_path / "a")
    found = Project.find(tmp_path / "a/n.ipynb", environ={})
    # A parent of the temporary folder may have a store or be under git: then this machine cannot show it.
    assert found.root in {tmp_path / "a", *tmp_path.parents}
    assert found.start == tmp_path / "a"


@pytest.mark.parametrize("value", ["elsewhere", "elsewhere/.jupyter_mlops"])
def test_the_environment_overrides_the_root(tmp_path, value):
    make(tmp_path / "a/.jupyter_mlops")
    found = Project.find(tmp_path / "a", environ={"JUPYTER_MLOPS_HOME": str(tmp_path / value)})
    assert found.root == tmp_path / "elsewhere"
    assert found.home == tmp_path / "elsewhere/.jupyter_mlops"


def test_looking_for_a_project_writes_nothing(tmp_path):
    Project.find(tmp_path, environ={})
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_another_user_is_not_used(tmp_path):
    make(tmp_path / ".jupyter_mlops", tmp_path / "a/.git", tmp_path / ".git")
    if os.getuid() == 0:
        os.chown(tmp_path / ".jupyter_mlops", 12345, 12345)  # root's own would be trusted
    other = os.getuid() + 1
    assert Project.find(tmp_path / "a", environ={}, user=other).root == tmp_path / "a"
    with pytest.raises(Refused, match="belongs to another user"):
        Project.find(tmp_path, environ={}, user=other)
    assert Project.find(tmp_path, environ={"JUPYTER_MLOPS_HOME": str(tmp_path)}, user=other).root == tmp_path


def test_ensure_makes_a_store_that_git_ignores_and_that_says_its_format(tmp_path):
    project = Project(tmp_path).ensure()
    assert (project.home / ".gitignore").read_text() == "*\n"
    assert (project.home / "format").read_text() == "1\n"
    assert project.runs.is_dir()


def test_ensure_twice_changes_nothing(tmp_path):
    project = Project(tmp_path).ensure()
    before = (project.home / "format").stat().st_mtime_ns
    project.ensure()
    assert (project.home / "format").stat().st_mtime_ns == before


@pytest.mark.parametrize("text", ["2", "1.5", "x" * 1000, ""])
def test_a_store_of_another_format_is_refused_and_left_alone(tmp_path, text):
    project = Project(tmp_path).ensure()
    (project.home / "format").write_text(text)
    with pytest.raises(NewerStore, match="Upgrade"):
        project.ensure()
    assert (project.home / "format").read_text() == text


def test_a_place_that_cannot_be_written_is_named_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME") as caught:
        Project(tmp_path / "file").ensure()
    assert str(tmp_path / "file") in str(caught.value)


def test_a_file_in_the_place_of_the_store_is_named_with_a_way_out(tmp_path):
    (tmp_path / ".jupyter_mlops").write_text("")
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME"):
        Project(tmp_path).ensure()


def test_a_full_disk_is_named_with_a_way_out(tmp_path, full_disk):
    with full_disk(0), pytest.raises(StoreUnwritable):
        Project(tmp_path).ensure()
    assert Project(tmp_path).ensure().runs.is_dir()  # and what was begun does no harm


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {}),
        ({"jupyter_mlops.toml": "target = 'local'"}, {"target": "local"}),
        ({"pyproject.toml": "[tool.jupyter_mlops]\nparallel = 4"}, {"parallel": 4}),
        ({"pyproject.toml": "[project]\nname = 'x'"}, {}),
        ({"pyproject.toml": "[tool.jupyter_mlops]\na = 1", "jupyter_mlops.toml": "b = 2"}, {"b": 2}),
        ({"pyproject.toml": "[project]\nname = 'x'", "../jupyter_mlops.toml": "b = 2"}, {"b": 2}),
        ({"../jupyter_mlops.toml": "b = 2", "../../jupyter_mlops.toml": "b = 3"}, {"b": 2}),
    ],
)
def test_settings_come_from_the_nearest_file_up_to_the_root(tmp_path, files, expected):
    make(tmp_path / "a/b/c", tmp_path / "a/b/.jupyter_mlops")
    (tmp_path / "jupyter_mlops.toml").write_text("outside = 1")
    project = Project(tmp_path / "a", tmp_path / "a/b/c")
    for name, text in files.items():
        (tmp_path / "a/b/c" / name).resolve().write_text(text)
    assert project.config == expected


def test_settings_that_are_not_toml_are_named(tmp_path):
    (tmp_path / "jupyter_mlops.toml").write_text("a = = 1")
    with pytest.raises(Usage, match=r"jupyter_mlops\.toml is not valid TOML"):
        _ = Project(tmp_path).config
