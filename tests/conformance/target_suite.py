"""What every `Target` must do. An implementation is the fixture `target`; `refused` are options it cannot honour.

The suite runs real cells and looks only at what the protocol promises: reports, and files in the attempt's folder.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_mlops.engine.target import Attempt, Outcome, Report, Target
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.spec import BundleRef, CellSource, Definition, InputValues, TaskSpec

PATIENCE_S = 60.0


class Reports:
    """What a target reported, from whatever thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reports: list[Report] = []

    def put(self, report: Report) -> None:
        with self._changed:
            self._reports.append(report)
            self._changed.notify_all()

    def events(self, attempt: str, kind: str = "") -> list[dict]:
        found = [dict(event) for report in self._of(attempt) for event in report.events]
        return [event for event in found if not kind or event["type"] == kind]

    def outcomes(self, attempt: str) -> list[Outcome]:
        return [report.outcome for report in self._of(attempt) if report.outcome is not None]

    def outcome(self, attempt: str, patience: float = PATIENCE_S) -> Outcome:
        self.wait(lambda: self.outcomes(attempt), f"the outcome of {attempt}", patience)
        return self.outcomes(attempt)[0]

    def wait(self, ready: Callable[[], object], what: str, patience: float = PATIENCE_S) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: bool(ready()), patience), f"{what} did not come in {patience} s"

    def _of(self, attempt: str) -> list[Report]:
        with self._changed:
            return [report for report in self._reports if report.attempt == attempt]


class Bench:
    """Makes attempts in a folder of its own and starts them."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder
        self.reports = Reports()

    def attempt(
        self, *cells: str, task: str = "step", number: int = 1, options: Options | None = None, **spec
    ) -> Attempt:
        directory = self.folder / "tasks" / task / str(number)
        directory.mkdir(parents=True)
        sources = tuple(CellSource(index, f"c{index}", cell, index + 1) for index, cell in enumerate(cells))
        made = TaskSpec("run", task, task, number, str(directory), str(self.folder), cells=sources, **spec)
        return Attempt(made, directory, options or Options(), dict((options or Options()).env))

    def start(self, *cells: str, **spec) -> Attempt:
        attempt = self.attempt(*cells, **spec)
        self.target.start(attempt, self.reports.put)
        return attempt

    def run(self, *cells: str, **spec) -> tuple[Attempt, Outcome]:
        attempt = self.start(*cells, **spec)
        return attempt, self.reports.outcome(attempt.id)

    def wait_for_file(self, name: str) -> str:
        """The content of a file that a cell writes to say how far it is."""
        path = self.folder / name
        end = time.monotonic() + PATIENCE_S
        while not (path.exists() and path.read_text().endswith("\n")):
            assert time.monotonic() < end, f"no cell wrote {name}"
            time.sleep(0.01)
        return path.read_text().strip()


@pytest.fixture
def bench(target: Target, tmp_path: Path) -> Bench:
    folder = tmp_path / "work"
    folder.mkdir()
    return Bench(target, folder)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc").exists()


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while is_alive(pid):
        assert time.monotonic() < end, f"process {pid} is still there"
        time.sleep(0.01)


WAITING = "import os, time; print(os.getpid(), file=open('pid', 'w'), flush=True); time.sleep(600)"
STUBBORN = (
    "import os, signal, time\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print(os.getpid(), file=open('pid', 'w'), flush=True)\n"
    "while True:\n"
    "    try:\n"
    "        time.sleep(600)\n"
    "    except BaseException: pass"
)
WITH_CHILD = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, file=open('pid', 'w'), flush=True)\n"
    "time.sleep(600)"
)


class TargetSuite:
    @pytest.fixture
    def refused(self) -> Options:
        """Options that no single machine of ours can honour."""
        return Options(gpu=4096)

    def test_an_attempt_succeeds_and_says_what_it_made(self, bench: Bench) -> None:
        _, outcome = bench.run("x = 20", "y = x + 22", outputs=("y",), exports=("y",))
        assert outcome.state == "succeeded", outcome.reason
        assert outcome.result is not None
        assert outcome.result.exports == {"y": 42}
        assert set(outcome.result.outputs) == {"y"}
        assert outcome.result.bundle is not None
        assert Path(outcome.result.bundle.path).is_file()
        assert outcome.stopped is None

    def test_values_reach_the_next_attempt(self, bench: Bench) -> None:
        _, first = bench.run("import math", "a = [1, 2]; b = a", task="first", outputs=("a", "b"))
        assert first.result is not None, first.reason
        assert first.result.bundle is not None
        ref = BundleRef(first.result.bundle.path, first.result.bundle.seal)
        inputs = (InputValues({"a": "a", "c": "b"}, (ref,)),)
        _, second = bench.run("same = a is c; total = sum(a)", task="second", inputs=inputs, exports=("same", "total"))
        assert second.result is not None, second.reason
        assert second.result.exports == {"same": True, "total": 3}

    def test_parameters_bound_values_setup_and_definitions_are_there(self, bench: Bench) -> None:
        _, outcome = bench.run(
            "answer = double(n) + k + base",
            params={"n": 3},
            bind={"k": 10},
            setup=(CellSource(7, "setup", "base = 100", 1),),
            definitions=(Definition("d", ("double",), "def double(x): return 2 * x\n", wanted=True),),
            exports=("answer",),
        )
        assert outcome.result is not None, outcome.reason
        assert outcome.result.exports == {"answer": 116}

    def test_a_failing_cell_fails_the_attempt_with_cell_and_line(self, bench: Bench) -> None:
        _, outcome = bench.run("ok = 1", "first = 1\nraise ValueError('no such luck')", "never = 1")
        assert outcome.state == "failed"
        assert outcome.result is not None
        assert outcome.result.error is not None
        error = outcome.result.error
        assert (error.kind, error.cell, error.line) == ("ValueError", 1, 2)
        assert "no such luck" in error.message

    @pytest.mark.parametrize("cell", ["x = 1", "1 / 0"], ids=["succeeded", "failed"])
    def test_the_folder_has_the_files_of_an_attempt(self, bench: Bench, cell: str) -> None:
        attempt, outcome = bench.run("print('hello', flush=True)", cell)
        assert outcome.result is not None, outcome.reason
        names = {path.name for path in attempt.directory.iterdir()}
        assert {"log", "events.jsonl", "executed.ipynb", "result.json"} <= names
        assert "hello" in (attempt.directory / "log").read_text()
        cells = json.loads((attempt.directory / "executed.ipynb").read_text())["cells"]
        assert any("hello" in str(cell["outputs"]) for cell in cells)

    def test_both_streams_are_in_the_log_in_their_order(self, bench: Bench) -> None:
        attempt, _ = bench.run(
            "import sys\nfor n in range(3):\n"
            "    print('out', n, flush=True)\n    print('err', n, file=sys.stderr, flush=True)"
        )
        lines = [line for line in (attempt.directory / "log").read_text().splitlines() if line[:3] in ("out", "err")]
        assert lines == [f"{stream} {n}" for n in range(3) for stream in ("out", "err")]

    def test_the_log_grows_while_a_cell_runs(self, bench: Bench) -> None:
        attempt = bench.start(
            "import os, time\nprint('halfway', flush=True)\n"
            "while not os.path.exists('go'): time.sleep(0.01)\nprint('done')"
        )
        end = time.monotonic() + PATIENCE_S
        log = attempt.directory / "log"
        while not (log.exists() and "halfway" in log.read_text()):
            assert time.monotonic() < end, "nothing came while the cell ran"
            time.sleep(0.01)
        assert not bench.reports.outcomes(attempt.id)
        (bench.folder / "go").touch()
        assert bench.reports.outcome(attempt.id).state == "succeeded"

    def test_events_come_while_the_attempt_runs(self, bench: Bench) -> None:
        attempt = bench.start(
            "import jupyter_mlops as mlops; mlops.log_metric('acc', 0.5, step=1)",
            "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)",
        )
        bench.reports.wait(lambda: bench.reports.events(attempt.id, "metric"), "the metric")
        assert not bench.reports.outcomes(attempt.id)
        (bench.folder / "go").touch()
        bench.reports.outcome(attempt.id)
        [metric] = bench.reports.events(attempt.id, "metric")
        assert (metric["name"], metric["value"], metric["step"]) == ("acc", 0.5, 1)
        assert [event["cell"] for event in bench.reports.events(attempt.id, "cell.finished")] == [0, 1]

    def test_no_event_comes_after_the_outcome_and_none_is_lost(self, bench: Bench) -> None:
        attempt, _ = bench.run("import jupyter_mlops as mlops\nfor n in range(200): mlops.log_metric('n', n)")
        assert [event["value"] for event in bench.reports.events(attempt.id, "metric")] == list(range(200))
        [*before, last] = bench.reports._of(attempt.id)
        assert last.outcome is not None
        assert all(report.outcome is None for report in before)

    def test_a_big_log_is_kept_whole(self, bench: Bench) -> None:
        attempt, outcome = bench.run("for n in range(100_000): print('line', n)")
        assert outcome.state == "succeeded", outcome.reason
        lines = [line for line in (attempt.directory / "log").read_text().splitlines() if line.startswith("line ")]
        assert len(lines) == 100_000
        assert lines[-1] == "line 99999"

    def test_the_environment_of_the_options_is_set(self, bench: Bench) -> None:
        options = Options(env={"COLOUR": "blue"})
        _, outcome = bench.run("import os; colour = os.environ['COLOUR']", options=options, exports=("colour",))
        assert outcome.result is not None, outcome.reason
        assert outcome.result.exports == {"colour": "blue"}

    def test_attempts_do_not_see_each_other(self, bench: Bench) -> None:
        bench.run("import os, json; json.secret = 1; os.environ['LEAK'] = '1'; x = 1", task="first")
        _, outcome = bench.run(
            "import os, json; seen = ['x' in globals(), hasattr(json, 'secret'), 'LEAK' in os.environ]",
            task="second",
            exports=("seen",),
        )
        assert outcome.result is not None, outcome.reason
        assert outcome.result.exports == {"seen": [False, False, False]}

    def test_two_attempts_run_at_once(self, bench: Bench) -> None:
        if bench.target.slots < 2:
            pytest.skip("needs a target with two slots")
        meet = "import os, time\nopen('{me}', 'w').close()\nwhile not os.path.exists('{other}'): time.sleep(0.01)"
        one = bench.start(meet.format(me="a", other="b"), task="one")
        two = bench.start(meet.format(me="b", other="a"), task="two")
        assert bench.reports.outcome(one.id).state == "succeeded"
        assert bench.reports.outcome(two.id).state == "succeeded"

    def test_start_returns_at_once(self, bench: Bench) -> None:
        attempt = bench.start("import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)")
        assert not bench.reports.outcomes(attempt.id)
        (bench.folder / "go").touch()
        assert bench.reports.outcome(attempt.id).state == "succeeded"

    def test_slots_are_a_positive_number(self, bench: Bench) -> None:
        assert bench.target.slots >= 1
        assert bench.target.name

    def test_options_that_cannot_be_honoured_are_refused_with_a_reason(self, bench: Bench, refused: Options) -> None:
        assert bench.target.refusal(refused)
        assert bench.target.refusal(Options()) == ""

    def test_a_stopped_attempt_is_canceled_and_its_process_gone(self, bench: Bench) -> None:
        attempt = bench.start(WAITING)
        pid = int(bench.wait_for_file("pid"))
        bench.target.stop(attempt.id, "user")
        outcome = bench.reports.outcome(attempt.id)
        assert (outcome.state, outcome.stopped) == ("canceled", "user")
        wait_until_gone(pid)

    def test_a_stopped_attempt_keeps_its_executed_notebook(self, bench: Bench) -> None:
        attempt = bench.start("print('so far', flush=True)", WAITING)
        bench.wait_for_file("pid")
        bench.target.stop(attempt.id, "user")
        bench.reports.outcome(attempt.id)
        assert "so far" in (attempt.directory / "executed.ipynb").read_text()

    def test_a_timeout_is_a_stop_with_that_reason(self, bench: Bench) -> None:
        attempt = bench.start(WAITING)
        pid = int(bench.wait_for_file("pid"))
        bench.target.stop(attempt.id, "timeout")
        outcome = bench.reports.outcome(attempt.id)
        assert outcome.state in ("failed", "canceled")
        assert outcome.stopped == "timeout"
        wait_until_gone(pid)

    def test_code_that_ignores_every_signal_is_stopped_too(self, bench: Bench) -> None:
        attempt = bench.start(STUBBORN)
        pid = int(bench.wait_for_file("pid"))
        bench.target.stop(attempt.id, "user")
        assert bench.reports.outcome(attempt.id).stopped == "user"
        wait_until_gone(pid)

    def test_children_of_a_stopped_attempt_are_stopped(self, bench: Bench) -> None:
        attempt = bench.start(WITH_CHILD)
        child = int(bench.wait_for_file("pid"))
        bench.target.stop(attempt.id, "user")
        bench.reports.outcome(attempt.id)
        wait_until_gone(child)

    def test_stopping_what_is_over_or_unknown_does_nothing(self, bench: Bench) -> None:
        attempt, _ = bench.run("x = 1")
        bench.target.stop(attempt.id, "user")
        bench.target.stop("nobody#1", "user")
        assert len(bench.reports.outcomes(attempt.id)) == 1

    def test_stopping_twice_gives_one_outcome(self, bench: Bench) -> None:
        attempt = bench.start(WAITING)
        bench.wait_for_file("pid")
        bench.target.stop(attempt.id, "user")
        bench.target.stop(attempt.id, "shutdown")
        bench.reports.outcome(attempt.id)
        _, other = bench.run("x = 1", task="other")
        assert other.state == "succeeded"
        assert len(bench.reports.outcomes(attempt.id)) == 1

    @pytest.mark.parametrize(
        "cell",
        [
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "import ctypes; ctypes.string_at(0)",
            "import os; os._exit(3)",
            "import os; os.abort()",
        ],
        ids=["killed", "segfault", "exit", "abort"],
    )
    def test_a_process_that_dies_is_a_failed_attempt_that_says_so(self, bench: Bench, cell: str) -> None:
        attempt, outcome = bench.run("before = 1", cell)
        assert outcome.state == "failed"
        assert outcome.result is None
        assert outcome.reason
        assert outcome.stopped is None
        assert len(bench.reports.outcomes(attempt.id)) == 1

    def test_a_killed_process_names_the_signal(self, bench: Bench) -> None:
        _, outcome = bench.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        assert "SIGKILL" in outcome.reason or str(int(signal.SIGKILL)) in outcome.reason

    def test_an_attempt_that_exits_like_a_script_still_has_an_outcome(self, bench: Bench) -> None:
        attempt, outcome = bench.run("import sys; sys.exit(0)")
        assert outcome.state in ("succeeded", "failed")
        assert len(bench.reports.outcomes(attempt.id)) == 1

    def test_the_target_goes_on_after_a_death(self, bench: Bench) -> None:
        bench.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", task="first")
        _, outcome = bench.run("x = 1", task="second")
        assert outcome.state == "succeeded", outcome.reason

    def test_a_second_attempt_has_a_folder_and_an_outcome_of_its_own(self, bench: Bench) -> None:
        first, failed = bench.run("1 / 0")
        second, fine = bench.run("x = 1", number=2)
        assert (failed.state, fine.state) == ("failed", "succeeded")
        assert first.directory != second.directory
        assert len(bench.reports.outcomes(first.id)) == len(bench.reports.outcomes(second.id)) == 1

    def test_close_stops_what_runs_and_leaves_no_process(self, bench: Bench) -> None:
        attempt = bench.start(WITH_CHILD)
        child = int(bench.wait_for_file("pid"))
        bench.target.close()
        outcome = bench.reports.outcome(attempt.id)
        assert (outcome.state, outcome.stopped) == ("canceled", "shutdown")
        wait_until_gone(child)

    def test_close_may_be_called_twice(self, bench: Bench) -> None:
        bench.target.close()
        bench.target.close()


def closing(target: Target) -> Iterator[Target]:
    """For fixtures: `yield from closing(LocalTarget())`."""
    try:
        yield target
    finally:
        target.close()
