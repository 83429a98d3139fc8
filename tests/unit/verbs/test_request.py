"""Runs that another process asks for: an engine of their own, and one line that says how it began."""

import json
import subprocess
import sys

import pytest

from jupyter_mlops.verbs.runs import list_runs, show

COMMAND = [sys.executable, "-m", "jupyter_mlops.verbs.request"]


def ask(verb, **arguments):
    """(what it said, its exit code) once it has ended."""
    done = subprocess.run(
        COMMAND, input=json.dumps({"verb": verb, "arguments": arguments}), capture_output=True, text=True, check=False
    )
    said = done.stdout.splitlines()
    assert len(said) == 1, done.stderr
    return json.loads(said[0]), done.returncode


def test_a_run_is_told_when_it_has_begun_and_goes_on_alone(write_notebook):
    path = write_notebook(("one", "import time\ntime.sleep(0.5)\nprint('loud ' * 100000)"))
    engine = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    engine.stdin.write(json.dumps({"verb": "run", "arguments": {"path": str(path), "params": {}}}).encode())
    engine.stdin.close()
    run = json.loads(engine.stdout.readline())["run"]
    assert show(run)["state"] in ("pending", "running")
    engine.stdout.close()  # nobody listens any more
    engine.stderr.close()
    assert engine.wait(60) == 0
    assert show(run)["state"] == "succeeded"


def test_a_failed_run_is_retried(write_notebook, tmp_path):
    path = write_notebook(("one", "open('ready.txt')"))
    told, code = ask("run", path=str(path))
    assert code == 1
    (tmp_path / "ready.txt").touch()
    assert ask("retry", run=told["run"], folder=str(tmp_path)) == (told, 0)
    assert show(told["run"])["state"] == "succeeded"
    assert ask("retry", run=told["run"], folder=str(tmp_path)) == (told, 0), "nothing is left to do"


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        ({"path": "none.ipynb"}, "not_found", 404),
        ({"path": "work.ipynb", "params": {"m": 1}}, "usage", 400),
        ({"path": "work.ipynb", "target": "moon"}, "not_found", 404),
    ],
)
def test_what_cannot_begin_says_why(write_notebook, arguments, code, status):
    write_notebook(("parameters", "n = 1"), ("one", "print(n)"))
    told, exit_code = ask("run", **arguments)
    assert (told["error"]["code"], told["error"]["status"]) == (code, status)
    assert told["error"]["message"]
    assert exit_code != 0
    assert list_runs() == []
