from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from jupyter_mlops.errors import Conflict, StoreUnwritable
from jupyter_mlops.store.liveness import (
    driving,
    engine_identity,
    engine_lives,
    lock_is_held,
    process_start,
    run_is_driven,
    store_lock,
)

HOLD = """
import os, sys
from pathlib import Path
from jupyter_mlops.store.liveness import driving
with driving(Path(sys.argv[1])):
    if len(sys.argv) > 2 and os.fork() == 0:
        print("ready", flush=True)
        sys.stdin.read()
        os._exit(0)
    if len(sys.argv) == 2:
        print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def directory(project):
    return project.run_directory("r")


@pytest.fixture
def holder(directory):
    """A process that drives the run until it is killed; the reading end of its input stays with the test."""
    started = []

    def start(*more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(directory), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_this_process_lives():
    assert engine_lives(engine_identity()) is True


def test_a_process_that_ended_is_dead():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert engine_lives({**engine_identity(), "pid": process.pid}) is False


def test_a_zombie_is_dead():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process_start(process.pid)
    assert started
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_start(process.pid) == ""
    process.communicate()


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"started": "1"}, False),  # the pid was used again
        ({"boot": "another"}, False),
        ({"host": "another"}, None),
        ({"namespace": "pid:[1]"}, None),  # another container: its pids mean nothing here
        ({"pid": None}, None),
    ],
)
def test_a_process_is_known_by_more_than_its_number(change, answer):
    assert engine_lives({**engine_identity(), **change}) is answer


def test_only_one_may_drive_a_run_in_this_process(directory):
    with driving(directory):
        assert lock_is_held(directory)
        with pytest.raises(Conflict, match="this process"), driving(directory):
            pass
        assert lock_is_held(directory)  # asking and being refused gave up nothing
    assert not lock_is_held(directory)


def test_threads_of_one_process_do_not_share_a_run(directory):
    refused = []

    def other() -> None:
        try:
            with driving(directory):
                pass
        except Conflict:
            refused.append(True)

    with driving(directory):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert refused == [True]


def test_another_process_is_refused_and_told_who_drives(directory, holder):
    process = holder()
    with pytest.raises(Conflict, match=f"process {process.pid} on"), driving(directory):
        pass
    assert lock_is_held(directory)


def test_a_run_is_free_again_when_its_engine_was_killed(directory, holder):
    process = holder()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not lock_is_held(directory)
    with driving(directory):
        pass


def test_a_child_of_a_killed_engine_does_not_keep_the_run(directory, holder):
    process = holder("fork")
    process.send_signal(signal.SIGKILL)
    process.wait()  # its child still has the descriptor open
    with driving(directory):
        assert lock_is_held(directory)


def test_a_run_that_nobody_drove_is_not_locked(directory):
    assert not lock_is_held(directory)


def test_the_lock_counts_where_the_process_cannot_be_seen(directory, holder):
    foreign = {**engine_identity(), "host": "another"}
    directory.mkdir(parents=True)
    assert not run_is_driven(directory, foreign)
    holder()
    assert run_is_driven(directory, foreign)


@pytest.mark.parametrize(("age", "driven"), [(1.0, True), (10_000.0, False)])
def test_a_sign_of_life_counts_where_nothing_else_can_be_told(make_run, age, driven):
    written = make_run().created()
    for path in written.directory.iterdir():
        os.utime(path, (time.time() - age,) * 2)
    assert run_is_driven(written.directory, {**engine_identity(), "host": "another"}) is driven


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME"), driving(tmp_path / "runs" / "r"):
        pass


def test_a_run_begins_only_when_the_collector_is_done(project, directory):
    order = []

    def begin() -> None:
        with driving(directory):
            order.append("begun")

    with store_lock(project.home):
        thread = threading.Thread(target=begin)
        thread.start()
        thread.join(0.05)
        order.append("collected")
    thread.join()
    assert order == ["collected", "begun"]
