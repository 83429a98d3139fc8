"""Two runs at once, a run that is interrupted or whose engine dies, stores of the future, clocks that go backwards."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.command_line import COMMAND, Desk, step

WAIT = "import os, time\nopen('ready', 'w').close()\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\ny = x + 1"


def start(desk: Desk, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words], cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def until_there(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_runs_of_one_notebook_at_the_same_time_are_both_right(desk: Desk) -> None:
    desk.notebook(
        "nb.ipynb",
        step("a", "import os\nx = os.urandom(100_000)"),
        step("b", "import hashlib\ny = hashlib.sha256(x).hexdigest()\nz = len(x)"),
        step("c", "import hashlib\nprint(hashlib.sha256(x).hexdigest() == y, z)"),
    )
    both = [start(desk, "run", "nb.ipynb", "--json", *words) for words in ((), ("--no-cache",), ())]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert {answer["state"] for answer in answers} == {"succeeded"}
    assert len({answer["run"] for answer in answers}) == 3
    assert [desk.logs(answer)["c"] for answer in answers] == ["True 100000\n"] * 3
    assert desk.runs() == ["succeeded"] * 3
    assert {task["state"] for task in desk.json("run", "nb.ipynb")["tasks"]} == {"cached"}


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    desk.notebook("nb.ipynb", step("a", "print('a ran')\nx = 1"), step("b", WAIT), step("c", "print(y)"))
    return desk


def finish(desk: Desk) -> None:
    """`retry` ends the run, and does no step twice."""
    (desk.folder / "go").touch()
    again = desk.json("retry")
    assert again["state"] == "succeeded"
    assert {task["step"]: (task["state"], task["attempt"]) for task in again["tasks"]} == {
        "a": ("succeeded", 1),
        "b": ("succeeded", 2),
        "c": ("succeeded", 1),
    }
    assert desk.logs(again)["c"] == "2\n"
    assert desk.runs() == ["succeeded"]


@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_says_how_to_go_on_and_does(waiting: Desk, number: signal.Signals) -> None:
    engine = start(waiting, "run", "nb.ipynb")
    until_there(waiting.folder / "ready")
    engine.send_signal(number)
    said, _ = engine.communicate(timeout=30)
    assert engine.returncode == 1
    assert "Stopping the run" in said
    assert "Go on with: jupyter mlops retry" in said
    assert "Traceback" not in said
    assert waiting.runs() == ["canceled"]
    finish(waiting)


def test_an_engine_that_was_killed_reads_as_failed_and_retry_finishes(waiting: Desk) -> None:
    engine = start(waiting, "run", "nb.ipynb")
    until_there(waiting.folder / "ready")
    engine.kill()
    engine.communicate(timeout=30)
    answer = waiting("show")
    assert answer.code == 0
    assert "the engine died" in answer.out
    assert "jupyter mlops retry" in answer.out
    finish(waiting)


def test_a_run_that_goes_on_cannot_be_retried_deleted_or_collected(waiting: Desk) -> None:
    engine = start(waiting, "run", "nb.ipynb")
    until_there(waiting.folder / "ready")
    [row] = waiting.json("runs")["runs"]
    waiting("retry", row["run"]).refuses(1, row["run"][:8])
    waiting("delete", row["run"]).refuses(1, row["run"][:8])
    assert waiting("store", "gc", "--keep", "0").code == 0
    assert waiting("store", "rebuild").code == 0
    (waiting.folder / "go").touch()
    assert engine.wait(timeout=30) == 0
    engine.communicate()
    assert waiting.runs() == ["succeeded"]


def test_a_run_is_canceled_from_another_terminal(waiting: Desk) -> None:
    engine = start(waiting, "run", "nb.ipynb")
    until_there(waiting.folder / "ready")
    assert waiting("cancel", "last").code == 0
    said, _ = engine.communicate(timeout=30)
    assert engine.returncode == 1
    assert "canceled" in said
    finish(waiting)


def events(desk: Desk) -> Path:
    [path] = desk.store.glob("runs/*/events*.jsonl")
    return path


@pytest.fixture
def ran(desk: Desk) -> Desk:
    desk.notebook("nb.ipynb", step("a", "x = 1"), step("b", "print(x)"))
    assert desk("run", "nb.ipynb").code == 0
    return desk


@pytest.mark.parametrize(
    "words",
    ["run nb.ipynb", "runs", "show", "logs", "retry", "store gc", "store rebuild", "cancel last", "delete last"],
)
def test_a_store_of_a_newer_version_is_left_alone(ran: Desk, words: str) -> None:
    (ran.store / "format").write_text("2\n")
    before = sorted((path, path.stat().st_mtime_ns) for path in ran.store.rglob("*") if path.is_file())
    ran(*words.split()).refuses(1, str(ran.store), "format '2'", "reads format 1", "Upgrade")
    assert sorted((path, path.stat().st_mtime_ns) for path in ran.store.rglob("*") if path.is_file()) == before


def test_a_run_of_a_newer_version_does_not_hide_the_others(ran: Desk) -> None:
    path = events(ran)
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), "format": 7}), *rest]) + "\n")
    ran("show").refuses(1, "format 7", "Upgrade")
    assert ran("runs").code == 0
    assert ran("run", "nb.ipynb", "--no-cache").code == 0
    assert "succeeded" in ran.runs()


DAMAGE = {
    "an event of the future": '{"type": "hologram.shown", "at": 9e9, "x": [1]}\n',
    "a torn line": '{"type": "task.finis',
    "no JSON": "nonsense\n\n",
    "zeros": "\0" * 4096,
    "another shape": '{"type": "task.finished", "at": "soon", "task": 3}\n[1]\nnull\n',
    "an earlier time": '{"type": "metric", "at": -5.0, "name": "acc", "value": 1.0, "task": "a"}\n',
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_odd_lines_in_the_events_lose_nothing_else(ran: Desk, kind: str) -> None:
    with open(events(ran), "a") as file:
        file.write(DAMAGE[kind])
    shown = ran.json("show")
    assert [task["state"] for task in shown["tasks"]] == ["succeeded", "succeeded"]
    assert ran.runs() == ["succeeded"]
    assert ran("store", "rebuild").code == 0
    assert ran.runs() == ["succeeded"]
    assert {task["state"] for task in ran.json("run", "nb.ipynb")["tasks"]} == {"cached"}


def test_a_clock_that_goes_backwards_changes_no_state(ran: Desk) -> None:
    """As after a correction by the network: each event seems earlier than the one before."""
    path = events(ran)
    found = [json.loads(line) for line in path.read_text().splitlines()]
    latest = max(event["at"] for event in found)
    path.write_text("".join(json.dumps({**event, "at": latest - 60 * n}) + "\n" for n, event in enumerate(found)))
    shown = ran.json("show")
    assert (shown["state"], [task["state"] for task in shown["tasks"]]) == ("succeeded", ["succeeded", "succeeded"])
    assert ran("show").code == 0
    assert ran("store", "rebuild").code == 0
    assert ran.runs() == ["succeeded"]
