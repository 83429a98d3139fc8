from __future__ import annotations

from pathlib import Path

from jupyter_mlops.targets.attempt_files import EventTail


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_each_line_is_given_once_and_a_half_one_waits(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    assert tail.read() == ()

    append(path, b'{"a": 1}\n{"a": 2}\n{"a"')
    assert tail.read() == ({"a": 1}, {"a": 2})
    assert tail.read() == ()

    append(path, b": 3}\n")
    assert tail.read() == ({"a": 3},)


def test_letters_of_several_bytes_may_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    line = '{"name": "été"}\n'.encode()

    append(path, line[:11])
    first = tail.read()
    append(path, line[11:])

    assert (first, tail.read()) == ((), ({"name": "été"},))


def test_what_is_no_event_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append(path, b'garbage\n[1]\n\n\xff\xfe\n{"a": 1}\n')

    assert EventTail(path).read() == ({"a": 1},)
