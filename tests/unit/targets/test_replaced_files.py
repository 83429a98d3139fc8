"""What a task puts in the place of its files holds up nobody who drives the run, and shows nothing only he may read.

Each thing is done in a thread: one that waits for a FIFO would wait for ever.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.keeping import EXECUTED, EXECUTED_FACT, LOGGED, keep
from jupyter_mlops.engine.killed_notebook import show_killed
from jupyter_mlops.engine.lineage import attempt_lines, store_event
from jupyter_mlops.errors import Refused
from jupyter_mlops.runtime.spec import CellSource, TaskResult, TaskSpec
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.mirror import Held, Sender, lacking
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets import attempt_files
from jupyter_mlops.targets.attempt_files import EventTail, read_result
from jupyter_mlops.targets.kubernetes.attached_journal import AttachedJournal
from jupyter_mlops.targets.kubernetes.places import RunPlace

SECRET = "only the driver may read this"
DIGEST = "5e" * 32


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(SECRET)
    return path


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    folder = tmp_path / "store" / "attempt"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def journal(tmp_path: Path):
    project = Project(tmp_path / "store", confined=True).ensure()
    journal = StoreJournal(project, new_run_id(), "p")
    yield journal
    journal.close()


def at_once(work: Callable[[], Any]) -> Any:
    """What it gives, within some seconds."""
    found: list[Any] = []

    def do() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "it waits for what never comes"
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def everything_in(project: Project) -> str:
    return " ".join(project.artifacts.path(digest).read_text() for digest in project.artifacts.digests())


def test_a_fifo_is_no_result(attempt: Path) -> None:
    os.mkfifo(attempt / "result.json")
    assert at_once(lambda: read_result(attempt)) is None


def test_a_link_and_a_list_are_no_result(attempt: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text(TaskResult("succeeded", 1.0).to_json())
    (attempt / "result.json").symlink_to(tmp_path / "theirs")
    assert read_result(attempt) is None
    (attempt / "result.json").unlink()
    (attempt / "result.json").write_text('{"bundle": null, "error": null, "outputs": []}')
    assert read_result(attempt) is None


def test_a_result_that_would_fill_the_memory_is_none(attempt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (attempt / "result.json").write_text(TaskResult("succeeded", 1.0, facts={"much": "x" * 2000}).to_json())
    assert read_result(attempt) is not None
    monkeypatch.setattr(attempt_files, "RESULT_MOST", 1000)
    assert read_result(attempt) is None


def test_events_are_read_of_plain_files_only(attempt: Path, tmp_path: Path) -> None:
    path = attempt / "events.jsonl"
    (tmp_path / "theirs").write_text('{"a": 1}\n')
    path.symlink_to(tmp_path / "theirs")
    assert EventTail(path).read() == ()
    path.unlink()
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)  # so that it has bytes to give
    os.write(held, b'{"a": 1}\n')
    assert at_once(EventTail(path).read) == ()
    assert at_once(lambda: list(attempt_lines(attempt))) == []
    os.close(held)


def test_a_line_that_never_ends_is_not_kept(attempt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_files, "LINE_MOST", 100)
    tail = EventTail(attempt / "events.jsonl")
    with (attempt / "events.jsonl").open("a") as file:
        for text in ('{"a": "' + "x" * 90, "x" * 90, "x" * 90, '"}\n{"b": 1}\n'):
            file.write(text)
            file.flush()
            told = tail.read()
            assert len(tail._rest) <= 101
    assert told == ({"b": 1},)


def test_events_are_read_up_to_a_size(attempt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_files, "EVENTS_MOST", 20)
    tail = EventTail(attempt / "events.jsonl")
    (attempt / "events.jsonl").write_text('{"a": 1}\n' * 4)
    assert tail.read() == ({"a": 1}, {"a": 1})
    assert tail.read() == ()


@pytest.mark.parametrize("how", ["fifo", "link"])
def test_a_file_that_is_replaced_while_it_is_mirrored_is_left_out(attempt: Path, secret: Path, how: str) -> None:
    path = attempt / "log"
    path.write_text("mine")

    def replace_it(_: str) -> bool:
        path.unlink()
        os.mkfifo(path) if how == "fifo" else path.symlink_to(secret)
        return True

    assert at_once(lambda: list(Sender(attempt, replace_it).look())) == []
    assert at_once(lambda: list(lacking("log", path, None))) == []
    with pytest.raises(OSError, match="no plain file"):
        at_once(lambda: Held.of(path))


@pytest.mark.parametrize("how", ["fifo", "link"])
def test_an_executed_notebook_that_is_none_is_not_kept(
    journal: StoreJournal, attempt: Path, secret: Path, how: str
) -> None:
    os.mkfifo(attempt / EXECUTED) if how == "fifo" else (attempt / EXECUTED).symlink_to(secret)
    kept = at_once(lambda: keep(journal, attempt, TaskResult("succeeded", 1.0), attempt))
    assert EXECUTED_FACT not in kept.facts
    assert SECRET not in everything_in(journal.project)


def test_a_logged_file_that_is_a_link_is_not_taken_over(journal: StoreJournal, attempt: Path, secret: Path) -> None:
    (attempt / LOGGED).mkdir()
    (attempt / LOGGED / DIGEST).symlink_to(secret)
    line = {"type": "artifact", "name": "a", "digest": DIGEST, "kind": "file", "bytes": 1}
    store_event(line, "t", 1.0, journal, attempt)
    assert not journal.project.artifacts.exists(DIGEST)


@pytest.mark.parametrize("name", ["out", "folder"])
def test_files_that_lead_out_of_the_volume_fail_the_attempt(
    journal: StoreJournal, attempt: Path, secret: Path, name: str
) -> None:
    (attempt / "out").symlink_to(secret)
    (attempt / "folder").mkdir()
    (attempt / "folder" / "x").symlink_to(secret)
    with pytest.raises(Refused, match="leads out of"):
        keep(journal, attempt, TaskResult("succeeded", 1.0, files={name: ""}), attempt)
    with pytest.raises(Refused, match="leads out of"):
        keep(journal, attempt, TaskResult("succeeded", 1.0, files={str(secret): ""}), attempt)
    assert SECRET not in everything_in(journal.project)


def test_links_within_the_volume_are_kept(journal: StoreJournal, attempt: Path) -> None:
    (attempt / "real").write_text("data")
    (attempt / "out").symlink_to(attempt / "real")
    keep(journal, attempt, TaskResult("succeeded", 1.0, files={"out": ""}), attempt)
    assert everything_in(journal.project) == "data"


def test_where_the_volume_is_not_seen_no_file_but_those_that_came_is_kept(tmp_path: Path, secret: Path) -> None:
    project = Project(tmp_path / "home").ensure()
    journal = AttachedJournal(project, new_run_id(), "p", place=RunPlace("r", "i", "c", (), "", {}), volume="v")
    (journal.directory / "1").mkdir(parents=True)
    (journal.directory / "1" / EXECUTED).write_text("{}")
    keep(journal, journal.directory / "1", TaskResult("succeeded", 1.0), tmp_path)
    keep(journal, journal.directory / "1", TaskResult("succeeded", 1.0, files={str(secret): ""}), tmp_path)
    with pytest.raises(Refused, match="leads out of"):
        journal.keep(secret)
    journal.close()
    assert everything_in(project) == "{}"


def test_the_notebook_of_a_killed_attempt_shows_no_log_of_another(attempt: Path, secret: Path) -> None:
    (attempt / "log").symlink_to(secret)
    os.mkfifo(attempt / EXECUTED)
    cell = CellSource(0, "a", "1", 1)
    (attempt / "events.jsonl").write_text(json.dumps({"type": "cell.started", "cell": 0, "log": 0}) + "\n")
    spec = TaskSpec("r", "t", "t", 1, str(attempt), str(attempt), cells=(cell,))
    at_once(lambda: show_killed(spec, attempt, "killed"))
    shown = (attempt / EXECUTED).read_text()
    assert "killed" in shown
    assert SECRET not in shown


def test_a_fifo_among_the_events_of_a_run_is_left_out(attempt: Path) -> None:
    os.mkfifo(attempt / "events-forged.jsonl")
    assert at_once(lambda: read_run(attempt)).events == ()
