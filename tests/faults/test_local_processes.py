"""What processes of attempts do to each other, to the target, and to the machine when they end badly."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets.local.process_tree import descendants
from jupyter_mlops.targets.local.target import LocalTarget
from tests.unit.targets.attempts import SAY_PID, WAIT, Bench, bench, eventually, gone

METHODS = ["fork", "spawn"]
SEGFAULT = "import ctypes\nctypes.string_at(0)"


@pytest.fixture(params=METHODS)
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with bench(LocalTarget(slots=2, method=request.param, grace=0.3), tmp_path) as made:
        yield made


@pytest.fixture
def forks(tmp_path: Path) -> Iterator[Bench]:
    with bench(LocalTarget(slots=2, method="fork", grace=0.3), tmp_path) as made:
        yield made


def test_a_task_that_is_killed_is_a_failed_task_that_says_so(runs: Bench) -> None:
    attempt = runs.start(SAY_PID + WAIT)
    os.kill(int(runs.wait_metric(attempt, "pid")), signal.SIGKILL)

    outcome = runs.wait(attempt)

    assert outcome.state == "failed"
    assert outcome.result is None
    assert outcome.reason.startswith("killed by signal 9 (SIGKILL)")


def test_a_segfault_names_its_signal_and_leaves_the_python_lines_in_the_log(runs: Bench) -> None:
    outcome = runs.run("print('before')", SEGFAULT)

    assert outcome.state == "failed"
    assert "signal 11 (SIGSEGV)" in outcome.reason
    assert "before" in runs.log()
    assert "Fatal Python error: Segmentation fault" in runs.log()


def test_a_task_that_leaves_by_the_back_door_has_no_result(runs: Bench) -> None:
    quiet = runs.run("import os\nos._exit(0)", task="quiet")
    loud = runs.run("import os\nos._exit(7)", task="loud")

    assert (quiet.state, loud.state) == ("failed", "failed")
    assert "without a result" in quiet.reason
    assert "exit code 7" in loud.reason


def test_memory_beyond_the_limit_ends_the_task_and_says_how_much(runs: Bench) -> None:
    hog = "held = []\nfor _ in range(10_000):\n    held.append(bytearray(b'x') * (4 << 20))\n"

    outcome = runs.run(hog, options=Options(memory="200Mi"))

    assert outcome.state == "failed"
    assert re.match(r"out of memory: it used .* more than its limit of 200\.0 MiB", outcome.reason)


def test_memory_of_child_processes_counts_too(forks: Bench) -> None:
    hog = f"import subprocess\nsubprocess.run([{sys.executable!r}, '-c', 'x = bytearray(b\"x\") * (400 << 20); input()'"
    hog += ", ], stdin=subprocess.PIPE)"

    assert "out of memory" in forks.run(hog, options=Options(memory="200Mi")).reason


def test_a_task_within_its_memory_limit_is_left_alone(runs: Bench) -> None:
    assert runs.run("x = bytearray(b'x') * (8 << 20)", options=Options(memory="1Gi")).state == "succeeded"


def test_a_task_that_ignores_polite_signals_is_killed_after_the_grace(runs: Bench) -> None:
    deaf = "import signal\nfor n in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(n, signal.SIG_IGN)\n"
    attempt = runs.start(deaf + SAY_PID + "while True:\n    signal.pause()")
    pid = runs.wait_metric(attempt, "pid")

    runs.target.stop(attempt, "timeout")

    outcome = runs.wait(attempt)
    assert (outcome.state, outcome.stopped) == ("failed", "timeout")
    assert "longer than its timeout" in outcome.reason
    assert gone(pid)


def test_an_interrupted_task_keeps_its_executed_notebook(runs: Bench) -> None:
    attempt = runs.start("print('kept')", SAY_PID + WAIT)
    runs.wait_metric(attempt, "pid")

    runs.target.stop(attempt, "user")

    outcome = runs.wait(attempt)
    assert (outcome.state, outcome.stopped) == ("canceled", "user")
    executed = (runs.folder / "t" / "executed.ipynb").read_text()
    assert "kept" in executed
    assert "KeyboardInterrupt" in executed


def test_a_task_that_is_stopped_before_it_is_a_process_is_canceled(runs: Bench) -> None:
    attempt = runs.start(WAIT)
    runs.target.stop(attempt, "sibling_failed")

    outcome = runs.wait(attempt)

    assert (outcome.state, outcome.stopped) == ("canceled", "sibling_failed")


CHILD = "import subprocess\nchild = subprocess.Popen(['sleep', '1000'], start_new_session={session})\n"
SAY_CHILD = "import jupyter_mlops as mlops\nmlops.log_metric('child', child.pid)\n"


@pytest.mark.parametrize("session", [False, True], ids=["same group", "session of its own"])
def test_children_that_a_task_leaves_behind_are_ended(forks: Bench, session: bool) -> None:
    attempt = forks.start(CHILD.format(session=session) + SAY_CHILD)

    assert forks.wait(attempt).state == "succeeded"
    assert gone(forks.wait_metric_after(attempt, "child"))


def test_children_in_the_same_session_are_ended_by_the_pool_too(tmp_path: Path) -> None:
    with bench(LocalTarget(method="spawn"), tmp_path) as runs:
        attempt = runs.start(CHILD.format(session=False) + SAY_CHILD)

        assert runs.wait(attempt).state == "succeeded"
        assert gone(runs.wait_metric_after(attempt, "child"))


@pytest.mark.parametrize("session", [False, True], ids=["same group", "session of its own"])
def test_stopping_a_task_ends_its_children(runs: Bench, session: bool) -> None:
    attempt = runs.start(CHILD.format(session=session) + SAY_CHILD + SAY_PID, "child.wait()")
    pid, child = runs.wait_metric(attempt, "pid"), runs.wait_metric(attempt, "child")

    runs.target.stop(attempt, "shutdown")

    assert runs.wait(attempt).state == "canceled"
    assert gone(pid)
    if session and runs.target.method == "spawn":  # type: ignore[attr-defined]
        os.kill(int(child), signal.SIGKILL)  # nothing leads from a dead task to an orphan in another session
    assert gone(child)


def test_closing_the_target_ends_everything_and_still_reports(tmp_path: Path) -> None:
    before = set(descendants([os.getpid()]))
    with bench(LocalTarget(slots=4, grace=0.3), tmp_path) as runs:
        attempts = [runs.start(SAY_PID + WAIT, task=f"t{number}") for number in range(3)]
        pids = [runs.wait_metric(attempt, "pid") for attempt in attempts]

        runs.target.close()

        assert [runs.wait(attempt).stopped for attempt in attempts] == ["shutdown"] * 3
        assert all(gone(pid) for pid in pids)
        assert set(descendants([os.getpid()])) <= before


def test_when_the_zygote_is_killed_its_tasks_fail_with_the_reason_and_the_next_ones_run(forks: Bench) -> None:
    attempt = forks.start(CHILD.format(session=False) + SAY_CHILD + SAY_PID + WAIT)
    pid, child = forks.wait_metric(attempt, "pid"), forks.wait_metric(attempt, "child")

    os.kill(parent_of(int(pid)), signal.SIGKILL)

    outcome = forks.wait(attempt)
    assert outcome.state == "failed"
    assert outcome.reason == "the process that starts tasks ended (signal 9)"
    assert gone(pid)
    assert gone(child)
    assert forks.run("print('again')", task="next").state == "succeeded"


def test_an_interpreter_that_cannot_start_fails_the_attempt_and_says_why(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONHOME": str(tmp_path)}  # Python finds no standard library there
    with bench(LocalTarget(method="fork", environ=environ), tmp_path) as runs:
        outcome = runs.run("pass")

    assert outcome.state == "failed"
    assert "the process that starts tasks ended (exit code 1)" in outcome.reason


ENGINE = """
    import sys, threading
    from pathlib import Path
    from jupyter_mlops.targets.local.target import LocalTarget
    from tests.unit.targets.attempts import SAY_PID, WAIT, Bench

    runs = Bench(LocalTarget(slots=2, method=sys.argv[1]), Path(sys.argv[2]))
    child = "import subprocess\\nmlops.log_metric('child', subprocess.Popen(['sleep', '1000']).pid)\\n"
    attempt = runs.start(SAY_PID + child + WAIT)
    print(int(runs.wait_metric(attempt, "pid")), int(runs.wait_metric(attempt, "child")), flush=True)
    threading.Event().wait()
"""


def start_engine(method: str, folder: Path, **how: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(ENGINE), method, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_survives_an_engine_that_is_killed(method: str, tmp_path: Path) -> None:
    with start_engine(method, tmp_path) as engine:
        assert engine.stdout is not None
        pids = [int(text) for text in engine.stdout.readline().split()]
        others = descendants([engine.pid])
        assert set(pids) <= set(others)

        engine.kill()

    assert [pid for pid in others if not gone(pid, 2.0)] == []


def test_attempts_run_when_the_engine_has_no_standard_streams(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from jupyter_mlops.targets.local.target import LocalTarget
        from tests.unit.targets.attempts import bench
        for number in (0, 1, 2):
            os.close(number)
        with bench(LocalTarget(), Path(sys.argv[1])) as runs:
            outcome = runs.run("print('seen')\\nimport sys\\nassert sys.stdin.read() == ''")
        Path(sys.argv[1], "answer").write_text(f"{outcome.state} {outcome.reason}")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=True, timeout=60)

    assert (tmp_path / "answer").read_text() == "succeeded "
    assert (tmp_path / "t" / "log").read_text() == "seen\n"


def test_eight_attempts_run_at_once(tmp_path: Path) -> None:
    # Each waits until all have come: they can only end if all run at the same time.
    meet = "import pathlib, time\npathlib.Path(f'here-{n}').touch()\nend = time.time() + 30\n"
    meet += "while len(list(pathlib.Path().glob('here-*'))) < 8:\n    assert time.time() < end\n    time.sleep(0.01)\n"
    with bench(LocalTarget(slots=8), tmp_path) as runs:
        attempts = [runs.start(meet, task=f"t{number}", params={"n": number}) for number in range(8)]

        assert [runs.wait(attempt).state for attempt in attempts] == ["succeeded"] * 8


def test_two_hundred_attempts_at_once_leak_no_descriptor_and_no_process(tmp_path: Path) -> None:
    others = set(descendants([os.getpid()]))
    with bench(LocalTarget(slots=2, method="fork"), tmp_path) as forks:
        check_that_nothing_leaks(forks, others)


def check_that_nothing_leaks(forks: Bench, others: set[int]) -> None:
    forks.run("pass", task="first")
    before = open_descriptors()

    attempts = [forks.start("x = 1", task=f"t{number}") for number in range(200)]

    assert {forks.wait(attempt).state for attempt in attempts} == {"succeeded"}
    assert open_descriptors() <= before
    assert eventually(lambda: len(set(descendants([os.getpid()])) - others) == 2)  # the zygote and its next


def test_spawned_workers_leak_no_descriptor(tmp_path: Path) -> None:
    with bench(LocalTarget(method="spawn"), tmp_path) as runs:
        runs.run("pass", task="first")
        before = open_descriptors()
        for number in range(4):
            runs.run("pass", task=f"t{number}")

        assert eventually(lambda: open_descriptors() <= before)


def test_exit_handlers_of_a_task_have_run_when_its_outcome_comes(forks: Bench) -> None:
    assert forks.run("import atexit\natexit.register(lambda: open('handled', 'w').close())").state == "succeeded"
    assert (forks.folder / "handled").exists()


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])
