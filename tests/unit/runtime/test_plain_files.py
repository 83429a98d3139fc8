"""Files that a container can replace: what is no plain file neither holds up who writes nor leads elsewhere."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from jupyter_mlops.runtime.plain_files import (
    NotPlain,
    append_line,
    is_plain,
    open_plain,
    open_to_append,
    read_plain,
    write_plain,
)


def test_lines_are_appended(tmp_path: Path) -> None:
    for number in (1, 2):
        append_line(tmp_path / "lines", {"n": number, "said": "ä\udc80"})
    assert [json.loads(line)["n"] for line in (tmp_path / "lines").read_bytes().splitlines()] == [1, 2]


def test_a_fifo_a_link_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo", "."):
        with pytest.raises(OSError, match=r".+"):
            open_to_append(tmp_path / name)
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_fifo_a_link_a_folder_and_a_device_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "link", tmp_path / "fifo", tmp_path, Path(os.devnull)):
        assert not is_plain(path)
        with pytest.raises(NotPlain, match="no plain file"):
            open_plain(path)
    assert is_plain(tmp_path / "theirs")
    assert read_plain(tmp_path / "theirs") == b"theirs"


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"12345")
    assert read_plain(tmp_path / "large", 5) == b"12345"
    with pytest.raises(NotPlain, match="larger than 4 bytes"):
        read_plain(tmp_path / "large", 4)


def test_what_is_not_there_is_no_other_thing(tmp_path: Path) -> None:
    assert not is_plain(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "none")


def test_a_fifo_that_somebody_reads_is_refused_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    reading = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="no plain file"):
        open_to_append(tmp_path / "fifo")
    os.close(reading)


@pytest.mark.parametrize("name", ["result", "result.part"])
def test_a_file_is_written_whatever_is_in_its_place(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    writing = threading.Thread(target=write_plain, args=(tmp_path / "result", "done"), daemon=True)
    writing.start()
    writing.join(10)
    assert not writing.is_alive()
    assert (tmp_path / "result").read_text() == "done"
