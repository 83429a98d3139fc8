from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.store.liveness import lock_is_held
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import run_ids
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.store.session import SessionTracker


@pytest.fixture
def tracker(project):
    made = SessionTracker(project, notebook="/n.ipynb")
    yield made
    made.finish()


def only_run(project):
    [run] = run_ids(project)
    return load_run(project.run_directory(run))


def test_no_run_is_made_before_something_is_logged(project, tracker):
    tracker.finish()
    assert tracker.run == ""
    assert run_ids(project) == []


def test_what_is_logged_becomes_a_run_that_is_running(project, tracker, tmp_path):
    (tmp_path / "plot.png").write_bytes(b"png")
    tracker.log_params({"lr": 0.1})
    tracker.log_metric("loss", 0.5, step=1)
    tracker.log_metric("loss", 0.4, step=2)
    digest = tracker.log_artifact(tmp_path / "plot.png", type="figure", metadata={"dpi": 90})
    run = only_run(project)
    assert (run.run, run.pipeline, run.state, run.notebook) == (tracker.run, "interactive", "running", "/n.ipynb")
    assert run.params == {"lr": 0.1}
    assert [(point.step, point.value) for point in run.series["loss"]] == [(1, 0.5), (2, 0.4)]
    [artifact] = run.artifacts
    assert (artifact.name, artifact.type, artifact.bytes, artifact.metadata) == ("plot.png", "figure", 3, {"dpi": 90})
    assert project.artifacts.path(digest).read_bytes() == b"png"


def test_an_event_as_a_task_would_write_it_is_taken(project, tracker, tmp_path):
    staged = tmp_path / "staging" / ("ab" * 32)
    staged.parent.mkdir()
    staged.write_bytes(b"x")
    tracker({"type": "metric", "at": 1.0, "name": "acc", "value": 0.5})
    tracker(
        {
            "type": "artifact",
            "at": 2.0,
            "name": "a",
            "digest": staged.name,
            "kind": "file",
            "bytes": 1,
            "path": str(staged),
        }
    )
    run = only_run(project)
    assert run.metrics == {"acc": 0.5}
    assert [item.name for item in run.artifacts] == ["a"]
    assert project.artifacts.exists("ab" * 32)
    assert not staged.parent.exists()


def test_finishing_ends_the_run_and_the_next_log_begins_another(project, tracker):
    tracker.log_metric("a", 1)
    tracker.finish("failed", "boom")
    first = only_run(project)
    assert (first.state, first.reason) == ("failed", "boom")
    assert not lock_is_held(project.run_directory(first.run))
    tracker.log_metric("a", 2)
    assert tracker.run != first.run
    assert len(run_ids(project)) == 2


def test_threads_log_into_one_run(project, tracker):
    threads = [
        threading.Thread(target=lambda: [tracker.log_metric("m", value) for value in range(50)]) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(only_run(project).series["m"]) == 300


def test_a_folder_that_cannot_be_written_is_an_error_and_the_next_log_tries_again(tmp_path):
    root = tmp_path / "root"
    root.write_text("")
    tracker = SessionTracker(Project(root))
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME"):
        tracker.log_metric("a", 1)
    root.unlink()
    tracker.log_metric("a", 1)
    tracker.finish()
    assert only_run(Project(root)).state == "succeeded"


SCRIPT = """
import os, sys
from jupyter_mlops.store.session import session_tracker
assert session_tracker() is session_tracker()
session_tracker().log_metric("a", 1)
"""


def run_script(tmp_path, more: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + more)
    (tmp_path / ".jupyter_mlops").mkdir(exist_ok=True)
    subprocess.run([sys.executable, str(script)], cwd="/", stderr=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize(
    ("more", "state", "reason"),
    [
        ("", "succeeded", ""),
        ("raise ValueError('boom')", "failed", "ValueError: boom"),
        ("sys.exit(3)", "succeeded", ""),
        ("os.kill(os.getpid(), 9)", "failed", "the process died before its session ended"),
        ("if os.fork() == 0:\n    sys.exit()\nos.wait()", "succeeded", ""),
    ],
)
def test_the_run_of_a_script_ends_with_it(tmp_path, more, state, reason):
    run_script(tmp_path, more)
    run = only_run(Project(tmp_path))
    assert (run.state, run.reason) == (state, reason)
    assert run.notebook == str(tmp_path / "script.py")


def test_a_child_that_was_forked_logs_into_a_run_of_its_own(tmp_path):
    run_script(tmp_path, "if os.fork() == 0:\n    session_tracker().log_metric('b', 2)\n    sys.exit()\nos.wait()")
    project = Project(tmp_path)
    runs = [load_run(project.run_directory(run)) for run in run_ids(project)]
    assert [(dict(run.metrics), run.state) for run in runs] == [({"a": 1.0}, "succeeded"), ({"b": 2.0}, "succeeded")]
    assert os.listdir(project.runs) != []
