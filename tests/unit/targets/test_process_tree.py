from __future__ import annotations

import os
import signal
import subprocess
import sys

from jupyter_mlops.targets.local import process_tree
from jupyter_mlops.targets.local.process_tree import Process
from tests.unit.targets.attempts import eventually, gone

FAMILY = [
    Process(1, 0, 1, "S"),
    Process(2, 1, 2, "S"),
    Process(3, 2, 2, "R"),
    Process(4, 3, 4, "Z"),
    Process(9, 1, 9, "S"),
]


def test_descendants_are_found_at_any_depth() -> None:
    assert sorted(process_tree.descendants([2], FAMILY)) == [3, 4]
    assert sorted(process_tree.descendants([1], FAMILY)) == [2, 3, 4, 9]
    assert process_tree.descendants([9], FAMILY) == []


def test_this_process_is_in_the_table() -> None:
    (ours,) = [process for process in process_tree.table() if process.pid == os.getpid()]

    assert (ours.parent, ours.session) == (os.getppid(), os.getsid(0))


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert eventually(lambda: not process_tree.alive(process.pid))
        assert process.returncode is None


def test_what_is_gone_takes_no_signal() -> None:
    assert not process_tree.alive(2**22 + 1)
    assert not process_tree.send(2**22 + 1, signal.SIGTERM)
    assert not process_tree.send_to_group(2**22 + 1, signal.SIGTERM)


SPREAD = """
import subprocess, sys, time
code = "import os, time; os.write(1, b'up' + bytes([10])); time.sleep(1000)"
for session in (False, True):
    subprocess.Popen([sys.executable, "-c", code], start_new_session=session)
time.sleep(1000)
"""


def test_a_tree_is_ended_whatever_groups_it_has() -> None:
    with subprocess.Popen([sys.executable, "-c", SPREAD], stdout=subprocess.PIPE, start_new_session=True) as root:
        assert root.stdout is not None
        try:
            up = [root.stdout.readline() for _ in range(2)]
            family = process_tree.descendants([root.pid])
        finally:
            process_tree.kill_tree(root.pid)

        assert up == [b"up\n", b"up\n"]
        assert len(family) == 2

        assert root.wait(5) == -signal.SIGKILL
    assert all(gone(pid) for pid in family)


def test_a_session_is_ended_though_its_leader_is_gone() -> None:
    code = "import os, time\nif os.fork():\n    os._exit(0)\nprint(os.getpid(), flush=True)\ntime.sleep(1000)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
        leader.wait(5)

        process_tree.kill_session(leader.pid)

    assert gone(child)


def test_the_first_sessions_of_the_system_are_never_touched() -> None:
    process_tree.kill_session(0)
    process_tree.kill_session(1)

    assert process_tree.alive(os.getpid())
