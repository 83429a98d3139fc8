"""Files that a person asked for: whole or not at all."""

import errno
import os
import threading

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.verbs.output_files import write_output


def test_a_file_is_written_over_what_was_there(tmp_path):
    for text in ("first", "été"):
        write_output(tmp_path / "g.svg", text)
        assert (tmp_path / "g.svg").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["g.svg"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to("real.svg")
    write_output(tmp_path / "link.svg", "new")
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "real.svg").read_text() == "new"


def test_a_path_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_output("~/g.svg", "x")
    assert (tmp_path / "g.svg").read_text() == "x"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_output(pipe, "through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "words"),
    [("no/such/g.svg", ["no folder", "g.svg"]), ("folder", ["'folder'", "is a folder"]), (".", ["is a folder"])],
)
def test_a_place_that_cannot_be_is_said(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(Usage) as caught:
        write_output(name, "x")
    assert [word for word in words if word not in caught.value.message] == []
    assert caught.value.hint
    assert not (tmp_path / "no").exists()


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "g.svg").write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Usage, match=r"g\.svg' cannot be written: No space left on device"):
        write_output(tmp_path / "g.svg", "new")
    assert (tmp_path / "g.svg").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["g.svg"]
