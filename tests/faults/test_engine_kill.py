"""kill -9 of the engine at many moments of a run, then `retry`: right result, nothing done twice, store readable."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "jupyter_mlops.cli"]
STEPS = 10
KILLS = 20
# Each step takes a moment, adds to a list, and appends a line to a file. The file's name is hidden from the analysis,
# which would take the file for a result of the step.
STEP = """
import time
time.sleep(0.02)
values = values + [{n} ** 2]
with open(chr(100) + "one.txt", "a") as side:
    side.write("ended {n}\\n")
"""


def write_notebook(folder: Path) -> None:
    cells = [("first", "values = []")]
    cells += [(f"step-{n}", STEP.format(n=n)) for n in range(1, STEPS + 1)]
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "id": name,
                "metadata": {"jupyter_mlops": {"role": "step", "step": name}},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for name, source in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "ten.ipynb").write_text(json.dumps(notebook))
    (folder / ".jupyter_mlops").mkdir()


def mlops(folder: Path, *words: str) -> Any:
    done = subprocess.run(
        [*COMMAND, *words, "--json"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def kill_after(folder: Path, seconds: float) -> bool:
    """Start a run and kill the engine alone, hard, after so many seconds; whether it was still running."""
    engine = subprocess.Popen(
        [*COMMAND, "run", "ten.ipynb", "--json"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        engine.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
        return True


def recorded_as_done(folder: Path) -> set[str]:
    """The steps whose success is in the store."""
    runs = mlops(folder, "runs")["runs"]
    return {
        task["step"]
        for run in runs
        for task in mlops(folder, "show", run["run"])["tasks"]
        if task["state"] in {"succeeded", "cached"}
    }


def ended(folder: Path) -> list[str]:
    path = folder / "done.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [f"step-{line.split()[1]}" for line in lines if line.startswith("ended")]


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the run takes when nobody kills it, in seconds."""
    folder = tmp_path_factory.mktemp("whole")
    write_notebook(folder)
    started = time.monotonic()
    assert mlops(folder, "run", "ten.ipynb")["state"] == "succeeded"
    return time.monotonic() - started


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(KILLS))
def test_a_killed_run_goes_on_where_it_was(moment: int, whole_run: float, tmp_path: Path) -> None:
    write_notebook(tmp_path)
    at = whole_run * (moment + random.Random(moment).random()) / KILLS
    killed = kill_after(tmp_path, at)
    runs = mlops(tmp_path, "runs")["runs"]
    assert len(runs) <= 1, "the store is readable"
    known = recorded_as_done(tmp_path)
    again = mlops(tmp_path, "retry", runs[0]["run"]) if runs else mlops(tmp_path, "run", "ten.ipynb")
    assert again["state"] == "succeeded", f"killed={killed} after {at:.2f} s"

    times = {step: ended(tmp_path).count(step) for step in known if step != "first"}
    assert {step: count for step, count in times.items() if count != 1} == {}, "a succeeded step ran twice"
    assert set(ended(tmp_path)) == {f"step-{n}" for n in range(1, STEPS + 1)}
    assert final_values(tmp_path, again) == [n**2 for n in range(1, STEPS + 1)]


def final_values(folder: Path, summary: Any) -> list[int]:
    """What the last step made, as a step of a further run sees it."""
    notebook = json.loads((folder / "ten.ipynb").read_text())
    look = {**notebook["cells"][-1], "id": "look", "source": "print(values)"}
    look["metadata"] = {"jupyter_mlops": {"role": "step", "step": "look"}}
    notebook["cells"].append(look)
    (folder / "ten.ipynb").write_text(json.dumps(notebook))
    data = mlops(folder, "run", "ten.ipynb")
    states = {task["step"]: task["state"] for task in data["tasks"]}
    assert {state for step, state in states.items() if step not in {"look", f"step-{STEPS}"}} == {"cached"}
    log = next(task["log"] for task in data["tasks"] if task["step"] == "look")
    assert summary["state"] == "succeeded"
    return json.loads(Path(log).read_text().strip().splitlines()[-1])
