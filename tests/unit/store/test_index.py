from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from jupyter_mlops.errors import NewerStore
from jupyter_mlops.store import events as e
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.index_place import index_path
from jupyter_mlops.store.index_schema import TABLES, VERSION
from jupyter_mlops.store.liveness import engine_identity

DEAD = {**engine_identity(), "started": "1"}


@pytest.fixture
def index(project):
    with Index(project) as opened:
        yield opened


@pytest.fixture
def place(project):
    path = index_path(project.home)
    assert path is not None
    return path


def states(index: Index) -> dict[str, str]:
    return {row["run"]: row["state"] for row in index.query("SELECT run, state FROM runs")}


def a_run(make_run, **values: float):
    return make_run().created(params={"model": "rf"}).started().task("train").metrics(**values).finished()


def long_ago(*folders) -> None:
    """Folders whose time is not of this moment: an index trusts it then."""
    for folder in folders:
        os.utime(folder, (1_700_000_000, 1_700_000_000))


def test_runs_are_taken_in_once(index, make_run, project):
    written = a_run(make_run, acc=0.9)
    long_ago(written.directory, project.runs)
    assert index.refresh() == 1
    assert index.refresh() == 0
    assert states(index) == {written.run: "succeeded"}


def test_all_that_a_run_says_is_in_the_tables(index, make_run):
    written = make_run().created(params={"depth": 3, "model": "rf", "spelled": "1e3", "flag": True, "x": None})
    written.started().metrics(acc=0.5).metrics(acc=0.9).metrics(acc=0.7).tags(note="hi")
    written.task("train", result={"outputs": {"m": {"digest": "ab" * 32, "type": "RF"}}}).finished()
    index.refresh()
    params = {row["name"]: (row["text"], row["number"]) for row in index.query("SELECT * FROM params")}
    assert params == {
        "depth": ("3", 3.0), "model": ("rf", None), "spelled": ("1e3", 1000.0), "flag": ("true", None),
        "x": ("null", None),
    }  # fmt: skip
    [metric] = index.query("SELECT * FROM metrics")
    assert tuple(metric)[1:] == ("acc", 0.7, 0.5, 0.9, 3, None)
    [task] = index.query("SELECT * FROM tasks")
    assert (task["task"], task["state"], task["attempt"], task["seconds"]) == ("train", "succeeded", 1, 1.0)
    assert [tuple(row)[1:4] for row in index.query("SELECT * FROM artifact_tasks")] == [("train", "output", "m")]
    assert [row["text"] for row in index.query("SELECT * FROM tags")] == ["hi"]


def test_a_run_that_grows_is_read_on(index, make_run):
    written = make_run().created().started()
    index.refresh()
    assert states(index) == {written.run: "running"}
    assert index.refresh() == 0
    written.metrics(acc=0.5)
    assert index.refresh() == 1
    written.finished("canceled")
    index.refresh()
    assert states(index) == {written.run: "canceled"}


def test_a_retry_of_a_run_that_was_over_is_noticed(index, make_run, project):
    written = make_run().created().started().finished("failed")
    long_ago(written.directory, project.runs)
    index.refresh()
    assert index.refresh() == 0
    written.writer = "retry"
    written.started()
    index.refresh()
    assert states(index) == {written.run: "running"}


def test_a_new_run_is_noticed_although_it_came_in_the_same_moment(index, make_run):
    for number in range(20):
        a_run(make_run)
        index.refresh()
        assert len(states(index)) == number + 1


def test_a_run_that_was_deleted_is_forgotten(index, make_run):
    kept, gone = a_run(make_run, acc=1), a_run(make_run, acc=2)
    index.refresh()
    shutil.rmtree(gone.directory)
    index.refresh()
    assert set(states(index)) == {kept.run}
    assert [row["number"] for row in index.query("SELECT number FROM metrics")] == [1.0]


def test_a_run_whose_engine_died_is_noticed_without_a_word_from_it(index, make_run, project):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    from jupyter_mlops.store.liveness import process_start

    engine = {**engine_identity(), "pid": process.pid, "started": process_start(process.pid)}
    written = make_run().created().started(engine)
    long_ago(written.directory, project.runs)
    index.refresh()
    assert states(index) == {written.run: "running"}
    process.send_signal(signal.SIGKILL)
    process.communicate()
    index.refresh()
    assert states(index) == {written.run: "failed"}
    assert index.query("SELECT interrupted FROM runs")[0][0] == 1


def test_a_run_of_a_newer_format_does_not_stop_the_others(index, make_run):
    make_run().created(format=2)
    written = a_run(make_run)
    index.refresh()
    assert set(states(index)) == {written.run}


def test_a_folder_without_events_is_no_run(index, make_run, project):
    project.run_directory(make_run().run).mkdir()
    assert index.refresh() == 0


def test_a_torn_last_line_is_read_when_it_is_whole(index, make_run):
    written = make_run().created().started()
    path = written.directory / "events-test.jsonl"
    line = b'{"type":"metric","at":9.0,"name":"acc","value":0.5}\n'
    with path.open("ab") as file:
        file.write(line[:20])
    index.refresh()
    assert index.query("SELECT * FROM metrics") == []
    with path.open("ab") as file:
        file.write(line[20:])
    index.refresh()
    assert len(index.query("SELECT * FROM metrics")) == 1


def test_text_that_is_not_utf_8_is_taken_in(index, make_run):
    make_run().created("p\ud800", params={"n\ud800": "\ud800"}).finished("failed", "\udcff")
    assert index.refresh() == 1
    assert index.query("SELECT pipeline FROM runs")[0][0] == "p?"


def test_a_value_that_is_not_a_number_is_taken_in(index, make_run):
    make_run().created().metrics(acc=float("nan"), loss=float("inf"))
    index.refresh()
    rows = {row["name"]: row["number"] for row in index.query("SELECT name, number FROM metrics")}
    assert rows == {"acc": None, "loss": float("inf")}


def test_the_index_is_made_again_when_its_file_is_deleted_while_open(index, make_run, place):
    written = a_run(make_run)
    index.refresh()
    for path in place.parent.iterdir():
        path.unlink()
    index.refresh()
    assert set(states(index)) == {written.run}
    assert place.exists()


def test_the_index_is_made_again_when_its_folder_is_deleted_while_open(index, make_run, place):
    written = a_run(make_run)
    shutil.rmtree(place.parent)
    index.refresh()
    assert set(states(index)) == {written.run}


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_made_again(project, make_run, place, damage):
    written = a_run(make_run)
    with Index(project) as first:
        first.refresh()
    place.write_bytes(damage)
    with Index(project) as second:
        second.refresh()
        assert set(states(second)) == {written.run}


def test_a_file_that_is_damaged_while_open_is_made_again(project, make_run, place):
    for _ in range(50):
        a_run(make_run, acc=1)
    with Index(project) as first:
        first.refresh()
    size = place.stat().st_size
    with Index(project) as second:
        with place.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(size - 4096))
        second.refresh()
        assert len(second.query("SELECT * FROM runs JOIN metrics USING(id) ORDER BY reason, number")) == 50


def test_a_question_to_a_file_that_was_damaged_meanwhile_is_answered(index, make_run, place):
    written = a_run(make_run)
    index.refresh()
    base = sqlite3.connect(place)
    base.execute("DROP TABLE metrics")
    base.close()
    assert set(states(index)) == {written.run}
    assert len(index.query("SELECT * FROM tasks LEFT JOIN metrics USING(id)")) == 1


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_tables_of_another_version_are_dropped_and_made_anew(project, make_run, place, version):
    written = a_run(make_run)
    place.parent.mkdir(exist_ok=True)
    base = sqlite3.connect(place)
    base.executescript(f"CREATE TABLE runs(other); CREATE TABLE more(x); PRAGMA user_version = {version + 100}")
    base.close()
    with Index(project) as index:
        index.refresh()
        assert set(states(index)) == {written.run}
        assert index.query("SELECT name FROM sqlite_master WHERE name = 'more'") == []


def test_every_statement_of_the_schema_is_one():
    base = sqlite3.connect(":memory:")
    for statement in TABLES.split(";"):
        base.execute(statement)
    base.close()


def test_without_a_folder_it_lives_in_memory(project, make_run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_MLOPS_CACHE", str(tmp_path / "file"))
    written = a_run(make_run)
    with Index(project) as index:
        index.refresh()
        assert set(states(index)) == {written.run}


def test_on_a_full_disk_it_lives_in_memory(project, make_run, full_disk, place):
    written = a_run(make_run)
    with full_disk(0), Index(project) as index:
        index.refresh()
        assert set(states(index)) == {written.run}


def test_rebuilding_reads_everything_again(index, make_run):
    written = a_run(make_run)
    index.refresh()
    index.query("UPDATE runs SET state = 'nonsense'")
    assert index.rebuild() == 1
    assert set(states(index)) == {written.run}


def test_a_store_of_a_newer_version_is_refused(project):
    (project.home / "format").write_text("99")
    with pytest.raises(NewerStore):
        Index(project)


INDEX_WHILE_OTHERS_DO = """
import sys
from pathlib import Path
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.project import Project
sys.stdin.readline()
for _ in range(10):
    with Index(Project(Path(sys.argv[1]))) as index:
        index.refresh()
with Index(Project(Path(sys.argv[1]))) as index:
    index.refresh()
    print(index.query("SELECT count(*) FROM runs JOIN metrics USING(id)")[0][0])
"""


def test_several_processes_make_and_read_the_index_while_runs_come(project, make_run):
    for _ in range(100):
        a_run(make_run, acc=1.0)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", INDEX_WHILE_OTHERS_DO, str(project.root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for reader in readers:
        assert reader.stdin is not None
        reader.stdin.write("go\n")
        reader.stdin.flush()
    for _ in range(30):
        a_run(make_run, acc=2.0)
    outputs = [reader.communicate()[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0, 0]
    assert all(100 <= int(output) <= 130 for output in outputs)
    with Index(project) as index:
        index.refresh()
        assert len(states(index)) == 130


def test_a_run_proceeds_whatever_becomes_of_the_index(project, make_run, place):
    place.parent.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(place)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("BEGIN EXCLUSIVE")  # somebody holds it for ever
    begin = time.monotonic()
    with EventWriter(make_run().directory) as writer:
        writer.append(e.CancelRequested(1.0))
    assert time.monotonic() - begin < 5
    base.close()
