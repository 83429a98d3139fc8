"""A folder of a run is the same at both ends, whatever is lost, comes twice or is forged on the way."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Usage
from jupyter_mlops.runtime import plain_files
from jupyter_mlops.store import mirror
from jupyter_mlops.store.mirror import MANIFEST, PART, Frame, Held, Receiver, Sender, missing


@pytest.fixture
def ends(tmp_path: Path) -> tuple[Path, Path]:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    return here, there


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pass_on(sender: Sender, receiver: Receiver) -> list[str]:
    """All that is new, through text; the names of the files."""
    names = []
    for frame in sender.look():
        again = Frame.from_line(frame.to_line())
        assert again == frame
        receiver.take(again)
        names.append(frame.name)
    return names


def test_files_that_grow_are_sent_as_they_grow(ends) -> None:
    here, there = ends
    sender, receiver = Sender(here), Receiver(there)
    (here / "tasks" / "a" / "1").mkdir(parents=True)
    log = here / "tasks" / "a" / "1" / "log"
    log.write_bytes(b"one\n")
    assert pass_on(sender, receiver) == ["tasks/a/1/log"]
    with log.open("ab") as file:
        file.write(b"two\n")
    [frame] = sender.look()
    assert (frame.at, frame.data) == (4, b"two\n")
    receiver.take(frame)
    assert content(there) == content(here)
    assert list(sender.look()) == []


def test_a_file_that_is_replaced_is_sent_whole_and_appears_at_once(ends) -> None:
    here, there = ends
    sender, receiver = Sender(here), Receiver(there)
    (here / "executed.ipynb").write_bytes(b"a" * 10)
    pass_on(sender, receiver)
    (here / "new").write_bytes(b"b" * (2 * PART + 1))
    os.replace(here / "new", here / "executed.ipynb")
    frames = list(sender.look())
    assert [(frame.whole, frame.more) for frame in frames] == [(True, True), (False, True), (False, False)]
    for frame in frames[:-1]:
        receiver.take(frame)
        assert (there / "executed.ipynb").read_bytes() == b"a" * 10
    receiver.take(frames[-1])
    assert content(there) == content(here)


def test_an_empty_file_is_there_too(ends) -> None:
    here, there = ends
    (here / "log").touch()
    pass_on(Sender(here), Receiver(there))
    assert content(there) == {"log": b""}


def test_a_receiver_that_starts_again_is_sent_only_what_it_lacks(ends) -> None:
    here, there = ends
    (here / "log").write_bytes(b"0123456789")
    (there / "log").write_bytes(b"01234")
    (here / "events.jsonl").write_bytes(b"{}\n")
    (there / "events.jsonl").write_bytes(b"{}\n")
    (here / "executed.ipynb").write_bytes(b"new")
    (there / "executed.ipynb").write_bytes(b"old")
    receiver = Receiver(there)
    frames = list(Sender(here, have=receiver.have()).look())
    assert {(frame.name, frame.at, frame.data) for frame in frames} == {
        ("log", 5, b"56789"),
        ("executed.ipynb", 0, b"new"),
    }
    for frame in frames:
        receiver.take(frame)
    assert content(there) == content(here)


def test_what_is_not_wanted_stays(ends) -> None:
    here, there = ends
    (here / "outputs.bundle").write_bytes(b"large")
    (here / "log").write_bytes(b"small")
    assert pass_on(Sender(here, wanted=lambda name: not name.endswith(".bundle")), Receiver(there)) == ["log"]


def test_links_are_neither_followed_nor_written_through(ends, tmp_path: Path) -> None:
    here, there = ends
    (tmp_path / "secret").write_bytes(b"s")
    (here / "link").symlink_to(tmp_path / "secret")
    assert list(Sender(here).look()) == []
    (there / "out").symlink_to(tmp_path)
    (there / "log").symlink_to(tmp_path / "secret")
    for name in ("out/secret", "log"):
        with pytest.raises(Usage, match="link"):
            Receiver(there).take(Frame(name, 0, b"x"))
    assert (tmp_path / "secret").read_bytes() == b"s"


@pytest.mark.parametrize("name", ["", "/etc/x", "../x", "a/../../x", "a//b", "a/./b", "a\0b", "/".join("abcdefghi")])
def test_a_forged_name_is_refused(ends, name: str) -> None:
    with pytest.raises(Usage):
        Receiver(ends[1]).take(Frame(name, 0, b"x", whole=True))
    assert content(ends[1]) == {}


def test_a_file_that_would_be_too_large_is_refused(ends) -> None:
    with pytest.raises(Usage, match="larger"):
        Receiver(ends[1], limit=10).take(Frame("log", 8, b"xyz"))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "[1]",
        "{}",
        '{"mlops": "file"}',
        '{"mlops": "file", "name": 1, "at": 0, "data": ""}',
        '{"mlops": "file", "name": "a", "at": -1, "data": ""}',
        '{"mlops": "file", "name": "a", "at": 0, "data": "%"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_frame_is_passed_over(line: str) -> None:
    assert Frame.from_line(line) is None


def test_lost_and_repeated_frames_leave_no_hole(ends) -> None:
    here, there = ends
    (here / "log").write_bytes(bytes(range(256)) * 1000)
    frames = list(Sender(here).look())
    receiver = Receiver(there)
    assert receiver.take(frames[0])
    assert not receiver.take(frames[2])  # one is lost
    assert receiver.take(frames[1])
    assert not receiver.take(frames[0]) or frames[0].whole
    for frame in frames:
        receiver.take(frame)
    assert content(there) == content(here)


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_the_ends_agree_after_any_history(tmp_path_factory, chance: random.Random, turns: int) -> None:
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    sender, receiver = Sender(here), Receiver(there)
    for _ in range(turns):
        name = chance.choice(["a", "b/c", "b/d"])
        path = here / name
        path.parent.mkdir(exist_ok=True)
        data = bytes(chance.randrange(256) for _ in range(chance.choice([0, 1, 50])))
        if chance.random() < 0.6:
            with path.open("ab") as file:
                file.write(data)
        else:
            (here / "new").write_bytes(data)
            os.replace(here / "new", path)
        if chance.random() < 0.2:  # both ends start again
            receiver = Receiver(there)
            sender = Sender(here)
        if chance.random() < 0.7:
            pass_on(sender, receiver)
    pass_on(sender, receiver)
    assert content(there) == content(here)


def test_what_can_be_packed_is_packed_and_no_frame_unpacks_to_more_than_a_part() -> None:
    frame = Frame("log", 0, b"the same line\n" * 3000)
    assert len(frame.to_line()) < len(frame.data) // 10
    assert Frame.from_line(frame.to_line()) == frame
    bomb = Frame("log", 0, b"0" * (50 * PART)).to_line()
    assert len(Frame.from_line(bomb).data) == PART
    broken = frame.to_line().replace('"zip": true', '"zip": 1')
    assert Frame.from_line(broken) != frame


def test_a_receiver_knows_whether_all_has_come(ends: tuple[Path, Path]) -> None:
    here, there = ends
    (here / "log").write_bytes(os.urandom(3 * PART))
    (here / "large.bundle").write_bytes(b"x")
    sender, receiver = Sender(here, lambda name: name == "log"), Receiver(there)
    assert not receiver.complete()
    frames = [*sender.look(), *sender.manifest()]
    for frame in [*frames[:1], *frames[2:]]:
        receiver.take(frame)
    assert receiver.lost
    assert not receiver.complete()
    for frame in frames:
        receiver.take(frame)
    assert receiver.complete()
    receiver.begin()
    assert not receiver.complete()


@pytest.mark.parametrize("said", [b"[]", b"{", b'{"../../etc/passwd": 1}', b'{"log": "1"}', b'{"log": 1}', b"\xff"])
def test_a_manifest_that_makes_no_sense_says_that_something_is_missing(ends: tuple[Path, Path], said: bytes) -> None:
    (ends[1] / MANIFEST).write_bytes(said)
    assert not Receiver(ends[1]).complete()


@given(st.randoms(use_true_random=False))
def test_just_what_is_missing_is_sent_whatever_was_lost(tmp_path_factory, chance: random.Random) -> None:
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    for name in ("events-a.jsonl", "log", "executed.ipynb", "empty"):
        (here / name).write_bytes(b"" if name == "empty" else chance.randbytes(chance.randrange(3 * PART)))
    first = Receiver(there)
    for frame in Sender(here).look():
        if chance.random() < 0.6:
            first.take(frame)
    changed = ["executed.ipynb"] if chance.random() < 0.3 else []
    for name in changed:
        (there / name).write_bytes(b"another one")
    second = Receiver(there)  # another process, which knows what the first has left half done
    held = {name: Held.from_data(known.to_data()) for name, known in second.holds().items()}
    for frame in missing(here, held):
        known = held.get(frame.name)
        assert known is None or frame.at >= known.size or frame.name in changed
        second.take(Frame.from_line(frame.to_line()))
    assert content(there) == content(here)
    assert list(missing(here, second.holds())) == []


def test_files_that_seem_as_they_were_are_opened_only_now_and_then(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    here, _ = ends
    opened: list[str] = []

    def counting(path: str) -> object:
        opened.append(Path(path).name)
        return plain_files.open_plain(path)

    monkeypatch.setattr(mirror, "open_plain", counting)
    for name in ("log", "events.jsonl"):
        (here / name).write_bytes(b"one\n")
        os.utime(here / name, (1, 1))
    sender = Sender(here)
    list(sender.look())
    opened.clear()
    with (here / "log").open("ab") as file:
        file.write(b"two\n")
    assert [frame.data for frame in sender.look()] == [b"two\n"]
    assert opened == ["log"]
    os.utime(here / "log", (2, 2))
    list(sender.look(closely=True))
    assert sorted(opened) == ["events.jsonl", "log", "log"]
    opened.clear()
    assert list(sender.look()) == []
    assert opened == []
    sender._closely_at = 0.0  # some seconds later
    list(sender.look())
    assert opened == ["events.jsonl", "log"]
