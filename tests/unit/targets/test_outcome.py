from __future__ import annotations

import signal
from pathlib import Path

import pytest

from jupyter_mlops.engine.target import StopReason
from jupyter_mlops.runtime.spec import ErrorInfo, TaskResult
from jupyter_mlops.targets.attempt_files import read_result
from jupyter_mlops.targets.local.launch import Exited
from jupyter_mlops.targets.local.outcome import Circumstances, outcome

DONE = TaskResult("succeeded", 1.0)
BROKEN = TaskResult("failed", 1.0, error=ErrorInfo("ValueError", "no such column", cell=3))
GIB = 1 << 30


@pytest.mark.parametrize(
    ("status", "around", "reason"),
    [
        (
            -signal.SIGKILL,
            Circumstances(),
            "killed by signal 9 (SIGKILL): somebody ended it (the task used up to 2.0 GiB)",
        ),
        (-signal.SIGKILL, Circumstances(oom_kills=1), "this machine ran out of memory (the task used up to 2.0 GiB)"),
        (-signal.SIGKILL, Circumstances(memory=3 * GIB), "out of memory? It used up to 2.0 GiB of 3.0 GiB"),
        (-signal.SIGSEGV, Circumstances(), "killed by signal 11 (SIGSEGV): a library crashed"),
        (-signal.SIGABRT, Circumstances(), "killed by signal 6 (SIGABRT): a library aborted"),
        (-signal.SIGUSR1, Circumstances(), f"killed by signal {int(signal.SIGUSR1)} (SIGUSR1)"),
        (-63, Circumstances(), "killed by signal 63 (unknown)"),
        (3, Circumstances(), "exit code 3 and without a result"),
        (0, Circumstances(), "os._exit(0)"),
    ],
)
def test_a_death_without_a_word_is_told_in_plain_words(status: int, around: Circumstances, reason: str) -> None:
    told = outcome(Exited("t#1", status, peak=2 * GIB), None, around)

    assert told.state == "failed"
    assert reason in told.reason


def test_the_reason_of_a_launch_that_never_began_is_passed_on() -> None:
    assert outcome(Exited("t#1", 1, reason="no room"), None, Circumstances()).reason == "no room"


def test_a_result_is_the_truth_even_if_the_process_crashed_after_it() -> None:
    assert outcome(Exited("t#1", -signal.SIGSEGV), DONE, Circumstances()).state == "succeeded"


def test_the_error_of_a_failed_task_is_its_reason() -> None:
    told = outcome(Exited("t#1", 1), BROKEN, Circumstances())

    assert (told.state, told.reason, told.result) == ("failed", "ValueError: no such column", BROKEN)


@pytest.mark.parametrize(
    ("stopped", "state"),
    [("user", "canceled"), ("sibling_failed", "canceled"), ("shutdown", "canceled"), ("timeout", "failed")],
)
def test_what_was_stopped_says_so_whatever_it_answered(stopped: StopReason, state: str) -> None:
    for result in (DONE, BROKEN, None):
        told = outcome(Exited("t#1", 0), result, Circumstances(stopped=stopped))
        assert (told.state, told.stopped) == (state, stopped)


def test_memory_beyond_the_limit_comes_before_the_signal_that_ended_it() -> None:
    around = Circumstances(over_limit=3 * GIB, limit=2 * GIB)

    told = outcome(Exited("t#1", -signal.SIGKILL), None, around)

    assert told.reason == "out of memory: it used 3.0 GiB, more than its limit of 2.0 GiB"


def test_a_result_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(BROKEN.to_json())

    assert read_result(tmp_path) == BROKEN


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"fate": "succeeded"}'])
def test_a_result_that_is_missing_or_damaged_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "result.json").write_text(text)

    assert read_result(tmp_path) is None
