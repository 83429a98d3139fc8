from __future__ import annotations

import json
import os
import shutil
import threading
import zipfile

import pytest

from jupyter_mlops.errors import Conflict, NewerStore, NotFound, StoreUnwritable
from jupyter_mlops.store import events as e
from jupyter_mlops.store.runs import Runs

PLAN = {"steps": [{"name": "load"}, {"name": "train"}]}


@pytest.fixture
def runs(project):
    with Runs(project) as opened:
        yield opened


@pytest.fixture
def written(make_run):
    return make_run().created(plan=PLAN, params={"model": "rf"}).started()


def log(written, task: str, text: str, *, attempt: int = 1) -> None:
    folder = written.directory / "tasks" / task / str(attempt)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as file:
        file.write(text.encode())


def test_runs_are_listed_newest_first_and_by_filter(runs, make_run):
    first = make_run().created(params={"model": "rf"}).metrics(acc=0.9).finished()
    second = make_run().created(params={"model": "svm"}).metrics(acc=0.8).finished("failed")
    assert [run.run for run in runs.list()] == [second.run, first.run]
    assert [run.run for run in runs.list("params.model = 'rf'")] == [first.run]
    assert [run.run for run in runs.list(order_by="metrics.acc desc", limit=1)] == [first.run]
    make_run().created().finished()
    assert len(runs.list()) == 3  # the index is read on at every question


def test_a_run_is_got_by_what_names_it(runs, written):
    assert runs.get().run == runs.get(written.run[-6:]).run == runs.get(written.run).run == written.run
    assert runs.directory("last") == written.directory


def test_two_runs_are_compared(runs, make_run):
    first = make_run().created(params={"a": 1})
    second = make_run().created(params={"a": 2})
    assert runs.diff(first.run, second.run).params == {"a": (1, 2)}


def test_a_run_is_deleted_only_when_it_is_over(runs, written):
    with pytest.raises(Conflict):
        runs.delete("last")
    written.finished()
    assert runs.delete("last") == written.run
    assert runs.list() == []


def test_a_stop_is_asked_for_in_a_file_of_its_own(runs, written):
    runs.request_cancel("last", by="me")
    assert runs.get().cancel_requested
    assert len(list(written.directory.glob("events-*.jsonl"))) == 2


def test_events_resume_by_offsets(runs, written):
    first = runs.events("last")
    written.metrics(acc=0.5)
    second = runs.events("last", first.offsets)
    assert [type(event) for event in second.events] == [e.MetricLogged]
    assert runs.events("last", second.offsets).events == ()


def test_following_tells_everything_once_and_ends_with_the_run(runs, written):
    seen: list[object] = []
    begun = threading.Event()

    def follow() -> None:
        for part in runs.follow("last"):
            seen.extend(part.events)
            begun.set()

    thread = threading.Thread(target=follow)
    thread.start()
    begun.wait()
    for value in range(20):
        written.metrics(acc=float(value))
    written.finished()
    thread.join(10)
    assert not thread.is_alive()
    assert [event.value for event in seen if isinstance(event, e.MetricLogged)] == [float(value) for value in range(20)]
    assert isinstance(seen[0], e.RunCreated)
    assert isinstance(seen[-1], e.RunFinished)


def test_following_can_be_stopped_and_taken_up_again(runs, written):
    stop = threading.Event()
    follower = runs.follow("last", stop=stop)
    first = next(follower)
    stop.set()
    assert list(follower) == []
    written.metrics(acc=1.0).finished()
    [rest] = runs.follow("last", first.offsets)
    assert [type(event) for event in rest.events] == [e.MetricLogged, e.RunFinished]


def test_following_a_run_whose_engine_died_ends(runs, make_run):
    make_run().created().started({"pid": 1, "host": "x", "boot": "", "started": "1"})
    path = next(runs.directory("last").glob("events-*.jsonl"))
    os.utime(path, (1, 1))  # silent for long
    assert len(list(runs.follow("last"))) == 1


def test_logs_are_read_whole_or_in_part(runs, written):
    written.task("load")
    log(written, "load", "one\ntwo\n")
    assert runs.log("last", "load").text == "one\ntwo\n"
    part = runs.log("last", "load", start=4, limit=3)
    assert (part.text, part.start, part.end, part.size) == ("two", 4, 7, 8)
    assert runs.log("last", "load", start=-4).text == "two\n"
    assert runs.log("last", "load", start=-99).text == "one\ntwo\n"
    assert runs.log("last", "load", start=99).text == ""


def test_the_log_is_that_of_the_latest_attempt_unless_another_is_asked_for(runs, written):
    written.task("load", "failed", attempt=1, final=False).task("load", attempt=2)
    log(written, "load", "first")
    log(written, "load", "second", attempt=2)
    assert runs.log("last", "load").text == "second"
    assert runs.log("last", "load", attempt=1).text == "first"
    assert runs.log("last", "load", attempt=9).text == ""


def test_a_task_that_never_ran_has_an_empty_log(runs, written):
    assert runs.log("last", "train").size == 0


def reused(make_run, source: str, place: object):
    """A run whose task `load` took the result of another."""
    run = make_run().created(plan=PLAN).started()
    result = {"fate": "succeeded", "facts": {"place": place}}
    return run.write(e.TaskFinished(run.now(), "load", "load", 0, "cached", result=result, cached_from=source))


def test_the_log_of_a_reused_result_is_that_of_the_attempt_that_made_it(runs, written, make_run):
    log(written, "load", "loaded\n", attempt=2)
    again = reused(make_run, f"{written.run}/load", "tasks/load/2")
    assert runs.log(again.run, "load").text == "loaded\n"
    assert [part.text for part in runs.logs(again.run)] == ["loaded\n"]
    again.finished()
    assert [part.text for part in runs.follow_log(again.run, "load")] == ["loaded\n"]
    shutil.rmtree(written.directory)
    assert runs.log(again.run, "load").text == ""


@pytest.mark.parametrize(
    "place", ["../..", "tasks/../1", "tasks/load/../../2", "/etc", "tasks/load", None, 3, ["tasks"]]
)
def test_a_record_cannot_lead_to_a_file_elsewhere(runs, written, make_run, place):
    log(written, "load", "loaded\n")
    (written.directory.parent / "1").mkdir(exist_ok=True)
    (written.directory.parent / "1" / "log").write_text("secret")
    assert runs.log(reused(make_run, f"{written.run}/load", place).run, "load").text == ""


@pytest.mark.parametrize("source", ["", "../x", "..", "nowhere/load", "/"])
def test_a_reused_result_of_no_run_has_no_log(runs, make_run, source):
    assert runs.log(reused(make_run, source, "tasks/load/1").run, "load").text == ""


def test_notes_are_kept_with_their_task_each_once(runs, written):
    for text in ("no image here", "no image here", "few cores"):
        written.write(e.Note(written.now(), text, "load"))
    written.task("load").write(e.Note(written.now(), "nobody", "unknown"))
    assert runs.get(written.run).tasks["load"].notes == ("no image here", "few cores")


def test_an_unknown_task_names_those_that_there_are(runs, written):
    with pytest.raises(NotFound, match="load, train"):
        runs.log("last", "deploy")


def test_all_logs_come_in_the_plans_order(runs, written):
    written.task("train").task("load")
    log(written, "train", "T")
    log(written, "load", "L")
    assert [(part.task, part.text) for part in runs.logs("last")] == [("load", "L"), ("train", "T")]


def test_bytes_that_are_not_utf_8_are_replaced(runs, written):
    written.task("load")
    log(written, "load", "")
    (written.directory / "tasks/load/1/log").write_bytes(b"a\xffb")
    assert runs.log("last", "load").text == "a\ufffdb"


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 7])
def test_reading_a_log_in_parts_cuts_no_character_that_fits(runs, written, limit):
    text = "öß€🎉\n🎉é!" if limit > 3 else "aé!"
    written.task("load")
    log(written, "load", text)
    read, start = "", 0
    while start < (part := runs.log("last", "load", start=start, limit=limit)).size:
        assert part.end > start
        read, start = read + part.text, part.end
    assert (read == text) is (limit > 1)


def test_half_a_character_waits_while_the_task_runs(runs, written):
    written.write(e.TaskStarted(1.0, "load", "load", 1, "tasks/load/1"))
    log(written, "load", "")
    path = written.directory / "tasks/load/1/log"
    path.write_bytes("a€".encode()[:-1])
    part = runs.log("last", "load")
    assert (part.text, part.end) == ("a", 1)
    written.task("load").finished()
    assert runs.log("last", "load").text == "a\ufffd"


def test_following_a_log_never_cuts_a_character(runs, written):
    written.write(e.TaskStarted(1.0, "load", "load", 1, "tasks/load/1"))
    log(written, "load", "")
    path = written.directory / "tasks/load/1/log"
    text = "öß€🎉\n🎉é!"
    follower = runs.follow_log("last", "load")
    seen = ""
    with path.open("ab", buffering=0) as file:
        for byte in text.encode():
            file.write(bytes([byte]))
            if byte < 128:  # at least one whole character waits: the follower has something to say
                part = next(follower)
                seen += part.text
                assert part.end - part.start == len(part.text.encode())
    written.task("load").finished()
    seen += "".join(part.text for part in follower)
    assert seen == text


def test_following_a_log_goes_on_with_the_next_attempt(runs, written):
    written.write(e.TaskStarted(1.0, "load", "load", 1, "tasks/load/1"))
    log(written, "load", "first try, a long one\n")
    follower = runs.follow_log("last", "load")
    assert next(follower).text == "first try, a long one\n"
    written.write(e.TaskFinished(2.0, "load", "load", 1, "failed", final=False))
    written.task("load", attempt=2)
    log(written, "load", "second\n", attempt=2)
    assert "".join(part.text for part in follower) == "second\n"


@pytest.mark.parametrize("place", ["{outside}", "{relative}", "tasks/../1", "tasks/load/1/../../.."])
def test_only_the_folder_of_an_attempt_is_looked_into(runs, written, tmp_path, place):
    """Events may have come with the project, from who knows where."""
    outside = tmp_path / "outside"
    for folder in (outside, written.directory / "1", written.directory):
        folder.mkdir(exist_ok=True)
        (folder / "log").write_text("secret")
    place = place.format(outside=outside, relative=os.path.relpath(outside, written.directory))
    written.write(e.TaskStarted(1.0, "load", "load", 1, place))
    written.write(e.TaskFinished(2.0, "load", "load", 1, "failed")).finished()
    assert runs.log("last", "load").text == ""


def test_following_a_log_can_be_stopped(runs, written):
    stop = threading.Event()
    stop.set()
    assert list(runs.follow_log("last", "load", stop=stop)) == []


def test_an_export_holds_all_that_tells_about_the_run(runs, written, tmp_path):
    result = {"outputs": {"x": {"digest": "ab" * 32, "type": "int"}}, "bundle": {"path": "cd" * 32}}
    written.task("load", result=result).finished()
    log(written, "load", "hello")
    for name in ("executed.ipynb", "tasks/load/1/executed.ipynb", "tasks/load/1/result.json", "tasks/load/1/x.bundle"):
        (written.directory / name).write_text("{}")
    target = runs.export("last", tmp_path / "out.zip")
    with zipfile.ZipFile(target) as archive:
        names = {name.removeprefix(written.run + "/") for name in archive.namelist()}
        run = json.loads(archive.read(f"{written.run}/run.json"))
        artifacts = json.loads(archive.read(f"{written.run}/artifacts.json"))
    assert names == {
        "events-test.jsonl", "executed.ipynb", "run.json", "artifacts.json",
        "tasks/load/1/executed.ipynb", "tasks/load/1/log", "tasks/load/1/result.json",
    }  # fmt: skip
    assert run["state"] == "succeeded"
    assert [(item["task"], item["name"], item["stored"]) for item in artifacts] == [("load", "x", "cd" * 32)]


def test_an_export_that_cannot_be_written_is_an_error_with_a_way_out(runs, written, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable):
        runs.export("last", tmp_path / "file" / "out.zip")


def test_lineage_is_at_hand(runs, written):
    written.artifact("ab" * 32, task="load").task("load")
    assert [task.task for task in runs.made_from("abab").tasks] == ["load"]
    assert runs.used_for("abab").tasks == ()


def test_a_store_of_a_newer_version_is_refused(project):
    (project.home / "format").write_text("2")
    with pytest.raises(NewerStore):
        Runs(project)


def test_a_project_without_runs_has_none(project):
    with Runs(project) as runs:
        assert runs.list() == []
