"""A scratch copy of a notebook's folder: the same files, none of the litter, and never itself."""

import os
import socket

import pytest

from jupyter_mlops.verbs import scratch
from jupyter_mlops.verbs.scratch import Scratch


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "work.ipynb").write_text("{}")
    (folder / "data" / "table.csv").write_text("a,b")
    return folder


def below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_it_has_the_files_of_the_folder_but_no_litter(project, tmp_path):
    for name in (".git", ".jupyter_mlops", ".venv", "__pycache__"):
        (project / name).mkdir()
        (project / name / "x").write_text("")
    path = Scratch(tmp_path / "scratch", project / "work.ipynb").renewed()
    assert path.read_text() == "{}"
    assert below(path.parent) == ["data", "data/table.csv", "work.ipynb"]


def test_each_copy_is_as_the_folder_was(project, tmp_path):
    made = Scratch(tmp_path / "scratch", project / "work.ipynb")
    first = made.renewed()
    (first.parent / "left.txt").write_text("by the first way")
    (first.parent / "data" / "table.csv").write_text("changed")
    second = made.renewed()
    assert second == first
    assert below(second.parent) == ["data", "data/table.csv", "work.ipynb"]
    assert (second.parent / "data" / "table.csv").read_text() == "a,b"


def test_a_scratch_folder_below_the_notebook_s_is_not_copied_into_itself(project):
    (project / "scratch").mkdir()
    path = Scratch(project / "scratch", project / "work.ipynb").renewed()
    assert below(path.parent) == ["data", "data/table.csv", "work.ipynb"]


def test_what_cannot_be_copied_is_left_out(project, tmp_path, monkeypatch):
    os.mkfifo(project / "pipe")
    (project / "nowhere").symlink_to("missing")
    monkeypatch.chdir(project)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("talk")
        path = Scratch(tmp_path / "scratch", project / "work.ipynb").renewed()
    assert below(path.parent) == ["data", "data/table.csv", "nowhere", "work.ipynb"]


@pytest.mark.parametrize("name", ["secret.txt", "data"])
def test_what_may_not_be_read_is_left_out(name, project, tmp_path, monkeypatch):
    """Asked of the system in its own words, because no permission stops root."""
    (project / "secret.txt").write_text("")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith(name) and allowed(path, mode))
    path = Scratch(tmp_path / "scratch", project / "work.ipynb").renewed()
    assert name not in below(path.parent)
    assert "work.ipynb" in below(path.parent)


def test_a_large_folder_is_worked_in_as_it_is(project, tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "COPY_UP_TO", 2)
    assert Scratch(tmp_path / "scratch", project / "work.ipynb").renewed() == project / "work.ipynb"


def test_what_is_not_copied_does_not_count_for_the_size(project, tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "COPY_UP_TO", 100)
    (project / ".venv").mkdir()
    (project / ".venv" / "big").write_bytes(bytes(1000))
    assert Scratch(tmp_path / "scratch", project / "work.ipynb").renewed().parent != project
