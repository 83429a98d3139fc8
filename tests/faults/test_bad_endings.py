"""Steps that crash, exit, run out of memory or time, never stop printing, or need a kernel that is not there."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.faults.command_line import Desk, code, step
from tests.unit.targets.attempts import gone

ENDINGS = {
    "segfault": ("import ctypes\nctypes.string_at(0)", ["SIGSEGV", "crashed"]),
    "abort": ("import os\nos.abort()", ["SIGABRT"]),
    "kill -9": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", ["SIGKILL"]),
    "os._exit": ("import os\nos._exit(0)", ["os._exit(0)"]),
    "sys.exit": ("import sys\nsys.exit(3)", ["sys.exit(3)", "cell 1, line 3"]),
    "quit": ("quit()", ["cell 1, line 2"]),
    "input": ("name = input('Who? ')", ["input()", "Who?", "parameter"]),
    "recursion": ("def deeper():\n    return deeper()\ndeeper()", ["RecursionError", "cell 1, line 4"]),
    "endless message": ("raise ValueError('x' * 20_000_000)", ["ValueError", "characters left out"]),
    "odd exception": ("class Odd(Exception):\n    def __str__(self):\n        raise OSError\nraise Odd()", ["Odd"]),
    "base exception": ("class Stop(BaseException): ...\nraise Stop('now')", ["Stop", "now"]),
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_step_that_ends_badly_is_a_failed_task_that_says_so(desk: Desk, kind: str) -> None:
    source, words = ENDINGS[kind]
    desk.notebook(
        "nb.ipynb",
        step("before", "x = 1"),
        step("bad", f"print('reached', x)\n{source}\ny = 1"),
        step("last", "print(y)"),
    )
    answer = desk("run", "nb.ipynb")
    answer.fails(*words)
    assert len(answer.out) < 10_000
    shown = desk.json("show")
    assert {task["step"]: task["state"] for task in shown["tasks"]} == {
        "before": "succeeded",
        "bad": "failed",
        "last": "skipped",
    }
    assert "reached 1" in desk.logs(shown)["bad"]
    assert sum(path.stat().st_size for path in desk.store.glob("runs/*/events*.jsonl")) < 200_000


@pytest.mark.parametrize("kind", ["segfault", "kill -9", "os._exit"])
def test_the_notebook_of_a_step_whose_process_died_shows_where(desk: Desk, kind: str) -> None:
    desk.notebook(
        "nb.ipynb",
        step("bad", "print('first')"),
        step("bad", f"print('reached')\n{ENDINGS[kind][0]}"),
        step("bad", "3"),
    )
    (task,) = desk.json("run", "nb.ipynb")["tasks"]
    for path in (task["notebook"], desk.json("show")["notebook"]):
        cells = json.loads(Path(path).read_text())["cells"]
        kinds = [[output["output_type"] for output in cell["outputs"]] for cell in cells]
        assert kinds == [["stream"], ["stream", "error"], []]
        assert cells[1]["outputs"][0]["text"][0] == "reached\n"
        assert cells[1]["outputs"][1]["evalue"] == task["reason"]


def test_text_that_utf_8_cannot_say_is_no_failure(desk: Desk) -> None:
    source = """
import jupyter_mlops as mlops
from IPython.display import HTML, display
half = "half \\ud800"
print(half)
display(HTML(half))
mlops.log_metric(half, 1.0)
mlops.log_params({half: half})
half
"""
    desk.notebook("nb.ipynb", step("a", source), step("b", "print(len(half))"), step("c", "raise ValueError(half)"))
    answer = desk("run", "nb.ipynb")
    answer.fails("ValueError: half")
    shown = desk.json("show")
    assert [task["state"] for task in shown["tasks"]] == ["succeeded", "succeeded", "failed"]
    assert desk.logs(shown)["b"] == "6\n"
    for path in (shown["notebook"], *(task["notebook"] for task in shown["tasks"])):
        assert json.loads(Path(path).read_bytes().decode("utf-8"))["cells"]


def test_a_step_above_its_memory_is_stopped_with_the_figures(desk: Desk) -> None:
    source = "import time\nx = bytearray(1_500_000_000)\ntime.sleep(30)"
    desk.notebook("nb.ipynb", step("big", source, memory="256Mi"))
    desk("run", "nb.ipynb").fails("out of memory", "256.0 MiB", "big failed")


def test_a_step_past_its_timeout_is_stopped_with_its_children(desk: Desk) -> None:
    source = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("child", child.pid, flush=True)
time.sleep(60)
"""
    desk.notebook("nb.ipynb", step("slow", source, timeout="2s"), step("other", "print('fine')"))
    started = time.monotonic()
    answer = desk("run", "nb.ipynb")
    assert time.monotonic() - started < 20
    answer.fails("slow failed in cell 0, line", ": took longer than its timeout of 2 s")
    assert "KeyboardInterrupt" not in answer.out
    shown = desk.json("show")
    assert {task["step"]: task["state"] for task in shown["tasks"]} == {"slow": "failed", "other": "succeeded"}
    child = int(desk.logs(shown)["slow"].split()[1])
    assert gone(child)


def test_endless_output_is_whole_in_the_log_and_cut_in_the_notebook(desk: Desk) -> None:
    lines = 30_000
    desk.notebook("nb.ipynb", step("talk", f"line = 'y' * 999\nfor _ in range({lines}):\n    print(line)"))
    run = desk.json("run", "nb.ipynb")
    assert run["state"] == "succeeded"
    [task] = run["tasks"]
    assert Path(task["log"]).stat().st_size == lines * 1000
    assert Path(task["notebook"]).stat().st_size < 3_000_000
    assert "the log has all of it" in Path(task["notebook"]).read_text()
    assert len(desk("logs").out) == pytest.approx(lines * 1000, rel=0.001)


KERNELS = [("nosuchkernel", "python"), ("ir", "R")]


@pytest.mark.parametrize(("kernel", "language"), KERNELS)
def test_a_kernel_that_is_missing_is_named_with_what_to_install(desk: Desk, kernel: str, language: str) -> None:
    spec = {"name": kernel, "display_name": kernel, "language": language}
    desk.notebook("nb.ipynb", code("print(1)"), kernelspec=spec)
    desk("run", "nb.ipynb").refuses(1, f"'{kernel}'", "not installed", "python3")
    assert desk.runs() == [], "nothing ran"


def test_a_kernel_spec_that_is_broken_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (
        ("broken", "{nonsense"),
        ("gone", json.dumps({"argv": ["/no/such/python", "-m", "ipykernel"], "language": "python"})),
    ):
        folder = desk.folder / "share" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(text)
    monkeypatch.setenv("JUPYTER_PATH", str(desk.folder / "share"))
    for name in ("broken", "gone"):
        desk.notebook("nb.ipynb", code("print(1)"), kernelspec={"name": name, "language": "python"})
        answer = desk("run", "nb.ipynb")
        answer.fails(name if name == "broken" else "/no/such/python")


def test_a_kernel_that_is_another_python_runs_the_steps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    folder = desk.folder / "share" / "kernels" / "other"
    folder.mkdir(parents=True)
    spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Other"}
    (folder / "kernel.json").write_text(json.dumps({**spec, "language": "python", "env": {"WHICH": "other"}}))
    monkeypatch.setenv("JUPYTER_PATH", str(desk.folder / "share"))
    source = "import os\nx = os.environ.get('WHICH')"
    desk.notebook(
        "nb.ipynb", step("a", source), step("b", "print(x)"), kernelspec={"name": "other", "language": "python"}
    )
    assert desk.logs(desk.json("run", "nb.ipynb"))["b"] == "other\n"
