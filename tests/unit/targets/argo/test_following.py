"""What pods of a Workflow print, on its way into the run's folder here."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from jupyter_mlops.store.mirror import Frame, Receiver
from jupyter_mlops.targets.argo.following import PodReader, failed_nodes
from jupyter_mlops.targets.argo.pod_output import PodOutput


def printed(run: Path, *, log: str = "") -> list[bytes]:
    """What the pod of an attempt prints of a run's folder."""
    attempt = run / "tasks" / "a" / "1"
    attempt.mkdir(parents=True)
    (attempt / "spec.json").write_text("{}")
    (attempt / "outputs.bundle").write_text("stays")
    (attempt / "artifacts").mkdir()
    (attempt / "artifacts" / "model").write_text("is fetched on demand")
    (run / "events-pod.jsonl").write_text('{"type": "run.started"}\n')
    (run / "events-other.jsonl").write_text("another pod's\n")
    out = io.BytesIO()
    output = PodOutput(run, out)
    output.show(run / "events-pod.jsonl")
    output.show(attempt, log=True)
    with output.following():
        (attempt / "log").write_text(log)
    return out.getvalue().splitlines(keepends=True)


def test_files_and_the_log_of_an_attempt_come_home_and_nothing_else(tmp_path: Path) -> None:
    lines = printed(tmp_path / "there", log="one\ntwo without an end")
    home = tmp_path / "home"
    home.mkdir()
    reader = PodReader(Receiver(home), threading.Lock())
    for line in [b"said before it began\n", *lines, b'time="..." msg="sub-process exited"\n']:
        reader.take(line)
    files = {path.relative_to(home).as_posix(): path.read_text() for path in home.rglob("*") if path.is_file()}
    assert files == {
        "events-pod.jsonl": '{"type": "run.started"}\n',
        "tasks/a/1/spec.json": "{}",
        "tasks/a/1/log": "one\ntwo without an end",
    }


def test_what_a_step_prints_cannot_be_taken_for_files_of_this_side(tmp_path: Path) -> None:
    reader = PodReader(Receiver(tmp_path), threading.Lock())
    for name in ("remote.json", "events-home.jsonl", "../outside"):
        reader.take(Frame(name, 0, b"{}", whole=True).to_line().encode() + b"\n")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("log", ["one\none\n", "one\none", ""])
def test_a_pod_that_is_read_again_writes_no_line_twice(tmp_path: Path, log: str) -> None:
    lines = printed(tmp_path / "there", log=log)
    home = tmp_path / "home"
    home.mkdir()
    for _ in range(2):
        reader = PodReader(Receiver(home), threading.Lock())
        for line in lines:
            reader.take(line)
    assert (home / "tasks/a/1/log").read_text() == log


def test_the_log_is_readable_where_argo_shows_it(tmp_path: Path) -> None:
    lines = printed(tmp_path / "there", log="epoch 1\n")
    assert b"epoch 1\n" in lines
    assert all(Frame.from_line(line) or line in (b"epoch 1\n", b'{"mlops": "end"}\n') for line in lines)


def test_what_argo_says_of_failed_tasks_is_found() -> None:
    nodes = {
        "1": {"displayName": "wf", "type": "DAG", "phase": "Failed", "message": "child failed"},
        "2": {"displayName": "a(0)", "type": "Pod", "phase": "Error", "message": "pods is forbidden"},
        "3": {"displayName": "b", "type": "Pod", "phase": "Succeeded"},
        "4": "nonsense",
    }
    assert list(failed_nodes({"status": {"nodes": nodes}})) == [("a(0)", "pods is forbidden")]
    assert list(failed_nodes({"status": {"nodes": []}})) == []
