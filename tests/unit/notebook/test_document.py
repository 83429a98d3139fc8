"""Files: reading and writing them, and every way in which that fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jupyter_mlops.errors import MlopsError, NotANotebook, NotFound, Usage
from jupyter_mlops.notebook import document

TEXT = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def test_a_file_is_read_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(TEXT)
    path.chmod(0o640)
    document.write(document.read(path), path)
    assert path.read_text() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [item.name for item in tmp_path.iterdir()] == ["n.ipynb"]


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    document.write(document.read_text(TEXT), tmp_path / "new.ipynb")
    (tmp_path / "other").touch()
    assert (tmp_path / "new.ipynb").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.ipynb").write_text(TEXT)
    (tmp_path / "link.ipynb").symlink_to("real.ipynb")
    document.write(document.read_text(TEXT.replace("4,", "4 ,")), tmp_path / "link.ipynb")
    assert (tmp_path / "link.ipynb").is_symlink()


def test_the_format_follows_the_suffix_else_the_content() -> None:
    assert document.read_text("x = 1").cells[0].source == "x = 1"
    assert document.read_text(TEXT).cells == ()
    assert document.read_text('{"a": 1}', "n.py").cells[0].source == '{"a": 1}'
    with pytest.raises(NotANotebook):
        document.read_text("x = 1", "n.ipynb")


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (None, NotFound, "There is no file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", NotANotebook, "binary"),
        (b"x = 1\ny = '\xe9'", NotANotebook, r"not UTF-8 text \(line 2\)"),
        ("x".encode("utf-16"), NotANotebook, "not UTF-8"),
        (b"", NotANotebook, "empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, content: bytes | None, error: type[MlopsError], says: str
) -> None:
    path = tmp_path / "n.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=says) as caught:
        document.read(path)
    assert caught.value.hint


def test_a_folder_is_no_notebook(tmp_path: Path) -> None:
    with pytest.raises(NotANotebook, match="folder"):
        document.read(tmp_path)


def test_a_path_through_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotANotebook, match="cannot be read"):
        document.read(tmp_path / "file" / "n.ipynb")


def test_a_file_beyond_200_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.ipynb"
    with path.open("wb") as file:
        os.truncate(file.fileno(), document.MAX_BYTES + 1)
    with pytest.raises(NotANotebook, match="200 MB") as caught:
        document.read(path)
    assert "Clear its outputs" in caught.value.hint


def test_what_cannot_be_written_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder.ipynb").mkdir()
    for path in (tmp_path / "missing" / "n.ipynb", tmp_path / "folder.ipynb"):
        with pytest.raises(Usage, match="cannot be written"):
            document.write(document.read_text(TEXT), path)
    assert [item.name for item in tmp_path.iterdir()] == ["folder.ipynb"]
