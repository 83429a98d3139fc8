"""The verbs of a run, by the command line, on a small notebook that fails in its second step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlops.cli import main

ROOT = Path(__file__).parents[3]


def write_notebook(path: Path, *cells: str) -> None:
    made = [
        {
            "cell_type": "code",
            "id": f"c{index}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    write_notebook(
        tmp_path / "nb.ipynb",
        "%%step load\nvalues = [1, 2]\nprint('loaded')",
        "%%step use\ntotal = sum(values)\nraise ValueError('bad depth')",
    )
    return tmp_path


def as_json(capsys, *words: str) -> tuple[int, dict]:
    code = main([*words, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return code, json.loads(out)


def test_a_run_that_fails_is_told_and_can_be_gone_on_with(folder, capsys) -> None:
    assert main(["run", "nb.ipynb"]) == 1
    out = capsys.readouterr().out
    assert "use failed in cell 1, line 3" in out
    assert "3  raise ValueError('bad depth')" in out
    assert "Go on with: jupyter mlops retry" in out

    code, retried = as_json(capsys, "retry")
    assert (code, retried["state"]) == (1, "failed")
    assert {task["step"]: (task["state"], task["attempt"]) for task in retried["tasks"]} == {
        "load": ("succeeded", 1),
        "use": ("failed", 2),
    }

    write_notebook(folder / "nb.ipynb", "%%step load\nvalues = [1, 2]", "%%step use\ntotal = sum(values)")
    code, fixed = as_json(capsys, "run", "nb.ipynb")
    assert (code, fixed["state"]) == (0, "succeeded")
    assert set(fixed) >= {"run", "state", "notebook", "tasks"}

    code, listed = as_json(capsys, "runs")
    assert [row["state"] for row in listed["runs"]] == ["succeeded", "failed"]
    first, second = listed["runs"][1]["run"], listed["runs"][0]["run"]

    assert as_json(capsys, "show", first)[1]["state"] == "failed"
    assert as_json(capsys, "logs", first, "load")[1]["logs"] == [{"task": "load", "text": "loaded\n"}]
    assert main(["logs", first, "-f"]) == 0
    assert "load: loaded" in capsys.readouterr().out
    assert "use" in as_json(capsys, "diff", first, second)[1]["source"]
    assert as_json(capsys, "graph", second)[1]["edges"] == [{"from": "load", "to": "use", "names": ["values"]}]
    code, refused = as_json(capsys, "cancel", second)
    assert (code, refused["error"]["code"]) == (1, "conflict")
    assert as_json(capsys, "export", second, "-o", "run.zip")[0] == 0
    assert (folder / "run.zip").is_file()
    assert as_json(capsys, "delete", first)[1] == {"deleted": [{"run": first}]}
    assert as_json(capsys, "store", "gc", "--older-than", "1d", "--dry-run")[1]["runs"] == 0
    assert as_json(capsys, "store", "rebuild")[1] == {"runs": 1}


def test_the_verbs_of_a_notebook(folder, capsys) -> None:
    assert main(["check", "nb.ipynb"]) == 0
    assert "nb.ipynb:" in capsys.readouterr().out
    code, drawn = as_json(capsys, "graph", "nb.ipynb", "--svg", "g.svg")
    assert (code, drawn["svg"]) == (0, "g.svg")
    assert (folder / "g.svg").read_text().startswith("<svg")
    assert as_json(capsys, "convert", "nb.ipynb", "--dry-run")[1]["output"] is None
    assert as_json(capsys, "compile", "nb.ipynb", "-o", "plan.json")[1]["steps"] == 2
    assert (folder / "plan.json").is_file()


@pytest.mark.parametrize(("word", "code"), [("30d", 0), ("12h", 0), ("90", 0), ("soon", 2), ("d", 2)])
def test_durations_of_gc(folder, capsys, word, code) -> None:
    assert main(["store", "gc", "--older-than", word, "--dry-run"]) == code


def test_ctrl_c_cancels_cleanly_and_says_how_to_go_on(folder) -> None:
    write_notebook(folder / "slow.ipynb", "%%step wait\nimport time\ntime.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "jupyter_mlops.cli", "run", "slow.ipynb"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    lines = [line for line in iter(process.stdout.readline, "") if _interrupt_when_running(process, line)]
    assert process.wait(30) == 1
    process.stdout.close()
    text = "".join(lines)
    assert "Stopping the run; Ctrl-C again ends it at once." in text
    assert "wait              canceled" in text
    assert "Go on with: jupyter mlops retry" in text


def _interrupt_when_running(process: subprocess.Popen, line: str) -> bool:
    if line.rstrip().endswith("running"):
        process.send_signal(signal.SIGINT)
    return True
