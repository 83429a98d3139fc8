"""Paths between browser and disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_mlops.errors import NotFound, Unavailable, Usage
from jupyter_mlops_server.places import Places


@pytest.fixture
def contents(tmp_path: Path) -> Any:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    return SimpleNamespace(root_dir=str(tmp_path / "root"), allow_hidden=False)


@pytest.mark.parametrize("path", ["sub/a.ipynb", "/sub/a.ipynb", "sub//a.ipynb", "RTC:sub/a.ipynb", "./sub/./a.ipynb"])
def test_a_path_is_a_file_below_the_root(contents: Any, tmp_path: Path, path: str) -> None:
    if path.startswith("."):
        contents.allow_hidden = True
    file = Places(contents).file(path)
    assert file == tmp_path / "root" / "sub" / "a.ipynb"
    assert Places(contents).path(file) == "sub/a.ipynb"


@pytest.mark.parametrize(
    "path", ["x" * 256, "é" * 128, "a/" * 2100, "\udce9.ipynb", "a\0b", "a\\b", "../a", "a/../../b"]
)
def test_what_is_no_path_is_refused(contents: Any, path: str) -> None:
    with pytest.raises(Usage):
        Places(contents).file(path)


def test_the_folder_of_a_notebook_is_where_it_is(contents: Any, tmp_path: Path) -> None:
    places = Places(contents)
    root = tmp_path / "root"
    assert [places.folder(path) for path in ("", "sub", "sub/a.ipynb")] == [root, root / "sub", root / "sub"]


def test_a_set_project_is_the_folder_of_all(contents: Any, tmp_path: Path) -> None:
    assert Places(contents, str(tmp_path / "project")).folder("sub/a.ipynb") == tmp_path / "project"


def test_a_link_within_the_root_is_followed(contents: Any, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "link").symlink_to(root / "sub")
    assert Places(contents).file("link/a.ipynb") == root / "sub" / "a.ipynb"


def test_a_link_out_of_the_root_is_refused(contents: Any, tmp_path: Path) -> None:
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(Usage):
        Places(contents).file("link/a.ipynb")


@pytest.mark.parametrize("path", [".ssh/id", "sub/.hidden"])
def test_hidden_files_are_shown_where_the_server_shows_them(contents: Any, path: str) -> None:
    with pytest.raises(NotFound):
        Places(contents).file(path)
    contents.allow_hidden = True
    assert Places(contents).file(path)


def test_what_is_elsewhere_has_no_path(contents: Any, tmp_path: Path) -> None:
    assert Places(contents).path(tmp_path / "other") is None
    assert Places(contents).path(None) is None


def test_a_server_without_files_says_so() -> None:
    with pytest.raises(Unavailable):
        Places(SimpleNamespace()).file("a.ipynb")


def test_messages_lose_the_place_of_the_root(contents: Any, tmp_path: Path) -> None:
    said = f"{contents.root_dir}/sub/a.ipynb is not there, nor is {contents.root_dir}"
    assert Places(contents).without_places(said) == "sub/a.ipynb is not there, nor is the root folder"


@pytest.mark.parametrize(
    ("root", "text", "told"),
    [
        ("/", "a/b.ipynb is not in /data", "a/b.ipynb is not in /data"),
        ("/home/ann", "/home/anna/x, /home/ann-2 and /mnt/home/ann/x", "/home/anna/x, /home/ann-2 and /mnt/home/ann/x"),
        ("/home/ann", "'/home/ann/.x' is not in /home/ann.", "'.x' is not in the root folder."),
        ("/home/ann/", "/home/ann/x: not in (/home/ann/)", "x: not in (the root folder/)"),
        ("/a+b", "/a+b/x", "x"),
    ],
)
def test_only_the_place_of_the_root_is_lost(root: str, text: str, told: str) -> None:
    assert Places(SimpleNamespace(root_dir=root)).without_places(text) == told
