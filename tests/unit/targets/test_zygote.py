"""The zygote forks ahead and hears of an end before the memory is given back."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlops.targets.local.process_tree import descendants, table
from jupyter_mlops.targets.local.target import LocalTarget
from tests.unit.targets.attempts import bench, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")


@pytest.fixture
def forked_ahead() -> Callable[[], list[int]]:
    """Gives the processes below the test's zygote: those that wait for work, and those that work."""
    others = {process.pid for process in table() if process.parent == os.getpid()}

    def below() -> list[int]:
        return descendants({process.pid for process in table() if process.parent == os.getpid()} - others)

    return below


def test_a_process_waits_before_it_is_needed_and_is_the_next_task(
    tmp_path: Path, forked_ahead: Callable[[], list[int]]
) -> None:
    with bench(LocalTarget(method="fork"), tmp_path) as runs:
        runs.run("import os", task="first")
        assert eventually(lambda: len(forked_ahead()) == 1)
        (waiting,) = forked_ahead()
        outcome = runs.run("import os\nprint(os.getpid())", task="second")
        assert outcome.state == "succeeded"
        assert f"{waiting}\n" in (tmp_path / "second" / "log").read_text()


def test_a_waiting_process_that_was_killed_is_replaced(tmp_path: Path, forked_ahead: Callable[[], list[int]]) -> None:
    with bench(LocalTarget(method="fork"), tmp_path) as runs:
        runs.run("pass", task="first")
        assert eventually(lambda: len(forked_ahead()) == 1)
        (waiting,) = forked_ahead()
        os.kill(waiting, signal.SIGKILL)
        assert eventually(lambda: waiting not in forked_ahead())
        assert runs.run("x = 1", task="second").state == "succeeded"


def test_what_is_preloaded_later_is_there_in_the_next_task(tmp_path: Path) -> None:
    target = LocalTarget(method="fork")
    with bench(target, tmp_path) as runs:
        runs.run("pass", task="first")
        target.warm(["colorsys"])
        outcome = runs.run("import sys\nassert 'colorsys' in sys.modules", task="second")
        assert outcome.state == "succeeded", outcome.reason


def test_an_exit_code_comes_as_it_is(tmp_path: Path) -> None:
    with bench(LocalTarget(method="fork"), tmp_path) as runs:
        runs.run("pass", task="first")
        for code, words in ((3, "exit code 3"), (0, "os._exit(0)")):
            assert words in runs.run(f"import os\nos._exit({code})", task=f"exit-{code}").reason


def test_exit_handlers_have_run_when_the_task_is_over(tmp_path: Path) -> None:
    source = "import atexit, time\natexit.register(lambda: (time.sleep(0.3), print('bye', flush=True)))"
    with bench(LocalTarget(method="fork"), tmp_path) as runs:
        runs.run(source, task="first")
        assert "bye" in (tmp_path / "first" / "log").read_text()
        assert runs.run(source, task="second").state == "succeeded"
        assert "bye" in (tmp_path / "second" / "log").read_text()


def test_what_a_task_left_running_is_ended(tmp_path: Path, forked_ahead: Callable[[], list[int]]) -> None:
    source = "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with bench(LocalTarget(method="fork"), tmp_path) as runs:
        assert runs.run(source, task="first").state == "succeeded"
        assert eventually(lambda: len(forked_ahead()) == 1)


def test_junk_on_the_pipe_of_farewells_harms_nobody(tmp_path: Path) -> None:
    source = (
        "import os, stat\n"
        "for fd in range(3, 64):\n"
        "    try:\n"
        "        if stat.S_ISFIFO(os.fstat(fd).st_mode): os.write(fd, b'junk\\n[1]\\n{}\\n')\n"
        "    except OSError: pass"
    )
    with bench(LocalTarget(method="fork"), tmp_path) as runs:
        assert runs.run(source, task="first").state == "succeeded"
        assert runs.run("x = 1", task="second").state == "succeeded"
