"""The log gets everything as it comes; who listens gets it in order, whoever wrote it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.runtime.streams import Log


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def log(tmp_path: Path, heard: list[tuple[str, str]]) -> Iterator[Log]:
    log = Log(str(tmp_path / "log"), read_back=100)
    log.sink = lambda name, text: heard.append((name, text))
    yield log
    log.close()


def _file(tmp_path: Path) -> str:
    return (tmp_path / "log").read_text()


def test_what_python_prints_is_heard_and_logged(log: Log, heard: list[tuple[str, str]], tmp_path: Path) -> None:
    with log.redirected():
        print("out")
        print("err", file=sys.stderr)
        print("no end", end="")
    assert heard == [("stdout", "out\n"), ("stderr", "err\n"), ("stdout", "no end")]
    assert _file(tmp_path) == "out\nerr\nno end"


def test_what_others_write_is_heard_in_its_place(log: Log, heard: list[tuple[str, str]]) -> None:
    with log.redirected():
        print("a")
        subprocess.run(["echo", "b"], check=True)
        os.write(2, b"c\n")
        print("d")
        os.write(1, b"e\n")
        log.settle()
    assert "".join(text for _, text in heard) == "a\nb\nc\nd\ne\n"


def test_much_from_others_is_read_back_in_part(log: Log, heard: list[tuple[str, str]], tmp_path: Path) -> None:
    with log.redirected():
        os.write(1, b"x" * 1000)
        print("end")
    assert [len(text) for _, text in heard] == [100, 4]
    assert len(_file(tmp_path)) == 1004


def test_a_line_is_in_the_log_as_soon_as_it_ends(log: Log, tmp_path: Path) -> None:
    with log.redirected():
        print("whole line\nhalf", end="")
        assert _file(tmp_path) == "whole line\nhalf"
        sys.stdout.write("x")
        assert _file(tmp_path).endswith("half")
        sys.stdout.flush()
        assert _file(tmp_path).endswith("halfx")


def test_streams_are_given_back(log: Log, heard: list[tuple[str, str]]) -> None:
    before = sys.stdout, sys.stderr, os.fstat(1).st_ino
    with pytest.raises(ValueError, match="x"), log.redirected():
        raise ValueError("x")
    assert (sys.stdout, sys.stderr, os.fstat(1).st_ino) == before


def test_standard_input_is_empty(log: Log) -> None:
    with log.redirected():
        assert sys.stdin.read() == ""
        assert subprocess.run(["cat"], capture_output=True, check=True).stdout == b""


def test_a_stream_behaves_like_a_text_file(log: Log, heard: list[tuple[str, str]]) -> None:
    with log.redirected():
        assert sys.stdout.writable()
        assert not sys.stdout.isatty()
        assert (sys.stdout.encoding, sys.stdout.fileno(), sys.stderr.fileno()) == ("utf-8", 1, 2)
        sys.stdout.buffer.write("é\n".encode())
        sys.stdout.close()
        print("still there")
        with pytest.raises(TypeError):
            sys.stdout.write(b"x")  # type: ignore[arg-type]
        print("\ud800")
    assert "".join(text for _, text in heard) == "é\nstill there\n?\n", "as the log has it"


def test_a_second_task_appends_to_the_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    heard: list[str] = []
    log = Log(str(tmp_path / "log"))
    log.sink = lambda _, text: heard.append(text)
    with log.redirected():
        print("after")
    log.close()
    assert heard == ["after\n"]
    assert _file(tmp_path) == "before\nafter\n"
