from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading

import pytest

from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.store import events as e
from jupyter_mlops.store.events_file import (
    EventWriter,
    Unknown,
    event_files,
    from_data,
    from_line,
    read_file,
    read_run,
    to_data,
    to_line,
    type_of,
)

EVENTS = [
    e.RunCreated(1.0, "r", "p", "x", {"a": [1, None]}, "local", "n.ipynb", {"steps": []}, {"python": "3.11"}, user="u"),
    e.RunStarted(2.0, {"pid": 1}),
    e.RunFinished(3.0, "failed", "why"),
    e.TaskExpanded(4.0, "s", (1, "two", None)),
    e.TaskStarted(5.0, "s[0]", "s", 1, "tasks/s/1", {"source": "abc"}),
    e.TaskFinished(6.0, "s[0]", "s", 1, "succeeded", 0.5, result={"fate": "succeeded"}, why=("params", "inputs")),
    e.TaskFinished(6.0, "s[0]", "s", 1, "failed", final=False),
    e.CellFinished(7.0, "s", 3, 0.1, "succeeded"),
    e.MetricLogged(8.0, "acc", 0.0, step=0, task="s"),
    e.MetricLogged(8.0, "acc", math.inf),
    e.ParamsLogged(9.0, {"lr": 0.1}),
    e.TagsLogged(9.5, {"note": "ünïcode \u2028"}),
    e.ArtifactLogged(10.0, "model", "ab" * 32, "file", 12, role="input", metadata={"k": 1}),
    e.Note(10.5, "kept on the machine", "s"),
    e.TaskWaiting(10.6, "s", "No node can take it.", "Add one.", "unschedulable", lasting=False),
    e.CancelRequested(11.0, "me"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_survives_its_line(event):
    line = to_line(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert from_line(line) == event
    assert json.loads(line)["type"] == type_of(event)


def test_every_type_of_the_vocabulary_is_tried_above():
    assert {type(event) for event in EVENTS} == set(e.TYPES.values())


def test_optional_fields_that_are_empty_are_not_written():
    assert to_data(e.MetricLogged(1.0, "acc", 0.5)) == {"type": "metric", "at": 1.0, "name": "acc", "value": 0.5}


def test_an_unknown_type_is_kept_as_it_was_and_can_be_written_again():
    data = {"type": "gpu.melted", "at": 5.0, "degrees": 900}
    event = from_data(data)
    assert event == Unknown(5.0, "gpu.melted", {"degrees": 900})
    assert json.loads(to_line(event)) == data
    assert type_of(event) == "gpu.melted"


def test_fields_of_a_newer_version_are_dropped():
    assert from_data({"type": "cancel.requested", "at": 1.0, "by": "me", "urgency": 9}) == e.CancelRequested(1.0, "me")


@pytest.mark.parametrize(
    "data", [{"type": "metric", "at": 1.0}, {"type": "task.expanded", "at": 1.0, "step": "s", "items": 3}, {}]
)
def test_a_known_type_in_an_unknown_shape_is_kept_as_unknown(data):
    assert isinstance(from_data(data), Unknown)


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b"\0\0\0", b"\xff\xfe", b'"text"', b"{}x"])
def test_a_damaged_line_is_none(line):
    assert from_line(line) is None


def test_half_a_surrogate_pair_can_be_written_and_read(tmp_path):
    with EventWriter(tmp_path) as writer:
        writer.append(e.ParamsLogged(1.0, {"name": "\ud800"}))
    assert read_run(tmp_path).events == (e.ParamsLogged(1.0, {"name": "\ud800"}),)


def test_what_json_does_not_know_is_written_as_something_near(tmp_path):
    class Number:
        def item(self) -> float:
            return 0.5

    with EventWriter(tmp_path) as writer:
        writer.append(e.ParamsLogged(1.0, {"a": tmp_path, "b": Number()}))
    assert read_run(tmp_path).events[0].params == {"a": str(tmp_path), "b": 0.5}


def test_nothing_is_opened_before_the_first_event(tmp_path):
    writer = EventWriter(tmp_path / "run")
    writer.append()
    writer.close()
    assert not (tmp_path / "run").exists()


def test_a_torn_last_line_waits_until_it_is_whole(tmp_path):
    path = tmp_path / "events-a.jsonl"
    whole = to_line(EVENTS[2]).encode()
    path.write_bytes(whole + whole[:10])
    first = read_file(path)
    assert (first.events, first.offset, first.torn) == ((EVENTS[2],), len(whole), True)
    path.write_bytes(whole + whole)
    second = read_file(path, first.offset)
    assert (second.events, second.offset, second.torn) == ((EVENTS[2],), 2 * len(whole), False)


def test_damaged_lines_are_counted_and_the_rest_is_read(tmp_path):
    good = to_line(EVENTS[2]).encode()
    (tmp_path / "events-a.jsonl").write_bytes(good + b"\0\0\0{\n" + good + b"\n" + good)
    found = read_run(tmp_path)
    assert len(found.events) == 3
    assert found.damaged == 1


def test_files_of_several_writers_are_merged_by_time_and_keep_their_own_order(tmp_path):
    with EventWriter(tmp_path, "a") as writer:
        writer.append(*(e.ParamsLogged(at, {"n": f"a{at}"}) for at in (1.0, 4.0, 3.0, 9.0)))  # its clock went back
    with EventWriter(tmp_path, "b") as writer:
        writer.append(*(e.ParamsLogged(at, {"n": f"b{at}"}) for at in (2.0, 5.0)))
    order = [event.params["n"] for event in read_run(tmp_path).events]
    assert order == ["a1.0", "b2.0", "a4.0", "a3.0", "b5.0", "a9.0"]


def test_a_follower_resumes_where_it_stopped_and_sees_new_writers(tmp_path):
    with EventWriter(tmp_path, "a") as first, EventWriter(tmp_path, "b") as second:
        first.append(EVENTS[1])
        seen = read_run(tmp_path)
        assert read_run(tmp_path, seen.offsets).events == ()
        first.append(EVENTS[2])
        second.append(EVENTS[3])
        assert read_run(tmp_path, seen.offsets).events == (EVENTS[2], EVENTS[3])


def test_unknown_events_are_counted(tmp_path):
    with EventWriter(tmp_path) as writer:
        writer.append({"type": "new", "at": 1.0}, EVENTS[1])
    assert read_run(tmp_path).unknown == 1


def test_other_files_are_not_read(tmp_path):
    for name in ("events-a.json", "executed.ipynb", "xevents-a.jsonl"):
        (tmp_path / name).write_text("x")
    assert event_files(tmp_path) == []
    assert event_files(tmp_path / "nowhere") == []


def test_a_new_file_changes_the_time_of_the_folders_above(project, make_run):
    written = make_run().created()
    for folder in (project.runs, written.directory):
        os.utime(folder, (1, 1))
    with EventWriter(written.directory, "another") as writer:
        writer.append(e.CancelRequested(1.0))
    assert project.runs.stat().st_mtime > 1
    assert written.directory.stat().st_mtime > 1


def test_threads_of_one_writer_do_not_mix_their_lines(tmp_path):
    with EventWriter(tmp_path) as writer:

        def log(who: int) -> None:
            for step in range(200):
                writer.append(e.MetricLogged(float(step), f"m{who}", 1.0, step=step))

        threads = [threading.Thread(target=log, args=(who,)) for who in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = read_run(tmp_path)
    assert (len(found.events), found.damaged, found.unknown) == (1200, 0, 0)


def test_a_writer_that_takes_up_a_torn_file_ends_the_torn_line(tmp_path):
    (tmp_path / "events-a.jsonl").write_bytes(b'{"type":"run.st')
    with EventWriter(tmp_path, "a") as writer:
        writer.append(EVENTS[2])
    found = read_run(tmp_path)
    assert (found.events, found.damaged) == ((EVENTS[2],), 1)


def test_a_full_disk_is_an_error_and_leaves_no_torn_line(tmp_path, full_disk):
    with EventWriter(tmp_path, "a") as writer:
        writer.append(EVENTS[2])
        size = writer.path.stat().st_size
        with full_disk(size + 10), pytest.raises(StoreUnwritable, match="disk is full"):
            writer.append(EVENTS[2], EVENTS[3])
        assert writer.path.stat().st_size == size
        writer.append(EVENTS[3])
    assert read_run(tmp_path).events == (EVENTS[2], EVENTS[3])


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME"):
        EventWriter(tmp_path / "file" / "run").append(EVENTS[2])


APPEND_FOR_EVER = """
import sys
from pathlib import Path
from jupyter_mlops.store.events import MetricLogged
from jupyter_mlops.store.events_file import EventWriter
writer = EventWriter(Path(sys.argv[1]))
step = 0
while True:
    writer.append(*(MetricLogged(float(step), "m" * 500, 1.0, step=step + k) for k in range(3)))
    step += 3
    print(step, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_was_told_is_written(tmp_path):
    for kill in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", APPEND_FOR_EVER, str(tmp_path / str(kill))], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        acknowledged = 0
        for _ in range(20 + 37 * kill):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        found = read_run(tmp_path / str(kill))
        assert [event.step for event in found.events][:acknowledged] == list(range(acknowledged))
        assert found.damaged == 0


def test_two_processes_append_to_one_run_at_once(tmp_path):
    code = APPEND_FOR_EVER.replace("while True", "while step < 600")
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    found = read_run(tmp_path)
    assert len(event_files(tmp_path)) == 2
    assert sorted(event.step for event in found.events) == sorted(2 * list(range(600)))
