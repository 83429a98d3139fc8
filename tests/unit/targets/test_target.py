from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets.local.target import LocalTarget
from tests.unit.targets.attempts import Bench, bench


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(LocalTarget(slots=2, method="fork"), tmp_path_factory.mktemp("runs")) as made:
        yield made


def asked(runs: Bench, source: str, task: str, **more: object) -> object:
    """What a cell found out, as plain data."""
    outcome = runs.run(source, task=task, exports=("answer",), **more)  # type: ignore[arg-type]
    assert outcome.result is not None, (outcome.reason, runs.log(task))
    return outcome.result.exports.get("answer")


def test_the_environment_is_the_engines_with_the_steps_variables(runs: Bench) -> None:
    source = "import os\nanswer = [os.environ['PATH'], os.environ['COLOUR'], os.environ['PYTHONHASHSEED']]"

    answer = asked(runs, source, "env", options=Options(env={"COLOUR": "blue"}))

    assert answer == [os.environ["PATH"], "blue", "0"]


def test_sets_of_text_have_the_same_order_in_every_process(runs: Bench) -> None:
    source = "answer = list({'a', 'b', 'c', 'd', 'e'})"

    assert asked(runs, source, "one") == asked(runs, source, "two")


def test_random_generators_that_nobody_seeded_differ_from_task_to_task(runs: Bench) -> None:
    source = "import random, numpy as np\nanswer = [random.random(), float(np.random.rand())]"

    one, two = asked(runs, source, "r1"), asked(runs, source, "r2")

    assert one[0] != two[0]  # type: ignore[index]
    assert one[1] != two[1]  # type: ignore[index]


def test_a_task_is_single_and_alone_like_a_fresh_interpreter(runs: Bench) -> None:
    source = (
        "import os, signal, sys, threading\n"
        "answer = [threading.active_count() <= 3, os.getsid(0) == os.getpid(), sys.path[0] == '',\n"
        "    signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, sys.stdin.read(), os.getcwd(),\n"
        "    sorted(fd for fd in os.listdir('/proc/self/fd') if 'socket' in os.path.realpath(f'/proc/self/fd/{fd}'))]"
    )

    assert asked(runs, source, "alone") == [True, True, True, True, "", str(runs.folder), []]


def test_modules_beside_the_notebook_are_always_read_anew(runs: Bench) -> None:
    source = "import beside\nanswer = beside.value"
    for value in (1, 2):
        (runs.folder / "beside.py").write_text(f"value = {value}\n# {'x' * value}")

        assert asked(runs, source, f"beside-{value}") == value


def test_libraries_of_the_notebook_are_there_before_the_task(tmp_path: Path) -> None:
    source = "import sys\nanswer = 'xml.dom.minidom' in sys.modules\nimport xml.dom.minidom"
    with bench(LocalTarget(method="fork"), tmp_path) as fresh:
        fresh.target.warm()  # type: ignore[attr-defined]

        assert asked(fresh, "import xml.dom.minidom\nanswer = 1", "first") == 1
        assert asked(fresh, source, "second") is True


def test_a_step_of_a_chain_costs_no_import(runs: Bench) -> None:
    source = "import numpy, pandas\nx = 1"
    runs.run(source, task="warm")
    outcome = runs.run(source, task="next")

    assert outcome.result is not None
    # Importing pandas alone takes ten times as long. (The promise in wall time is measured by `make bench`.)
    assert outcome.result.facts["cpu_seconds"] < 0.1


def test_events_come_within_a_tenth_of_a_second(runs: Bench) -> None:
    source = "import time, jupyter_mlops as mlops\nfor n in range(5):\n    mlops.log_metric('at', time.monotonic())\n"
    source += "    time.sleep(0.1)\n"
    arrived: list[float] = []
    attempt = runs.start(source, task="live")
    while attempt not in runs.outcomes:
        at, report = runs.reports.get(timeout=20)
        runs.reports.put((at, report))
        arrived += [at - event["value"] for event in report.events if event.get("name") == "at"]
        runs._take()

    assert len(arrived) == 5
    assert sorted(arrived)[2] < 0.1


def test_what_has_no_effect_here_is_noted_in_the_log_and_as_an_event(runs: Bench) -> None:
    options = Options(image="python:3.12")
    attempt = runs.start("print('ran')", task="image", options=options)

    assert runs.wait(attempt).state == "succeeded"
    first, second = runs.log("image").splitlines()
    assert "image python:3.12 is not used" in first
    assert second == "ran"
    assert runs.events[attempt][0]["type"] == "note"


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ({"cwd": "/no/such/folder"}, "/no/such/folder is not there"),
        ({"kernel": "no-such-kernel"}, "The kernel 'no-such-kernel' is not installed here."),
    ],
)
def test_what_cannot_begin_is_a_failed_attempt(runs: Bench, spec: dict[str, str], part: str) -> None:
    outcome = runs.run("pass", task="-".join(spec), **spec)

    assert outcome.state == "failed"
    assert part in outcome.reason


def test_a_folder_that_cannot_be_written_is_a_failed_attempt(runs: Bench) -> None:
    (runs.folder / "taken").write_text("a file, where the attempt's folder should be")

    outcome = runs.run("pass", task="taken")

    assert outcome.state == "failed"
    assert "taken" in outcome.reason


def test_at_least_one_slot_is_needed() -> None:
    with pytest.raises(Usage, match="at least one slot"):
        LocalTarget(slots=0)


def test_the_machine_says_what_it_can_do_and_why_not(runs: Bench) -> None:
    found = {item.name: item.missing for item in runs.target.capabilities.items}  # type: ignore[attr-defined]

    assert found["pipelines"] == ""
    assert found["images"]


def test_nothing_is_started_before_there_is_work() -> None:
    code = (
        "import os, time\n"
        "from jupyter_mlops.targets.local import LocalTarget\n"
        "from jupyter_mlops.targets.local.process_tree import descendants\n"
        "target = LocalTarget(method='fork')\n"
        "time.sleep(0.3)\n"
        "print(list(descendants([os.getpid()])))\n"
        "target.close()\n"
    )
    # In a process of its own: this one has children of other tests, which come and go.
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


@pytest.fixture(scope="module")
def other_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has nothing installed: neither this library nor IPython."""
    folder = tmp_path_factory.mktemp("other")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True, timeout=120)
    kernel = folder / "share" / "kernels" / "bare"
    kernel.mkdir(parents=True)
    argv = [str(folder / "env" / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "language": "python", "display_name": "bare", "env": {"FROM_THE_SPEC": "yes"}}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    return folder


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_cells_run_in_the_environment_of_the_notebooks_kernel(
    method: str, other_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(other_environment / "share"))
    source = (
        "import importlib.util, os, sys, jupyter_mlops as mlops\n"
        "mlops.log_metric('found', 1)\n"
        "answer = [sys.prefix, os.environ['FROM_THE_SPEC'], importlib.util.find_spec('IPython') is None,\n"
        "    any('targets' in folder for folder in sys.path)]"
    )
    with bench(LocalTarget(method=method), tmp_path) as runs:  # type: ignore[arg-type]
        answer = asked(runs, source, "other", kernel="bare")

    assert answer == [str(other_environment / "env"), "yes", True, False]
